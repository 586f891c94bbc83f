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

impl Family {
    /// The family of an os-release id.
    #[must_use]
    pub fn of(id: &str) -> Option<Self> {
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
