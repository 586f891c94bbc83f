# The stock image of a service, and of the wheels that services are made from:
#
#     docker build --build-arg PROJECT=keystone -t keystone .
#     docker build --target requirements -t requirements .
#
# Works with BuildKit and with buildah 1.28, which differ:
#   - buildah forgets the arguments of a stage in a stage made FROM it, so each
#     target declares the arguments that it serves;
#   - buildah puts no argument into the environment whose default is empty; for
#     loci-install unset and empty are the same;
#   - buildah deletes a mount's target after RUN even when the base had it, with
#     all that is in it: nothing may be mounted on a directory that bases have,
#     such as /tmp;
#   - buildah takes the image of a stage without instructions for one of its own
#     and removes it at the end, so that each stage FROM an image that is to stay
#     has one.
#
# All that a build needs is mounted, never copied: no layer holds the program,
# the inputs, the wheels or the sources. A source in the context's data/PROJECT
# is used; otherwise PROJECT_REPO is cloned. The context's patches/PROJECT/*.patch
# are applied to it.

# Arguments of FROM lines.
ARG FROM=ubuntu:jammy
# The image with *.whl, upper-constraints.txt and global-requirements.txt at its root.
ARG WHEELS=loci/requirements:master-ubuntu_jammy
# The image that is mounted for it. With `scratch` loci-install fetches WHEELS itself, which
# may then also be a URL, or several sources.
ARG WHEELS_FROM=${WHEELS}
# The image with the program as /loci-install; by default it is compiled here.
ARG LOCI_INSTALL=builder
ARG RUST=rust:1.95-slim-bookworm

FROM ${RUST} AS builder
RUN --mount=type=bind,target=/usr/src/loci \
    cd /usr/src/loci \
    && cargo build --release --locked --package loci-install --target-dir /var/tmp/loci \
    && install -m 0755 /var/tmp/loci/*/release/loci-install /loci-install \
    && rm -r /var/tmp/loci

FROM ${LOCI_INSTALL} AS loci-install
LABEL loci-install.part=program

# Names for what is mounted: a mount cannot take an image's name from an argument.
FROM ${WHEELS_FROM} AS wheels
LABEL loci-install.part=wheels

FROM ${FROM} AS common
ENV PATH=/var/lib/openstack/bin:$PATH
ENV LANG=C.UTF-8

# Compiles the wheels. The source is data/requirements, else a clone; it holds
# upper-constraints.txt and global-requirements.txt. Other projects in data/ are
# built in the place of their constraints.
FROM common AS requirements-build
ARG PROJECT=requirements
ARG PROJECT_REPO=https://opendev.org/openstack/${PROJECT}
ARG PROJECT_REF=master
ARG PROJECT_RELEASE=master
ARG DISTRO=""
ARG DISTRO_VERSION=""
# As in python3.12; the distribution's python3 otherwise.
ARG PYTHON_PROGRAM=""
ARG PROFILES=""
ARG DIST_PACKAGES=""
ARG EXTRA_BINDEP=""
ARG EXTRA_PYDEP=""
ARG PIP_PACKAGES=""
# NAME===VERSION, -NAME, or a file of such lines below the context.
ARG CONSTRAINT_OVERRIDES=""
ARG PIP_ARGS=""
ARG PIP_WHEEL_ARGS=$PIP_ARGS
# False keeps only what had to be compiled.
ARG KEEP_ALL_WHEELS="False"
# A pylock.toml of an earlier image, to get the same files again: a path below
# the context.
ARG LOCK=""
# yes: what needs no network has none; takes CAP_SYS_ADMIN.
ARG HERMETIC=no
# Builds at once; empty stands for what processors and memory allow.
ARG JOBS=""
# A mirror of the distribution's archive, for the time of the build.
ARG APT_MIRROR=""
ARG APT_MIRROR_HOST=""
ARG PACKAGE_MIRROR=""
# NAME or +NAME enables a repository for that time, -NAME disables it.
ARG DIST_REPOS=""
ARG SOURCES_DIR="/tmp"
ARG PIP_VERSION_CONSTRAINT=""
ARG SETUPTOOL_CONSTRAINT="<81"
ARG WHEEL_CONSTRAINT=""
ARG PIP_CONSTRAINT=""
ARG WHEEL_CONSTRAIN=""
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ARG PIP_TRUSTED_HOST
ARG PIP_CERT
ARG SSL_CERT_FILE
ARG SOURCE_DATE_EPOCH
ARG DEBIAN_FRONTEND=noninteractive
RUN --mount=type=bind,from=loci-install,source=/loci-install,target=/usr/local/bin/loci-install \
    --mount=type=bind,target=/opt/loci \
    --mount=type=cache,target=/var/cache/loci-install,sharing=locked \
    --mount=type=secret,id=ca-bundle \
    --mount=type=secret,id=git-credentials \
    --mount=type=secret,id=pip-conf \
    --mount=type=secret,id=netrc \
    loci-install

# Nothing but the wheels, at the root, as WHEELS of a service has to be.
FROM scratch AS requirements
COPY --from=requirements-build /wheels/ /

# The last stage is what `docker build` makes when no --target is given.
FROM common AS project
ARG WHEELS
# The wheels must not be below /tmp, which is emptied at the end of a build.
ARG WHEELS_PATH="/wheels"
# Where wheels go that are not mounted; gone at the end of a build.
ARG WHEELS_DEST="/var/lib/loci-install/wheels"
ARG PROJECT
ARG PROJECT_REPO=https://opendev.org/openstack/${PROJECT}
ARG PROJECT_REF=master
ARG PROJECT_RELEASE=master
ARG PROJECT_PIP_EXTRAS=""
ARG EXTRA_PROJECTS=""
ARG DISTRO=""
ARG DISTRO_VERSION=""
# As in python3.12; the distribution's python3 otherwise.
ARG PYTHON_PROGRAM=""
ARG PROFILES=""
ARG DIST_PACKAGES=""
ARG EXTRA_BINDEP=""
ARG EXTRA_PYDEP=""
# Another directory of the context than its patches.
ARG PATCHES=""
ARG PIP_PACKAGES=""
# NAME===VERSION, -NAME, or a file of such lines below the context.
ARG CONSTRAINT_OVERRIDES=""
# pip, uv or auto.
ARG INSTALLER=auto
ARG PIP_ARGS=""
ARG PIP_WHEEL_ARGS=$PIP_ARGS
# FROM is the finished image of a service, and PROJECT a plugin for it.
ARG PLUGIN=no
ARG KEEP_ALL_WHEELS="False"
# yes: what needs no network has none; takes CAP_SYS_ADMIN.
ARG HERMETIC=no
ARG COPY_DEFAULT_CONFIG_FILES=no
# none, checked or unchecked: whether services start from compiled modules.
ARG BYTECODE=none
# no: without the test of the finished image
ARG SMOKE=yes
ARG REGISTRY_PROTOCOL="detect"
ARG REGISTRY_INSECURE="False"
ARG REGISTRY_CA=""
# A mirror of the distribution's archive, for the time of the build.
ARG APT_MIRROR=""
ARG APT_MIRROR_HOST=""
ARG PACKAGE_MIRROR=""
# NAME or +NAME enables a repository for that time, -NAME disables it.
ARG DIST_REPOS=""
ARG SOURCES_DIR="/tmp"
# The account of the service.
ARG UID=42424
ARG GID=42424
# Keystone with PROFILES=mod_oauth2: the packages of that module, each with #sha256=...
ARG MOD_OAUTH2_PACKAGES=""
# Horizon: the panels to enable; empty stands for all that are known.
ARG HORIZON_EXTRA_PANELS=""
# Nova: the account that swtpm runs as, and the consoles.
ARG NOVA_TSS_USER=tss
ARG NOVA_TSS_UID=42434
ARG NOVA_TSS_GID=42434
ARG NOVNC_REPO=https://github.com/novnc/novnc
ARG NOVNC_REF=v1.0.0
ARG SPICE_REPO=https://gitlab.freedesktop.org/spice/spice-html5.git
ARG SPICE_REF=spice-html5-0.1.6
ARG SKYLINE_CONSOLE_REPO=https://opendev.org/openstack/skyline-console
ARG SKYLINE_CONSOLE_REF=master
# The tools of the virtualenv. setuptools 82 has no pkg_resources any more.
ARG PIP_VERSION_CONSTRAINT=""
ARG SETUPTOOL_CONSTRAINT="<81"
ARG WHEEL_CONSTRAINT=""
# Their names in older Dockerfiles.
ARG PIP_CONSTRAINT=""
ARG WHEEL_CONSTRAIN=""
# pip's own settings. A bundle of certificates is better given with
# `--secret id=ca-bundle,src=FILE` and SSL_CERT_FILE=/run/secrets/ca-bundle.
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ARG PIP_TRUSTED_HOST
ARG PIP_CERT
ARG SSL_CERT_FILE
ARG SOURCE_DATE_EPOCH
ARG DEBIAN_FRONTEND=noninteractive
RUN --mount=type=bind,from=loci-install,source=/loci-install,target=/usr/local/bin/loci-install \
    --mount=type=bind,target=/opt/loci \
    --mount=type=bind,from=wheels,target=${WHEELS_PATH} \
    --mount=type=secret,id=ca-bundle \
    --mount=type=secret,id=registry-auth \
    --mount=type=secret,id=git-credentials \
    --mount=type=secret,id=pip-conf \
    --mount=type=secret,id=netrc \
    loci-install
