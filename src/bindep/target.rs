//! Well-known platforms by name: `--platform ubuntu-noble` answers for a
//! distribution that is not there, since atoms depend on nothing but these
//! three words.

use super::platform::Distribution;

/// A platform name that is not in the table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown platform `{0}`; known are: {known}", known = known_names().join(", "))]
pub struct UnknownPlatform(pub String);

impl Distribution {
    /// The distribution that goes by `name`, which is `ubuntu-noble`,
    /// `ubuntu-24.04` or, where minor releases exist, also `rocky-9.7`.
    pub fn named(name: &str) -> Result<Self, UnknownPlatform> {
        let exact = PLATFORMS.iter().find(|row| row.0.contains(&name));
        let minor = || {
            // A minor release that is newer than this table.
            let (major, minor) = name.rsplit_once('.')?;
            minor.parse::<u32>().ok()?;
            let (_, version) = major.rsplit_once('-')?;
            let row = PLATFORMS.iter().find(|row| row.0.contains(&major))?;
            let has_minor = ENTERPRISE.contains(&row.1) && row.2 == version;
            has_minor.then(|| (row, format!("{version}.{minor}")))
        };
        let (&(_, id, _, codename), version) = exact
            .map(|row| (row, row.2.to_owned()))
            .or_else(minor)
            .ok_or_else(|| UnknownPlatform(name.to_owned()))?;
        Ok(Self {
            id: id.to_owned(),
            version,
            codename: codename.to_owned(),
            name: String::new(),
        })
    }
}

/// The first name of each platform.
pub(super) fn known_names() -> Vec<&'static str> {
    PLATFORMS
        .iter()
        .filter_map(|row| row.0.first().copied())
        .collect()
}

/// Whose major release has minor ones with the same packages.
const ENTERPRISE: &[&str] = &["almalinux", "oracle", "rhel", "rocky"];

type Row = (
    &'static [&'static str],
    &'static str,
    &'static str,
    &'static str,
);

/// Names, id, version and codename as the distributions' os-release files have them.
const PLATFORMS: &[Row] = &[
    (
        &["ubuntu-xenial", "ubuntu-16.04"],
        "ubuntu",
        "16.04",
        "xenial",
    ),
    (
        &["ubuntu-bionic", "ubuntu-18.04"],
        "ubuntu",
        "18.04",
        "bionic",
    ),
    (
        &["ubuntu-focal", "ubuntu-20.04"],
        "ubuntu",
        "20.04",
        "focal",
    ),
    (
        &["ubuntu-jammy", "ubuntu-22.04"],
        "ubuntu",
        "22.04",
        "jammy",
    ),
    (
        &["ubuntu-noble", "ubuntu-24.04"],
        "ubuntu",
        "24.04",
        "noble",
    ),
    (
        &["ubuntu-plucky", "ubuntu-25.04"],
        "ubuntu",
        "25.04",
        "plucky",
    ),
    (
        &["ubuntu-questing", "ubuntu-25.10"],
        "ubuntu",
        "25.10",
        "questing",
    ),
    (
        &["ubuntu-resolute", "ubuntu-26.04"],
        "ubuntu",
        "26.04",
        "resolute",
    ),
    (&["debian-buster", "debian-10"], "debian", "10", "buster"),
    (
        &["debian-bullseye", "debian-11"],
        "debian",
        "11",
        "bullseye",
    ),
    (
        &["debian-bookworm", "debian-12"],
        "debian",
        "12",
        "bookworm",
    ),
    (&["debian-trixie", "debian-13"], "debian", "13", "trixie"),
    (&["centos-7"], "centos", "7", "Core"),
    (&["centos-8", "centos-stream-8"], "centos", "8", ""),
    (&["centos-9", "centos-stream-9"], "centos", "9", ""),
    (
        &["centos-10", "centos-stream-10"],
        "centos",
        "10",
        "Coughlan",
    ),
    (&["rhel-8"], "rhel", "8", "Ootpa"),
    (&["rhel-9"], "rhel", "9", "Plow"),
    (&["rhel-10"], "rhel", "10", "Coughlan"),
    (&["rocky-8"], "rocky", "8", "Green Obsidian"),
    (&["rocky-9"], "rocky", "9", "Blue Onyx"),
    (&["rocky-10"], "rocky", "10", "Red Quartz"),
    // Every minor release of AlmaLinux has its own codename.
    (&["almalinux-8"], "almalinux", "8", ""),
    (&["almalinux-8.10"], "almalinux", "8.10", "Cerulean Leopard"),
    (&["almalinux-9"], "almalinux", "9", ""),
    (&["almalinux-9.4"], "almalinux", "9.4", "Seafoam Ocelot"),
    (&["almalinux-9.5"], "almalinux", "9.5", "Teal Serval"),
    (&["almalinux-9.6"], "almalinux", "9.6", "Sage Margay"),
    (&["almalinux-10"], "almalinux", "10", ""),
    (&["almalinux-10.0"], "almalinux", "10.0", "Purple Lion"),
    (&["oracle-8"], "oracle", "8", ""),
    (&["oracle-9"], "oracle", "9", ""),
    (&["oracle-10"], "oracle", "10", ""),
    (&["fedora-40"], "fedora", "40", ""),
    (&["fedora-41"], "fedora", "41", ""),
    (&["fedora-42"], "fedora", "42", ""),
    (&["fedora-43"], "fedora", "43", ""),
    (&["fedora-44"], "fedora", "44", ""),
    (&["amzn-2", "amazonami-2"], "amzn", "2", ""),
    (&["amzn-2023", "amazonami-2023"], "amzn", "2023", ""),
    (
        &["opensuse-15.5", "opensuse-leap-15.5"],
        "opensuse",
        "15.5",
        "",
    ),
    (
        &["opensuse-15.6", "opensuse-leap-15.6"],
        "opensuse",
        "15.6",
        "",
    ),
    (
        &["opensuse-16.0", "opensuse-leap-16.0"],
        "opensuse",
        "16.0",
        "",
    ),
    (&["sles-15.6"], "sles", "15.6", ""),
    (&["sles-15.7"], "sles", "15.7", ""),
    (&["sles-16.0"], "sles", "16.0", ""),
    (&["alpine-3.20"], "alpine", "3.20.7", ""),
    (&["arch"], "arch", "", ""),
    (&["gentoo"], "gentoo", "2.18", ""),
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn goes_by_codename_and_by_version() {
        let noble = Distribution::named("ubuntu-noble").unwrap();
        assert_eq!(noble, Distribution::named("ubuntu-24.04").unwrap());
        assert!(noble.atoms().contains("platform:ubuntu-noble"));
    }

    #[test]
    fn a_minor_release_belongs_to_its_major_one() {
        let rocky = Distribution::named("rocky-9.17").unwrap();
        assert_eq!(
            (&rocky.version[..], &rocky.codename[..]),
            ("9.17", "Blue Onyx")
        );
        for name in [
            "fedora-41.1",
            "ubuntu-24.04.1",
            "rocky-9.x",
            "rocky-9.5.1",
            "debian-13.1",
        ] {
            assert!(Distribution::named(name).is_err(), "{name}");
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let message = Distribution::named("ubuntu").unwrap_err().to_string();
        assert!(
            message.starts_with("unknown platform `ubuntu`; known are: ubuntu-xenial, "),
            "{message}"
        );
        assert!(message.ends_with(", arch, gentoo"), "{message}");
    }

    #[test]
    fn no_name_is_given_twice() {
        let names: Vec<_> = PLATFORMS.iter().flat_map(|row| row.0).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    }
}
