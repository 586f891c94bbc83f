# Measures a command that installs a service, then how long a command of the
# service takes to say how it is used, which imports most of it.
#
# $1 is that command, the rest what installs. Beside what measure.sh writes, /out
# gets `started`: the seconds of each of seven starts. Nothing is written to the
# image by them: they run as nobody, as services run as somebody.

started=$1
shift
sh -eu /chores/measure.sh "$@"
python3 -B - "$started" > /out/started <<'PYTHON'
import subprocess, sys, time

command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
command += [f"/var/lib/openstack/bin/{sys.argv[1]}", "--help"]
for _ in range(7):
    start = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    print(time.monotonic() - start)
PYTHON
