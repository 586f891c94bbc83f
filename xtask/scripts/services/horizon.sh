# A redirection does not expand patterns.
cd /var/lib/openstack/lib/python3*/site-packages/openstack_dashboard/local
cat > local_settings.d/_99_trial.py <<'CONF'
ALLOWED_HOSTS = ["127.0.0.1"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
CONF
cd /
