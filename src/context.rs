//! What a running step has: the two doors to the machine, the log, the record.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::command::{Command, Output, Runner};
use crate::failure::{FailedChild, Failure};
use crate::layout::STATE;
use crate::record::{self, Record};
use crate::reporter::{Progress, Reporter};
use crate::root::Root;
use crate::secrets::Secrets;
use crate::settings::{Id, Settings};
use crate::step::StepName;
use crate::variables::variable;
use crate::words::reason;

/// The surroundings of a running step.
pub struct Context<'a> {
    /// The step.
    pub step: StepName,
    /// What the user said.
    pub settings: &'a Settings,
    /// The image's files.
    pub root: &'a Root,
    /// Starts children.
    pub runner: &'a dyn Runner,
    /// Hears what happens.
    pub reporter: &'a dyn Reporter,
    /// What the image will remember.
    pub record: &'a Mutex<Record>,
    /// What must not be written down.
    pub secrets: &'a Secrets,
    /// The environment that children get.
    pub environment: &'a [(String, String)],
}

impl Context<'_> {
    /// Runs a child and returns all that it said.
    ///
    /// # Errors
    /// [`Failure::Command`] when it does not succeed.
    pub fn run(&self, doing: &str, command: &Command) -> Result<String, Failure> {
        let output = self.attempt(command);
        if output.ending.success() {
            Ok(output.stdout)
        } else {
            Err(Failure::Command {
                doing: doing.to_owned(),
                child: FailedChild::new(command, &output),
            })
        }
    }

    /// Runs a child whose failure the caller understands.
    #[must_use]
    pub fn attempt(&self, command: &Command) -> Output {
        self.reporter.command(self.step, &command.to_string());
        self.runner
            .run(command, &mut |line| self.reporter.line(self.step, line))
    }

    /// Runs a child for its standard output.
    pub fn ask(&self, doing: &str, command: &Command) -> Result<String, Failure> {
        let output = self.runner.ask(command);
        if output.ending.success() {
            Ok(output.stdout)
        } else {
            Err(Failure::Command {
                doing: doing.to_owned(),
                child: FailedChild::new(command, &output),
            })
        }
    }

    /// A variable of the environment; unset and empty are the same.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        variable(self.environment, name)
    }

    /// Says something in the step's log.
    pub fn note(&self, text: &str) {
        self.reporter.note(self.step, text);
    }

    /// Says how far the step has come.
    pub fn progress(&self, progress: &Progress) {
        self.reporter.progress(self.step, progress);
    }

    /// Adds to the record, or reads it.
    pub fn record<T>(&self, change: impl FnOnce(&mut Record) -> T) -> T {
        change(&mut self.record.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes the record down as it is now, for a run that goes on from here.
    pub fn keep_record(&self) -> Result<(), Failure> {
        let json = self.record(|record| record.to_json());
        self.write(&record::path(), &json)
    }

    /// The text without credentials, for a file that stays.
    #[must_use]
    pub fn masked(&self, text: &str) -> String {
        self.secrets.mask(text)
    }

    /// Reads a file.
    pub fn read(&self, path: &str) -> Result<String, Failure> {
        self.root
            .read(path)
            .map_err(|error| file("read", &self.root.join(path), &error))
    }

    /// Writes a file whole or not at all.
    pub fn write(&self, path: &str, text: &str) -> Result<(), Failure> {
        write_whole(&self.root.join(path), text.as_bytes())
    }

    /// The same for what is no text.
    pub fn write_bytes(&self, path: &str, bytes: &[u8]) -> Result<(), Failure> {
        write_whole(&self.root.join(path), bytes)
    }

    /// Lets everybody run a file.
    pub fn make_executable(&self, path: &str) -> Result<(), Failure> {
        let path = self.root.join(path);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
            .map_err(|error| file("make executable", &path, &error))
    }

    /// Makes a directory and its parents.
    pub fn make_directory(&self, path: &str, owner: Option<(Id, Id)>) -> Result<(), Failure> {
        let path = self.root.join(path);
        fs::create_dir_all(&path).map_err(|error| file("make the directory", &path, &error))?;
        if let Some((uid, gid)) = owner {
            chown(&path, Some(uid.0), Some(gid.0))
                .map_err(|error| file("change the owner of", &path, &error))?;
        }
        Ok(())
    }

    /// Renames a file or a directory into its place.
    pub fn rename(&self, from: &str, to: &str) -> Result<(), Failure> {
        let to = self.root.join(to);
        fs::rename(self.root.join(from), &to)
            .map_err(|error| file("rename into place", &to, &error))
    }

    /// Removes what the pattern matches, trees included; nothing there is fine.
    pub fn remove(&self, pattern: &str) -> Result<(), Failure> {
        if !pattern.contains(['*', '?']) {
            return remove_tree(&self.root.join(pattern));
        }
        let matches = self.root.glob(pattern);
        matches
            .iter()
            .try_for_each(|path| remove_tree(&self.root.join(path)))
    }

    /// The directory for temporary files of children, made on first use.
    ///
    /// Ours, so that nothing has to be searched for in the base image's /tmp afterwards.
    pub fn temporary(&self) -> Result<String, Failure> {
        let path = format!("{STATE}/tmp");
        self.make_directory(&path, None)?;
        let real = self.root.join(&path);
        fs::set_permissions(&real, fs::Permissions::from_mode(0o1777))
            .map_err(|error| file("open up", &real, &error))?;
        Ok(path)
    }
}

/// A file error.
#[must_use]
pub fn file(doing: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::File {
        doing: doing.to_owned(),
        path: path.to_owned(),
        error: reason(error),
    }
}

/// Writes beside the target and renames: a reader never sees half a file.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let everybody = fs::Permissions::from_mode(0o644);
    write_with(path, bytes, everybody, None)
}

/// The same for the owner and with the permissions of another file; where that is not,
/// as any other.
pub fn write_like(path: &Path, bytes: &[u8], other: &Path) -> Result<(), Failure> {
    match fs::metadata(other) {
        Ok(other) => {
            let owner = (other.uid(), other.gid());
            write_with(path, bytes, other.permissions(), Some(owner))
        }
        Err(_) => write_whole(path, bytes),
    }
}

fn write_with(
    path: &Path,
    bytes: &[u8],
    permissions: fs::Permissions,
    owner: Option<(u32, u32)>,
) -> Result<(), Failure> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    let written = || -> io::Result<()> {
        fs::create_dir_all(directory)?;
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(bytes)?;
        if let Some((uid, gid)) = owner {
            chown(file.path(), Some(uid), Some(gid))?;
        }
        fs::set_permissions(file.path(), permissions)?;
        file.persist(path)?;
        Ok(())
    };
    written().map_err(|error| file("write", path, &error))
}

/// Copies a directory's files and links into another directory, with the modes that git
/// would check them out with.
pub fn copy_tree(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to).map_err(|error| file("make the directory", to, &error))?;
    for entry in fs::read_dir(from).map_err(|error| file("read", from, &error))? {
        let entry = entry.map_err(|error| file("read", from, &error))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry
            .file_type()
            .map_err(|error| file("read", &source, &error))?;
        if kind.is_dir() {
            copy_tree(&source, &target)?;
            continue;
        }
        let copied = if kind.is_symlink() {
            // A link cannot be written over.
            remove_tree(&target)?;
            fs::read_link(&source).and_then(|link| std::os::unix::fs::symlink(link, &target))
        } else {
            fs::copy(&source, &target).and_then(|_| plain_mode(&target))
        };
        copied.map_err(|error| file("copy to", &target, &error))?;
    }
    Ok(())
}

/// Lets all read a file, and run it when its owner may, whatever the umask was of whoever
/// made it: a wheel has the modes of what it is built of, and an image those of a console.
fn plain_mode(path: &Path) -> io::Result<()> {
    let is_program = fs::metadata(path)?.permissions().mode() & 0o100 != 0;
    let mode = if is_program { 0o755 } else { 0o644 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

fn remove_tree(path: &Path) -> Result<(), Failure> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(file("remove", path, &error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_copy_does_not_show_the_umask_of_its_original() {
        let directory = tempfile::tempdir().unwrap();
        let at = |path: &str| directory.path().join(path);
        let mode = |path: &str| at(path).metadata().unwrap().permissions().mode() & 0o7777;
        fs::create_dir_all(at("from/below")).unwrap();
        for (path, mode) in [("from/below/text", 0o600), ("from/program", 0o4700)] {
            fs::write(at(path), "x").unwrap();
            fs::set_permissions(at(path), fs::Permissions::from_mode(mode)).unwrap();
        }
        copy_tree(&at("from"), &at("to")).unwrap();
        assert_eq!(mode("to/below/text"), 0o644);
        assert_eq!(mode("to/program"), 0o755);
        assert_eq!(mode("from/program"), 0o4700);
    }
}
