"""Writes what fuzzing starts from: seeds/TARGET, each file an input."""

import base64
import gzip
import io
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

SEEDS = Path(__file__).resolve().parent / "seeds"
TARBALL, LAYER = b"\0", b"\1"
A, B = "a-1-py3-none-any.whl", "b-1-py3-none-any.whl"
DIGEST = "sha256:" + "a" * 64


def seed(target, name, data):
    directory = SEEDS / target
    directory.mkdir(parents=True, exist_ok=True)
    (directory / name).write_bytes(data if isinstance(data, bytes) else data.encode())


def tar(*members, format=tarfile.GNU_FORMAT, headers=None):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=format, pax_headers=headers) as out:
        for name, kind, content in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            if kind == tarfile.REGTYPE:
                info.size = len(content)
                out.addfile(info, io.BytesIO(content))
            else:
                info.linkname = content
                out.addfile(info)
    # Without what tarfile fills a record of 10 KiB up with.
    whole = file.getvalue()
    return whole.rstrip(b"\0").ljust(-(-len(whole.rstrip(b"\0")) // 512) * 512, b"\0") + bytes(1024)


def archives():
    file, link, symlink = tarfile.REGTYPE, tarfile.LNKTYPE, tarfile.SYMTYPE
    some = [("./", tarfile.DIRTYPE, ""), (f"./{A}", file, b"x"), ("upper-constraints.txt", file, b"a===1")]
    plain = tar(*some)
    seed("archive", "plain", TARBALL + plain)
    seed("archive", "gzip", TARBALL + gzip.compress(plain, 1))
    if shutil.which("zstd"):
        zstd = subprocess.run(["zstd", "-q", "-c"], input=plain, stdout=subprocess.PIPE, check=True)
        seed("archive", "zstd", TARBALL + zstd.stdout)
    links = tar((A, file, b"x"), (B, link, A), ("c.whl", symlink, B), ("d.whl", symlink, "./c.whl"))
    twice = tar((A, file, b"first"), (B, link, A), (f"./{A}", file, b"second"))
    away = tar(("etc/passwd", file, b"x"), ("../x.whl", file, b"x"), ("/x.whl", file, b"x"))
    lower = tar((B, link, A), ("c.whl", symlink, f"/{A}"), ("hashes.txt", file, b"x"))
    removed = tar((".wh..wh..opq", file, b""), (f".wh.{A}", file, b""), ("/" + B, file, b"x" * 600))
    long = ("x" * 150 + ".whl", file, b"x")
    for kind, name in [(TARBALL, "tarball"), (LAYER, "layer")]:
        seed("archive", f"links-{name}", kind + links)
        seed("archive", f"twice-{name}", kind + twice)
        seed("archive", f"away-{name}", kind + away)
        seed("archive", f"lower-{name}", kind + lower)
        seed("archive", f"removed-{name}", kind + removed)
        seed("archive", f"gnu-{name}", kind + tar(long, ("y.whl", symlink, long[0])))
        pax = tar(long, ("y.whl", link, long[0]), format=tarfile.PAX_FORMAT, headers={"comment": "c"})
        seed("archive", f"pax-{name}", kind + pax)
        seed("archive", f"old-{name}", kind + tar(*some, format=tarfile.USTAR_FORMAT))


def references():
    for number, text in enumerate(
        ["x", "loci/requirements:master", "[2001:db8::1]:5000/x", f"localhost:5000/x@{DIGEST}", "index.docker.io/x"]
    ):
        seed("reference", str(number), text)


def challenges():
    for number, text in enumerate(
        [
            'Bearer realm="https://a/token",service="a",scope="repository:x:pull"',
            'Negotiate YWJj=, Basic realm="a \\" b"',
            "basic",
        ]
    ):
        seed("challenge", str(number), text)


def manifests():
    for maker, index, manifest, layer in [
        ("oci", "oci.image.index.v1", "oci.image.manifest.v1", "oci.image.layer.v1.tar+zstd"),
        (
            "docker",
            "docker.distribution.manifest.list.v2",
            "docker.distribution.manifest.v2",
            "docker.image.rootfs.diff.tar.gzip",
        ),
    ]:
        index, manifest = [f"application/vnd.{name}+json" for name in (index, manifest)]
        one = {"digest": DIGEST, "size": 7}
        layers = [{**one, "mediaType": f"application/vnd.{layer}"}]
        seed("manifest", maker, f"{manifest}\n" + json.dumps({"mediaType": manifest, "layers": layers}))
        platforms = [
            {"os": "linux", "architecture": "arm64", "variant": "v8"},
            {"os": "linux", "architecture": "amd64"},
        ]
        all = [{**one, "mediaType": manifest, "platform": platform} for platform in platforms]
        all.append({**one, "annotations": {"vnd.docker.reference.type": "attestation-manifest"}})
        seed("manifest", f"{maker}-index", "\n" + json.dumps({"mediaType": index, "manifests": all}))


def logins():
    basic = base64.b64encode(b"user:the password").decode()
    auths = {
        "https://index.docker.io/v1/": {"auth": basic},
        "r.example/a": {"username": "user", "password": "the password"},
        "b.example": {"identitytoken": "the identity token"},
        "c.example": {"registrytoken": "the registry token"},
        "d.example": {},
    }
    for name, helper in [("auths", {}), ("helpers", {"credHelpers": {"e.example": "helper"}, "credsStore": "store"})]:
        for image in ["x", "r.example/a/b", "b.example/x", "e.example/x"]:
            seed("logins", f"{name}-{image.split('.')[0]}", f"{image}\n" + json.dumps({"auths": auths, **helper}))


archives()
references()
challenges()
manifests()
logins()
