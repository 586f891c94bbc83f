cat > /etc/keystone/keystone.conf <<'CONF'
[database]
connection = sqlite:////var/lib/keystone/keystone.db
CONF
keystone-manage fernet_setup --keystone-user keystone --keystone-group keystone
keystone-manage db_sync
