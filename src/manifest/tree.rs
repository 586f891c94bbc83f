//! The files of an image as they are: read once, by several threads.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::{DeviceNumber, Entries, Entry, FilePath, Kind};
use crate::fingerprint::digests_of;
use crate::record;
use crate::root::Root;
use crate::words::reason;

/// What no manifest has: the kernel's, and what engines write when they start a container.
const NEVER: [&str; 9] = [
    "/.dockerenv",
    "/dev",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/mtab",
    "/etc/resolv.conf",
    "/proc",
    "/run/.containerenv",
    "/sys",
];

/// The files below a root.
#[derive(Debug, Default)]
pub struct Tree {
    /// Those that could be seen; what nobody may read has no digest.
    pub entries: Entries,
    /// What could not be seen, whole directories among it.
    pub unseen: BTreeMap<FilePath, Unseen>,
}

/// Why something could not be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unseen {
    /// Something is mounted there: a directory, or a file.
    Mounted {
        /// Whether it is a directory.
        directory: bool,
    },
    /// It could not be read, for this reason.
    Unreadable(String),
}

impl Tree {
    /// Reads all that is below a root, but what is at these mounts and what is below these
    /// paths.
    #[must_use]
    pub fn read(root: &Root, mounts: Vec<PathBuf>, without: &[&str]) -> Self {
        let mut reading = Reading {
            root,
            mounts: mounts.into_iter().map(FilePath::from).collect(),
            without: NEVER
                .iter()
                .chain(without)
                .map(|path| (*path).into())
                .collect(),
            tree: Self::default(),
        };
        // They say what is in the manifest.
        for own in [record::path_in_image(), super::path()] {
            reading.without.push(own.as_str().into());
        }
        reading.directory(&"/".into());
        let mut tree = reading.tree;
        tree.digest(root);
        tree
    }

    /// Reads the content of all files.
    fn digest(&mut self, root: &Root) {
        let mut files: Vec<(&FilePath, &mut Option<String>)> = Vec::new();
        for (path, entry) in &mut self.entries {
            if let Kind::File(sha256) = &mut entry.kind {
                files.push((path, sha256));
            }
        }
        let paths = files.iter().map(|(path, _)| root.join(path.as_path()));
        let digests = digests_of(&paths.collect::<Vec<_>>());
        let (mut gone, mut unreadable) = (Vec::new(), Vec::new());
        for ((path, sha256), digest) in files.into_iter().zip(digests) {
            match digest {
                Ok(digest) => *sha256 = Some(digest),
                Err(error) if is_gone(&error) => gone.push(path.clone()),
                Err(error) => unreadable.push((path.clone(), Unseen::unreadable(&error))),
            }
        }
        for path in gone {
            self.entries.remove(&path);
        }
        self.unseen.extend(unreadable);
    }
}

impl Unseen {
    fn unreadable(error: &io::Error) -> Self {
        Self::Unreadable(reason(error))
    }
}

struct Reading<'a> {
    root: &'a Root,
    mounts: Vec<FilePath>,
    without: Vec<FilePath>,
    tree: Tree,
}

impl Reading<'_> {
    fn directory(&mut self, path: &FilePath) {
        let listed = fs::read_dir(self.root.join(path.as_path()));
        let listed = listed.and_then(Iterator::collect::<io::Result<Vec<fs::DirEntry>>>);
        let entries = match listed {
            Ok(entries) => entries,
            Err(error) if is_gone(&error) => {
                self.tree.entries.remove(path);
                return;
            }
            Err(error) => return self.unseen(path.clone(), Unseen::unreadable(&error)),
        };
        for entry in entries {
            let path = path.child(&entry.file_name());
            if self.without.contains(&path) {
                continue;
            }
            // Not following links.
            let metadata = match entry.metadata() {
                Ok(metadata) => metadata,
                Err(error) if is_gone(&error) => continue,
                Err(error) => {
                    self.unseen(path, Unseen::unreadable(&error));
                    continue;
                }
            };
            let directory = metadata.is_dir();
            if self.mounts.contains(&path) {
                self.unseen(path, Unseen::Mounted { directory });
                continue;
            }
            match read(&entry.path(), &metadata) {
                Ok(entry) => {
                    self.tree.entries.insert(path.clone(), entry);
                }
                Err(error) if is_gone(&error) => continue,
                Err(error) => self.unseen(path.clone(), Unseen::unreadable(&error)),
            }
            if directory {
                self.directory(&path);
            }
        }
    }

    fn unseen(&mut self, path: FilePath, why: Unseen) {
        self.tree.unseen.insert(path, why);
    }
}

/// Whether what was listed went away meanwhile.
fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

impl Entry {
    /// What is at a path of this machine, without its digest; a link is not followed.
    pub fn at(path: &Path) -> io::Result<Self> {
        read(path, &path.symlink_metadata()?)
    }
}

/// All but the digest.
fn read(at: &Path, metadata: &Metadata) -> io::Result<Entry> {
    let is = metadata.file_type();
    let kind = if is.is_dir() {
        Kind::Directory
    } else if is.is_file() {
        Kind::File(None)
    } else if is.is_symlink() {
        Kind::Link(fs::read_link(at)?.into())
    } else if is.is_fifo() {
        Kind::Other("fifo")
    } else if is.is_socket() {
        Kind::Other("socket")
    } else {
        let number = DeviceNumber {
            major: rustix::fs::major(metadata.rdev()),
            minor: rustix::fs::minor(metadata.rdev()),
        };
        let is_block = is.is_block_device();
        Kind::Device(if is_block { "block" } else { "char" }, number)
    };
    Ok(Entry {
        capability: if is.is_file() { capability(at)? } else { None },
        kind,
        mode: metadata.permissions().mode() & 0o7777,
        owner: (metadata.uid(), metadata.gid()),
        mounted: None,
    })
}

/// The attribute `security.capability`, xattr(7).
fn capability(at: &Path) -> io::Result<Option<Vec<u8>>> {
    // `struct vfs_ns_cap_data` has 24 bytes.
    let mut value = vec![0; 64];
    match rustix::fs::lgetxattr(at, c"security.capability", &mut value) {
        Ok(length) => {
            value.truncate(length);
            Ok(Some(value))
        }
        // A filesystem without attributes has no capabilities either.
        Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_goes_away_meanwhile_is_not_there() {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::new(directory.path());
        fs::write(root.join("/gone"), "").unwrap();
        let mut tree = Tree::read(&root, Vec::new(), &[]);
        fs::remove_file(root.join("/gone")).unwrap();

        tree.digest(&root);

        assert!(
            tree.entries.is_empty() && tree.unseen.is_empty(),
            "{tree:?}"
        );
    }

    #[test]
    fn all_of_a_tree_is_read_but_what_is_not_the_images() {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::new(directory.path());
        for path in ["/proc/self", "/etc/image_info", "/src/below", "/left/out"] {
            fs::create_dir_all(root.join(path)).unwrap();
        }
        for (path, text) in [
            ("/etc/hosts", "127.0.0.1 localhost\n"),
            ("/etc/image_info/build.json", "{}"),
            ("/etc/image_info/files.mtree", "#mtree\n"),
            ("/etc/image_info/pip.txt", "abc"),
            ("/empty", ""),
        ] {
            fs::write(root.join(path), text).unwrap();
        }
        symlink("/nowhere", root.join("/link")).unwrap();
        fs::set_permissions(root.join("/empty"), fs::Permissions::from_mode(0o4711)).unwrap();

        let tree = Tree::read(&root, vec!["/src".into()], &["/left"]);

        let paths: Vec<String> = tree.entries.keys().map(ToString::to_string).collect();
        assert_eq!(
            paths,
            [
                "/empty",
                "/etc",
                "/etc/image_info",
                "/etc/image_info/pip.txt",
                "/link"
            ]
        );
        let empty = &tree.entries[&"/empty".into()];
        assert_eq!(empty.kind, Kind::File(Some(super::super::EMPTY.to_owned())));
        assert_eq!(empty.mode, 0o4711);
        let text = &tree.entries[&"/etc/image_info/pip.txt".into()];
        assert!(
            matches!(&text.kind, Kind::File(Some(sha256)) if sha256.starts_with("ba7816bf8f01cfea"))
        );
        assert_eq!(
            tree.entries[&"/link".into()].kind,
            Kind::Link("/nowhere".into())
        );
        let unseen: Vec<(String, &Unseen)> = tree
            .unseen
            .iter()
            .map(|(path, why)| (path.to_string(), why))
            .collect();
        assert_eq!(
            unseen,
            [("/src".to_owned(), &Unseen::Mounted { directory: true })]
        );
    }
}
