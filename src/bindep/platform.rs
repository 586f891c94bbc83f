//! The `platform:...` names that a distribution has.

use std::cmp::Ordering;
use std::collections::BTreeSet;

/// What marks a profile as a platform atom.
pub const PLATFORM: &str = "platform:";

/// What decides the platform atoms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Distribution {
    /// `ID` of os-release, with Oracle's `ol` and Leap's `opensuse-leap`
    /// already called `oracle` and `opensuse`.
    pub id: String,
    /// `VERSION_ID`, or whatever stands in for it; may be empty.
    pub version: String,
    /// Its words become atoms; may be empty.
    pub codename: String,
    /// `NAME`: tells RHEL 7 Server from Workstation.
    pub name: String,
}

/// The names of a platform, each with its `platform:`, sorted by code point.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Atoms(BTreeSet<String>);

/// How to ask which packages are installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// `dpkg-query`
    Dpkg,
    /// `rpm`
    Rpm,
    /// `pacman`
    Pacman,
    /// `apk`
    Apk,
    /// `equery` of gentoolkit
    Emerge,
    /// Packages can be listed but not checked.
    Unknown,
}

impl Distribution {
    /// All names of this platform.
    ///
    /// Nothing but the distribution decides them: there are no atoms for
    /// architectures. An id that is not known has only its own series.
    #[must_use]
    pub fn atoms(&self) -> Atoms {
        let id = self.compact_id();
        let mut atoms = Atoms::default();
        let mut series = |base: &str| atoms.add_series(base, &self.version, &self.codename);
        series(&id);
        for alias in self.aliases(&id) {
            series(alias);
        }
        for family in families(&id) {
            atoms.add(family);
        }
        if let Some(python) = self.base_python(&id) {
            atoms.add(python);
        }
        atoms
    }

    /// How to ask which packages are installed here.
    #[must_use]
    pub fn backend(&self) -> Backend {
        let families = families(&self.compact_id());
        let known = [
            ("dpkg", Backend::Dpkg),
            ("rpm", Backend::Rpm),
            ("pacman", Backend::Pacman),
            ("apk", Backend::Apk),
            ("emerge", Backend::Emerge),
        ];
        let backend = known.iter().find(|(family, _)| families.contains(family));
        backend.map_or(Backend::Unknown, |(_, backend)| *backend)
    }

    /// A space ends a name in a selector, so ids are without.
    fn compact_id(&self) -> String {
        self.id
            .split_whitespace()
            .collect::<String>()
            .to_lowercase()
    }

    fn aliases(&self, id: &str) -> &'static [&'static str] {
        let name = self.name.to_lowercase();
        match id {
            "rhel" if name.contains("server") => &["redhatenterpriseserver"],
            "rhel" if name.contains("workstation") => &["redhatenterpriseworkstation"],
            "redhatenterpriseserver" | "redhatenterpriseworkstation" => &["rhel"],
            "amzn" => &["amazonami"],
            "amazonami" => &["amzn"],
            "opensuse" | "opensuseproject" | "opensuse-leap" | "opensuse-tumbleweed" => {
                &["opensuse", "opensuseproject"]
            }
            "sles" => &["suselinux"],
            "suselinux" => &["sles"],
            _ => &[],
        }
    }

    /// A version that cannot be compared is that of a rolling release, which
    /// is newer than every number here.
    fn base_python(&self, id: &str) -> Option<&'static str> {
        let first_with_python3: &[u64] = match id {
            "debian" => &[10],
            "ubuntu" => &[16, 4],
            "pop" => return Some("base-py3"),
            "fedora" => &[23],
            "centos"
            | "rhel"
            | "oracle"
            | "rocky"
            | "almalinux"
            | "redhatenterpriseserver"
            | "redhatenterpriseworkstation" => &[8],
            // Amazon, SUSE and the reference's never matching spelling `ol` have neither.
            _ => return None,
        };
        let recent = is_at_least(&self.version.to_lowercase(), first_with_python3);
        Some(if recent.unwrap_or(true) {
            "base-py3"
        } else {
            "base-py2"
        })
    }
}

impl Atoms {
    /// The names, each with its `platform:`.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether `name`, given with its `platform:`, is one of them.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    fn add(&mut self, atom: &str) {
        self.0.insert(format!("{PLATFORM}{atom}"));
    }

    /// `base`, `base-9`, `base-9.5`, `base-blue`, `base-blue-onyx`. An empty
    /// version gives `base-`, as in the reference.
    fn add_series(&mut self, base: &str, version: &str, codename: &str) {
        self.add(base);
        let words: Vec<String> = codename.split_whitespace().map(str::to_lowercase).collect();
        for count in 1..=words.len() {
            self.add(&format!("{base}-{}", words[..count].join("-")));
        }
        let version = version.to_lowercase();
        let parts: Vec<&str> = version.split('.').collect();
        for count in 1..=parts.len() {
            self.add(&format!("{base}-{}", parts[..count].join(".")));
        }
    }
}

/// The atoms that name a family or a package manager: never with a version.
fn families(id: &str) -> &'static [&'static str] {
    match id {
        "debian" | "ubuntu" | "pop" => &["dpkg"],
        "amzn"
        | "amazonami"
        | "centos"
        | "rhel"
        | "redhatenterpriseserver"
        | "redhatenterpriseworkstation"
        | "fedora"
        | "ol"
        | "oracle"
        | "rocky"
        | "almalinux" => &["redhat", "rpm"],
        "opensuse"
        | "opensuseproject"
        | "opensuse-leap"
        | "opensuse-tumbleweed"
        | "sles"
        | "suselinux" => &["suse", "rpm"],
        "gentoo" => &["emerge"],
        "arch" | "manjaro" => &["pacman"],
        "alpine" => &["apk"],
        _ => &[],
    }
}

/// Compares as [PEP 440](https://peps.python.org/pep-0440/) does, which is
/// what the reference asks; nothing when `version` is not of its form.
fn is_at_least(version: &str, minimum: &[u64]) -> Option<bool> {
    let version = version.trim();
    let version = version.strip_prefix('v').unwrap_or(version);
    let (epoch, version) = match version.split_once('!') {
        Some((epoch, version)) => (epoch.parse().ok()?, version),
        None => (0u64, version),
    };
    let end = version.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (release, suffix) = version.split_at(end.unwrap_or(version.len()));
    let release = if suffix.is_empty() {
        release
    } else {
        release.trim_end_matches('.')
    };
    let numbers = release.split('.').map(str::parse);
    let numbers: Vec<u64> = numbers.collect::<Result<_, _>>().ok()?;
    let length = numbers.len().max(minimum.len());
    let pad = |numbers: &[u64]| -> Vec<u64> {
        numbers
            .iter()
            .copied()
            .chain(std::iter::repeat(0))
            .take(length)
            .collect()
    };
    let ordering = epoch.cmp(&0).then(pad(&numbers).cmp(&pad(minimum)));
    Some(if is_before_release(suffix)? {
        ordering == Ordering::Greater
    } else {
        ordering != Ordering::Less
    })
}

/// Whether what follows the numbers makes a version older than the numbers
/// alone: `8rc1` comes before `8`, and `8.post1` after it.
fn is_before_release(suffix: &str) -> Option<bool> {
    if suffix.is_empty() || suffix.starts_with('+') {
        return Some(false);
    }
    let word = suffix.trim_start_matches(['-', '_', '.']);
    let end = word.find(|c: char| !c.is_ascii_alphabetic());
    match &word[..end.unwrap_or(word.len())] {
        "a" | "b" | "c" | "rc" | "alpha" | "beta" | "pre" | "preview" | "dev" => Some(true),
        "post" | "rev" | "r" => Some(false),
        "" if suffix.starts_with('-') => Some(false),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn distribution(id: &str, version: &str, codename: &str) -> Distribution {
        Distribution {
            id: id.to_owned(),
            version: version.to_owned(),
            codename: codename.to_owned(),
            name: String::new(),
        }
    }

    fn atoms(distribution: &Distribution) -> String {
        let atoms = distribution.atoms();
        let names: Vec<_> = atoms.iter().map(|atom| &atom[PLATFORM.len()..]).collect();
        names.join(" ")
    }

    #[test]
    fn each_family_has_its_names() {
        for (id, version, codename, expected, backend) in [
            (
                "ubuntu",
                "24.04",
                "noble",
                "base-py3 dpkg ubuntu ubuntu-24 ubuntu-24.04 ubuntu-noble",
                Backend::Dpkg,
            ),
            (
                "debian",
                "9",
                "stretch",
                "base-py2 debian debian-9 debian-stretch dpkg",
                Backend::Dpkg,
            ),
            (
                "pop",
                "22.04",
                "jammy",
                "base-py3 dpkg pop pop-22 pop-22.04 pop-jammy",
                Backend::Dpkg,
            ),
            (
                "rocky",
                "10.1",
                "Red Quartz",
                "base-py3 redhat rocky rocky-10 rocky-10.1 rocky-red rocky-red-quartz rpm",
                Backend::Rpm,
            ),
            (
                "oracle",
                "7.9",
                "",
                "base-py2 oracle oracle-7 oracle-7.9 redhat rpm",
                Backend::Rpm,
            ),
            (
                "fedora",
                "42",
                "",
                "base-py3 fedora fedora-42 redhat rpm",
                Backend::Rpm,
            ),
            (
                "amzn",
                "2023",
                "",
                "amazonami amazonami-2023 amzn amzn-2023 redhat rpm",
                Backend::Rpm,
            ),
            (
                "opensuse-tumbleweed",
                "20250101",
                "",
                "opensuse opensuse-20250101 opensuse-tumbleweed opensuse-tumbleweed-20250101 opensuseproject opensuseproject-20250101 rpm suse",
                Backend::Rpm,
            ),
            (
                "sles",
                "15.7",
                "",
                "rpm sles sles-15 sles-15.7 suse suselinux suselinux-15 suselinux-15.7",
                Backend::Rpm,
            ),
            (
                "alpine",
                "3.22.1",
                "",
                "alpine alpine-3 alpine-3.22 alpine-3.22.1 apk",
                Backend::Apk,
            ),
            ("arch", "", "", "arch arch- pacman", Backend::Pacman),
            (
                "gentoo",
                "2.17",
                "",
                "emerge gentoo gentoo-2 gentoo-2.17",
                Backend::Emerge,
            ),
            ("My Linux", "1", "", "mylinux mylinux-1", Backend::Unknown),
        ] {
            let distribution = distribution(id, version, codename);
            assert_eq!(atoms(&distribution), expected);
            assert_eq!(distribution.backend(), backend, "{id}");
        }
    }

    #[test]
    fn rhel_7_has_the_name_of_its_edition_too() {
        let workstation = Distribution {
            name: "Red Hat Enterprise Linux Workstation".to_owned(),
            ..distribution("rhel", "7.9", "")
        };
        assert!(atoms(&workstation).contains("redhatenterpriseworkstation-7.9"));
        assert!(!atoms(&distribution("rhel", "9.4", "Plow")).contains("enterprise"));
    }

    #[test]
    fn a_version_that_is_none_is_new() {
        for version in ["", "trixie/sid", "rawhide"] {
            assert!(atoms(&distribution("debian", version, "")).contains("base-py3"));
        }
    }

    #[test]
    fn compares_as_pep_440_does() {
        for (version, expected) in [
            ("7.9", Some(false)),
            ("8", Some(true)),
            ("8.0", Some(true)),
            ("v8", Some(true)),
            ("8rc1", Some(false)),
            ("8.dev1", Some(false)),
            ("8.post1", Some(true)),
            ("8-1", Some(true)),
            ("8+x", Some(true)),
            ("1!0", Some(true)),
            ("8-stream", None),
            ("", None),
            ("8..1", None),
        ] {
            assert_eq!(is_at_least(version, &[8]), expected, "{version}");
        }
    }
}
