# Imports modules and loads shared libraries, and says which cannot be.
#
#     python -I -B attempts.py TASKS
#
# TASKS is a file of JSON:
#
#     attempts  {"module": ..., "attributes": [...]} or {"library": ...} each
#     shares    lists of their indexes: those of a share are made by one process
#     jobs      how many processes run at once
#     seconds   how long an attempt may take
#     account   [UID, GID] to make them as; null for whoever this is
#     bytecode  a directory for what is compiled; null to take it from the image
#
# What failed is printed as JSON: a list with an object for each, its index in "attempt".
#
# Importing may do anything: write to standard output, never end, take the process
# along. So processes do it that can be lost. Each imports one module after another,
# because most of a service's modules import the same hundreds of others; what fails
# there is tried again in a process of its own, and only what fails alone has failed.
import importlib
import json
import os
import select
import signal
import sys
import time

# Before an import changes them: eventlet replaces half of these modules.
_write, _exit, _seek, _truncate = os.write, os._exit, os.lseek, os.ftruncate

HERE = os.path.dirname(os.path.abspath(sys.argv[1]))
# The last lines that a failed attempt said.
LINES = 10

with open(sys.argv[1]) as file:
    given = json.load(file)
attempts = given["attempts"]


def load(path):
    # Lazily: the functions of an extension module are found in the interpreter, or in
    # a library that its package loads first.
    import _ctypes

    _ctypes.dlopen(path, os.RTLD_LAZY | os.RTLD_LOCAL)


def lacking(attempt):
    """The attributes that a module does not have."""
    module = importlib.import_module(attempt["module"])
    lacking = []
    for attribute in attempt["attributes"]:
        found = module
        try:
            for name in attribute.split("."):
                found = getattr(found, name)
        except AttributeError:
            lacking.append(attribute)
    return lacking


def failure(error):
    """What is told of an exception, and the file that it comes from."""
    place = None
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if not code.co_filename.startswith(("<frozen", __file__, importlib.__file__)):
            place = f"{code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    told = {"error": type(error).__name__, "text": str(error), "place": place}
    if isinstance(error, ImportError):
        told["name"] = error.name
    return told


def attempt(index):
    task = attempts[index]
    try:
        if "library" in task:
            load(task["library"])
        elif lacks := lacking(task):
            return {"lacks": lacks}
    except BaseException as error:
        return failure(error)
    return None


def settle():
    """Makes this process what a service's would be, away from what the image keeps."""
    if given["account"] is not None:
        uid, gid = given["account"]
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    os.umask(0o022)
    if given["bytecode"] is not None:
        sys.pycache_prefix = given["bytecode"]
        sys.dont_write_bytecode = False
    sys.argv = [sys.executable]
    # What was said before a process went away.
    sys.stdout.reconfigure(line_buffering=True)


class Worker:
    """A process that makes these attempts, one after another."""

    def __init__(self, indexes, alone):
        self.left = list(indexes)
        self.alone = alone
        self.current = None
        self.text = b""
        path = f"{HERE}/said-{indexes[0]}-{alone}"
        said = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        os.unlink(path)
        self.said = said
        self.pipe, writer = os.pipe()
        self.process = os.fork()
        if self.process == 0:
            try:
                os.dup2(said, 1)
                os.dup2(said, 2)
                settle()
                for index in indexes:
                    _truncate(said, 0)
                    _write(writer, b"%d\n" % index)
                    told = attempt(index)
                    for stream in sys.stdout, sys.stderr:
                        try:
                            stream.flush()
                        except Exception:
                            pass
                    _write(writer, json.dumps(told).encode() + b"\n")
                # A process that an import has left behind may hold the pipe.
                _write(writer, b".\n")
            except BaseException as error:
                _write(writer, b"!" + json.dumps(failure(error)).encode() + b"\n")
            _exit(0)
        os.close(writer)
        self.deadline = time.monotonic() + given["seconds"]

    def lines(self):
        """What has come of it; None at the end."""
        read = os.read(self.pipe, 1 << 16)
        if not read:
            return None
        *lines, self.text = (self.text + read).split(b"\n")
        return lines

    def tail(self):
        """The last that the attempt said."""
        end = os.fstat(self.said).st_size
        text = os.pread(self.said, 1 << 14, max(0, end - (1 << 14)))
        lines = [line for line in text.decode(errors="replace").splitlines() if line.strip()]
        return lines[-LINES:]

    def end(self):
        os.close(self.pipe)
        _, status = os.waitpid(self.process, 0)
        return status


failed = {}
# What is to be tried again, alone.
again = []
running = {}


def start(indexes, alone):
    worker = Worker(indexes, alone)
    running[worker.pipe] = worker


def note(worker, told):
    """An attempt failed."""
    index = worker.current
    # "import of X halted; None in sys.modules": another import has left that.
    absent = told.get("error") == "ModuleNotFoundError" and "halted" not in told["text"]
    if worker.alone or absent:
        said = worker.tail() if worker.alone else []
        failed[index] = {"attempt": index, "said": said, **told}
    else:
        again.append(index)


def lost(worker, told):
    """A process is gone, in the middle of an attempt."""
    del running[worker.pipe]
    status = worker.end()
    if worker.current is not None:
        if told is None and os.WIFSIGNALED(status):
            told = {"signal": os.WTERMSIG(status)}
        elif told is None:
            told = {"exit": os.WEXITSTATUS(status)}
        note(worker, told)
    if worker.left:
        start(worker.left, worker.alone)


def hear(worker, line):
    if line.startswith(b"!"):
        sys.exit("could not start: " + json.loads(line[1:])["text"])
    if line == b".":
        lost(worker, None)
        return
    if worker.current is None:
        worker.current = int(line)
        worker.left.remove(worker.current)
        worker.deadline = time.monotonic() + given["seconds"]
        return
    told = json.loads(line)
    if told is not None:
        note(worker, told)
    worker.current = None


def wait():
    """Hears of all that runs, once."""
    now = time.monotonic()
    until = min(worker.deadline for worker in running.values())
    ready, _, _ = select.select(list(running), [], [], max(0, until - now))
    for pipe in ready:
        worker = running[pipe]
        lines = worker.lines()
        if lines is None:
            lost(worker, None)
            continue
        for line in lines:
            hear(worker, line)
    now = time.monotonic()
    for worker in list(running.values()):
        if now > worker.deadline:
            os.kill(worker.process, signal.SIGKILL)
            lost(worker, {"timeout": given["seconds"]})


waiting = [(share, False) for share in given["shares"] if share]
while waiting or running or again:
    if not waiting and not running:
        waiting = [([index], True) for index in again]
        again = []
    while waiting and len(running) < given["jobs"]:
        start(*waiting.pop(0))
    wait()
print(json.dumps([failed[index] for index in sorted(failed)]))
