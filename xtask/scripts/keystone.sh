# Keystone in its image, on sqlite. $1 is the port. It lives as long as the
# other end of its standard input, so that it cannot outlive who started it.

cat > /etc/keystone/keystone.conf <<'CONF'
[database]
connection = sqlite:////var/lib/keystone/keystone.db
CONF
keystone-manage fernet_setup --keystone-user keystone --keystone-group keystone
keystone-manage db_sync

uwsgi --master --die-on-term --enable-threads --buffer-size 65535 \
    --virtualenv /var/lib/openstack --module keystone.wsgi.api:application \
    --http-socket "127.0.0.1:$1" &
server=$!
# What runs in the background has no standard input of its own.
exec 3<&0
{ cat <&3 > /dev/null; kill "$server"; } &
wait "$server"
