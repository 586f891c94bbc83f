//! Which distribution this is and how packages are installed on it.

mod descent;
mod family;
pub mod os_release;
pub mod package_manager;

use std::collections::BTreeSet;
use std::fmt;

pub use family::Family;

use crate::bindep::Distribution;
use crate::findings::Findings;
use crate::root::Root;
use descent::Descent;
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
    /// Its software is of another kind.
    #[error(
        "os-release says ID={id}{of}: its software comes by {manager}, and this program knows apt, dnf and zypper; \
         build from another base image; {families}",
        of = if id == like { String::new() } else { format!(", and ID_LIKE {like}") },
        families = Family::listed()
    )]
    Foreign {
        /// `ID`.
        id: String,
        /// The relative that it is known by, or itself.
        like: String,
        /// What it comes by.
        manager: &'static str,
    },
    /// No image can be made from so old a release.
    #[error(
        "{id} {version} is too old: images need Python 3.6 or newer and apt, dnf or zypper; \
         build from {id} {oldest} or newer"
    )]
    TooOld {
        /// The distribution, or the one that it is made from.
        id: String,
        /// Its version.
        version: String,
        /// The oldest version that is served.
        oldest: &'static str,
    },
}

impl Platform {
    /// Tells the distribution from os-release (os-release(5)) and the user's override.
    pub fn detect(root: &Root, wanted: &DistributionOverride) -> Result<Self, PlatformError> {
        let Some(id) = &wanted.id else {
            return Self::told(root, &os_release::load(root)?, wanted.version.as_deref());
        };
        let family = Family::of(id).ok_or_else(|| PlatformError::UnknownOverride(id.clone()))?;
        let id = family::spelt(id);
        let distribution = match &wanted.version {
            Some(version) => overridden(id, version),
            // The version is then the base's own, or what it says it descends from.
            None => descent::ancestor(id, &os_release::load(root)?),
        };
        Self::served(root, family, distribution, None)
    }

    /// What os-release says, but for the version where the user states one. The root
    /// tells which programs of the family are there.
    pub fn told(root: &Root, os: &Identity, version: Option<&str>) -> Result<Self, PlatformError> {
        let own = &os.distribution;
        match Descent::of(os) {
            Descent::Served(family, parent) => {
                let distribution = match version {
                    Some(version) => overridden(&own.id, version),
                    None => own.clone(),
                };
                Self::served(root, family, distribution, parent)
            }
            Descent::Foreign { id: like, manager } => Err(PlatformError::Foreign {
                id: own.id.clone(),
                like,
                manager,
            }),
            Descent::Unknown => Err(PlatformError::Unknown {
                id: own.id.clone(),
                like: os.id_like.join(" "),
            }),
        }
    }

    fn served(
        root: &Root,
        family: Family,
        distribution: Distribution,
        parent: Option<Distribution>,
    ) -> Result<Self, PlatformError> {
        for Distribution { id, version, .. } in
            [Some(&distribution), parent.as_ref()].into_iter().flatten()
        {
            if let Some(oldest) = family::too_old(id, version) {
                return Err(PlatformError::TooOld {
                    id: id.clone(),
                    version: version.clone(),
                    oldest,
                });
            }
        }
        let architecture = nix::sys::utsname::uname()
            .map(|name| name.machine().to_string_lossy().into_owned())
            .unwrap_or_default();
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
        for distribution in self.distributions() {
            atoms.extend(distribution.atoms().iter().map(str::to_owned));
        }
        atoms.into_iter().collect()
    }

    /// The codenames, which LOCI has as profiles of its bindep files: a derivative's own
    /// and that of its parent.
    pub fn codenames(&self) -> impl Iterator<Item = &str> {
        let own = self.distribution.codename.as_str();
        let parent = self.parent.as_ref().map(|parent| parent.codename.as_str());
        let parent = parent.filter(|codename| *codename != own);
        let codenames = std::iter::once(own).chain(parent);
        codenames.filter(|codename| !codename.is_empty())
    }

    fn distributions(&self) -> impl Iterator<Item = &Distribution> {
        std::iter::once(&self.distribution).chain(&self.parent)
    }

    /// The interpreter that services run with, where the user does not say which: that of
    /// SUSE 15 is Python 3.6, which none of them runs with any more.
    #[must_use]
    pub fn python(&self) -> &'static str {
        let is_fifteen = |base: &Distribution| base.version.split('.').next() == Some("15");
        if self.family == Family::Suse && self.distributions().any(is_fifteen) {
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
        let base = self.parent.as_ref().unwrap_or(&self.distribution);
        let derived = self.parent.is_some() || wanted.id.is_some();
        if derived && base.version.is_empty() && base.codename.is_empty() {
            findings.warn(format!(
                "nothing in os-release tells which release of {id} this is made from; rules for a release will \
                 not match; set DISTRO={id} and DISTRO_VERSION to state it",
                id = base.id
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
