//! The manifest of an image: every file of it, with what tells it from another.
//!
//! `cleanup` writes it when nothing changes any more, in the format of mtree(5), which other
//! programs read, too. `verify` compares the image with it.

mod capability;
mod mtree;
mod path;
mod tree;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;

pub use capability::{described as described_capability, parse as capability_of};
pub use mtree::{MtreeError, parse, write};
pub use path::FilePath;
pub use tree::{Tree, Unseen};

use crate::layout::IMAGE_INFO;

/// Where it is in the image.
#[must_use]
pub fn path() -> String {
    format!("{IMAGE_INFO}/files.mtree")
}

/// SHA-256 of nothing.
pub const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Files by their paths, in the order of their bytes: a directory comes before what is in it.
pub type Entries = BTreeMap<FilePath, Entry>;

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Permissions, with setuid, setgid and sticky bits.
    pub mode: u32,
    /// User and group.
    pub owner: (u32, u32),
    /// What the kernel grants to who runs it: the attribute `security.capability`,
    /// capabilities(7). mtree(5) has no word for it; the record has them.
    pub capability: Option<Vec<u8>>,
    /// Whether something was mounted here when the manifest was written.
    pub mounted: Option<Mounted>,
}

/// What it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A regular file: SHA-256 of its content, in hexadecimal digits, where it is known.
    File(Option<String>),
    /// A directory.
    Directory,
    /// A symbolic link, and where it leads.
    Link(FilePath),
    /// A device, by the name that mtree(5) has for its kind.
    Device(&'static str, DeviceNumber),
    /// A pipe or a socket, likewise.
    Other(&'static str),
}

/// Which device it is, makedev(3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeviceNumber {
    /// Its driver.
    pub major: u32,
    /// Which of its devices.
    pub minor: u32,
}

impl fmt::Display for DeviceNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{},{}", self.major, self.minor)
    }
}

/// What the image has where something was mounted when the manifest was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mounted {
    /// Nothing, or what a builder makes to mount on: an empty file or directory.
    OnNothing,
    /// That could not be seen.
    OnSomething,
    /// This directory, if a builder leaves it: nothing is in it but what was mounted on.
    Below,
}

/// Marks the directories in which nothing is but mounts: who makes a directory to mount on
/// makes those above it, too, and may remove all of them when the build ends.
pub fn mark_above_mounts(entries: &mut Entries) {
    let mounts: Vec<FilePath> = entries
        .iter()
        .filter(|(_, entry)| entry.mounted.is_some())
        .map(|(path, _)| path.clone())
        .collect();
    for above in mounts.iter().flat_map(FilePath::parents) {
        let below = entries.range(above.child(OsStr::new(""))..);
        let mut below = below.take_while(|(path, _)| path.as_path().starts_with(above.as_path()));
        let nothing = below.all(|(_, entry)| entry.mounted.is_some());
        if let Some(entry) = entries.get_mut(&above).filter(|_| nothing) {
            entry.mounted = entry.mounted.or(Some(Mounted::Below));
        }
    }
}

impl Kind {
    /// Its name in mtree(5).
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Directory => "dir",
            Self::Link(_) => "link",
            Self::Device(name, _) | Self::Other(name) => name,
        }
    }
}

impl Entry {
    /// `file 0644 0:0`.
    #[must_use]
    pub fn described(&self) -> String {
        let (user, group) = self.owner;
        let rest = format!("{:04o} {user}:{group}", self.mode);
        match &self.kind {
            Kind::Link(to) => format!("link to {to}"),
            kind => format!("{} {rest}", kind.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_above_mounts_alone_may_go_with_them() {
        let entry = |kind, mounted| Entry {
            kind,
            mode: 0o755,
            owner: (0, 0),
            capability: None,
            mounted,
        };
        let mut entries: Entries = [
            ("/in", None),
            ("/in-side", None),
            ("/in/data", None),
            ("/in/data/tiny", Some(Mounted::OnSomething)),
            ("/opt", None),
            ("/opt/a", None),
            ("/opt/loci", Some(Mounted::OnNothing)),
        ]
        .into_iter()
        .map(|(path, mounted)| (path.into(), entry(Kind::Directory, mounted)))
        .collect();
        mark_above_mounts(&mut entries);
        let marked: Vec<(String, Mounted)> = entries
            .iter()
            .filter_map(|(path, entry)| Some((path.to_string(), entry.mounted?)))
            .collect();
        assert_eq!(
            marked,
            [
                ("/in".to_owned(), Mounted::Below),
                ("/in/data".to_owned(), Mounted::Below),
                ("/in/data/tiny".to_owned(), Mounted::OnSomething),
                ("/opt/loci".to_owned(), Mounted::OnNothing),
            ]
        );
    }
}
