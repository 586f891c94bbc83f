//! Selectors that say nothing: platform atoms that no distribution has. A rule
//! behind one is silently never (or, negated, always) selected.

use std::fmt;

use super::Rule;
use super::platform::PLATFORM;
use super::selector::Term;

/// A platform atom that no known distribution can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// 1-based.
    pub line: usize,
    /// Where the atom begins: 1-based, in characters.
    pub column: usize,
    /// The atom with its `platform:`.
    pub atom: String,
    /// What was probably meant.
    pub advice: &'static str,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { atom, advice, .. } = self;
        write!(f, "no known distribution has `{atom}`: {advice}")
    }
}

impl Warning {
    /// One line: `bindep.txt:3:6: warning: no known distribution has ...`.
    #[must_use]
    pub fn render(&self, file_name: &str) -> String {
        let Self { line, column, .. } = self;
        format!("{file_name}:{line}:{column}: warning: {self}\n")
    }
}

pub(super) fn warnings(rules: &[Rule]) -> Vec<Warning> {
    let terms = rules
        .iter()
        .flat_map(|rule| rule.selector.terms().map(|term| (rule.line, term)));
    terms
        .filter_map(|(line, term)| warning(line, term))
        .collect()
}

fn warning(line: usize, term: &Term) -> Option<Warning> {
    let atom = term.name.strip_prefix(PLATFORM)?;
    Some(Warning {
        line,
        column: term.column,
        atom: term.name.clone(),
        advice: advice(atom)?,
    })
}

/// Why `atom` is dead, or nothing for one that lives.
fn advice(atom: &str) -> Option<&'static str> {
    let base = |base: &str| {
        let rest = atom.strip_prefix(base)?;
        (rest.is_empty() || rest.starts_with('-')).then_some(rest)
    };
    if atom.is_empty() {
        return Some("the name is empty; to exclude a platform write `!platform:dpkg`");
    }
    if let Some((_, advice)) = MISNOMERS.iter().find(|(name, _)| base(name).is_some()) {
        return Some(advice);
    }
    if VERSIONLESS.contains(&atom) {
        return None;
    }
    if VERSIONLESS.iter().any(|name| base(name).is_some()) {
        return Some(
            "families and package managers have no version; name the distributions, \
             as in `platform:centos-9 platform:rocky-9`",
        );
    }
    if IDS.iter().any(|id| base(id).is_some()) {
        return None;
    }
    Some(
        "an atom is an ID of os-release, alone or with a version or codename as in `platform:ubuntu-noble`, \
         or a package manager as in `platform:dpkg`",
    )
}

/// Names that people write, and those they want.
const MISNOMERS: &[(&str, &str)] = &[
    ("deb", "the family of apt is `platform:dpkg`"),
    ("apt", "the family of apt is `platform:dpkg`"),
    ("apt-get", "the family of apt is `platform:dpkg`"),
    (
        "yum",
        "the family of dnf is `platform:rpm` or `platform:redhat`",
    ),
    (
        "dnf",
        "the family of dnf is `platform:rpm` or `platform:redhat`",
    ),
    ("zypper", "the family of zypper is `platform:suse`"),
    (
        "el",
        "name the distributions, as in `platform:centos-9 platform:rocky-9`",
    ),
    ("ol", "Oracle Linux is `platform:oracle`"),
    ("amazon", "Amazon Linux is `platform:amzn`"),
    ("alma", "AlmaLinux is `platform:almalinux`"),
    ("rockylinux", "Rocky Linux is `platform:rocky`"),
    ("opensuse-leap", "Leap is `platform:opensuse`"),
    ("pip", "this is no platform"),
];

/// Atoms that stand alone.
const VERSIONLESS: &[&str] = &[
    "apk", "base-py2", "base-py3", "brew", "darwin", "dpkg", "emerge", "pacman", "redhat", "rpm",
    "suse",
];

/// IDs of distributions, and the aliases that bindep gives some of them.
const IDS: &[&str] = &[
    "almalinux",
    "alpine",
    "altlinux",
    "amazonami",
    "amzn",
    "anolis",
    "antergos",
    "antix",
    "arch",
    "arch32",
    "archarm",
    "archlinux",
    "arcolinux",
    "artix",
    "azurelinux",
    "bazzite",
    "blackarch",
    "bluefin",
    "bodhi",
    "buildroot",
    "cachyos",
    "centos",
    "chimera",
    "clear-linux-os",
    "clearos",
    "cloudlinux",
    "coreos",
    "cumulus-linux",
    "debian",
    "deepin",
    "devuan",
    "dragonfly",
    "elementary",
    "endeavouros",
    "eurolinux",
    "exherbo",
    "fedora",
    "flatcar",
    "freebsd",
    "funtoo",
    "garuda",
    "gentoo",
    "guix",
    "hyperbola",
    "kali",
    "kylin",
    "linuxmint",
    "mageia",
    "mandriva",
    "manjaro",
    "manjaro-arm",
    "mariner",
    "mx",
    "neon",
    "netbsd",
    "nixos",
    "nobara",
    "openbsd",
    "openeuler",
    "openmandriva",
    "opensuse",
    "opensuseproject",
    "openwrt",
    "oracle",
    "parabola",
    "parrot",
    "pclinuxos",
    "photon",
    "pop",
    "postmarketos",
    "proxmox",
    "pureos",
    "raspbian",
    "redhatenterpriseserver",
    "redhatenterpriseworkstation",
    "rhel",
    "rocky",
    "scientific",
    "sled",
    "slackware",
    "sles",
    "sles_sap",
    "slint",
    "solaris",
    "solus",
    "steamos",
    "suse-microos",
    "suselinux",
    "tencentos",
    "trisquel",
    "ubuntu",
    "ultramarine",
    "uos",
    "virtuozzo",
    "void",
    "wolfi",
    "xcp-ng",
    "xenenterprise",
    "zorin",
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::File;
    use super::super::platform::Distribution;
    use super::super::target::known_names;
    use super::*;

    #[test]
    fn dead_names_are_found_wherever_they_stand() {
        let file =
            File::parse("aa [platform:deb]\nbb [x (y !platform:redhat-8) platform:]\n").unwrap();
        let found: Vec<_> = file
            .warnings()
            .into_iter()
            .map(|w| (w.line, w.column, w.atom))
            .collect();
        assert_eq!(
            found,
            [
                (1, 5, "platform:deb".to_owned()),
                (2, 11, "platform:redhat-8".to_owned()),
                (2, 30, "platform:".to_owned())
            ]
        );
    }

    #[test]
    fn each_death_has_its_reason() {
        for (atom, reason) in [
            ("apt", "`platform:dpkg`"),
            ("ol-9", "`platform:oracle`"),
            ("opensuse-leap-15", "`platform:opensuse`"),
            ("rpm-4", "have no version"),
            ("opensuse423", "an ID of os-release"),
            ("", "`!platform:dpkg`"),
        ] {
            assert!(advice(atom).unwrap().contains(reason), "{atom}");
        }
    }

    #[test]
    fn what_a_platform_has_is_alive() {
        for name in known_names() {
            for atom in Distribution::named(name).unwrap().atoms().iter() {
                assert_eq!(advice(&atom[PLATFORM.len()..]), None, "{atom}");
            }
        }
    }

    #[test]
    fn a_warning_is_one_line_for_the_log() {
        let file = File::parse("aa [platform:apt]\n").unwrap();
        assert_eq!(
            file.warnings()[0].render("bindep.txt"),
            "bindep.txt:1:5: warning: no known distribution has `platform:apt`: \
             the family of apt is `platform:dpkg`\n"
        );
    }
}
