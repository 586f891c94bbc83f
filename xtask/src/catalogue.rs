//! What is known about services beside their names.

/// What an image of a service has when nothing else is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Defaults {
    /// PROFILES.
    pub profiles: &'static str,
    /// `PROJECT_PIP_EXTRAS`.
    pub extras: &'static str,
}

/// The defaults of a service: plain, unless the catalogue knows better.
pub fn defaults(service: &str) -> Defaults {
    let (profiles, extras) = match service {
        "keystone" => ("apache ldap", "ldap"),
        _ => ("", ""),
    };
    Defaults { profiles, extras }
}

/// The name of a service's distribution on `PyPI`, where some were too late for
/// their own.
pub fn distribution(service: &str) -> &str {
    match service {
        "heat" => "openstack-heat",
        "placement" => "openstack-placement",
        "watcher" => "python-watcher",
        other => other,
    }
}
