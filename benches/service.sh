#!/bin/sh
# A service the way LOCI documents it, as a plain script: one command after
# another, each waiting for the one before. It is what `cargo xtask bench
# service` compares loci-install with.
#
# The build arguments are those of the stock Dockerfile, in the environment;
# the inputs are in /opt/loci. A line `=== SECONDS TITLE` starts each part, and
# a last one without a title ends it, so that who reads the log can tell how
# long each took.
#
# What it does not have: EXTRA_PROJECTS, and LOCI's own scripts for single
# projects. The services that are measured use neither.
set -eu

venv=/var/lib/openstack
source=$SOURCES_DIR/$PROJECT

part() {
    echo "=== $(date +%s.%N) $*"
}

# What files in bindep's language ask for and the system lacks. bindep's status
# is 1 as soon as that is anything at all.
asked() {
    file=$1
    shift
    bindep -b -l newline -f "$file" "$@" || :
}

# Wheels only. Everything is installed into the virtualenv, whatever the
# distribution has of it.
wheels_only() {
    pip install --no-cache-dir --no-compile --only-binary :all: --ignore-installed \
        --find-links "$WHEELS_PATH" --constraint "$WHEELS_PATH/global-requirements.txt" "$@"
}

part python3 -m venv
python3 -m venv $venv
PATH=$venv/bin:$PATH

part four pip toolchain upgrades
# From the index, as documented; the wheels have some of it where there is none.
upgrade="pip install --find-links $WHEELS_PATH --upgrade"
$upgrade "pip${PIP_VERSION_CONSTRAINT:-}"
$upgrade "setuptools${SETUPTOOL_CONSTRAINT:-}"
$upgrade "wheel${WHEEL_CONSTRAINT:-}"
$upgrade bindep pkginfo uv

part bindep, distribution packages
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
packages=${DIST_PACKAGES:-}
for file in /opt/loci/bindep*; do
    # PROFILES is a list.
    # shellcheck disable=SC2086
    packages="$packages $(asked "$file" "$PROJECT" ${PROFILES:-} "$codename")"
done

part apt-get update
apt-get update

part apt-get install
# shellcheck disable=SC2086
apt-get install -y --no-install-recommends $packages

part group, user, directories
shell=/usr/sbin/nologin
# Nova's accounts of different hosts log into each other when a server migrates.
if [ "$PROJECT" = nova ]; then
    shell=/bin/bash
fi
groupadd --gid "$GID" "$PROJECT"
useradd --uid "$UID" --gid "$PROJECT" --no-create-home --home-dir "/var/lib/$PROJECT" \
    --shell $shell --comment "$PROJECT user" "$PROJECT"
for parent in /etc /var/log /var/lib /var/cache; do
    mkdir -p "$parent/$PROJECT"
    chown "$PROJECT:$PROJECT" "$parent/$PROJECT"
done

part bindep, Python packages
python_packages=
for file in /opt/loci/pydep*; do
    # shellcheck disable=SC2086
    python_packages="$python_packages $(asked "$file" "$PROJECT" "$PROJECT_RELEASE" ${PROFILES:-})"
done

part pip install of pydeps
# shellcheck disable=SC2086
wheels_only --constraint "$WHEELS_PATH/upper-constraints.txt" ${PIP_ARGS:-} $python_packages

part full git clone
if [ ! -d "$source" ]; then
    git clone "$PROJECT_REPO" "$source"
    git -C "$source" fetch "$PROJECT_REPO" "$PROJECT_REF"
    git -C "$source" checkout FETCH_HEAD
fi

part pip install of the project
# A constraint on the project would contradict the version of its source.
grep -v "^$PROJECT===" "$WHEELS_PATH/upper-constraints.txt" > /tmp/upper-constraints.txt
no_index=
if [ "$KEEP_ALL_WHEELS" != False ]; then
    no_index=--no-index
fi
# shellcheck disable=SC2086
wheels_only --constraint /tmp/upper-constraints.txt $no_index ${PIP_ARGS:-} \
    "$source${PROJECT_PIP_EXTRAS:+[$PROJECT_PIP_EXTRAS]}" ${PIP_PACKAGES:-}

part configuration, pip freeze
if [ "${COPY_DEFAULT_CONFIG_FILES:-no}" = yes ]; then
    cp -r "$venv/etc/$PROJECT/." "/etc/$PROJECT/" || :
fi
mkdir -p /etc/image_info
pip freeze > /etc/image_info/pip.txt
{
    for name in PROJECT PROJECT_REPO PROJECT_REF PROJECT_RELEASE; do
        eval "echo \"$name=\$$name\""
    done
    git -C "$source" log -1
} > /etc/image_info/project.txt

part purge, with its apt-get update
apt-get update
apt-get purge -y --auto-remove git patch python3-virtualenv virtualenv || :

part lists, caches, bytecode
rm -rf /var/lib/apt/lists/*
sed -i 's/^include-system-site-packages.*/include-system-site-packages = true/' $venv/pyvenv.cfg
rm -rf /tmp/* /root/.cache/pip /etc/machine-id
find /usr /var -name '*.pyc' -delete -o -name __pycache__ -delete
part
