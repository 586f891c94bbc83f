//! What a distribution is served as: itself, or what os-release says that it is made from.
//!
//! `ID_LIKE` has the closest relatives first
//! ([os-release(5)](https://www.freedesktop.org/software/systemd/man/latest/os-release.html)),
//! and the first one that is known decides: Mageia is `mandriva fedora` and is not served,
//! although Fedora is. Which release of it a derivative is made from no common field says.

use super::family::{Family, foreign, spelt};
use super::is_number;
use super::os_release::Identity;
use crate::bindep::Distribution;

/// What a distribution is served as.
#[derive(Debug)]
pub(super) enum Descent {
    /// As itself, or as the other one.
    Served(Family, Option<Distribution>),
    /// Not: its software is of another kind.
    Foreign {
        /// The id that tells.
        id: String,
        /// What it comes by.
        manager: &'static str,
    },
    /// As nothing.
    Unknown,
}

/// Derivatives whose `ID_LIKE` says too little, and what they are made from.
const MADE_FROM: &[(&str, &str)] = &[
    ("deepin", "debian"),
    ("gnoppix", "debian"),
    ("opensuse-aeon", "opensuse-tumbleweed"),
    ("opensuse-kalpa", "opensuse-tumbleweed"),
    ("opensuse-leap-micro", "opensuse"),
    ("opensuse-microos", "opensuse-tumbleweed"),
    ("opensuse-slowroll", "opensuse-tumbleweed"),
    ("pureos", "debian"),
    ("sled", "sles"),
    ("sles_sap", "sles"),
];

impl Descent {
    /// Reads it from os-release.
    pub fn of(os: &Identity) -> Self {
        let own = &os.distribution.id;
        if let Some(family) = Family::of(own) {
            return Self::Served(family, None);
        }
        if let Some(manager) = foreign(own) {
            let id = own.clone();
            return Self::Foreign { id, manager };
        }
        let Some(id) = relative(os) else {
            return Self::Unknown;
        };
        match (Family::of(&id), foreign(&id)) {
            (Some(family), _) => Self::Served(family, Some(ancestor(&id, os))),
            (None, Some(manager)) => Self::Foreign { id, manager },
            (None, None) => Self::Unknown,
        }
    }
}

/// The id that a derivative is served as.
fn relative(os: &Identity) -> Option<String> {
    let own = os.distribution.id.as_str();
    if let Some((_, from)) = MADE_FROM.iter().find(|(id, _)| *id == own) {
        return Some((*from).to_owned());
    }
    let likes = os.id_like.iter().map(|like| like.to_lowercase());
    let like = likes
        .map(|like| spelt(&like).to_owned())
        .find(|like| Family::of(like).is_some() || foreign(like).is_some());
    let like = like.as_deref();
    // Trisquel calls itself like Debian and names a release of Ubuntu.
    let ubuntu = format!("ubuntu-{}", os.fields.get("ubuntu_codename"));
    if like == Some("debian") && Distribution::named(&ubuntu).is_ok() {
        return Some("ubuntu".to_owned());
    }
    // Fedora's derivatives call themselves like RHEL, too, or like nobody.
    match (like, module_platform(os)) {
        (None | Some("rhel" | "centos" | "fedora"), Some(("f", _))) => Some("fedora".to_owned()),
        (None, Some(("el", _))) => Some("rhel".to_owned()),
        _ => like.map(str::to_owned),
    }
}

/// The release of `id` that this distribution is, or is made from. Its version is empty
/// where nothing tells.
pub(super) fn ancestor(id: &str, os: &Identity) -> Distribution {
    let own = &os.distribution;
    if own.id == id {
        return own.clone();
    }
    let version = match Family::of(id) {
        Some(Family::Debian) => of_debian(id, os),
        Some(Family::RedHat) => of_red_hat(id, os),
        Some(Family::Suse) => of_suse(id, os),
        None => None,
    };
    super::overridden(id, &version.unwrap_or_default())
}

/// By a codename, or by the number in `/etc/debian_version`: in a derivative of Ubuntu that
/// is the Debian that Ubuntu was made from.
fn of_debian(id: &str, os: &Identity) -> Option<String> {
    let stated = os.fields.get(&format!("{id}_codename"));
    if !stated.is_empty() {
        return Some(stated.to_owned());
    }
    let others = ["version_codename", "ubuntu_codename"].map(|field| os.fields.get(field));
    let known = |codename: &&str| Distribution::named(&format!("{id}-{codename}")).is_ok();
    let release = os.debian_version.split('.').next().unwrap_or_default();
    let numbered = || (id == "debian" && is_number(release)).then_some(release);
    others
        .into_iter()
        .find(known)
        .or_else(numbered)
        .map(str::to_owned)
}

/// By `PLATFORM_ID`, which all have since Fedora 28 and EL8, or by the version of what is
/// EL7 or older. The minor release is that of the derivative when the major one is.
fn of_red_hat(id: &str, os: &Identity) -> Option<String> {
    let own = &os.distribution.version;
    let related = Family::of(&os.distribution.id) == Some(Family::RedHat);
    match module_platform(os) {
        Some((_, major)) if own.split('.').next() != Some(major) => Some(major.to_owned()),
        None if id == "fedora" && !related => None,
        _ => Some(own.clone()),
    }
}

/// `el` and `9` of `PLATFORM_ID=platform:el9`.
fn module_platform(os: &Identity) -> Option<(&str, &str)> {
    let platform = os.fields.get("platform_id").strip_prefix("platform:")?;
    let digit = platform.find(|c: char| c.is_ascii_digit())?;
    Some(platform.split_at(digit))
}

/// The products of SUSE Linux Enterprise and the snapshots of Tumbleweed share their
/// numbers; Micro counts for itself.
fn of_suse(id: &str, os: &Identity) -> Option<String> {
    let own = &os.distribution;
    let shared = match id {
        "sles" => ["sled", "sles_sap"].contains(&own.id.as_str()),
        "opensuse-tumbleweed" => own.id.starts_with("opensuse-"),
        _ => false,
    };
    shared.then(|| own.version.clone())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::platform::os_release;

    /// The parent's id and version; nothing for what is served as itself.
    fn parent(text: &str, debian_version: &str) -> Option<(String, String)> {
        let os = os_release::parse(text).unwrap().identity(debian_version);
        match Descent::of(&os.unwrap()) {
            Descent::Served(_, parent) => parent.map(|parent| (parent.id, parent.version)),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn the_release_of_a_parent_has_many_sources() {
        for (text, debian_version, id, version) in [
            (
                "ID=m\nID_LIKE='ubuntu debian'\nVERSION_ID=22\nUBUNTU_CODENAME=noble",
                "",
                "ubuntu",
                "24.04",
            ),
            (
                "ID=m\nID_LIKE=debian\nVERSION_ID=6\nDEBIAN_CODENAME=bookworm",
                "",
                "debian",
                "12",
            ),
            // Another Debian's codename counts when Debian has it, too.
            (
                "ID=r\nID_LIKE=debian\nVERSION_CODENAME=trixie",
                "",
                "debian",
                "13",
            ),
            (
                "ID=p\nID_LIKE=debian\nVERSION_ID=5.3\nVERSION_CODENAME=ara",
                "11.5",
                "debian",
                "11",
            ),
            (
                "ID=p\nID_LIKE=debian\nVERSION_ID=5.3\nVERSION_CODENAME=ara",
                "sid",
                "debian",
                "",
            ),
            (
                "ID=t\nID_LIKE=debian\nVERSION_ID=11\nUBUNTU_CODENAME=jammy",
                "bookworm/sid",
                "ubuntu",
                "22.04",
            ),
            // Fedora's first relatives are RHEL and CentOS, and so are those of its derivatives.
            (
                "ID=b\nID_LIKE='rhel centos fedora'\nVERSION_ID=40\nPLATFORM_ID=platform:f40",
                "",
                "fedora",
                "40",
            ),
            (
                "ID=n\nVERSION_ID=36\nPLATFORM_ID=platform:f36",
                "",
                "fedora",
                "36",
            ),
            (
                "ID=c\nID_LIKE='rhel fedora'\nVERSION_ID=9.4\nPLATFORM_ID=platform:el9",
                "",
                "rhel",
                "9.4",
            ),
            (
                "ID=t\nID_LIKE='rhel fedora'\nVERSION_ID=3.1\nPLATFORM_ID=platform:el8",
                "",
                "rhel",
                "8",
            ),
            (
                "ID=x\nID_LIKE='centos rhel'\nVERSION_ID=7.9",
                "",
                "centos",
                "7.9",
            ),
            ("ID=q\nID_LIKE=fedora\nVERSION_ID=4.2", "", "fedora", ""),
            ("ID=sled\nID_LIKE=suse\nVERSION_ID=15.6", "", "sles", "15.6"),
            ("ID=sle-micro\nID_LIKE=suse\nVERSION_ID=5.5", "", "sles", ""),
            (
                "ID=opensuse-slowroll\nID_LIKE='suse opensuse'\nVERSION_ID=20250101",
                "",
                "opensuse-tumbleweed",
                "20250101",
            ),
        ] {
            let wanted = Some((id.to_owned(), version.to_owned()));
            assert_eq!(parent(text, debian_version), wanted, "{text}");
        }
        assert_eq!(
            parent("ID=rocky\nID_LIKE='rhel centos fedora'\nVERSION_ID=9.4", ""),
            None
        );
    }
}
