//! Which distribution this is and how packages are installed on it.

mod family;
pub mod os_release;
pub mod package_manager;

use std::collections::BTreeSet;
use std::fmt;

pub use family::Family;

use crate::bindep::Distribution;
use crate::findings::Findings;
use crate::root::Root;
use os_release::Identity;
use package_manager::PackageManager;

/// The distribution of the image.
#[derive(Debug, Clone)]
pub struct Platform {
    /// As bindep sees it.
    pub distribution: Distribution,
    /// For a derivative, what it descends from; its bindep atoms hold, too.
    pub parent: Option<Distribution>,
    /// Which package manager it has.
    pub family: Family,
    /// The machine's architecture as the kernel names it: `x86_64`, `aarch64`.
    pub architecture: String,
    /// What installs packages on it.
    pub package_manager: &'static dyn PackageManager,
}

/// The distribution to take this for.
#[derive(Debug, Clone, Default)]
pub struct DistributionOverride {
    /// `DISTRO`.
    pub id: Option<String>,
    /// `DISTRO_VERSION`.
    pub version: Option<String>,
}

/// Why the distribution cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum PlatformError {
    /// os-release is missing or malformed.
    #[error(transparent)]
    OsRelease(#[from] os_release::Error),
    /// The override names nothing that is known.
    #[error("DISTRO={0}: not a distribution that this program knows; {families}", families = Family::listed())]
    UnknownOverride(String),
    /// os-release names nothing that is known, nor does its `ID_LIKE`.
    #[error(
        "os-release says ID={id} and ID_LIKE={like}, and neither is a distribution that this program knows; \
         set DISTRO (and DISTRO_VERSION) to the one that it is made from; {families}",
        families = Family::listed()
    )]
    Unknown {
        /// `ID`.
        id: String,
        /// `ID_LIKE`.
        like: String,
    },
}

impl Platform {
    /// Tells the distribution from os-release (os-release(5)) and the user's override.
    pub fn detect(root: &Root, wanted: &DistributionOverride) -> Result<Self, PlatformError> {
        let architecture = nix::sys::utsname::uname()
            .map(|name| name.machine().to_string_lossy().into_owned())
            .unwrap_or_default();
        if let Some(id) = &wanted.id {
            let family =
                Family::of(id).ok_or_else(|| PlatformError::UnknownOverride(id.clone()))?;
            let distribution = match &wanted.version {
                Some(version) => overridden(id, version),
                // The version is then the base's own, or what it says it descends from.
                None => descended(id, &os_release::load(root)?),
            };
            return Ok(Self {
                distribution,
                parent: None,
                family,
                architecture,
                package_manager: package_manager::of(family, root),
            });
        }
        let os = os_release::load(root)?;
        let mut distribution = os.distribution.clone();
        if let Some(version) = &wanted.version {
            distribution = overridden(&distribution.id, version);
        }
        let parent_id = os.id_like.iter().find(|id| Family::of(id).is_some());
        let (family, parent) = match (Family::of(&distribution.id), parent_id) {
            (Some(family), _) => (family, None),
            (None, Some(id)) => (
                Family::of(id).unwrap_or(Family::Debian),
                Some(descended(id, &os)),
            ),
            (None, None) => {
                return Err(PlatformError::Unknown {
                    id: distribution.id,
                    like: os.id_like.join(" "),
                });
            }
        };
        Ok(Self {
            distribution,
            parent,
            family,
            architecture,
            package_manager: package_manager::of(family, root),
        })
    }

    /// The bindep atoms, `platform:` included.
    #[must_use]
    pub fn atoms(&self) -> Vec<String> {
        let mut atoms = BTreeSet::new();
        for distribution in [Some(&self.distribution), self.parent.as_ref()]
            .into_iter()
            .flatten()
        {
            atoms.extend(distribution.atoms().iter().map(str::to_owned));
        }
        atoms.into_iter().collect()
    }

    /// The interpreter that services run with, where the user does not say which: that of
    /// SUSE 15 is Python 3.6, which none of them runs with any more.
    #[must_use]
    pub fn python(&self) -> &'static str {
        let bases = [Some(&self.distribution), self.parent.as_ref()];
        let is_fifteen = |base: &Distribution| base.version.split('.').next() == Some("15");
        if self.family == Family::Suse && bases.into_iter().flatten().any(is_fifteen) {
            "python3.11"
        } else {
            "python3"
        }
    }

    /// Notes what the override may not have meant.
    pub fn check(&self, wanted: &DistributionOverride, findings: &mut Findings) {
        if let Some(version) = &wanted.version
            && !is_number(version)
            && Distribution::named(&format!("{}-{version}", self.distribution.id)).is_err()
        {
            findings.warn(format!(
                "DISTRO_VERSION={version}: not a codename of {} that this program knows; \
                 rules for its number will not match",
                self.distribution.id
            ));
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Distribution {
            id,
            version,
            codename,
            ..
        } = &self.distribution;
        write!(formatter, "{id} {version}")?;
        if !codename.is_empty() {
            write!(formatter, " ({codename})")?;
        }
        write!(formatter, " {}", self.architecture)
    }
}

/// A distribution by `DISTRO_VERSION`, which LOCI's users give as a codename and others as a number.
fn overridden(id: &str, version: &str) -> Distribution {
    Distribution::named(&format!("{id}-{version}")).unwrap_or_else(|_| {
        let numeric = is_number(version);
        Distribution {
            id: id.to_owned(),
            version: if numeric {
                version.to_owned()
            } else {
                String::new()
            },
            codename: if numeric {
                String::new()
            } else {
                version.to_owned()
            },
            name: id.to_owned(),
        }
    })
}

fn is_number(version: &str) -> bool {
    version.starts_with(|c: char| c.is_ascii_digit())
}

/// The `id` that a derivative descends from. Derivatives of Ubuntu and Debian
/// name the release in `UBUNTU_CODENAME` or `DEBIAN_CODENAME`.
fn descended(id: &str, os: &Identity) -> Distribution {
    let own = &os.distribution;
    if own.id == id {
        return own.clone();
    }
    let codename = os.fields.get(&format!("{id}_codename"));
    let version = if codename.is_empty() {
        &own.version
    } else {
        codename
    };
    overridden(id, version)
}
