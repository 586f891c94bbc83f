cat > /etc/octavia/octavia.conf <<CONF
[DEFAULT]
transport_url = $bus
[api_settings]
auth_strategy = noauth
[database]
connection = sqlite:////var/lib/octavia/octavia.db
CONF
# The migrations are for MySQL; what they lead to is known.
python - <<'PYTHON'
import sqlalchemy
from octavia.db import base_models, models

engine = sqlalchemy.create_engine("sqlite:////var/lib/octavia/octavia.db")
base_models.BASE.metadata.create_all(engine)
PYTHON
