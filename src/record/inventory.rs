//! What is in an image: packages of the distribution, and distributions in the virtualenv.

use serde::{Deserialize, Serialize};

use crate::secrets;

/// A package of the distribution, as the package manager's database has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version, with epoch and release.
    pub version: String,
    /// `amd64`, `x86_64`, `all`, `noarch`: in the package manager's own words.
    pub architecture: String,
    /// Why it is there.
    pub because: PackageReason,
}

/// Why a package of the distribution is in the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageReason {
    /// The base image has it.
    Base,
    /// A bindep file, an argument, a hook or this program asked for it.
    AskedFor,
    /// It came along, because another one needs it.
    Required,
}

/// A distribution (in Python's sense) that is installed in the virtualenv.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distribution {
    /// Its name, as its metadata spells it.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Why it is there.
    pub because: DistributionReason,
    /// The wheel that it was installed from, where that is known.
    pub wheel: Option<Wheel>,
    /// SHA-256 of its RECORD, which has the digest of each of its files (PEP 376).
    pub record_sha256: Option<String>,
}

/// Why a distribution is in the virtualenv.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DistributionReason {
    /// It was built of a source: the project, an extra project.
    Source,
    /// A pydep file or an argument names it.
    AskedFor,
    /// pip and its kin.
    Toolchain,
    /// Another one requires it.
    Required,
    /// The image has it from its parent.
    Parent,
}

/// The file that a distribution was installed from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wheel {
    /// Its name.
    pub file: String,
    /// Its SHA-256 digest, in lower-case hexadecimal digits.
    pub sha256: String,
    /// Where it came from.
    pub from: WheelSource,
}

/// Where a wheel came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WheelSource {
    /// It was built here, of the source of this name.
    Built(String),
    /// The wheels directory: its path, or the source of `WHEELS` that it was fetched from.
    Wheels(String),
    /// An index: the address of the file, without credentials.
    Index(String),
}

impl WheelSource {
    /// An index that has the file at this address. What stands behind a file's own address, an
    /// index's signature of it for example, is for one request.
    #[must_use]
    pub fn index(url: &str) -> Self {
        let file = url.split(['?', '#']).next().unwrap_or_default();
        Self::Index(secrets::without(file))
    }
}
