# Measures a command that installs a service, then tells what it installed.
#
# Beside what measure.sh writes, /out gets
#   installed   name==version of all that is in the virtualenv
#   build.json  the record, of a command that leaves one
#   cache       bytes that apt left in its cache
# A service whose packages contradict each other is none.

sh -eu /chores/measure.sh "$@"
if [ -e /etc/image_info/build.json ]; then
    cp /etc/image_info/build.json /out
fi
find /var/cache/apt -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum + 0 }' > /out/cache

# The distribution's pip for everybody, because not every virtualenv has one.
# -B: no bytecode may be added to what was installed.
for wheel in /usr/share/python-wheels/pip-*.whl; do
    export PYTHONPATH="$wheel"
done
python="/var/lib/openstack/bin/python -B"
$python -m pip check
$python -m pip list --format=freeze --path /var/lib/openstack/lib/python3*/site-packages > /out/installed
