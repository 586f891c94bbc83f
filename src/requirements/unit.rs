//! The pieces of a release: each a distribution and where its wheel comes from.

use super::workshop::home;
use crate::installer::index::Index;
use crate::python::Name;
use crate::python::interpreter::Interpreter;
use crate::python::lock::{Artifact, Package, Source};

/// A distribution of which a wheel is made or fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Its name.
    pub name: Name,
    /// Its version, unless only a build tells.
    pub version: Option<String>,
    /// What it is there for.
    pub role: Role,
    /// Where its wheel comes from.
    pub from: From,
}

/// What a distribution is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Images install it.
    Install,
    /// Builds of others need it. There may be several versions of one.
    Build,
}

/// Where a wheel comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// The index has it.
    Wheel(Artifact),
    /// It is built from an sdist of the index.
    Sdist(Artifact),
    /// It is built from a directory.
    Tree(String),
}

/// Where the checkout of a package is.
#[must_use]
pub fn checked_out(name: &Name, subdirectory: Option<&str>) -> String {
    let place = format!("{}/git-{name}", home());
    match subdirectory {
        Some(subdirectory) => format!("{place}/{subdirectory}"),
        None => place,
    }
}

impl Unit {
    /// `name 1.0`.
    #[must_use]
    pub fn label(&self) -> String {
        match &self.version {
            Some(version) => format!("{} {version}", self.name),
            None => self.name.to_string(),
        }
    }

    /// Whether it has to be built.
    #[must_use]
    pub fn is_built(&self) -> bool {
        !matches!(self.from, From::Wheel(_))
    }

    /// Chooses the file of a locked package that this interpreter and the user's
    /// `--no-binary` and `--only-binary` want; none when it has no such file.
    #[must_use]
    pub fn choose(
        package: &Package,
        role: Role,
        interpreter: &Interpreter,
        index: &Index,
    ) -> Option<Self> {
        let named = |list: &[String]| {
            list.iter()
                .any(|word| word == ":all:" || Name::new(word) == package.name)
        };
        let from = match &package.source {
            Source::Files { sdist, wheels } => {
                let wheel = interpreter
                    .best(wheels, |wheel| &wheel.file_name)
                    .cloned()
                    .map(From::Wheel);
                let sdist = sdist.clone().map(From::Sdist);
                if named(&index.no_binary) {
                    sdist
                } else if named(&index.only_binary) {
                    wheel
                } else {
                    wheel.or(sdist)
                }
            }
            Source::Directory { path } => Some(From::Tree(path.clone())),
            Source::Vcs { subdirectory, .. } => Some(From::Tree(checked_out(
                &package.name,
                subdirectory.as_deref(),
            ))),
        }?;
        Some(Self {
            name: package.name.clone(),
            version: package.version.clone(),
            role,
            from,
        })
    }
}
