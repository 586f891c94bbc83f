# Gathers the wheels of a service in a throw-away container.
#
# $1 the service as a requirement, $2 its extras in brackets or nothing
# /in (constraints.txt, requirements.txt, environment), /out and pip's cache are
# directories of the host.

. /in/environment
# Both for what is installed and for what it is built with; newer versions of
# pip tell the two apart.
export PIP_CONSTRAINT=/in/constraints.txt PIP_BUILD_CONSTRAINT=/in/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_PROGRESS_BAR=off
# Thousands of lines on how projects of others ought to be declared.
export PYTHONWARNINGS=ignore
# As OpenStack's requirements images have it.
export UWSGI_PROFILE_OVERRIDE=ssl=true

python3 -m venv /tmp/gather
pip=/tmp/gather/bin/pip
# The distribution's own are of many ages, and some build only with a wheel
# package beside them.
$pip install --quiet --upgrade pip setuptools wheel

name=${1%%[=<>]*}
$pip download --no-deps --no-binary "$name" --dest /out/sdist "$1"

mkdir /tmp/source
tar --extract --gzip --file /out/sdist/*.tar.gz --directory /tmp/source --strip-components=1
$pip wheel --wheel-dir /out/wheels --requirement /in/requirements.txt "/tmp/source$2"
