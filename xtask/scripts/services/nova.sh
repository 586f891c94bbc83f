cp -R /var/lib/openstack/etc/nova/. /etc/nova
cat > /etc/nova/nova.conf <<CONF
[DEFAULT]
transport_url = $bus
compute_driver = fake.FakeDriver
state_path = /var/lib/nova
[api]
auth_strategy = noauth2
[api_database]
connection = sqlite:////var/lib/nova/api.db
[database]
connection = sqlite:////var/lib/nova/nova.db
[placement]
auth_type = none
endpoint_override = http://127.0.0.1:1
[oslo_concurrency]
lock_path = /var/lib/nova
CONF
nova-manage api_db sync
nova-manage cell_v2 map_cell0 --database_connection sqlite:////var/lib/nova/cell0.db
nova-manage db sync
