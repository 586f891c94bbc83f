//! Tells one state of things from another.

use std::fs;
use std::io::{self, Read};
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use crate::words::hex;

/// Threads that digests are made on: more of them wait for each other's disk.
const THREADS: usize = 4;

/// Bytes that are read at once.
const PIECE: usize = 256 << 10;

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
        hex(&self.0.finalize())
    }
}

/// The SHA-256 of a file, in hexadecimal digits.
pub fn sha256_of(path: &Path) -> io::Result<String> {
    digest_of(path, &mut vec![0; PIECE])
}

/// The same of files, in their order, by several threads.
pub fn digests_of<P: AsRef<Path> + Sync>(paths: &[P]) -> Vec<io::Result<String>> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut piece = vec![0; PIECE];
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = paths.get(index) else {
                return done;
            };
            done.push((index, digest_of(path.as_ref(), &mut piece)));
        }
    };
    let cpus = thread::available_parallelism().map_or(1, usize::from);
    let mut digests: Vec<(usize, io::Result<String>)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..cpus.min(THREADS)).map(|_| scope.spawn(work)).collect();
        let done = threads.into_iter().map(ScopedJoinHandle::join);
        done.flat_map(|done| done.unwrap_or_else(|fault| resume_unwind(fault)))
            .collect()
    });
    digests.sort_by_key(|(index, _)| *index);
    digests.into_iter().map(|(_, digest)| digest).collect()
}

fn digest_of(path: &Path, piece: &mut [u8]) -> io::Result<String> {
    let mut digest = Sha256::new();
    let mut file = fs::File::open(path)?;
    loop {
        match file.read(piece) {
            Ok(0) => return Ok(hex(&digest.finalize())),
            Ok(length) => digest.update(&piece[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The SHA-256 of bytes, in hexadecimal digits.
#[must_use]
pub fn sha256_of_bytes(bytes: &[u8]) -> String {
    Fingerprint(Sha256::new_with_prefix(bytes)).finish()
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
    fn digests_are_in_the_order_of_the_files() {
        let directory = tempfile::tempdir().expect("a directory");
        let paths: Vec<_> = (0..20)
            .map(|number| directory.path().join(number.to_string()))
            .collect();
        for path in &paths[1..] {
            fs::write(path, path.as_os_str().as_encoded_bytes()).expect("written");
        }
        let digests = digests_of(&paths);
        assert!(digests[0].is_err());
        for (path, digest) in paths.iter().zip(&digests).skip(1) {
            let expected = sha256_of_bytes(path.as_os_str().as_encoded_bytes());
            assert_eq!(*digest.as_ref().expect("read"), expected);
        }
        assert!(digests_of::<&Path>(&[]).is_empty());
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
