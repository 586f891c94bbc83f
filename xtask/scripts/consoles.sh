# The pages of nova's consoles, as Debian packages them: the packages themselves
# would bring programs along that serve them, which nova has of its own.
#
# /out gets novnc and spice-html5.

cd "$(mktemp -d)"
apt-get update -q
# Without the sandbox, whose account has no access to this directory.
apt-get download -q -o APT::Sandbox::User=root novnc spice-html5
for package in novnc spice-html5; do
    dpkg-deb --extract "$package"_*.deb files
    cp -R "files/usr/share/$package" "/out/$package"
done
