cp -R /var/lib/openstack/etc/glance/. /etc/glance
cat > /etc/glance/glance-api.conf <<'CONF'
[DEFAULT]
enabled_backends = files:file
[database]
connection = sqlite:////var/lib/glance/glance.db
[glance_store]
default_backend = files
[files]
filesystem_store_datadir = /var/lib/glance/images
[paste_deploy]
flavor =
CONF
glance-manage db_sync
