//! The files of an image: what each of them is, read once.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io::{Seek, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};

use super::tmpfiles;
use crate::error::{Error, Result};
use crate::process;

/// A tree of files, by their absolute paths inside of it.
#[derive(Debug, Default)]
pub struct Tree {
    /// Everything below its root.
    pub entries: BTreeMap<String, Entry>,
    /// The texts of those files that tell about others.
    pub texts: BTreeMap<String, String>,
}

/// Something in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Permissions, with setuid, setgid and sticky bits.
    pub mode: u32,
    /// User and group.
    pub owner: (u32, u32),
    /// Seconds since 1970.
    pub time: i64,
    /// Extended attributes; file capabilities and access lists are such.
    pub attributes: BTreeMap<String, Vec<u8>>,
}

/// What it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File(Content),
    /// A directory.
    Directory,
    /// A symbolic link, and where it leads.
    Link(String),
    /// A device, a pipe or a socket.
    Other(&'static str),
}

/// What is in a file, by its digests in hexadecimal digits: dpkg's databases know the
/// one and Python's the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// Bytes.
    pub size: u64,
    /// MD5.
    pub md5: String,
    /// SHA-256.
    pub sha256: String,
}

impl Tree {
    /// Reads all that is below a directory.
    pub fn read(root: &Path) -> Result<Self> {
        let mut tree = Self::default();
        let mut files = Vec::new();
        let mut waiting = vec![root.to_owned()];
        while let Some(directory) = waiting.pop() {
            let listed = fs::read_dir(&directory).map_err(Error::io("read", &directory))?;
            for entry in listed {
                let path = entry.map_err(Error::io("read", &directory))?.path();
                let inside = inside(root, &path)?;
                let entry = Entry::read(&path)?;
                match entry.kind {
                    Kind::Directory => waiting.push(path),
                    Kind::File(_) => files.push(inside.clone()),
                    _ => {}
                }
                tree.entries.insert(inside, entry);
            }
        }
        for path in files {
            if tells(&path) {
                let at = root.join(path.trim_start_matches('/'));
                let bytes = fs::read(&at).map_err(Error::io("read", &at))?;
                let text = String::from_utf8_lossy(&bytes).into_owned();
                tree.texts.insert(path, text);
            }
        }
        tree.digest(root)
    }

    fn digest(mut self, root: &Path) -> Result<Self> {
        let files = self.files();
        let mut md5 = digests("md5sum", root, &files)?;
        let mut sha256 = digests("sha256sum", root, &files)?;
        for (path, entry) in &mut self.entries {
            if let Kind::File(content) = &mut entry.kind {
                content.md5 = md5.remove(path).unwrap_or_default();
                content.sha256 = sha256.remove(path).unwrap_or_default();
            }
        }
        Ok(self)
    }

    fn files(&self) -> Vec<String> {
        let files = self.entries.iter();
        let files = files.filter(|(_, entry)| matches!(entry.kind, Kind::File(_)));
        files.map(|(path, _)| path.clone()).collect()
    }

    /// The text of a file that tells about others; empty when it is not there.
    pub fn text(&self, path: &str) -> &str {
        self.texts.get(path).map_or("", String::as_str)
    }

    /// What is in a regular file.
    pub fn content(&self, path: &str) -> Option<&Content> {
        match &self.entries.get(path)?.kind {
            Kind::File(content) => Some(content),
            _ => None,
        }
    }

    /// A path with what its first directory is a link to: packages still call files of
    /// /usr/lib by /lib (<https://wiki.debian.org/UsrMerge>).
    pub fn merged(&self, path: &str) -> String {
        let mut parts = path.trim_start_matches('/').splitn(2, '/');
        let (Some(first), Some(rest)) = (parts.next(), parts.next()) else {
            return path.to_owned();
        };
        match self.entries.get(&format!("/{first}")).map(|top| &top.kind) {
            Some(Kind::Link(target)) => format!("/{}/{rest}", target.trim_start_matches('/')),
            _ => path.to_owned(),
        }
    }
}

impl Entry {
    /// Reads all but the digests.
    fn read(path: &Path) -> Result<Self> {
        let metadata = path
            .symlink_metadata()
            .map_err(Error::io("look at", path))?;
        Ok(Self {
            kind: Kind::of(path, &metadata)?,
            mode: metadata.permissions().mode() & 0o7777,
            owner: (metadata.uid(), metadata.gid()),
            time: metadata.mtime(),
            attributes: attributes(path)
                .map_err(|error| Error::io("read the attributes of", path)(error.into()))?,
        })
    }
}

impl Kind {
    fn of(path: &Path, metadata: &Metadata) -> Result<Self> {
        let is = metadata.file_type();
        Ok(if is.is_dir() {
            Self::Directory
        } else if is.is_symlink() {
            let target = fs::read_link(path).map_err(Error::io("read", path))?;
            Self::Link(target.to_string_lossy().into_owned())
        } else if is.is_file() {
            let size = metadata.len();
            Self::File(Content {
                size,
                ..Content::default()
            })
        } else if is.is_fifo() {
            Self::Other("a pipe")
        } else if is.is_socket() {
            Self::Other("a socket")
        } else {
            Self::Other("a device")
        })
    }
}

/// Files that tell about others.
fn tells(path: &str) -> bool {
    const DIRECTORIES: [&str; 5] = [
        tmpfiles::DIRECTORY,
        "/var/lib/dpkg/",
        "/var/lib/apt/",
        "/var/cache/debconf/",
        "/etc/image_info/",
    ];
    const FILES: [&str; 7] = [
        "/etc/passwd",
        "/etc/group",
        "/etc/shadow",
        "/etc/gshadow",
        "/etc/subuid",
        "/etc/subgid",
        "/usr/lib/os-release",
    ];
    DIRECTORIES
        .iter()
        .any(|directory| path.starts_with(directory))
        || FILES.contains(&path)
        || path.ends_with(".dist-info/RECORD")
}

fn inside(root: &Path, path: &Path) -> Result<String> {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let text = inside
        .to_str()
        .ok_or_else(|| Error::refused(format!("{} is no UTF-8: rename it", inside.display())))?;
    Ok(format!("/{text}"))
}

/// xattr(7). Nothing here follows links.
fn attributes(path: &Path) -> rustix::io::Result<BTreeMap<String, Vec<u8>>> {
    // Names and values of the filesystems that images lie on fit in a block.
    let mut names = vec![0; 1 << 16];
    let length = rustix::fs::llistxattr(path, names.as_mut_slice())?;
    let mut all = BTreeMap::new();
    for name in names[..length].split(|byte| *byte == 0) {
        if name.is_empty() {
            continue;
        }
        let mut value = vec![0; 1 << 16];
        let length = rustix::fs::lgetxattr(path, name, value.as_mut_slice())?;
        value.truncate(length);
        all.insert(String::from_utf8_lossy(name).into_owned(), value);
    }
    Ok(all)
}

/// Digests by coreutils, which are many times faster than code without optimization,
/// and the only MD5 there is.
fn digests(program: &str, root: &Path, files: &[String]) -> Result<BTreeMap<String, String>> {
    let mut list = tempfile::tempfile().map_err(Error::io("make", Path::new("a list of files")))?;
    let names = files.iter().flat_map(|path| [".", path, "\0"]);
    let names: String = names.collect();
    list.write_all(names.as_bytes())
        .and_then(|()| list.rewind())
        .map_err(Error::io("write", Path::new("a list of files")))?;
    let mut xargs = Command::new("xargs");
    xargs.args(["--null", "--no-run-if-empty", program, "--zero", "--"]);
    xargs.current_dir(root).stdin(Stdio::from(list));
    let said = process::answer(xargs)?;
    // `DIGEST  ./PATH`, md5sum(1).
    let lines = said.split('\0').filter_map(|line| line.split_once("  ."));
    Ok(lines
        .map(|(digest, path)| (path.to_owned(), digest.to_owned()))
        .collect())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn all_of_a_tree_is_read() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        fs::create_dir_all(at("usr/lib/a")).unwrap();
        fs::create_dir_all(at("etc")).unwrap();
        symlink("usr/lib", at("lib")).unwrap();
        fs::write(at("usr/lib/a/with\nline"), "abc").unwrap();
        fs::write(at("etc/passwd"), "root:x:0:0\n").unwrap();
        fs::set_permissions(at("etc/passwd"), fs::Permissions::from_mode(0o600)).unwrap();

        let tree = Tree::read(root.path()).unwrap();

        let paths: Vec<&str> = tree.entries.keys().map(String::as_str).collect();
        assert_eq!(
            paths,
            [
                "/etc",
                "/etc/passwd",
                "/lib",
                "/usr",
                "/usr/lib",
                "/usr/lib/a",
                "/usr/lib/a/with\nline"
            ]
        );
        let content = tree.content("/usr/lib/a/with\nline").unwrap();
        assert_eq!(content.size, 3);
        assert_eq!(content.md5, "900150983cd24fb0d6963f7d28e17f72");
        assert!(
            content
                .sha256
                .starts_with("ba7816bf8f01cfea414140de5dae2223")
        );
        assert_eq!(tree.entries["/etc/passwd"].mode, 0o600);
        assert_eq!(tree.entries["/lib"].kind, Kind::Link("usr/lib".to_owned()));
        assert_eq!(tree.text("/etc/passwd"), "root:x:0:0\n");
        assert_eq!(tree.text("/etc/nosuch"), "");
        assert_eq!(tree.merged("/lib/a/b"), "/usr/lib/a/b");
        assert_eq!(tree.merged("/etc/passwd"), "/etc/passwd");
        assert_eq!(tree.merged("/lib"), "/lib");
    }
}
