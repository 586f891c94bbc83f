//! What a source was: the digest of a tree that has no commit, and whether one that has a
//! commit is still what was committed.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{patches, place, projects};
use crate::context::{Context, file};
use crate::failure::Failure;
use crate::fingerprint::digests_of;
use crate::git::{self, git_in};
use crate::wheels::{Algorithm, Digest};

/// Writes down the digests of the trees that are about to be built.
pub(in super::super) fn record_digests(context: &Context<'_>) -> Result<(), Failure> {
    for project in projects(context.settings) {
        let place = place(context.root, context.settings, project);
        let digest = if git::is_checkout(context.root, &place) {
            None
        } else {
            let tree = context.root.join(&place);
            Some(digest(&tree).map_err(|error| file("read", &tree, &error))?)
        };
        context.record(|record| {
            let source = record.sources.entry(project.to_owned()).or_default();
            source.sha256 = digest;
        });
    }
    Ok(())
}

/// Writes down whether files of a checkout were changed, or added, and not committed. Our own
/// patches are none of that: it is known only before the first of them.
pub(super) fn record_changes(context: &Context<'_>, project: &str, place: &str) {
    if !patches::are_none(context.root, project, place) {
        return;
    }
    // What git ignores or nobody told it of may be a build's. A clone without all objects
    // must not be completed for this.
    let status = git_in(place, ["status", "--porcelain", "--untracked-files=no"])
        .variable("GIT_NO_LAZY_FETCH", "1")
        .variable("GIT_OPTIONAL_LOCKS", "0");
    let output = context.runner.ask(&status);
    let is_modified = output.ending.success().then_some(!output.stdout.is_empty());
    if is_modified.is_none() {
        context.note(&format!(
            "whether {place} is as it was committed is not known: git status: {}",
            output.ending
        ));
    }
    context.record(|record| {
        let source = record.sources.entry(project.to_owned()).or_default();
        source.modified = is_modified;
    });
}

/// The SHA-256 digest of a tree, as [`crate::record::Source`] has it.
fn digest(tree: &Path) -> io::Result<String> {
    let mut files = Vec::new();
    walk(tree, &mut files)?;
    files.sort_by(|left, right| {
        left.as_os_str()
            .as_bytes()
            .cmp(right.as_os_str().as_bytes())
    });
    let paths: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    let is_link = |path: &Path| path.is_symlink();
    let regular: Vec<&Path> = paths
        .iter()
        .copied()
        .filter(|path| !is_link(path))
        .collect();
    let mut digests = digests_of(&regular).into_iter();
    let mut list = Vec::new();
    for path in paths {
        let (mode, digest) = if is_link(path) {
            let target = fs::read_link(path)?;
            let digest = Digest::of(Algorithm::Sha256, target.as_os_str().as_bytes());
            ("120000", digest.hex().to_owned())
        } else {
            let may_run = path.metadata()?.permissions().mode() & 0o100 != 0;
            let mode = if may_run { "100755" } else { "100644" };
            let digest = digests.next().unwrap_or_else(|| Ok(String::new()))?;
            (mode, digest)
        };
        let name = path.strip_prefix(tree).unwrap_or(path);
        list.extend_from_slice(format!("{mode} {digest} ").as_bytes());
        list.extend_from_slice(name.as_os_str().as_bytes());
        list.push(b'\n');
    }
    Ok(Digest::of(Algorithm::Sha256, &list).hex().to_owned())
}

/// The files and links below a directory, less what is made beside a source.
fn walk(directory: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == ".git" || name == "__pycache__" {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(&entry.path(), files)?;
        } else if kind.is_file() || kind.is_symlink() {
            files.push(entry.path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// What a shell makes of the same tree, by the rule in the record's documentation.
    const RULE: &str = "find . -type f | sort | while read -r file; do \
         if [ -x \"$file\" ]; then mode=100755; else mode=100644; fi; \
         echo \"$mode $(sha256sum <\"$file\" | cut -d' ' -f1) ${file#./}\"; done | sha256sum";

    #[test]
    fn names_contents_and_who_may_run_it_count_and_nothing_else() {
        let tree = tempfile::tempdir().expect("a directory");
        let write = |name: &str, text: &str| {
            let path = tree.path().join(name);
            fs::create_dir_all(path.parent().expect("below")).expect("made");
            fs::write(path, text).expect("written");
        };
        let set_mode = |name: &str, mode: u32| {
            let mode = fs::Permissions::from_mode(mode);
            fs::set_permissions(tree.path().join(name), mode).expect("set");
        };
        write("tiny/a.py", "1\n");
        write("tiny.py", "");
        write("setup.py", "2\n");
        set_mode("setup.py", 0o755);
        let taken = || digest(tree.path()).expect("read");
        let first = taken();
        let by_rule = Command::new("sh")
            .current_dir(tree.path())
            .env("LC_ALL", "C")
            .args(["-c", RULE])
            .output()
            .expect("sh");
        assert_eq!(
            String::from_utf8_lossy(&by_rule.stdout),
            format!("{first}  -\n")
        );

        write("tiny/__pycache__/a.pyc", "");
        write(".git", "gitdir: /nowhere\n");
        set_mode("tiny.py", 0o664);
        assert_eq!(taken(), first);
        set_mode("tiny.py", 0o744);
        assert_ne!(taken(), first);
        set_mode("tiny.py", 0o644);
        write("tiny/a.py", "2\n");
        assert_ne!(taken(), first);
        write("tiny/a.py", "1\n");
        std::os::unix::fs::symlink("a.py", tree.path().join("b.py")).expect("linked");
        let linked = taken();
        assert_ne!(linked, first);
        fs::remove_file(tree.path().join("b.py")).expect("removed");
        std::os::unix::fs::symlink("c.py", tree.path().join("b.py")).expect("linked");
        assert_ne!(taken(), linked);
    }
}
