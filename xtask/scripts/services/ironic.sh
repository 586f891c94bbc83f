cat > /etc/ironic/ironic.conf <<CONF
[DEFAULT]
transport_url = $bus
auth_strategy = noauth
[database]
connection = sqlite:////var/lib/ironic/ironic.db
CONF
# Not `upgrade`: the migrations are for MySQL.
test -e /var/lib/ironic/ironic.db || ironic-dbsync create_schema
