//! What is known about services beside their names.

/// A service whose image the chores know how to make and to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// PROJECT.
    pub name: &'static str,
    /// Its distribution on `PyPI`, where some were too late for their own name.
    pub distribution: &'static str,
    /// What is built when the constraints do not say it: a release fits the
    /// constraints of its own time, and the newest of a day does not.
    pub version: &'static str,
    /// PROFILES, when nothing else is asked for.
    pub profiles: &'static str,
    /// `PROJECT_PIP_EXTRAS`, likewise.
    pub extras: &'static str,
}

/// The services of the matrix: the newest whose requirements the constraints of
/// openstack/requirements at 3353677 (master) allow. Later releases of heat, ironic and nova
/// require an oslo.versionedobjects that was not in them yet.
pub const SERVICES: &[Service] = &[
    plain("cinder", "29.0.0"),
    plain("glance", "33.0.0"),
    Service {
        distribution: "openstack-heat",
        ..plain("heat", "26.0.2")
    },
    plain("horizon", "26.0.0"),
    plain("ironic", "38.0.0"),
    Service {
        profiles: "apache ldap",
        extras: "ldap",
        ..plain("keystone", "30.0.0")
    },
    plain("neutron", "29.0.0"),
    plain("nova", "33.0.2"),
    plain("octavia", "19.0.0"),
];

const fn plain(name: &'static str, version: &'static str) -> Service {
    Service {
        name,
        distribution: name,
        version,
        profiles: "",
        extras: "",
    }
}

/// What is known of a service; of most there is nothing to know.
pub fn find(service: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|known| known.name == service)
}

/// The name of a service's distribution on `PyPI`.
pub fn distribution(service: &str) -> &str {
    match service {
        "placement" => "openstack-placement",
        "watcher" => "python-watcher",
        other => find(other).map_or(other, |known| known.distribution),
    }
}
