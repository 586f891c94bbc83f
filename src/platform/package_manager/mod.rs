//! Package managers, behind one small interface.

mod apt;
mod unsupported;

use std::collections::BTreeMap;

use super::Family;
use crate::command::{Command, Output};
use crate::root::Root;

/// A distribution's package manager.
pub trait PackageManager: Sync + std::fmt::Debug {
    /// Its name for people.
    fn name(&self) -> &'static str;

    /// Whether images of it can be built at all.
    fn supported(&self) -> bool {
        true
    }

    /// What is installed, read from its database and not asked of its tools.
    fn installed(&self, root: &Root) -> Installed;

    /// What the installed packages weigh, in bytes, as their database says.
    fn installed_bytes(&self, _root: &Root) -> u64 {
        0
    }

    /// Finishes an installation that was cut off, if there is one: without that
    /// it refuses every other.
    fn unfinished(&self, _root: &Root) -> Option<Command> {
        None
    }

    /// Whether there are lists of available packages.
    fn has_lists(&self, root: &Root) -> bool;

    /// Brings its lists of available packages up to date.
    fn refresh(&self) -> Command;

    /// Tries an installation without doing it.
    fn simulate(&self, packages: &[String]) -> Command;

    /// The packages that a failed simulation names as not to be had.
    fn unknown(&self, simulation: &Output) -> Vec<String>;

    /// What that simulation says is to be fetched, dealt out to so many connections at
    /// most; nothing where the package manager does so itself.
    fn downloads(&self, _simulation: &str, _connections: usize) -> Vec<Download> {
        Vec::new()
    }

    /// Installs packages in one transaction, without those that are only recommended.
    fn install(&self, packages: &[String]) -> Command;

    /// Marks packages as there for others only.
    fn mark_unneeded(&self, packages: &[String]) -> Command;

    /// Tries the removal of what nobody needs.
    fn simulate_removal(&self) -> Command;

    /// The packages that this trial would remove.
    fn removed(&self, simulation: &str) -> Vec<String>;

    /// Removes packages and their configuration.
    fn remove(&self, packages: &[String]) -> Command;

    /// Lists what is installed, as LOCI writes it into packages.txt.
    fn list(&self) -> Command;

    /// Files of it that an image does not need and that differ from build to build.
    fn leftovers(&self) -> &'static [&'static str];

    /// The package that provides a tool.
    fn package_of(&self, tool: Tool) -> &'static str;

    /// Asks for the package of the interpreter's shared library.
    fn python_library_query(&self) -> Command;

    /// Reads that package out of the answer.
    fn python_library(&self, answer: &str) -> Option<String>;
}

/// Packages that are fetched one after another, beside others.
#[derive(Debug, Clone)]
pub struct Download {
    /// Fetches them and verifies their digests.
    pub command: Command,
    /// Where it puts each, and where the package manager looks for it.
    pub files: Vec<(String, String)>,
    /// What they weigh together.
    pub bytes: u64,
}

/// What this program needs of the distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tool {
    /// The interpreter.
    Python,
    /// pip, bundled with the interpreter, for a virtualenv whose wheels have none.
    Ensurepip,
    /// git.
    Git,
    /// Certificates of the public authorities.
    Certificates,
    /// useradd(8) and groupadd(8).
    Accounts,
}

/// Installed packages: name to version, provided names included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Installed(BTreeMap<String, String>);

impl Installed {
    /// Whether this package, or one that provides it, is installed.
    #[must_use]
    pub fn has(&self, package: &str) -> bool {
        self.0.contains_key(package)
    }

    /// Every installed name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// The package manager of a family.
#[must_use]
pub fn of(family: Family) -> &'static dyn PackageManager {
    match family {
        Family::Debian => &apt::Apt,
        Family::RedHat => &unsupported::Unsupported("dnf"),
        Family::Suse => &unsupported::Unsupported("zypper"),
    }
}
