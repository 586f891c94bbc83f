# Runs a command and tells what it took. Its output goes to /out/said as well,
# because buildah 1.28 now and then loses the last of what a command says.
#
# /out/measured gets: seconds; seconds of processor time, those of all children
# included; the peak of the command's own resident memory in KiB.

. /in/environment
exec python3 - "$@" <<'PYTHON'
import os, subprocess, sys, threading, time

start = time.monotonic()
child = subprocess.Popen(
    sys.argv[1:],
    stdin=subprocess.DEVNULL,
    stdout=subprocess.PIPE,
    stderr=subprocess.STDOUT,
)
peak = 0


def watch():
    global peak
    try:
        while True:
            with open(f"/proc/{child.pid}/status") as status:
                for line in status:
                    if line.startswith("VmHWM:"):
                        peak = int(line.split()[1])
            time.sleep(0.1)
    except OSError:
        pass  # It has ended.


threading.Thread(target=watch, daemon=True).start()
with open("/out/said", "wb") as said:
    for line in child.stdout:
        said.write(line)
        sys.stdout.buffer.write(line)
        sys.stdout.flush()
_, status, usage = os.wait4(child.pid, 0)
seconds = time.monotonic() - start
with open("/out/measured", "w") as measured:
    print(seconds, usage.ru_utime + usage.ru_stime, peak, file=measured)
sys.exit(min(abs(os.waitstatus_to_exitcode(status)), 255))
PYTHON
