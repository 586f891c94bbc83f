# Runs a command and tells what it took: measure.py OUT COMMAND [ARGUMENT...]
#
# Its output goes to OUT/said as well, because buildah 1.28 now and then loses the
# last of what a command says. OUT/measured gets a line for each of
#   seconds  from start to end
#   cpu      seconds of processor time, those of all children included
#   own      the same of the command's own process
#   peak     of the command's own resident memory, in KiB
#   largest  peak of the process that had most, in KiB; this one's own memory is the
#            least that it can be
import os, subprocess, sys, threading, time

out = sys.argv[1]
start = time.monotonic()
child = subprocess.Popen(
    sys.argv[2:],
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
                    # It only grows, and starts again when a program takes the
                    # place of another: the last is the command's.
                    if line.startswith("VmHWM:"):
                        peak = int(line.split()[1])
            time.sleep(0.1)
    except OSError:
        pass  # It has ended.


threading.Thread(target=watch, daemon=True).start()
with open(f"{out}/said", "wb") as said:
    for line in child.stdout:
        said.write(line)
        sys.stdout.buffer.write(line)
        sys.stdout.flush()
# What has ended and was not waited for still tells its own time.
os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
with open(f"/proc/{child.pid}/stat") as stat:
    own = stat.read().rpartition(")")[2].split()[11:13]
_, status, usage = os.wait4(child.pid, 0)
seconds = time.monotonic() - start
measured = {
    "seconds": seconds,
    "cpu": usage.ru_utime + usage.ru_stime,
    "own": sum(map(int, own)) / os.sysconf("SC_CLK_TCK"),
    "peak": peak,
    "largest": usage.ru_maxrss,
}
with open(f"{out}/measured", "w") as file:
    for name, value in measured.items():
        print(name, value, file=file)
sys.exit(min(abs(os.waitstatus_to_exitcode(status)), 255))
