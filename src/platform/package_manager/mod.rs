//! Package managers, behind one small interface.

mod apt;
mod dnf;
mod rpm;
mod zypper;

use std::collections::{BTreeMap, BTreeSet};

pub use apt::{Paragraph, STATUS as DPKG_STATUS, paragraphs};
pub use rpm::{KEY as RPM_KEY, PLACES as RPM_PLACES, query_copy as ask_rpm};

use super::Family;
use crate::command::{Command, Output, Runner};
use crate::failure::FailedChild;
use crate::root::Root;

/// A distribution's package manager.
pub trait PackageManager: Sync + std::fmt::Debug {
    /// Its name for people.
    fn name(&self) -> &'static str;

    /// What is installed, as its database says.
    fn installed(&self, root: &Root, runner: &dyn Runner) -> Result<Installed, Box<FailedChild>>;

    /// The installed packages and what is known of each, sorted by name.
    fn inventory(&self, root: &Root, runner: &dyn Runner) -> Result<Vec<Facts>, Box<FailedChild>>;

    /// The packages that are marked as asked for; none where it keeps no such marks, or
    /// they cannot be read.
    fn marked(&self, _root: &Root, _runner: &dyn Runner) -> Option<BTreeSet<String>> {
        None
    }

    /// The installed packages that these names stand for.
    fn meant(&self, names: &[String], _runner: &dyn Runner) -> BTreeSet<String> {
        names
            .iter()
            .map(|name| self.bare(name).to_owned())
            .collect()
    }

    /// What the installed packages weigh, in bytes, as their database says.
    fn installed_bytes(&self, root: &Root, runner: &dyn Runner) -> u64;

    /// Finishes an installation that was cut off, if there is one: without that
    /// it refuses every other.
    fn unfinished(&self, _root: &Root) -> Option<Command> {
        None
    }

    /// Whether packages start services and compile Python's modules when they are installed.
    fn starts_services(&self) -> bool {
        false
    }

    /// Whether there are lists of available packages.
    fn has_lists(&self, root: &Root) -> bool;

    /// Brings its lists of available packages up to date.
    fn refresh(&self) -> Command;

    /// Lists the names of all packages in the lists that are here; none where it cannot.
    fn available(&self) -> Option<Command>;

    /// Reads the names out of the answer.
    fn names<'a>(&self, answer: &'a str) -> BTreeSet<&'a str> {
        answer.lines().filter(|line| !line.is_empty()).collect()
    }

    /// A package's name without the architecture, version or release that it may be asked
    /// for with.
    fn bare<'a>(&self, name: &'a str) -> &'a str {
        name
    }

    /// Tries an installation without doing it.
    fn simulate(&self, packages: &[String]) -> Command;

    /// Whether it did what it was asked to, be it a trial, an installation or a removal.
    fn succeeded(&self, output: &Output) -> bool {
        output.ending.success()
    }

    /// The packages that a failed simulation names as not to be had.
    fn unknown(&self, simulation: &Output) -> Vec<String>;

    /// What that simulation says is to be fetched, dealt out to so many connections at
    /// most; nothing where the package manager does so itself.
    fn downloads(&self, _simulation: &str, _connections: usize) -> Vec<Download> {
        Vec::new()
    }

    /// Installs packages in one transaction, without those that are only recommended.
    fn install(&self, packages: &[String]) -> Command;

    /// An installation as two commands: one that only fetches, and one that installs what was
    /// fetched and needs no network. None where it is one.
    fn in_two(&self, _install: &Command) -> Option<(Command, Command)> {
        None
    }

    /// The packages whose scripts failed, and which count as installed all the same, so that
    /// another installation would pass over them.
    fn broken(&self, _output: &Output) -> BTreeSet<String> {
        BTreeSet::new()
    }

    /// Installs packages that are installed, so that their scripts run again.
    fn reinstall(&self, packages: &[String]) -> Command {
        self.install(packages)
    }

    /// Marks packages as there for others only; none where it keeps no such marks.
    fn mark_unneeded(&self, _packages: &[String]) -> Option<Command> {
        None
    }

    /// Those of the candidates that were not asked for since they were marked, and that
    /// nothing else needs.
    fn unneeded(
        &self,
        candidates: &BTreeSet<String>,
        runner: &dyn Runner,
    ) -> Result<BTreeSet<String>, Box<FailedChild>>;

    /// Removes packages and their configuration.
    fn remove(&self, packages: &[String]) -> Command;

    /// What is installed, as it lists it for people.
    fn list(&self, runner: &dyn Runner) -> Result<String, Box<FailedChild>>;

    /// Files of it that an image does not need and that differ from build to build.
    fn leftovers(&self) -> Vec<&'static str>;

    /// The package that provides a tool, for an interpreter called `python`.
    fn package_of(&self, tool: Tool, python: &str) -> String;

    /// The package of the interpreter's shared library, where it is one of its own. Of
    /// `python3` it carries the version in its name, which only the lists know.
    fn python_library(
        &self,
        _python: &str,
        _runner: &dyn Runner,
    ) -> Result<Option<String>, Box<FailedChild>> {
        Ok(None)
    }
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
    /// What extension modules are compiled with.
    Headers,
    /// useradd(8) and groupadd(8).
    Accounts,
}

/// What a package manager's database says of an installed package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Facts {
    /// Its name.
    pub name: String,
    /// Its architecture, in the package manager's own words.
    pub architecture: String,
    /// Its version, with epoch and release.
    pub version: String,
    /// What it was built of, where it is called differently: `glibc`, `glibc@2.41-12` of
    /// apt's, the file of the source package of rpm's.
    pub source: Option<String>,
    /// Its licence, where the database has it.
    pub licence: Option<String>,
    /// What it depends on, each by what fulfils it, the preferred one first; empty where the
    /// database says it in other terms than packages.
    pub depends: Vec<Vec<String>>,
    /// The names that it provides beside its own, where `depends` has such.
    pub provides: Vec<String>,
}

/// Installed packages and what they provide.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Installed {
    /// By name, with their versions.
    packages: BTreeMap<String, String>,
    provided: BTreeSet<String>,
}

impl Installed {
    fn add(&mut self, name: &str, version: &str) {
        self.packages.insert(name.to_owned(), version.to_owned());
    }

    fn provide(&mut self, name: &str) {
        self.provided.insert(name.to_owned());
    }

    /// Whether this package, or one that provides it, is installed.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.packages.contains_key(name) || self.provided.contains(name)
    }

    /// The packages with their versions.
    pub fn packages(&self) -> impl Iterator<Item = (&str, &str)> {
        let packages = self.packages.iter();
        packages.map(|(name, version)| (name.as_str(), version.as_str()))
    }

    /// Every name: of packages, and those that they provide.
    #[must_use]
    pub fn names(&self) -> BTreeSet<&str> {
        let names = self.packages.keys().chain(&self.provided);
        names.map(String::as_str).collect()
    }
}

/// An installation with one option more, which zypper wants before the packages.
fn also(install: &Command, option: &str) -> Command {
    let mut command = install.clone();
    let is_verb = |word: &String| word == "install" || word == "reinstall";
    let verb = command.arguments.iter().position(is_verb);
    let behind = verb.map_or(0, |index| index + 1);
    command.arguments.insert(behind, option.to_owned());
    command
}

/// What a command prints when it succeeds.
fn asked(command: &Command, runner: &dyn Runner) -> Result<String, Box<FailedChild>> {
    let output = runner.ask(command);
    if output.ending.success() {
        Ok(output.stdout)
    } else {
        Err(FailedChild::new(command, &output))
    }
}

/// The package manager of a family, in an image.
#[must_use]
pub fn of(family: Family, root: &Root) -> &'static dyn PackageManager {
    match family {
        Family::Debian => &apt::Apt,
        Family::RedHat => dnf::of(root),
        Family::Suse => &zypper::Zypper,
    }
}
