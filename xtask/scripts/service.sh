# What holds of any service: its packages agree with each other, its account owns
# what it writes, and each of its commands starts far enough to say how it is used.
#
# Runs as the service. $1 is PROJECT, $2 the name of its distribution, the rest
# are commands that cannot say that: what they call has to be there.

# The account may write here alone; what one command imports the next one has.
export PYTHONPYCACHEPREFIX=/tmp/bytecode

python -m pip check
for directory in "/etc/$1" "/var/log/$1" "/var/lib/$1" "/var/cache/$1"; do
    if [ "$(stat -c %U:%G "$directory")" != "$1:$1" ]; then
        echo "$directory belongs to $(stat -c %U:%G "$directory"), not to $1:$1" >&2
        exit 1
    fi
done

shift
python - "$@" <<'PYTHON'
import importlib.metadata, os, subprocess, sys
from concurrent.futures import ThreadPoolExecutor

distribution = importlib.metadata.distribution(sys.argv[1])
mute = sys.argv[2:]
scripts = [e for e in distribution.entry_points if e.group == "console_scripts"]


def wrong(script):
    path = f"/var/lib/openstack/bin/{script.name}"
    if not os.access(path, os.X_OK):
        return f"{path} is not there"
    if script.name in mute:
        command = [sys.executable, "-c", f"import {script.module} as it; it.{script.attr}"]
    else:
        command = [path, "--help"]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=120,
        )
    except subprocess.TimeoutExpired:
        return f"{' '.join(command)} did not end within two minutes"
    if done.returncode == 0:
        return None
    said = done.stdout.decode(errors="replace").splitlines()[-5:]
    return f"{' '.join(command)} ended with {done.returncode}: " + "\n  ".join(said)


unknown = set(mute) - {script.name for script in scripts}
failures = [f"{name} is no command of it" for name in sorted(unknown)]
with ThreadPoolExecutor(os.cpu_count()) as threads:
    failures += filter(None, threads.map(wrong, scripts))
if failures:
    sys.exit("\n".join(failures))
names = " ".join(sorted(script.name for script in scripts)) or "no commands"
print(distribution.name, distribution.version, "with", names)
PYTHON
