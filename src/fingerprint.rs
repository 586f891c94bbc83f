//! Tells one state of things from another.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

/// A SHA-256 over parts, each closed off from the next.
#[derive(Debug, Clone, Default)]
pub struct Fingerprint(Sha256);

impl Fingerprint {
    /// Adds a part.
    pub fn add(&mut self, part: impl AsRef<[u8]>) {
        let part = part.as_ref();
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    /// Adds what tells one state of a source from another: every file's name, size and time.
    pub fn add_tree(&mut self, directory: &Path) {
        self.walk(directory, directory, &|_, metadata| {
            let time = metadata
                .modified()
                .ok()
                .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            let time = time.map_or(0, |time| time.as_nanos());
            format!("{} {time}", metadata.len())
        });
    }

    /// The same by content: times mean nothing between one checkout and the next.
    pub fn add_contents(&mut self, directory: &Path) {
        self.walk(directory, directory, &|path, _| {
            sha256_of(path).unwrap_or_default()
        });
    }

    /// Names count from `top`: the same tree elsewhere is the same.
    fn walk(
        &mut self,
        top: &Path,
        directory: &Path,
        tell: &dyn Fn(&Path, &fs::Metadata) -> String,
    ) {
        let mut paths: Vec<_> = fs::read_dir(directory)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| !path.ends_with("__pycache__"))
            .collect();
        paths.sort();
        for path in paths {
            let Ok(metadata) = path.symlink_metadata() else {
                continue;
            };
            if path.ends_with(".git") && metadata.is_dir() {
                // git touches its other files whenever it is asked something; a version
                // comes from these.
                for file in ["HEAD", "packed-refs"] {
                    self.add(fs::read(path.join(file)).unwrap_or_default());
                }
                self.walk(top, &path.join("refs"), tell);
                continue;
            }
            if metadata.is_dir() {
                self.walk(top, &path, tell);
                continue;
            }
            let name = path.strip_prefix(top).unwrap_or(&path);
            self.add(name.as_os_str().as_encoded_bytes());
            self.add(tell(&path, &metadata));
        }
    }

    /// The fingerprint, in hexadecimal digits.
    #[must_use]
    pub fn finish(self) -> String {
        self.0
            .finalize()
            .iter()
            .fold(String::new(), |mut text, byte| {
                let _ = write!(text, "{byte:02x}");
                text
            })
    }
}

/// The SHA-256 of a file, in hexadecimal digits.
pub fn sha256_of(path: &Path) -> io::Result<String> {
    let mut digest = Sha256::new();
    io::copy(&mut fs::File::open(path)?, &mut digest)?;
    Ok(Fingerprint(digest).finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        let of = |parts: &[&str]| {
            let mut fingerprint = Fingerprint::default();
            for part in parts {
                fingerprint.add(part);
            }
            fingerprint.finish()
        };
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_eq!(of(&["a"]), of(&["a"]));
        assert_eq!(of(&[]).len(), 64);
    }

    #[test]
    fn a_changed_source_is_another_one() {
        let source = tempfile::tempdir().expect("a directory");
        let taken = || {
            let mut fingerprint = Fingerprint::default();
            fingerprint.add_tree(source.path());
            fingerprint.finish()
        };
        fs::write(source.path().join("a.py"), "1").expect("written");
        let first = taken();
        assert_eq!(first, taken());
        fs::write(source.path().join("a.py"), "22").expect("written");
        assert_ne!(first, taken());
    }
}
