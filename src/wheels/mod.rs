//! The wheels directory, and the ways in which one is made.

mod ahead;
pub mod archive;
mod digest;
mod fetch;
pub mod image;
mod local;
mod making;
mod meter;
mod pile;
pub mod registry;
mod union;
mod unpack;
mod verified;
mod vouched;

use std::path::{Path, PathBuf};

pub use digest::{Algorithm, Digest, Hasher};
pub use fetch::{Fetch, Fetched, Origin};
pub use local::{Local, absent};
use making::Making;
pub use making::abandon;
pub use vouched::{Fault, compare};

use crate::python::{Name, WheelName, wheels_in};
use crate::root::Root;

/// The file of exact versions.
pub const UPPER_CONSTRAINTS: &str = "upper-constraints.txt";

/// The file of version ranges; older wheels sets may lack it.
pub const GLOBAL_REQUIREMENTS: &str = "global-requirements.txt";

/// The lines of a release's wheels with the digest of each.
pub const HASHES: &str = "hashes.txt";

/// The lock of a release's wheels (PEP 751).
pub const LOCK: &str = "pylock.toml";

/// Bytes of the longest name that a file can have (`NAME_MAX`, limits.h(0p)).
const LONGEST: usize = 255;

/// Whether a file of this name belongs to a set of wheels.
fn is_wanted(name: &str) -> bool {
    let constraints = [UPPER_CONSTRAINTS, GLOBAL_REQUIREMENTS, HASHES, LOCK];
    let is_possible = name.len() <= LONGEST && !name.contains(char::is_control);
    is_possible && (is_wheel(name) || constraints.contains(&name))
}

fn is_wheel(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| extension == "whl")
}

/// A directory of wheels.
#[derive(Debug, Clone)]
pub struct Directory {
    path: String,
    real: PathBuf,
    wheels: Vec<(WheelName, PathBuf)>,
}

impl Directory {
    /// Looks at a directory inside the image.
    #[must_use]
    pub fn new(root: &Root, path: &str) -> Self {
        Self::at(path, root.join(path))
    }

    /// Looks at one that is called `path` and is elsewhere for now.
    fn at(path: &str, real: PathBuf) -> Self {
        Self {
            path: path.to_owned(),
            wheels: wheels_in(&real),
            real,
        }
    }

    /// Its path inside the image.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Where it is for this process.
    #[must_use]
    pub fn real(&self) -> &Path {
        &self.real
    }

    /// The wheels' files, in name order.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.wheels.iter().map(|(_, path)| path.as_path())
    }

    /// Whether there is a wheel of this distribution.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        let name = Name::new(name);
        self.wheels.iter().any(|(wheel, _)| wheel.name == name)
    }

    /// How many wheels there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.wheels.len()
    }

    /// Each wheel's path inside the image, of one distribution, in name order.
    pub fn of(&self, name: &str) -> impl Iterator<Item = String> {
        let name = Name::new(name);
        self.wheels
            .iter()
            .filter(move |(wheel, _)| wheel.name == name)
            .filter_map(|(_, path)| path.file_name())
            .map(|file| format!("{}/{}", self.path, file.to_string_lossy()))
    }

    /// Each file name with its size in bytes: what the set is told apart from another by.
    pub fn listing(&self) -> impl Iterator<Item = (String, u64)> {
        self.wheels.iter().filter_map(|(_, path)| {
            let name = path.file_name()?.to_string_lossy().into_owned();
            Some((name, path.metadata().map_or(0, |metadata| metadata.len())))
        })
    }

    /// Why this directory cannot be installed from, if it cannot.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        let path = &self.path;
        if !self.real.is_dir() {
            Some(format!("there is no wheels directory {path}"))
        } else if self.wheels.is_empty() {
            Some(format!(
                "the wheels directory {path} has no wheels at its root"
            ))
        } else if !self.real.join(UPPER_CONSTRAINTS).is_file() {
            Some(format!(
                "the wheels directory {path} has no {UPPER_CONSTRAINTS}"
            ))
        } else {
            None
        }
    }
}
