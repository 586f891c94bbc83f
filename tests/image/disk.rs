//! Small disks, to be filled.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::container::Container;
use crate::said::run;

/// A filesystem of this size, mounted below a container's root.
pub struct Disk(PathBuf);

impl Disk {
    /// Mounts it; it is unmounted when this is dropped.
    pub fn of(container: &Container, inside: &str, size: &str) -> Self {
        let path = container.path(inside);
        fs::create_dir_all(&path).expect("made");
        let mode = fs::metadata(&path).expect("a directory").permissions();
        run(Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "none"])
            .arg(&path));
        fs::set_permissions(&path, mode).expect("changed");
        Self(path)
    }

    /// Makes room: what is on it becomes a part of the root.
    pub fn becomes_a_directory(self) {
        let path = self.0.clone();
        let aside = tempfile::tempdir().expect("a directory");
        let copy = |from: &Path, to: &Path| {
            run(Command::new("cp").args(["-a", "-T"]).args([from, to]));
        };
        copy(&path, aside.path());
        drop(self);
        copy(aside.path(), &path);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}
