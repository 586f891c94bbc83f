//! What is taken from an archive of wheels: of a tarball, or of a layer of an image.
//!
//! Archives come from anywhere. A member's name, kind and size are judged before a byte
//! of it is written. What is neither a wheel nor a constraint file at the root is passed
//! over, unless it makes programs disagree about where it ends.

mod members;
mod streams;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use tar::EntryType;

use crate::words::{printable, reason};
use members::{Headers, Member, Place};
use streams::{Counted, decompressed};

/// Why an archive could not be extracted; its name comes first, and a colon.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Its bytes could not be had, or are not those of an archive.
    #[error("it could not be read: {}", shown(&.0.to_string()))]
    Read(io::Error),
    /// A file could not be made.
    #[error("could not write {}: {reason}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// A member that must not be there.
    #[error("the member {member} {why}; nothing was extracted")]
    Member {
        /// Its name.
        member: String,
        /// What is wrong with it.
        why: String,
    },
    /// It ends too early.
    #[error("it ends without the mark of an archive's end: it was cut off")]
    CutOff,
}

impl ArchiveError {
    fn member(member: &str, why: impl Into<String>) -> Self {
        Self::Member {
            member: shown(member),
            why: why.into(),
        }
    }
}

/// A text of an archive, for people.
fn shown(text: &str) -> String {
    printable(text, SHOWN)
}

/// Characters of a name that are shown.
const SHOWN: usize = 200;

/// Wheels, constraint files, links and whiteouts of an archive that somebody could mean.
const MOST: usize = 1 << 16;

/// No wheel is larger, in bytes.
const LARGEST: u64 = 8 << 30;

/// What the rules of an archive are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A tarball: it ends with a mark, tar(5).
    Tarball,
    /// A layer of an image: its names may be whiteouts, and a digest tells whether it is
    /// whole (<https://github.com/opencontainers/image-spec/blob/main/layer.md>).
    Layer,
}

/// What an archive brought.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The names of its files.
    pub files: BTreeSet<String>,
    /// The names of files of lower layers that it removes.
    pub whiteouts: BTreeSet<String>,
    /// It removes all files of lower layers.
    pub opaque: bool,
    /// Links of a layer to what it does not have: it may be in a lower one.
    pub links: BTreeMap<String, String>,
}

/// Writes the wheels and constraint files at the root of an archive, plain or compressed by
/// gzip or zstd, into the directory `into`, which is there and empty. Reads the stream to
/// its end. Of two members with one name the later one counts, as with tar.
///
/// # Errors
/// [`ArchiveError`]; what was written until then is left to the caller.
pub fn take(stream: impl BufRead, into: &Path, kind: Kind) -> Result<Taken, ArchiveError> {
    let stream = decompressed(stream).map_err(ArchiveError::Read)?;
    let mut archive = tar::Archive::new(Counted::new(stream));
    let mut taking = Taking {
        into,
        kind,
        taken: Taken::default(),
        links: BTreeMap::new(),
    };
    let mut headers = Headers::default();
    let mut end = 0;
    // Raw: long names are read by us, as long as names can be.
    for entry in archive.entries().map_err(ArchiveError::Read)?.raw(true) {
        let mut entry = entry.map_err(ArchiveError::Read)?;
        let size = entry.header().entry_size().map_err(ArchiveError::Read)?;
        let blocks = size.div_ceil(BLOCK).saturating_mul(BLOCK);
        end = entry.raw_file_position().saturating_add(blocks);
        if let Some(member) = headers.read(&mut entry)? {
            taking.member(&member, &mut entry)?;
        }
    }
    let mut rest = archive.into_inner();
    // To the last byte: checksums are behind it.
    io::copy(&mut rest, &mut io::sink()).map_err(ArchiveError::Read)?;
    // The mark is a block of zeros. One that was cut off between two members lacks it, and
    // looks whole otherwise.
    if kind == Kind::Tarball && rest.read < end.saturating_add(BLOCK) {
        return Err(ArchiveError::CutOff);
    }
    taking.finish()
}

/// Bytes of a block, tar(5).
const BLOCK: u64 = 512;

/// Bytes that are copied at a time.
const BUFFER: usize = 128 * 1024;

/// An archive that is being taken from.
struct Taking<'a> {
    into: &'a Path,
    kind: Kind,
    taken: Taken,
    /// Links, by name, whose target may come later.
    links: BTreeMap<String, String>,
}

impl Taking<'_> {
    fn member(&mut self, member: &Member, content: &mut impl Read) -> Result<(), ArchiveError> {
        let refused = |why: &str| Err(ArchiveError::member(&member.name, why));
        let taken = &self.taken;
        if taken.files.len() + taken.whiteouts.len() + self.links.len() >= MOST {
            return refused(&format!("comes after {MOST} others"));
        }
        let name = match member.place(self.kind)? {
            Place::Wanted(name) => name,
            Place::Whiteout(name) if self.kind == Kind::Layer => {
                self.taken.whiteouts.insert(name);
                return Ok(());
            }
            Place::Opaque if self.kind == Kind::Layer => {
                self.taken.opaque = true;
                return Ok(());
            }
            _ => return Ok(()),
        };
        match member.kind {
            EntryType::Regular | EntryType::Continuous if member.size > LARGEST => {
                refused(&format!("is said to have {} bytes", member.size))
            }
            EntryType::Regular | EntryType::Continuous => {
                self.forget(&name)?;
                self.write(&name, member, content)?;
                self.taken.files.insert(name);
                Ok(())
            }
            EntryType::Link => {
                let target = member.target(self.kind)?;
                if target == name {
                    Ok(())
                } else if self.taken.files.contains(&target) {
                    self.forget(&name)?;
                    self.link(&name, &target)
                } else if self.kind == Kind::Layer {
                    self.forget(&name)?;
                    self.links.insert(name, target);
                    Ok(())
                } else {
                    refused(&format!("is a link to {target}, which is not before it"))
                }
            }
            EntryType::Symlink => {
                let target = member.target(self.kind)?;
                self.forget(&name)?;
                self.links.insert(name, target);
                Ok(())
            }
            EntryType::Directory => Ok(()),
            EntryType::Char | EntryType::Block => refused("is a device"),
            EntryType::Fifo => refused("is a pipe"),
            _ => refused("is of an unknown kind"),
        }
    }

    /// Makes room for a member of a name that there was before.
    fn forget(&mut self, name: &str) -> Result<(), ArchiveError> {
        self.links.remove(name);
        if self.taken.files.remove(name) {
            let path = self.into.join(name);
            fs::remove_file(&path).map_err(|error| written(&path, &error))?;
        }
        Ok(())
    }

    fn write(
        &self,
        name: &str,
        member: &Member,
        content: &mut impl Read,
    ) -> Result<(), ArchiveError> {
        let path = self.into.join(name);
        let opened = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o644)
            .open(&path);
        let mut file: File = opened.map_err(|error| written(&path, &error))?;
        let mut buffer = vec![0; BUFFER];
        let mut copied = 0;
        loop {
            let read = match content.read(&mut buffer) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(ArchiveError::Read(error)),
            };
            if read == 0 {
                break;
            }
            file.write_all(&buffer[..read])
                .map_err(|error| written(&path, &error))?;
            copied += read as u64;
        }
        if copied == member.size {
            return Ok(());
        }
        let why = format!("ends after {copied} of {} bytes", member.size);
        Err(ArchiveError::member(name, why))
    }

    fn link(&mut self, name: &str, target: &str) -> Result<(), ArchiveError> {
        let path = self.into.join(name);
        fs::hard_link(self.into.join(target), &path).map_err(|error| written(&path, &error))?;
        self.taken.files.insert(name.to_owned());
        Ok(())
    }

    /// Makes files of the links.
    fn finish(mut self) -> Result<Taken, ArchiveError> {
        let links = std::mem::take(&mut self.links);
        for (name, target) in &links {
            let mut end = target;
            // As far as the kernel follows them, path_resolution(7).
            for _ in 0..40 {
                end = links.get(end).unwrap_or(end);
            }
            if self.taken.files.contains(end) {
                self.link(name, end)?;
            } else if self.kind == Kind::Layer {
                self.taken.links.insert(name.clone(), target.clone());
            } else {
                let why = format!("is a link to {target}, which is not there");
                return Err(ArchiveError::member(name, why));
            }
        }
        Ok(self.taken)
    }
}

fn written(path: &Path, error: &io::Error) -> ArchiveError {
    ArchiveError::Write {
        path: path.to_owned(),
        reason: reason(error),
    }
}

#[cfg(test)]
mod tests;
