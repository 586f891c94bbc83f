# Runs a command in a container and tells in /out what it took: see measure.py.

. /in/environment
# -B: bytecode of what this imports would count as the command's.
exec python3 -B /chores/measure.py /out "$@"
