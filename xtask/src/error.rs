//! What can go wrong in a chore, in words.

use std::fmt;
use std::io;
use std::path::Path;

/// The result of everything here.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a chore ended.
#[derive(Debug)]
pub enum Error {
    /// The command line contradicts itself in a way that clap has no rule for.
    Usage(String),
    /// Something is not as it has to be; the text holds the next step.
    Refused(String),
    /// A file or a stream.
    Io(String, io::Error),
    /// A child process.
    Command {
        /// As one would type it.
        line: String,
        /// How it ended.
        how: String,
        /// The last lines it said.
        tail: Vec<String>,
    },
}

impl Error {
    /// A wrong command line.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::Usage(what.into())
    }

    /// A state of affairs that somebody has to change first.
    pub fn refused(what: impl Into<String>) -> Self {
        Self::Refused(what.into())
    }

    /// Turns an [`io::Error`] into one that says what was tried on which path.
    pub fn io(what: &str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let what = format!("cannot {what} {}", path.display());
        move |error| Self::Io(what, error)
    }

    /// 2 when the caller's words are wrong, as clap and `loci-install` do it; else 1.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            _ => 1,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(what) | Self::Refused(what) => f.write_str(what),
            Self::Io(what, error) => write!(f, "{what}: {error}"),
            Self::Command { line, how, tail } => {
                write!(f, "a command failed ({how}):\n    {line}")?;
                if !tail.is_empty() {
                    write!(f, "\nIts last lines:")?;
                }
                tail.iter().try_for_each(|said| write!(f, "\n    {said}"))
            }
        }
    }
}

impl std::error::Error for Error {}
