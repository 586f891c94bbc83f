# What holds of any service: its packages agree with each other, and what it
# puts into bin/ is there. $1 is the name of its distribution.

python -m pip check
python - "$1" <<'PYTHON'
import importlib.metadata, os, sys

distribution = importlib.metadata.distribution(sys.argv[1])
scripts = [e.name for e in distribution.entry_points if e.group == "console_scripts"]
missing = [s for s in scripts if not os.access(f"/var/lib/openstack/bin/{s}", os.X_OK)]
if missing:
    sys.exit(f"missing from /var/lib/openstack/bin: {' '.join(missing)}")
print(distribution.name, distribution.version, "with", " ".join(scripts) or "no commands")
PYTHON
