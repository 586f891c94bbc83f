cp -R /var/lib/openstack/etc/heat/. /etc/heat
cat > /etc/heat/heat.conf <<CONF
[DEFAULT]
transport_url = $bus
[database]
connection = sqlite:////var/lib/heat/heat.db
CONF
heat-manage db_sync
