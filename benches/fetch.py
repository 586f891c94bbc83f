"""Wheels out of a registry, as a plain script fetches them.

    fetch.py REGISTRY/NAME:TAG DIRECTORY

It is what `cargo xtask bench wheels` compares loci-install with: one request after
another, the layer whole in memory, then whole on disk beside DIRECTORY, then unpacked.
Like the scripts that builds have been using it takes the last layer alone, and believes
that what it was sent is what it asked for.
"""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

TYPES = ", ".join(
    [
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
    ]
)


def protocol_of(registry):
    for protocol in ("http", "https"):
        try:
            urllib.request.urlopen(f"{protocol}://{registry}/v2/").close()
        except urllib.error.HTTPError:
            pass  # An answer, too.
        except OSError:
            continue
        return protocol
    sys.exit(f"{registry} answers neither http nor https")


def main():
    reference, directory = sys.argv[1:]
    registry, _, rest = reference.partition("/")
    name, _, tag = rest.partition(":")
    repository = f"{protocol_of(registry)}://{registry}/v2/{name}"

    headers = {"Accept": TYPES}
    request = urllib.request.Request(f"{repository}/manifests/{tag}", headers=headers)
    with urllib.request.urlopen(request) as response:
        manifest = json.load(response)
    digest = manifest["layers"][-1]["digest"]

    with urllib.request.urlopen(f"{repository}/blobs/{digest}") as response:
        layer = response.read()
    archive = Path(directory).with_name("wheels.tar.gz")
    archive.write_bytes(layer)
    tar = ["tar", "xf", str(archive), "--exclude=.*", "-C", directory]
    subprocess.run(tar, check=True)


main()
