//! Small disks, to be filled.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::container::Container;

/// A filesystem of this size, mounted below a container's root.
pub struct Disk(PathBuf);

impl Disk {
    /// Mounts it; it is unmounted when this is dropped.
    pub fn of(container: &Container, inside: &str, size: &str) -> Self {
        let path = container.path(inside);
        fs::create_dir_all(&path).expect("made");
        let mode = fs::metadata(&path).expect("a directory").permissions();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "none"])
            .arg(&path)
            .status();
        assert!(
            mounted.is_ok_and(|status| status.success()),
            "{}",
            path.display()
        );
        fs::set_permissions(&path, mode).expect("changed");
        Self(path)
    }

    /// Makes room: what is on it becomes a part of the root.
    pub fn becomes_a_directory(self) {
        let path = self.0.clone();
        let aside = tempfile::tempdir().expect("a directory");
        let copy = |from: &Path, to: &Path| {
            let copied = Command::new("cp")
                .args(["-a", "-T"])
                .args([from, to])
                .status();
            assert!(copied.is_ok_and(|status| status.success()));
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
