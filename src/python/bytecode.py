# Compiles directories of modules to bytecode that depends on nothing but them.
#
#     python bytecode.py CHECKED_HASH|UNCHECKED_HASH JOBS DIRECTORY...
#
# What a module is compiled to depends on what its process has compiled before
# (https://bugs.python.org/issue34093). So each package of a directory is compiled
# in name order by a process of its own, which starts from the same state as every
# other: neither JOBS nor the order in which they come to their turn can be seen in
# the result.
import os
import py_compile
import sys

mode = py_compile.PycInvalidationMode[sys.argv[1]]
jobs = int(sys.argv[2])


def packages(directory):
    """The modules of each package, and those that stand alone."""
    alone = []
    for entry in sorted(os.scandir(directory), key=lambda entry: entry.name):
        if entry.is_dir(follow_symlinks=False):
            yield modules(entry.path)
        elif entry.name.endswith(".py") and entry.is_file():
            alone.append(entry.path)
    yield alone


def modules(top):
    found = []
    for directory, below, names in os.walk(top):
        below.sort()
        for name in sorted(names):
            path = os.path.join(directory, name)
            # A package may bring a link to a file of one that is not there.
            if name.endswith(".py") and os.path.isfile(path):
                found.append(path)
    return found


def compile_all(paths):
    for path in paths:
        try:
            # Templates and tests of other languages do not compile; pip skips them, too.
            py_compile.compile(path, quiet=2, invalidation_mode=mode)
        except OSError as error:
            sys.exit(f"{path}: {error}")
        except Exception:
            pass


def ended():
    _, status = os.wait()
    if status:
        sys.exit(f"a compiler ended with wait status {status}")


running = 0
for directory in sys.argv[3:]:
    for paths in packages(directory):
        if not paths:
            continue
        if running == jobs:
            ended()
            running -= 1
        if os.fork() == 0:
            compile_all(paths)
            os._exit(0)
        running += 1
while running:
    ended()
    running -= 1
