# Fetches the sdist of a service in a throw-away container: pip runs the code of
# an sdist even to download it.
#
# $1 is the service as a requirement; /in (constraints.txt, environment) and /out
# are directories of the host.

. /in/environment
# For what the sdist is built with, in old versions of pip and in new ones.
export PIP_CONSTRAINT=/in/constraints.txt PIP_BUILD_CONSTRAINT=/in/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_PROGRESS_BAR=off

python3 -m venv /tmp/sdist
/tmp/sdist/bin/pip download --no-deps --no-binary "${1%%[=<>]*}" --dest /out/sdist "$1"
