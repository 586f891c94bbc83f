//! Small disks, to be filled.

use std::path::PathBuf;
use std::process::Command;

use crate::container::Container;

/// A filesystem of this size, mounted below a container's root.
pub struct Disk(PathBuf);

impl Disk {
    /// Mounts it; it is unmounted when this is dropped.
    pub fn of(container: &Container, inside: &str, size: &str) -> Self {
        let path = container.path(inside);
        std::fs::create_dir_all(&path).expect("made");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "none"])
            .arg(&path)
            .status();
        assert!(
            mounted.is_ok_and(|status| status.success()),
            "{}",
            path.display()
        );
        Self(path)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}
