//! A directory of wheels in the making: beside its place until it is whole.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// A directory that comes into being whole or not at all.
#[derive(Debug)]
pub struct Making {
    partial: PathBuf,
    /// Below that.
    directory: PathBuf,
    destination: PathBuf,
    /// Held as long as this is.
    _lock: File,
}

impl Making {
    /// Begins an empty directory beside `destination`.
    ///
    /// # Errors
    /// It cannot be made, or another process is making it.
    pub fn begin(destination: &Path) -> io::Result<Self> {
        let parent = destination.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(parent)?;
        let partial = partial(destination);
        fs::create_dir_all(&partial)?;
        let lock = File::open(&partial)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::new(
                io::ErrorKind::ResourceBusy,
                "another process is making it just now",
            ),
            TryLockError::Error(error) => error,
        })?;
        for left in fs::read_dir(&partial)? {
            remove(&left?.path())?;
        }
        let directory = partial.join("whole");
        fs::create_dir(&directory)?;
        Ok(Self {
            _lock: lock,
            partial,
            directory,
            destination: destination.to_owned(),
        })
    }

    /// Where it is filled.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A directory on the same filesystem, gone in the end, for what it is made of.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn beside(&self, name: &str) -> io::Result<PathBuf> {
        let beside = self.partial.join(name);
        fs::create_dir(&beside)?;
        Ok(beside)
    }

    /// Puts it in its place, in place of what is there.
    ///
    /// # Errors
    /// It cannot be renamed.
    pub fn finish(self) -> io::Result<()> {
        remove(&self.destination)?;
        fs::rename(&self.directory, &self.destination)
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        // What went wrong is said already; the next try removes it, too.
        let _ = remove(&self.partial);
    }
}

/// Of a fixed name, so that one that was cut off is found and removed.
fn partial(destination: &Path) -> PathBuf {
    let mut partial = destination.as_os_str().to_owned();
    partial.push(".partial");
    partial.into()
}

/// Removes what is there of a directory in the making when the program ends under it.
pub fn abandon(destination: &Path) {
    let _ = remove(&partial(destination));
}

fn remove(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => fs::remove_file(directory),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_cannot_make_the_same() {
        let directory = tempfile::tempdir().expect("a directory");
        let destination = directory.path().join("wheels");
        let making = Making::begin(&destination).expect("begun");
        let error = Making::begin(&destination).expect_err("refused");
        assert_eq!(error.to_string(), "another process is making it just now");
        making.finish().expect("finished");
        Making::begin(&destination).expect("begun again");
    }

    #[test]
    fn it_is_there_whole_or_not_at_all() {
        let directory = tempfile::tempdir().expect("a directory");
        let destination = directory.path().join("a/wheels");
        let making = Making::begin(&destination).expect("begun");
        fs::write(making.directory().join("x"), "1").expect("written");
        drop(making);
        assert_eq!(
            fs::read_dir(directory.path().join("a"))
                .expect("read")
                .count(),
            0
        );
        // One that was cut off, and one that was there before.
        fs::create_dir_all(directory.path().join("a/wheels.partial/old")).expect("made");
        fs::create_dir_all(destination.join("old")).expect("made");
        let making = Making::begin(&destination).expect("begun");
        fs::write(making.directory().join("x"), "1").expect("written");
        fs::write(making.beside("parts").expect("made").join("y"), "1").expect("written");
        making.finish().expect("finished");
        let names: Vec<_> = fs::read_dir(&destination)
            .expect("read")
            .flatten()
            .map(|entry| entry.file_name())
            .collect();
        assert_eq!(names, ["x"]);
        assert!(!directory.path().join("a/wheels.partial").exists());
    }
}
