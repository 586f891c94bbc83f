# Distribution packages alone, as a service's build has them installed.

apt-get update
apt-get install -y --no-install-recommends "$@"
