//! The root directory of the image: every path the program reads or writes
//! goes through here, so that a test or `plan --root DIR` can point it at
//! another directory than `/`.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::fs::PROC_SUPER_MAGIC;

/// A directory that stands for `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root(PathBuf);

impl Default for Root {
    fn default() -> Self {
        Self(PathBuf::from("/"))
    }
}

impl Root {
    /// Takes `directory` as the root.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self(directory.into())
    }

    /// Whether this is the machine's own `/`.
    #[must_use]
    pub fn is_system(&self) -> bool {
        self.0 == Path::new("/")
    }

    /// Where `path`, absolute inside the image, is on this machine.
    #[must_use]
    pub fn join(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.0.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// The file as text; an error of kind [`io::ErrorKind::InvalidData`] when it is not UTF-8.
    pub fn read(&self, path: impl AsRef<Path>) -> io::Result<String> {
        fs::read_to_string(self.join(path))
    }

    /// Whether the path exists, following symbolic links inside the real filesystem.
    #[must_use]
    pub fn exists(&self, path: impl AsRef<Path>) -> bool {
        self.join(path).exists()
    }

    /// Whether the path is a directory.
    #[must_use]
    pub fn is_directory(&self, path: impl AsRef<Path>) -> bool {
        self.join(path).is_dir()
    }

    /// Whether the path is a directory without entries, or nothing.
    #[must_use]
    pub fn is_empty(&self, path: impl AsRef<Path>) -> bool {
        match self.join(path).read_dir() {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }

    /// Whether the path is a regular file.
    #[must_use]
    pub fn is_file(&self, path: impl AsRef<Path>) -> bool {
        self.join(path).is_file()
    }

    /// Whether a path is on another filesystem than the image's, or has one
    /// mounted on or below it: what is there is not in the image.
    #[must_use]
    pub fn is_mounted(&self, path: &str) -> bool {
        let path = Path::new(path);
        self.any_mount(|point| {
            point != Path::new("/") && (point.starts_with(path) || path.starts_with(point))
        })
    }

    /// Whether something is mounted on this very path, so that it cannot be renamed.
    #[must_use]
    pub fn is_mount_point(&self, path: &str) -> bool {
        self.any_mount(|point| point == Path::new(path))
    }

    fn any_mount(&self, is_meant: impl Fn(&Path) -> bool) -> bool {
        self.mounts().iter().any(|point| is_meant(point))
    }

    /// Where something is mounted in the image, as absolute paths inside of it.
    #[must_use]
    pub fn mounts(&self) -> Vec<PathBuf> {
        let inside = self.read("/proc/self/mountinfo");
        let mut mounts = mount_points(&inside.unwrap_or_default());
        // An image's root directory that is looked at from outside has no such table.
        if !self.is_system() {
            mounts.extend(self.mounts_of_this_process());
        }
        mounts
    }

    /// The same as this process sees it, whatever a file in the image says.
    #[must_use]
    pub fn mounts_of_this_process(&self) -> Vec<PathBuf> {
        // Where /proc is not mounted, what is there is a file as any other.
        let is_proc = rustix::fs::statfs("/proc").is_ok_and(|of| of.f_type == PROC_SUPER_MAGIC);
        let (true, Ok(root)) = (is_proc, fs::canonicalize(&self.0)) else {
            return Vec::new();
        };
        let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let below = mount_points(&table).into_iter().filter_map(|point| {
            let point = point.strip_prefix(&root).ok()?;
            Some(Path::new("/").join(point))
        });
        below.filter(|point| point != Path::new("/")).collect()
    }

    /// The paths inside the image that a pattern matches, in name order; `*`,
    /// `?` and `[...]` are as in a shell, in the pattern and not in the root's
    /// own name. A pattern that is none matches nothing.
    #[must_use]
    pub fn glob(&self, pattern: &str) -> Vec<String> {
        let root = self.join("/");
        let pattern = Path::new(&glob::Pattern::escape(&root.to_string_lossy()))
            .join(pattern.trim_start_matches('/'));
        glob::glob(&pattern.to_string_lossy())
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|path| {
                let inside = path.strip_prefix(&root).ok()?;
                Some(format!("/{}", inside.to_str()?))
            })
            .collect()
    }
}

/// The mount points in a table, proc(5): the fifth field, in which a space is `\\040`.
fn mount_points(table: &str) -> Vec<PathBuf> {
    let points = table.lines().filter_map(|line| line.split(' ').nth(4));
    points
        .map(|point| PathBuf::from(OsString::from_vec(unescaped(point.as_bytes()))))
        .collect()
}

/// A text in which a backslash and three octal digits stand for a byte, as in proc(5) and
/// mtree(5).
#[must_use]
pub fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let octal = after.get(..3).filter(|_| *first == b'\\');
        let octal = octal.and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[3..] } else { after };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_on_below_or_above_counts() {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::new(directory.path());
        fs::create_dir_all(root.join("/proc/self")).unwrap();
        let table = "21 1 0:19 / / rw - overlay overlay rw\n\
                     36 35 98:0 / /opt/loci/scripts ro,noatime master:1 - ext4 /dev/root rw\n\
                     38 35 98:0 / /with\\040space ro - ext4 /dev/root rw\n\
                     37 35 98:0 / /src ro - ext4 /dev/root rw\n";
        fs::write(root.join("/proc/self/mountinfo"), table).unwrap();
        for mounted in [
            "/opt/loci",
            "/opt/loci/scripts/x",
            "/src/keystone",
            "/src",
            "/with space",
        ] {
            assert!(root.is_mounted(mounted), "{mounted}");
        }
        assert!(!root.is_mounted("/tmp/keystone"));
        assert!(!root.is_mounted("/opt/locis"));
        assert!(root.is_mount_point("/src") && !root.is_mount_point("/src/keystone"));
    }

    #[test]
    fn only_the_pattern_has_wildcards() {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::new(directory.path().join("[a]*"));
        fs::create_dir_all(root.join("/opt/loci")).unwrap();
        for name in ["bindep.txt", "bindep-site.txt", "pydep.txt"] {
            fs::write(root.join("/opt/loci").join(name), "").unwrap();
        }
        assert_eq!(
            root.glob("/opt/loci/bindep*"),
            ["/opt/loci/bindep-site.txt", "/opt/loci/bindep.txt"]
        );
        assert!(root.glob("/opt/[").is_empty());
    }
}
