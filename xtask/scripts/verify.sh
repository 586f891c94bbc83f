# A finished image still is what its record says.

exec /usr/local/bin/loci-install verify
