# The build once more, in a finished container: with the arguments that the image
# was built with, and with nothing mounted but the program.

exec python -B - <<'PYTHON'
import json, os

with open("/etc/image_info/build.json") as file:
    arguments = json.load(file)["arguments"]
os.execve("/usr/local/bin/loci-install", ["loci-install"], {**os.environ, **arguments})
PYTHON
