cp -R /var/lib/openstack/etc/neutron/. /etc/neutron
cat > /etc/neutron/neutron.conf <<CONF
[DEFAULT]
transport_url = $bus
auth_strategy = noauth
core_plugin = ml2
interface_driver = openvswitch
[database]
connection = sqlite:////var/lib/neutron/neutron.db
[oslo_concurrency]
lock_path = /var/lib/neutron
CONF
mkdir -p /etc/neutron/plugins/ml2
cat > /etc/neutron/plugins/ml2/ml2_conf.ini <<CONF
[ml2]
type_drivers = flat,vxlan
tenant_network_types = vxlan
mechanism_drivers = openvswitch
CONF
# The migrations are for MySQL and PostgreSQL; what they lead to is known.
python - <<'PYTHON'
import sqlalchemy
from neutron.db.migration.models import head

engine = sqlalchemy.create_engine("sqlite:////var/lib/neutron/neutron.db")
head.get_metadata().create_all(engine)
PYTHON
