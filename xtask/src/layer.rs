//! What a build adds to an image.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::error::{Error, Result};

/// The bytes of all files below a directory, each once however many names it
/// has, as in an image's tarball. What overlayfs marks as removed has none.
pub fn bytes(directory: &Path) -> Result<u64> {
    let mut seen = BTreeSet::new();
    let mut sum = 0;
    let mut waiting = vec![directory.to_owned()];
    while let Some(directory) = waiting.pop() {
        let entries = fs::read_dir(&directory).map_err(Error::io("read", &directory))?;
        for entry in entries.flatten() {
            let path = entry.path();
            let metadata = entry.metadata().map_err(Error::io("look at", &path))?;
            if metadata.is_dir() {
                waiting.push(path);
            } else if metadata.is_file() && seen.insert((metadata.dev(), metadata.ino())) {
                sum += metadata.len();
            }
        }
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    #[test]
    fn a_file_with_two_names_counts_once_and_links_do_not() {
        let directory = workspace::fresh("test-layer").unwrap();
        fs::create_dir(directory.join("below")).unwrap();
        workspace::write(&directory.join("below/a"), "12345").unwrap();
        fs::hard_link(directory.join("below/a"), directory.join("b")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", directory.join("c")).unwrap();
        workspace::write(&directory.join("d"), "12").unwrap();
        assert_eq!(bytes(&directory).unwrap(), 7);
    }
}
