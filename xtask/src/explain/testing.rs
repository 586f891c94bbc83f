//! Small trees.

use super::tree::{Content, Entry, Kind, Tree};

/// A tree of these.
pub fn tree(entries: &[(&str, Entry)]) -> Tree {
    let entries = entries.iter();
    Tree {
        entries: entries
            .map(|(path, entry)| ((*path).to_owned(), entry.clone()))
            .collect(),
        ..Tree::default()
    }
}

/// A file whose digests are this text.
pub fn file(digest: &str) -> Entry {
    let content = Content {
        size: 1,
        md5: digest.to_owned(),
        sha256: digest.to_owned(),
    };
    entry(Kind::File(content), 0o644)
}

/// A directory.
pub fn directory() -> Entry {
    entry(Kind::Directory, 0o755)
}

/// A symbolic link.
pub fn link(target: &str) -> Entry {
    entry(Kind::Link(target.to_owned()), 0o777)
}

fn entry(kind: Kind, mode: u32) -> Entry {
    Entry {
        kind,
        mode,
        owner: (0, 0),
        time: 1,
        attributes: std::collections::BTreeMap::new(),
    }
}
