#!/bin/sh
# The wheels of a release as a plain script makes them: one `pip wheel` for each
# constraint, one after another, nothing remembered from one to the next. It is
# what `cargo xtask bench requirements` compares loci-install with.
#
#     requirements.sh REQUIREMENTS CONSTRAINTS WHEELS LOG
#
# One requirement a line; a line whose wheel cannot be made is told and skipped.
set -eu
requirements=$1 constraints=$2 wheels=$3 log=$4

# For what is installed and for what it is built with; newer versions of pip
# tell the two apart.
export PIP_CONSTRAINT="$constraints" PIP_BUILD_CONSTRAINT="$constraints"
export PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
export PIP_PROGRESS_BAR=off UWSGI_PROFILE_OVERRIDE=ssl=true

virtualenv=$(mktemp -d)
python3 -m venv "$virtualenv"
pip="$virtualenv/bin/pip"
$pip install --quiet --log "$log" --upgrade pip setuptools wheel

mkdir -p "$wheels"
failed=0
while read -r requirement; do
    if ! $pip wheel --quiet --log "$log" --wheel-dir "$wheels" "$requirement"; then
        failed=$((failed + 1))
        echo "no wheel of $requirement"
    fi
done < "$requirements"
rm -r "$virtualenv"

cp "$constraints" "$wheels/upper-constraints.txt"
echo "$failed failed"
