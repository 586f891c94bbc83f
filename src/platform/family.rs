//! Families of distributions: those that share a package manager and its habits.

/// A family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// dpkg and apt.
    Debian,
    /// rpm and dnf.
    RedHat,
    /// rpm and zypper.
    Suse,
}

/// `ID` and `ID_LIKE` values of os-release(5), by family; an id is here in
/// the distribution's own spelling and in bindep's.
const IDS: &[(Family, &[&str])] = &[
    (Family::Debian, &["debian", "ubuntu"]),
    (
        Family::RedHat,
        &[
            "centos",
            "rhel",
            "rocky",
            "almalinux",
            "ol",
            "oracle",
            "fedora",
            "amzn",
        ],
    ),
    (
        Family::Suse,
        &[
            "opensuse",
            "opensuse-leap",
            "opensuse-tumbleweed",
            "suse",
            "sles",
        ],
    ),
];

/// Other spellings, each with the one that bindep's atoms are made from. `suse` is what
/// `ID_LIKE` calls all of them, and SLES the one that has no other word for itself.
const SPELLINGS: &[(&str, &str)] = &[
    ("amazonami", "amzn"),
    ("centos-stream", "centos"),
    ("leap", "opensuse"),
    ("ol", "oracle"),
    ("opensuse-leap", "opensuse"),
    ("opensuseproject", "opensuse"),
    ("redhat", "rhel"),
    ("redhatenterpriseserver", "rhel"),
    ("redhatenterpriseworkstation", "rhel"),
    ("suse", "sles"),
    ("suselinux", "sles"),
    ("tumbleweed", "opensuse-tumbleweed"),
];

/// The first release with Python 3.6 and with the package manager that is used here.
/// Before it Debian 9 and Ubuntu 16.04 have Python 3.5, Fedora 25 too, EL7 and Amazon
/// Linux 2 have yum, and SLES 12 and Leap 42 have Python 3.4.
const OLDEST: &[(&str, &str)] = &[
    ("debian", "10"),
    ("ubuntu", "18.04"),
    ("centos", "8"),
    ("rhel", "8"),
    ("rocky", "8"),
    ("almalinux", "8"),
    ("oracle", "8"),
    ("fedora", "26"),
    ("amzn", "2022"),
    ("opensuse", "15"),
    ("sles", "15"),
];

/// Software of another kind: what it comes by, and the ids of its distributions.
/// What descends from one of them and says so in `ID_LIKE` needs no place here.
const FOREIGN: &[(&str, &[&str])] = &[
    (
        "apk",
        &["adelie", "alpine", "chainguard", "chimera", "wolfi"],
    ),
    ("apt-rpm", &["altlinux", "pclinuxos"]),
    ("cave", &["exherbo"]),
    ("emerge", &["gentoo"]),
    ("eopkg", &["solus"]),
    ("guix", &["guix"]),
    (
        "images of the whole system",
        &[
            "bottlerocket",
            "buildroot",
            "coreos",
            "cos",
            "flatcar",
            "libreelec",
            "openelec",
            "talos",
        ],
    ),
    ("ips", &["omnios", "openindiana"]),
    ("nix", &["nixos"]),
    ("opkg", &["openwrt"]),
    (
        "pacman",
        &[
            "anarchy",
            "arch",
            "archarm",
            "arkane",
            "artix",
            "blackarch",
            "blendos",
            "garuda",
            "manjaro",
            "manjaro-arm",
            "steamos",
        ],
    ),
    ("pisi", &["pisilinux"]),
    ("pkg", &["dragonfly", "freebsd", "redox-os"]),
    ("slackpkg", &["slackware"]),
    ("swupd", &["clear-linux-os"]),
    ("tce", &["tinycore"]),
    ("tdnf", &["azurelinux", "mariner", "photon"]),
    ("urpmi", &["mageia", "mandriva", "openmandriva", "rosa"]),
    ("xbps", &["void"]),
    // The control domain of a hypervisor, which is CentOS 7 whatever its number is.
    ("yum", &["xcp-ng", "xenenterprise"]),
];

impl Family {
    /// The family of an id in any known spelling.
    #[must_use]
    pub fn of(id: &str) -> Option<Self> {
        let id = spelt(id);
        IDS.iter()
            .find(|(_, ids)| ids.contains(&id))
            .map(|(family, _)| *family)
    }

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debian => "Debian",
            Self::RedHat => "Red Hat",
            Self::Suse => "SUSE",
        }
    }

    /// All that is known, for an error.
    #[must_use]
    pub fn listed() -> String {
        let families: Vec<_> = IDS
            .iter()
            .map(|(family, ids)| format!("{}: {}", family.as_str(), ids.join(", ")))
            .collect();
        format!("known are {}", families.join("; "))
    }
}

/// An id as bindep's atoms have it.
pub(super) fn spelt(id: &str) -> &str {
    let other = SPELLINGS.iter().find(|(other, _)| *other == id);
    other.map_or(id, |(_, id)| id)
}

/// What the software of an id comes by where it is of another kind.
pub(super) fn foreign(id: &str) -> Option<&'static str> {
    let row = FOREIGN.iter().find(|(_, ids)| ids.contains(&id))?;
    Some(row.0)
}

/// The oldest release that is served, when this one is older.
pub(super) fn too_old(id: &str, version: &str) -> Option<&'static str> {
    let (_, oldest) = OLDEST.iter().find(|(known, _)| *known == id)?;
    let older = numbers(version)? < numbers(oldest)?;
    // openSUSE counted 13.2, 42.1 to 42.3, and then 15.0.
    let leap_42 = id == "opensuse" && version.split('.').next() == Some("42");
    (older || leap_42).then_some(*oldest)
}

/// Of `18.04.1`: 18, 4 and 1; nothing when it does not begin with a number.
fn numbers(version: &str) -> Option<Vec<u32>> {
    let numbers: Vec<u32> = version
        .split('.')
        .map_while(|part| part.parse().ok())
        .collect();
    (!numbers.is_empty()).then_some(numbers)
}
