//! How a step can fail. The words for people are in [`crate::report`].

use std::fmt;
use std::path::PathBuf;

use crate::command::{Command, Ending, Output};
use crate::smoke::Report;

/// Why a step failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// A child failed and nothing more is known than what it said.
    Command {
        /// What it was run for, as in "could not ...".
        doing: String,
        /// The child.
        child: Box<FailedChild>,
    },
    /// A file could not be read or written.
    File {
        /// What was tried, as in "could not ...".
        doing: String,
        /// The file.
        path: PathBuf,
        /// Why not.
        error: String,
    },
    /// The archive does not have packages that were asked for.
    PackagesUnknown {
        /// Each of them.
        packages: Vec<UnknownPackage>,
        /// The child that found out.
        child: Box<FailedChild>,
    },
    /// The repository could not be reached.
    RepositoryUnreachable {
        /// Its URL.
        repository: String,
        /// Whether its server wants a login, or another one.
        refused: bool,
        /// The child that tried.
        child: Box<FailedChild>,
    },
    /// The repository does not have the reference.
    ReferenceUnknown {
        /// Its URL.
        repository: String,
        /// The reference.
        reference: String,
        /// The child that looked.
        child: Box<FailedChild>,
    },
    /// What was cloned is not what it was taken for.
    NotASource {
        /// The repository's URL.
        repository: String,
        /// The reference.
        reference: String,
        /// Files of which it has none.
        lacks: &'static [&'static str],
    },
    /// A source whose version cannot be told, and why.
    NoVersion(String),
    /// A patch does not apply to a source, which is left without any.
    Patch {
        /// The patch.
        patch: String,
        /// The source's directory.
        source: String,
        /// The hunk that was rejected, if it came to that.
        rejected: Option<RejectedHunk>,
        /// Whether the source has what the patch changes.
        is_there: bool,
        /// git.
        child: Box<FailedChild>,
    },
    /// Requirements contradict each other.
    Conflict {
        /// Each side, as the resolver words it.
        sides: Vec<String>,
        /// The resolver.
        child: Box<FailedChild>,
    },
    /// No distribution satisfies a requirement.
    NoDistribution {
        /// The requirement.
        requirement: String,
        /// Where wheels are.
        wheels: String,
        /// Whether an index was asked, too.
        index: bool,
        /// The resolver.
        child: Box<FailedChild>,
    },
    /// A hook script failed.
    Hook {
        /// The script.
        script: String,
        /// How.
        child: Box<FailedChild>,
    },
    /// What this program does for a single project cannot be done.
    OwnHook {
        /// What was tried, as in "could not ...".
        doing: &'static str,
        /// Why not.
        why: Vec<String>,
        /// What the reader does next.
        advice: &'static str,
    },
    /// The wheels are not what they have to be.
    Wheels(String),
    /// What came from an index is not what the wheels' `hashes.txt` says.
    AnotherFile {
        /// What is wrong with each file.
        faults: Vec<String>,
        /// The child that found out, where it was one.
        child: Option<Box<FailedChild>>,
    },
    /// Wheels are not what they were when their set was made.
    WheelsChanged {
        /// The directory of the set.
        directory: String,
        /// What is wrong with each.
        faults: Vec<String>,
    },
    /// A file of the user's, seen only now, is wrong in these places.
    Input(Vec<String>),
    /// The finished image is not in order.
    Smoke(Report),
    /// What INSTALLER asks for cannot be had, for this reason.
    NoInstaller(String),
    /// A release cannot be made, for this reason.
    Unmakable(String),
    /// The package index could not be read.
    IndexUnreachable {
        /// What it, or the network, answered.
        why: String,
        /// The resolver.
        child: Box<FailedChild>,
    },
    /// The package index does not have what constraints name.
    ConstraintsUnknown {
        /// Each constraint with what is known of it.
        constraints: Vec<(String, String)>,
        /// Whether there may be more of them.
        more: bool,
        /// The resolver.
        child: Box<FailedChild>,
    },
    /// A release's wheels could not all be made.
    Release {
        /// Files that could not be fetched, and why.
        fetches: Vec<String>,
        /// Builds that failed.
        builds: Vec<FailedBuild>,
        /// Builds that were not tried, each with the one that it needs.
        blocked: Vec<(String, String)>,
        /// How many wheels there are in spite of that.
        made: usize,
    },
}

/// A part of a patch that found no place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedHunk {
    /// The file that it is for.
    pub file: String,
    /// Its lines, the one with `@@` first.
    pub lines: Vec<String>,
}

/// A build of a wheel that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedBuild {
    /// The distribution with its version.
    pub package: String,
    /// The file that holds all that its build said, if it came to that.
    pub log: Option<String>,
    /// Why.
    pub failure: Failure,
}

/// A child that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedChild {
    /// The command line.
    pub command: String,
    /// How it ended.
    pub ending: Ending,
    /// The last lines that it said.
    pub tail: Vec<String>,
}

/// How many of a child's last lines are shown.
const TAIL: usize = 20;

impl FailedChild {
    /// Keeps what the reader of an error needs of a child.
    #[must_use]
    pub fn new(command: &Command, output: &Output) -> Box<Self> {
        let lines: Vec<&str> = output
            .stdout
            .lines()
            .chain(output.stderr.lines())
            .filter(|line| !line.trim().is_empty())
            .collect();
        Box::new(Self {
            command: command.to_string(),
            ending: output.ending.clone(),
            tail: lines[lines.len().saturating_sub(TAIL)..]
                .iter()
                .map(|line| (*line).to_owned())
                .collect(),
        })
    }
}
impl Failure {
    /// A child failed, and `doing`, as in "could not ...", with it: for `map_err`.
    pub fn command(doing: &str) -> impl FnOnce(Box<FailedChild>) -> Self {
        |child| Self::Command {
            doing: doing.to_owned(),
            child,
        }
    }
}

/// A package that the archive does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownPackage {
    /// As it was asked for.
    pub name: String,
    /// Where: `/opt/loci/bindep.txt:12`, `DIST_PACKAGES`.
    pub origin: String,
    /// What may have been meant, as the end of the sentence; empty when nothing is near.
    pub hint: String,
}

impl fmt::Display for UnknownPackage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, origin, hint } = self;
        write!(formatter, "{name}, asked for by {origin}{hint}")
    }
}
