//! What git's files say without git, which a base image may lack:
//! gitrepository-layout(5).

use std::path::{Component, Path, PathBuf};

use crate::root::Root;

/// A directory with a work tree, and its repository.
#[derive(Debug)]
pub struct Checkout<'a> {
    root: &'a Root,
    /// The repository; of a worktree the part that is its own.
    own: String,
    /// What worktrees share; otherwise the same.
    common: String,
}

/// A `.git` file names a repository that is not here: that of a worktree or of a
/// submodule whose other part was left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotHere {
    /// Its path.
    pub repository: String,
}

/// Whether git can tell something about a directory: it is a checkout of its own.
#[must_use]
pub fn is_checkout(root: &Root, directory: &str) -> bool {
    matches!(Checkout::of(root, directory), Ok(Some(_)))
}

impl<'a> Checkout<'a> {
    /// The checkout in a directory; none when it has no `.git`.
    ///
    /// # Errors
    /// When its repository is elsewhere, and not there.
    pub fn of(root: &'a Root, directory: &str) -> Result<Option<Self>, NotHere> {
        let at = format!("{directory}/.git");
        let own = if root.is_directory(&at) {
            at
        } else if let Ok(text) = root.read(&at) {
            let path = text.trim().strip_prefix("gitdir: ").unwrap_or_default();
            let own = resolved(directory, path);
            if !root.is_file(format!("{own}/HEAD")) {
                return Err(NotHere { repository: own });
            }
            own
        } else {
            return Ok(None);
        };
        let common = match root.read(format!("{own}/commondir")) {
            Ok(path) => resolved(&own, path.trim()),
            Err(_) => own.clone(),
        };
        if !root.is_directory(format!("{common}/objects")) && common != own {
            return Err(NotHere { repository: common });
        }
        Ok(Some(Self { root, own, common }))
    }

    /// Where its repository is.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.own
    }

    /// Whether history was cut off when it was cloned.
    #[must_use]
    pub fn is_shallow(&self) -> bool {
        self.root
            .read(format!("{}/shallow", self.common))
            .is_ok_and(|commits| !commits.trim().is_empty())
    }

    /// Whether there is a tag, of whatever commit.
    #[must_use]
    pub fn has_tags(&self) -> bool {
        let common = &self.common;
        self.is_opaque()
            || !self.root.is_empty(format!("{common}/refs/tags"))
            || self.packed().contains(" refs/tags/")
    }

    /// Whether HEAD is at a reference, as far as files tell: what only git can tell
    /// counts as right.
    #[must_use]
    pub fn is_at(&self, reference: &str) -> bool {
        let Some(head) = self.read_own("HEAD") else {
            return true;
        };
        let head = head.trim();
        let branch = reference.strip_prefix("refs/heads/").unwrap_or(reference);
        if self.is_opaque() || head == format!("ref: refs/heads/{branch}") {
            return true;
        }
        let Some(commit) = head
            .strip_prefix("ref: ")
            .map_or(Some(head.to_owned()), |name| self.resolve(name))
        else {
            return false;
        };
        if reference.len() >= 7 && commit.starts_with(&reference.to_ascii_lowercase()) {
            return true;
        }
        let tag = reference.strip_prefix("refs/tags/").unwrap_or(reference);
        // A tag's own file may hold the id of the tag and not of its commit, which only
        // git can tell apart.
        self.root
            .is_file(format!("{}/refs/tags/{tag}", self.common))
            || ["", "refs/tags/", "refs/remotes/origin/", "refs/remotes/"]
                .iter()
                .any(|place| {
                    self.resolve(&format!("{place}{reference}")).as_deref() == Some(&commit)
                })
            // `ID<TAB><TAB>branch 'NAME' of URL`
            || self.read_own("FETCH_HEAD").is_some_and(|fetched| {
                let names = [reference, branch, tag].map(|name| format!("'{name}'"));
                fetched.starts_with(&commit) && names.iter().any(|name| fetched.contains(name))
            })
    }

    /// Whether references are in tables that only git reads (`extensions.refStorage`).
    fn is_opaque(&self) -> bool {
        self.root.is_directory(format!("{}/reftable", self.common))
    }

    fn read_own(&self, path: &str) -> Option<String> {
        self.root.read(format!("{}/{path}", self.own)).ok()
    }

    fn packed(&self) -> String {
        self.root
            .read(format!("{}/packed-refs", self.common))
            .unwrap_or_default()
    }

    /// The commit of a whole name, `refs/heads/master`.
    fn resolve(&self, name: &str) -> Option<String> {
        if !name.starts_with("refs/") {
            return None;
        }
        match self.root.read(format!("{}/{name}", self.common)) {
            Ok(text) => Some(text.trim().to_owned()),
            Err(_) => in_pack(&self.packed(), name),
        }
    }
}

/// Each line a commit and its reference; below an annotated tag's stands the commit
/// that it is of, behind a `^`.
fn in_pack(packed: &str, name: &str) -> Option<String> {
    let mut lines = packed.lines();
    let (commit, _) = lines
        .by_ref()
        .filter_map(|line| line.split_once(' '))
        .find(|(_, packed)| *packed == name)?;
    let peeled = lines.next().and_then(|next| next.strip_prefix('^'));
    Some(peeled.unwrap_or(commit).to_owned())
}

/// Submodules of a source whose directory holds nothing: gitmodules(5).
#[must_use]
pub fn empty_submodules(root: &Root, directory: &str) -> Vec<String> {
    let text = root.read(format!("{directory}/.gitmodules"));
    text.unwrap_or_default()
        .lines()
        .filter_map(|line| line.split_once('='))
        .filter(|(key, _)| key.trim() == "path")
        .map(|(_, path)| format!("{directory}/{}", path.trim().trim_matches('"')))
        .filter(|path| root.is_empty(path))
        .collect()
}

/// A path as a file in `directory` has it, in its shortest spelling.
fn resolved(directory: &str, path: &str) -> String {
    let mut whole = PathBuf::new();
    for component in Path::new(directory).join(path).components() {
        match component {
            Component::ParentDir => {
                whole.pop();
            }
            Component::CurDir => {}
            other => whole.push(other),
        }
    }
    whole.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const ONE: &str = "1111111111111111111111111111111111111111";
    const TWO: &str = "2222222222222222222222222222222222222222";

    fn root(files: &[(&str, &str)]) -> (tempfile::TempDir, Root) {
        let directory = tempfile::tempdir().expect("a directory");
        let root = Root::new(directory.path());
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, text).expect("written");
        }
        (directory, root)
    }

    fn here<'a>(root: &'a Root, directory: &str) -> Checkout<'a> {
        let checkout = Checkout::of(root, directory).expect("it is here");
        checkout.expect("a checkout")
    }

    #[test]
    fn what_is_checked_out_is_told_by_its_names() {
        let packed = format!(
            "# pack-refs with: peeled fully-peeled sorted\n\
             {ONE} refs/remotes/origin/stable/1\n\
             {TWO} refs/tags/1.0\n^{ONE}\n{TWO} refs/tags/2.0\n"
        );
        let (_directory, root) = root(&[
            ("/x/.git/HEAD", ONE),
            ("/x/.git/packed-refs", &packed),
            (
                "/x/.git/FETCH_HEAD",
                &format!("{ONE}\t\t'refs/changes/1/1/1' of h"),
            ),
        ]);
        let checkout = here(&root, "/x");
        for right in [
            ONE,
            "1111111",
            "1.0",
            "refs/tags/1.0",
            "stable/1",
            "origin/stable/1",
            "refs/changes/1/1/1",
        ] {
            assert!(checkout.is_at(right), "{right}");
        }
        for wrong in [TWO, "2.0", "master", "111", "refs/changes/1/1/2"] {
            assert!(!checkout.is_at(wrong), "{wrong}");
        }
        assert!(checkout.has_tags() && !checkout.is_shallow());
    }

    #[test]
    fn a_worktree_shares_what_its_repository_has() {
        let (_directory, root) = root(&[
            ("/w/.git", "gitdir: ../main/.git/worktrees/w\n"),
            ("/main/.git/worktrees/w/HEAD", "ref: refs/heads/topic\n"),
            ("/main/.git/worktrees/w/commondir", "../..\n"),
            ("/main/.git/refs/heads/topic", ONE),
            ("/main/.git/refs/tags/1.0", TWO),
            ("/main/.git/objects/info/x", ""),
        ]);
        let checkout = here(&root, "/w");
        assert_eq!(checkout.repository(), "/main/.git/worktrees/w");
        assert!(checkout.has_tags());
        assert!(checkout.is_at("topic") && checkout.is_at("refs/heads/topic"));
        assert!(checkout.is_at(ONE) && !checkout.is_at("master"));
        assert!(is_checkout(&root, "/w") && !is_checkout(&root, "/main/.git"));
    }

    #[test]
    fn a_repository_that_was_left_behind_is_named() {
        let (_directory, root) = root(&[
            ("/a/.git", "gitdir: /home/me/nova/.git/worktrees/a\n"),
            ("/b/c/.git", "gitdir: ../../.git/modules/c\n"),
        ]);
        for (directory, repository) in [
            ("/a", "/home/me/nova/.git/worktrees/a"),
            ("/b/c", "/.git/modules/c"),
        ] {
            let absent = NotHere {
                repository: repository.to_owned(),
            };
            assert_eq!(
                Checkout::of(&root, directory).expect_err("not here"),
                absent
            );
        }
    }

    #[test]
    fn a_clone_may_lack_history_and_tags() {
        let (_directory, root) = root(&[
            ("/x/.git/HEAD", "ref: refs/heads/master\n"),
            ("/x/.git/shallow", ONE),
        ]);
        let checkout = here(&root, "/x");
        assert!(checkout.is_shallow() && !checkout.has_tags());
    }

    #[test]
    fn tables_are_left_to_git() {
        let (_directory, root) = root(&[
            ("/x/.git/HEAD", "ref: refs/heads/.invalid\n"),
            ("/x/.git/reftable/tables.list", ""),
        ]);
        let checkout = here(&root, "/x");
        assert!(checkout.has_tags() && checkout.is_at("anything"));
    }

    #[test]
    fn submodules_without_files_are_found() {
        let modules = "[submodule \"one\"]\n\tpath = lib/one\n\turl = ../one\n\
                       [submodule \"two\"]\n\tpath = lib/two\n";
        let (_directory, root) = root(&[("/x/.gitmodules", modules), ("/x/lib/two/file", "")]);
        assert_eq!(empty_submodules(&root, "/x"), ["/x/lib/one"]);
        assert!(empty_submodules(&root, "/x/lib").is_empty());
    }
}
