cp -R /var/lib/openstack/etc/cinder/. /etc/cinder
cat > /etc/cinder/cinder.conf <<CONF
[DEFAULT]
transport_url = $bus
auth_strategy = noauth
state_path = /var/lib/cinder
[database]
connection = sqlite:////var/lib/cinder/cinder.db
[oslo_concurrency]
lock_path = /var/lib/cinder
CONF
cinder-manage db sync
