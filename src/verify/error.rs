//! Why an image cannot be verified.

use std::fmt;
use std::path::PathBuf;

use crate::step::StepName;

/// Why an image cannot be verified, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// What was given as a copy is none: the flag, the path and why.
    #[error("{0} {1}: {2}")]
    NoCopy(&'static str, PathBuf, String),
    /// There is no record, or none that can be read: the path and why.
    #[error(
        "{0}: there is no record to verify with: {1}. If loci-install made this image, give a copy of its record: --record FILE"
    )]
    NoRecord(PathBuf, String),
    /// A program that is newer made it: the path, the format, the program.
    #[error(
        "{0}: the record has the format {1}, which is newer than this program; verify with {2}"
    )]
    Newer(PathBuf, u64, String),
    /// A program that is older made it, or it is of another kind: the path, the program.
    #[error(
        "{0}: the record says nothing of files ({1} wrote it); build the image anew with this program"
    )]
    Older(PathBuf, String),
    /// The build did not come to its end: the path, the steps that are left.
    #[error("{0}: the build of this image did not come to its end{1}: run `loci-install` again")]
    Unfinished(PathBuf, Left),
    /// Another build has begun.
    #[error(
        "{0} is there: a build was begun in this image and did not come to its end; run it again to finish it"
    )]
    UnderWay(PathBuf),
    /// There is no manifest, or none that can be read: the path and why.
    #[error(
        "{0}: there is no manifest to compare files with: {1}. Give a copy of it: --manifest FILE"
    )]
    NoManifest(PathBuf, String),
}

/// Steps that are left, `; what is left is smoke`; nothing where they are not known.
#[derive(Debug)]
pub struct Left(pub(super) Vec<StepName>);

impl fmt::Display for Left {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|step| step.as_str()).collect();
        match names.join(", ").as_str() {
            "" => Ok(()),
            names => write!(formatter, "; what is left is {names}"),
        }
    }
}
