//! Patches of the image's author: applied in name order, all or none.

use std::fs;

use super::place;
use crate::command::Command;
use crate::context::{Context, file, write_whole};
use crate::failure::{FailedChild, Failure, RejectedHunk};
use crate::fingerprint::sha256_of;
use crate::git::git_in;
use crate::layout::STATE;
use crate::plan::{Action, Task, View};
use crate::record::AppliedPatch;
use crate::root::Root;

/// The work that a project's patches need; none when the source has them, and no others.
pub(super) fn plan(view: &View<'_>, project: &str) -> Option<Action> {
    let place = place(view.root, view.settings, project);
    let applied = if view.root.exists(&place) {
        applied(view.root, project)
    } else {
        Vec::new()
    };
    let wanted = wanted(view, project);
    let digests = |patches: &[AppliedPatch]| -> Vec<String> {
        let digests = patches.iter().map(|patch| patch.sha256.clone());
        digests.collect()
    };
    (digests(&applied) != digests(&wanted)).then(|| {
        Action::task(Patch {
            project: project.to_owned(),
            place,
            wanted,
        })
    })
}

/// Forgets what was applied to a source that is about to be made anew.
pub(super) fn forget(view: &View<'_>, project: &str) -> Option<Action> {
    let path = kept(project);
    view.root.exists(&path).then_some(Action::Remove { path })
}

/// The patches that the inputs have for a project.
fn wanted(view: &View<'_>, project: &str) -> Vec<AppliedPatch> {
    let paths = view.inputs.patches.get(project).into_iter().flatten();
    read(view.root, paths.cloned())
}

/// The patches that a source has.
fn applied(root: &Root, project: &str) -> Vec<AppliedPatch> {
    read(root, root.glob(&format!("{}/*", kept(project))).into_iter())
}

fn read(root: &Root, paths: impl Iterator<Item = String>) -> Vec<AppliedPatch> {
    paths
        .map(|path| AppliedPatch {
            sha256: sha256_of(&root.join(&path)).unwrap_or_default(),
            file: path,
        })
        .collect()
}

/// Copies of applied patches, so that they can be taken back when others are wanted.
fn kept(project: &str) -> String {
    format!("{STATE}/patches/{project}")
}

/// Makes a source have these patches and no others of ours.
#[derive(Debug)]
struct Patch {
    project: String,
    place: String,
    wanted: Vec<AppliedPatch>,
}

impl Task for Patch {
    fn describe(&self) -> String {
        let files: Vec<&str> = self.wanted.iter().map(|patch| &*patch.file).collect();
        if files.is_empty() {
            format!("take back the patches of {}", self.place)
        } else {
            format!("patch {} by {}", self.place, files.join(", "))
        }
    }

    fn details(&self) -> Vec<String> {
        let line = |patch: &AppliedPatch| format!("{} sha256:{}", patch.file, patch.sha256);
        self.wanted.iter().map(line).collect()
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let applied = applied(context.root, &self.project);
        let pairs = applied.iter().zip(&self.wanted);
        let same = pairs
            .take_while(|(applied, wanted)| applied.sha256 == wanted.sha256)
            .count();
        self.take_back(context, &applied[same..])?;
        for (index, patch) in self.wanted.iter().enumerate().skip(same) {
            let path = context.root.join(&patch.file);
            let text = fs::read(&path).map_err(|error| file("read", &path, &error))?;
            let apply = self.apply(&["--", &patch.file]);
            let output = context.attempt(&apply);
            if !output.ending.success() {
                let said = format!("{}{}", output.stdout, output.stderr);
                let back = self.apply(&["--reverse", "--check", "--", &patch.file]);
                let failure = Failure::Patch {
                    patch: patch.file.clone(),
                    source: self.place.clone(),
                    rejected: rejected(&said, &String::from_utf8_lossy(&text)),
                    is_there: context.runner.ask(&back).ending.success(),
                    child: FailedChild::new(&apply, &output),
                };
                // All or none, so that what is there has a name.
                let applied = self::applied(context.root, &self.project);
                self.take_back(context, &applied)?;
                return Err(failure);
            }
            let kept = format!("{}/{index:04}.patch", kept(&self.project));
            write_whole(&context.root.join(kept), &text)?;
        }
        context.record(|record| {
            let source = record.sources.entry(self.project.clone()).or_default();
            source.patches.clone_from(&self.wanted);
        });
        Ok(())
    }
}

impl Patch {
    fn take_back(&self, context: &Context<'_>, patches: &[AppliedPatch]) -> Result<(), Failure> {
        for patch in patches.iter().rev() {
            let back = self.apply(&["--reverse", "--", &patch.file]);
            context.run("take back an earlier patch", &back)?;
            context.remove(&patch.file)?;
        }
        Ok(())
    }

    /// Without a repository: inside of one, git apply would pass over all that is
    /// outside of its work tree, and say nothing.
    fn apply(&self, arguments: &[&str]) -> Command {
        let all = ["apply", "--whitespace=nowarn"];
        let all = all.iter().chain(arguments).copied();
        git_in(&self.place, all).variable("GIT_DIR", "/dev/null")
    }
}

/// The hunk that git names in what it said: `error: patch failed: FILE:LINE`.
fn rejected(said: &str, patch: &str) -> Option<RejectedHunk> {
    let place = said
        .lines()
        .find_map(|line| line.strip_prefix("error: patch failed: "))?;
    let (file, line) = place.rsplit_once(':')?;
    let of_file = |text: &&str| {
        ["--- a/", "+++ b/"]
            .iter()
            .any(|side| text.strip_prefix(side) == Some(file))
    };
    let (comma, space) = (format!("@@ -{line},"), format!("@@ -{line} "));
    let is_start = |text: &&str| text.starts_with(&comma) || text.starts_with(&space);
    let mut lines = patch.lines().skip_while(|text| !of_file(text));
    let start = lines.find(is_start)?;
    let rest = lines.take_while(|text| text.starts_with([' ', '+', '-', '\\']) && *text != "-- ");
    Some(RejectedHunk {
        file: file.to_owned(),
        lines: std::iter::once(start)
            .chain(rest)
            .map(str::to_owned)
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rejected_hunk_is_found_in_the_patch() {
        let patch = "\
--- a/one.py
+++ b/one.py
@@ -7 +7 @@
-not this
+one
--- a/two.py
+++ b/two.py
@@ -1 +1 @@
-nor this
+one
@@ -7,2 +7,2 @@ def f():
-a
+b
 c
--\u{20}
2.47.3
";
        let said = "error: patch failed: two.py:7\nerror: two.py: patch does not apply\n";
        let hunk = rejected(said, patch).expect("a hunk");
        assert_eq!(hunk.file, "two.py");
        assert_eq!(hunk.lines, ["@@ -7,2 +7,2 @@ def f():", "-a", "+b", " c"]);
        assert_eq!(
            rejected("error: two.py: No such file or directory", patch),
            None
        );
    }
}
