# The wheels that /in/wheels names, unpacked alone: by Python's own zipfile, one
# process a processor, the largest first. uv takes as long for the same.

mkdir /var/lib/openstack
exec python3 -B - <<'PYTHON'
import os, zipfile
from concurrent.futures import ProcessPoolExecutor


def unpack(path):
    with zipfile.ZipFile(path) as wheel:
        wheel.extractall("/var/lib/openstack")


with open("/in/wheels") as file:
    wheels = sorted(file.read().splitlines(), key=os.path.getsize, reverse=True)
with ProcessPoolExecutor() as processes:
    list(processes.map(unpack, wheels))
PYTHON
