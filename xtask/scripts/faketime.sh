# The library that makes programs see another time, without the programs of its package.
#
# /out is a directory of the host.

cd /tmp
apt-get update -q
apt-get download -q libfaketime
dpkg-deb --extract libfaketime_*.deb /tmp/unpacked
# The one for programs with threads, which serves all.
find /tmp/unpacked -name libfaketimeMT.so.1 -exec cp {} /out/libfaketime.so.1 \;
test -s /out/libfaketime.so.1
