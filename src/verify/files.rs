//! Files: what the manifest says of each, and what is there.

use std::collections::BTreeSet;

use super::{About, Difference, Unseen};
use crate::manifest::{
    self, EMPTY, Entries, Entry, FilePath, Kind, Mounted, Tree, described_capability,
};

/// Every difference, and what could not be compared.
pub fn compare(recorded: &Entries, tree: &Tree) -> (Vec<Difference>, Vec<Unseen>) {
    let (mut differences, mut hidden) = (Vec::new(), Vec::new());
    for (path, entry) in recorded {
        match tree.entries.get(path) {
            Some(found) if is_unrecorded(entry) => hidden.extend(hidden_file(path, found)),
            Some(found) => compare_entry(path, entry, found, &mut differences),
            None if is_unseen(tree, path) || entry.mounted.is_some() => {}
            None => differences.push(difference("gone", path, Some(entry.described()), None)),
        }
    }
    let mut unseen: Vec<Unseen> = tree
        .unseen
        .iter()
        .map(|(path, why)| Unseen {
            what: path.to_string(),
            why: told(why),
        })
        .chain(hidden)
        .collect();
    let above_mounts = above_mounts(tree);
    for (path, found) in &tree.entries {
        // Engines make the directories above what they mount.
        let is_made_for_mount = found.kind == Kind::Directory && above_mounts.contains(path);
        if recorded.contains_key(path) || is_made_for_mount {
            continue;
        }
        if let Some(mounted) = unrecorded(recorded, path) {
            // One for all that is in it.
            let what = mounted.to_string();
            if !unseen.iter().any(|unseen| unseen.what == what) {
                unseen.push(was_mounted(what));
            }
            continue;
        }
        let mut description = found.described();
        if let Kind::File(Some(sha256)) = &found.kind {
            description = format!("{description} sha256 {sha256}");
        }
        differences.push(difference("added", path, None, Some(description)));
    }
    (differences, unseen)
}

/// Whether something was mounted on a file, so that the manifest does not say what it is.
fn is_unrecorded(entry: &Entry) -> bool {
    entry.mounted == Some(Mounted::OnSomething) && matches!(entry.kind, Kind::File(_))
}

/// What is there now, unless it is what a builder makes to mount on.
fn hidden_file(path: &FilePath, found: &Entry) -> Option<Unseen> {
    (!is_made_to_mount_on(found)).then(|| was_mounted(path.to_string()))
}

fn was_mounted(what: String) -> Unseen {
    let why = "something was mounted there when the image was made".to_owned();
    Unseen { what, why }
}

/// Whether it is an empty file, or a directory.
fn is_made_to_mount_on(found: &Entry) -> bool {
    match &found.kind {
        Kind::Directory => true,
        Kind::File(sha256) => sha256.as_deref() == Some(EMPTY),
        _ => false,
    }
}

/// The content of a file.
pub fn content(path: &str, recorded: Option<String>, found: Option<String>) -> Difference {
    let kind = match (&recorded, &found) {
        (None, _) => "added",
        (_, None) => "gone",
        _ => "content",
    };
    let sha256 = |digest: String| format!("sha256 {digest}");
    Difference {
        about: About::File,
        subject: path.to_owned(),
        kind,
        recorded: recorded.map(sha256),
        found: found.map(sha256),
        of: None,
    }
}

fn difference(
    kind: &'static str,
    path: &FilePath,
    recorded: Option<String>,
    found: Option<String>,
) -> Difference {
    Difference {
        about: About::File,
        subject: path.to_string(),
        kind,
        recorded,
        found,
        of: None,
    }
}

/// Every difference of what is at a path.
pub fn compare_entry(
    path: &FilePath,
    recorded: &Entry,
    found: &Entry,
    differences: &mut Vec<Difference>,
) {
    if matches!(
        recorded.mounted,
        Some(Mounted::OnNothing | Mounted::OnSomething)
    ) {
        if !is_made_to_mount_on(found) || recorded.kind.name() != found.kind.name() {
            differences.push(difference("added", path, None, Some(found.described())));
        }
        return;
    }
    let mut differs = |kind, recorded: String, found: String| {
        if recorded != found {
            differences.push(difference(kind, path, Some(recorded), Some(found)));
        }
    };
    if recorded.kind.name() != found.kind.name() {
        differs("type", recorded.described(), found.described());
        return;
    }
    match (&recorded.kind, &found.kind) {
        // What cannot be read is told as such.
        (Kind::File(Some(recorded)), Kind::File(Some(found))) if recorded != found => differs(
            "content",
            format!("sha256 {recorded}"),
            format!("sha256 {found}"),
        ),
        (Kind::Link(recorded), Kind::Link(found)) if recorded != found => {
            differs("link", format!("to {recorded}"), format!("to {found}"));
        }
        (Kind::Device(_, recorded), Kind::Device(_, found)) if recorded != found => {
            differs("device", recorded.to_string(), found.to_string());
        }
        _ => {}
    }
    let mode = |entry: &Entry| format!("{:04o}", entry.mode);
    // A link's own mean nothing.
    if !matches!(recorded.kind, Kind::Link(_)) && recorded.mode != found.mode {
        differs("mode", mode(recorded), mode(found));
    }
    let owner = |entry: &Entry| format!("{}:{}", entry.owner.0, entry.owner.1);
    if recorded.owner != found.owner {
        differs("owner", owner(recorded), owner(found));
    }
    let capability = |entry: &Entry| {
        let value = entry.capability.as_deref();
        value.map_or_else(|| "none".to_owned(), described_capability)
    };
    if recorded.capability != found.capability {
        differs("capability", capability(recorded), capability(found));
    }
}

/// Whether it is in what could not be looked into, or is that itself.
fn is_unseen(tree: &Tree, path: &FilePath) -> bool {
    why_unseen(tree, path).is_some()
}

/// Why a path could not be looked at, if it could not.
pub fn why_unseen(tree: &Tree, path: &FilePath) -> Option<String> {
    let mut above = path.parents();
    let why = tree.unseen.get(path);
    let why = why.or_else(|| above.find_map(|above| tree.unseen.get(&above)));
    why.map(told)
}

fn told(why: &manifest::Unseen) -> String {
    match why {
        manifest::Unseen::Mounted { .. } => "something is mounted there".to_owned(),
        manifest::Unseen::Unreadable(why) => why.clone(),
    }
}

/// The directories in which something is mounted now.
fn above_mounts(tree: &Tree) -> BTreeSet<FilePath> {
    let mounts = tree
        .unseen
        .iter()
        .filter_map(|(path, why)| matches!(why, manifest::Unseen::Mounted { .. }).then_some(path));
    mounts.flat_map(FilePath::parents).collect()
}

/// The directory above a path of which the manifest does not say what is in it.
fn unrecorded(recorded: &Entries, path: &FilePath) -> Option<FilePath> {
    path.parents().find(|above| {
        let above = recorded.get(above);
        above.is_some_and(|above| above.mounted == Some(Mounted::OnSomething))
    })
}
