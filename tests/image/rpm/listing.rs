//! Which files of an image have come, changed and gone.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::container::Container;

/// Every file, with what can be told of it without reading it.
pub type Listing = BTreeMap<String, String>;

/// All files of a container, but for what `SQLite` shares among those who read: it is written
/// by reading.
pub fn listing(container: &Container) -> Listing {
    let root = container.path("/");
    let is_shared = |path: &Path| path.to_string_lossy().ends_with(".sqlite-shm");
    let all = container.find("/", |path, _| !is_shared(path));
    let entry = |path: &PathBuf| {
        let inside = path.strip_prefix(&root).expect("below the root");
        (format!("/{}", inside.display()), about(path))
    };
    all.iter().map(entry).collect()
}

fn about(path: &Path) -> String {
    let metadata = path.symlink_metadata().expect("a file");
    let mode = metadata.permissions().mode();
    if metadata.is_dir() {
        // Times and sizes of directories change with their entries.
        format!("{mode:o} {}", metadata.uid())
    } else if metadata.is_symlink() {
        fs::read_link(path).expect("a link").display().to_string()
    } else {
        let time = (metadata.mtime(), metadata.mtime_nsec());
        format!("{mode:o} {} {} {time:?}", metadata.uid(), metadata.len())
    }
}

/// What is different, one path a line: `+` has come, `-` has gone, `~` was changed. Of a tree
/// that has come its top is named.
pub fn changes(before: &Listing, after: &Listing) -> Vec<String> {
    let is_new = |path: &str| after.contains_key(path) && !before.contains_key(path);
    let mut lines = Vec::new();
    for (path, about) in after {
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        match before.get(path) {
            None if !is_new(parent) => lines.push(format!("+ {path}")),
            Some(earlier) if earlier != about => lines.push(format!("~ {path}")),
            None | Some(_) => {}
        }
    }
    let gone = before.keys().filter(|path| !after.contains_key(*path));
    lines.extend(gone.map(|path| format!("- {path}")));
    lines
}
