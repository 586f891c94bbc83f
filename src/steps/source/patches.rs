//! Patches of the image's author: applied in name order, all or none.

use std::fs;

use super::{identity, place, tree};
use crate::command::{Command, Ending};
use crate::context::{Context, file, write_whole};
use crate::failure::{FailedChild, Failure, RejectedHunk};
use crate::fingerprint::sha256_of;
use crate::git::{self, git_in};
use crate::layout::STATE;
use crate::plan::{Action, Task, View};
use crate::record::AppliedPatch;
use crate::root::Root;

/// The work that a project's patches need; none when the source has them, and no others.
pub(super) fn plan(view: &View<'_>, project: &str) -> Option<Action> {
    let place = place(view.root, view.settings, project);
    let applied = applied(view.root, project, &place);
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

/// The patches that a source has. One that somebody put into its place since has none.
fn applied(root: &Root, project: &str, place: &str) -> Vec<AppliedPatch> {
    let noted = root.read(source_file(project)).ok();
    if noted.is_none() || noted != identity(root, place) {
        return Vec::new();
    }
    let patches = root.glob(&format!("{}/*.patch", kept(project)));
    read(root, patches.into_iter())
}

/// Whether none of ours was applied to a source.
pub(super) fn are_none(root: &Root, project: &str, place: &str) -> bool {
    applied(root, project, place).is_empty()
}

/// The file that says to which source the patches were applied.
fn source_file(project: &str) -> String {
    format!("{}/source", kept(project))
}

/// The patch that is being applied.
fn begun(project: &str) -> String {
    format!("{}/begun", kept(project))
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
        if self.wanted.is_empty() {
            format!("take back the patches of {}", self.place)
        } else {
            format!("patch {} by", self.place)
        }
    }

    fn details(&self) -> Vec<String> {
        let line = |patch: &AppliedPatch| format!("{}#sha256={}", patch.file, patch.sha256);
        self.wanted.iter().map(line).collect()
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        self.note_source(context)?;
        if git::is_checkout(context.root, &self.place) {
            tree::record_changes(context, &self.project, &self.place);
        }
        let applied = self.applied(context.root);
        let pairs = applied.iter().zip(&self.wanted);
        let same = pairs
            .take_while(|(applied, wanted)| applied.sha256 == wanted.sha256)
            .count();
        self.take_back(context, &applied[same..])?;
        for (index, patch) in self.wanted.iter().enumerate().skip(same) {
            let path = context.root.join(&patch.file);
            let text = fs::read(&path).map_err(|error| file("read", &path, &error))?;
            let (begun, kept) = (begun(&self.project), self.kept(index));
            let apply = self.apply(&["--", &patch.file]);
            // Beforehand: git that fails later has changed something.
            let check = self.apply(&["--check", "--", &patch.file]);
            let output = context.runner.ask(&check);
            let doing = format!("apply {} to {}", patch.file, self.place);
            if !matches!(output.ending, Ending::Exited(_)) {
                return Err(Failure::command(&doing)(FailedChild::new(&check, &output)));
            }
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
                self.take_back(context, &self.applied(context.root))?;
                return Err(failure);
            }
            write_whole(&context.root.join(&begun), &text)?;
            context.run(&doing, &apply)?;
            self.declare(context, &created(&String::from_utf8_lossy(&text)))?;
            context.rename(&begun, &kept)?;
        }
        context.record(|record| {
            let source = record.sources.entry(self.project.clone()).or_default();
            source.patches.clone_from(&self.wanted);
        });
        context.keep_record()
    }
}

impl Patch {
    fn applied(&self, root: &Root) -> Vec<AppliedPatch> {
        applied(root, &self.project, &self.place)
    }

    /// Where the copy of an applied patch is.
    fn kept(&self, index: usize) -> String {
        format!("{}/{index:04}.patch", kept(&self.project))
    }

    /// Notes which source is patched, and finds out about a patch during which an earlier
    /// run was cut off.
    fn note_source(&self, context: &Context<'_>) -> Result<(), Failure> {
        let root = context.root;
        let identity = identity(root, &self.place).unwrap_or_default();
        if root.read(source_file(&self.project)).ok().as_ref() != Some(&identity) {
            context.remove(&kept(&self.project))?;
            return context.write(&source_file(&self.project), &identity);
        }
        let begun = begun(&self.project);
        if !root.exists(&begun) {
            return Ok(());
        }
        let applies = |direction: &[&str]| {
            let check = [direction, &["--check", "--", &begun]].concat();
            context.runner.ask(&self.apply(&check)).ending.success()
        };
        if applies(&["--reverse"]) {
            let path = root.join(&begun);
            let text = fs::read(&path).map_err(|error| file("read", &path, &error))?;
            self.declare(context, &created(&String::from_utf8_lossy(&text)))?;
            context.rename(&begun, &self.kept(self.applied(root).len()))
        } else if applies(&[]) {
            context.remove(&begun)
        } else {
            Err(Failure::OwnHook {
                doing: "finish an interrupted patch",
                why: vec![format!(
                    "an earlier run was ended while {begun} was applied to {}: a part of it is there",
                    self.place
                )],
                advice: "Remove the source, to have it made anew, or put it back as it was.",
            })
        }
    }

    fn take_back(&self, context: &Context<'_>, patches: &[AppliedPatch]) -> Result<(), Failure> {
        for patch in patches.iter().rev() {
            let back = self.apply(&["--reverse", "--", &patch.file]);
            context.run("take back an earlier patch", &back)?;
            context.remove(&patch.file)?;
        }
        Ok(())
    }

    /// Tells where pbr looks of new files. What is no module would not be in the wheel:
    /// pbr asks git for the files of a checkout, and reads the list of an sdist
    /// (<https://docs.openstack.org/pbr/latest/user/features.html#manifest>).
    fn declare(&self, context: &Context<'_>, created: &[String]) -> Result<(), Failure> {
        let place = &self.place;
        let is_there = |file: &&String| context.root.is_file(format!("{place}/{file}"));
        let files: Vec<&str> = created
            .iter()
            .filter(is_there)
            .map(|file| &**file)
            .collect();
        if files.is_empty() {
            return Ok(());
        }
        if context.root.is_directory(format!("{place}/.git")) {
            let add = git_in(place, ["add", "--force", "--intent-to-add", "--"]).args(files);
            return context.run("tell git of the new files", &add).map(drop);
        }
        if git::is_checkout(context.root, place) {
            context.note(&format!(
                "{place} belongs to a repository elsewhere, which is not told of new files: \
                 what of them is no module is not installed ({})",
                files.join(", ")
            ));
            return Ok(());
        }
        for list in context
            .root
            .glob(&format!("{place}/*.egg-info/SOURCES.txt"))
        {
            let text = context.read(&list)?;
            context.write(
                &list,
                &format!("{}\n{}\n", text.trim_end(), files.join("\n")),
            )?;
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

/// The files that a patch makes, git-diff(1): new, renamed or copied ones.
fn created(patch: &str) -> Vec<String> {
    let mut files = Vec::new();
    let mut header = "";
    let mut before = "";
    for line in patch.lines() {
        if line.starts_with("diff --git ") {
            header = line;
        }
        let file = if line.starts_with("new file mode ") {
            header.split_once(" b/").map(|(_, file)| file)
        } else if before == "--- /dev/null" || before.starts_with("--- /dev/null\t") {
            let file = line.strip_prefix("+++ b/");
            file.and_then(|file| file.split('\t').next())
        } else {
            let new = line.strip_prefix("rename to ");
            new.or_else(|| line.strip_prefix("copy to "))
        };
        let file = file.map(str::to_owned);
        files.extend(file.filter(|file| !files.contains(file)));
        before = line;
    }
    files
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
    fn files_that_a_patch_makes_are_found() {
        let patch = "\
diff --git a/one.bin b/one.bin
new file mode 100644
index 0000000..1111111
GIT binary patch
diff --git a/two.py b/two.py
new file mode 100644
--- /dev/null
+++ b/two.py
@@ -0,0 +1 @@
+two
diff --git a/old.py b/dir/new.py
rename from old.py
rename to dir/new.py
--- a/gone.py
+++ /dev/null
--- /dev/null\t1970-01-01
+++ b/three four.py\t2026-01-01
";
        assert_eq!(
            created(patch),
            ["one.bin", "two.py", "dir/new.py", "three four.py"]
        );
    }

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
