//! `source`: the project's source, from a directory or by git.

use crate::command::Command;
use crate::context::{Context, copy_tree};
use crate::failure::{FailedChild, Failure};
use crate::findings::Findings;
use crate::layout::STATE;
use crate::plan::{Action, Task, View, Work};
use crate::python::source::{PROJECT_FILES, has_version, is_project};
use crate::record::Source;
use crate::root::Root;
use crate::settings::{GitRef, Settings};
use crate::step::Mode;
use crate::wheels::UPPER_CONSTRAINTS;

pub(super) fn plan(view: &View<'_>, findings: &mut Findings) -> (String, Work) {
    let settings = view.settings;
    if settings.mode == Mode::Requirements {
        return plan_release(view, findings);
    }
    let mut actions = Vec::new();
    for extra in projects(settings).skip(1) {
        if let Some(at) = of(view, extra) {
            check(view, &at, findings);
            actions.extend(copy(view, extra, at));
        } else {
            let path = directory(&settings.sources_dir, extra);
            findings.input(format!("EXTRA_PROJECTS={extra}: there is no {path}"));
        }
    }
    let project = settings.project.as_str();
    let own = of(view, project);
    let why = if let Some(at) = &own {
        check(view, at, findings);
        warn_of_another_commit(view, at, findings);
        actions.extend(copy(view, project, at.clone()));
        format!("{at} is there and used as it is")
    } else {
        let path = place(view.root, settings, project);
        let why = format!(
            "{path} is not there, so {} is cloned at {}",
            settings.repository, settings.reference
        );
        actions.push(Action::task(Clone {
            repository: settings.repository.clone(),
            reference: settings.reference.clone(),
            directory: path,
            project: project.to_owned(),
            holds: PROJECT_FILES,
        }));
        why
    };
    if own.is_none() || is_checkout(view) {
        actions.push(Action::task(RecordSources));
    }
    if actions.is_empty() {
        (
            why,
            Work::Done("it is no git checkout: there is nothing to find out about it".to_owned()),
        )
    } else {
        (why, Work::Do(actions))
    }
}

/// The constraints of a release are read where they are: nothing is built of them.
fn plan_release(view: &View<'_>, findings: &mut Findings) -> (String, Work) {
    let settings = view.settings;
    let project = settings.project.as_str();
    if let Some(at) = of(view, project) {
        if !view.root.is_file(format!("{at}/{UPPER_CONSTRAINTS}")) {
            findings.input(no_constraints(&at));
        }
        warn_of_another_commit(view, &at, findings);
        let done = Work::Done("its constraints are read where they are".to_owned());
        return (format!("{at} is there and used as it is"), done);
    }
    let path = place(view.root, settings, project);
    let why = format!(
        "{path} is not there, so {} is cloned at {}",
        settings.repository, settings.reference
    );
    let clone = Clone {
        repository: settings.repository.clone(),
        reference: settings.reference.clone(),
        directory: path,
        project: project.to_owned(),
        holds: &[UPPER_CONSTRAINTS],
    };
    let actions = vec![Action::task(clone), Action::task(RecordSources)];
    (why, Work::Do(actions))
}

fn warn_of_another_commit(view: &View<'_>, at: &str, findings: &mut Findings) {
    let settings = view.settings;
    if settings.reference_given && !is_at(view.root, at, settings.reference.as_str()) {
        findings.warn(format!(
            "{at} is used as it is; PROJECT_REF={} is not what is checked out there",
            settings.reference
        ));
    }
}

/// Where a project's source is now: where it is built, where the user has it, or
/// among the build's inputs.
pub(super) fn of(view: &View<'_>, project: &str) -> Option<String> {
    let place = place(view.root, view.settings, project);
    let given = directory(&view.settings.sources_dir, project);
    [place, given]
        .into_iter()
        .find(|path| view.root.exists(path))
        .or_else(|| view.inputs.sources.get(project).cloned())
}

/// Whether one of the sources that are there is a git checkout.
pub(super) fn is_checkout(view: &View<'_>) -> bool {
    projects(view.settings)
        .filter_map(|project| of(view, project))
        .any(|at| view.root.exists(format!("{at}/.git")))
}

/// Copies a source to where it is built.
fn copy(view: &View<'_>, project: &str, from: String) -> Option<Action> {
    let to = place(view.root, view.settings, project);
    (from != to).then(|| Action::task(Copy { from, to }))
}

/// Where a project's source is built, and removed from in the end: in
/// `SOURCES_DIR`, but not in someone's own checkout that is mounted there. A build
/// writes into its source, and what is mounted is not ours to write to or remove.
pub(super) fn place(root: &Root, settings: &Settings, project: &str) -> String {
    let given = directory(&settings.sources_dir, project);
    if root.is_mounted(&given) {
        format!("{STATE}/sources/{project}")
    } else {
        given
    }
}

fn directory(sources: &str, project: &str) -> String {
    format!("{sources}/{project}")
}

/// Where a source is put together before it is renamed into its place.
pub(super) fn partial(place: &str) -> String {
    format!("{place}.partial")
}

/// Refuses a source that is none, or whose version its build could not find,
/// before the long steps.
fn check(view: &View<'_>, path: &str, findings: &mut Findings) {
    let real = view.root.join(path);
    if !is_project(&real) {
        findings.input(format!(
            "{path} is no Python project: it has no pyproject.toml, setup.py or setup.cfg"
        ));
    } else if !has_version(&real, view.variable("PBR_VERSION")) {
        findings.input(no_version(path));
    }
}

/// What is said of a source without a version.
pub(super) fn no_version(path: &str) -> String {
    format!(
        "the source in {path} has no version: it is no git checkout and has no PKG-INFO; \
         give the checkout with its tags or an sdist, or set PBR_VERSION"
    )
}

/// What is said of a source of constraints that has none.
pub(super) fn no_constraints(path: &str) -> String {
    format!(
        "{path} has no {UPPER_CONSTRAINTS}; put that file there, or remove {path}, \
         so that PROJECT_REPO is cloned"
    )
}

/// The commit of a checkout.
pub(super) fn commit_of(context: &Context<'_>, path: &str) -> Result<String, Failure> {
    let ask = Command::new("git").args(["-C", path, "rev-parse", "HEAD"]);
    let commit = context.ask("find out the commit of the source", &ask)?;
    Ok(commit.trim().to_owned())
}

/// The project and the extra projects; none of an image without sources.
pub(super) fn projects(settings: &Settings) -> impl Iterator<Item = &str> {
    let own = (settings.mode != Mode::Infra).then_some(settings.project.as_str());
    own.into_iter()
        .chain(settings.extra_projects.iter().map(String::as_str))
}

/// Whether a checkout's HEAD is at a reference, as far as git's files tell
/// without git, which the base image may lack: gitrepository-layout(5).
pub(super) fn is_at(root: &Root, directory: &str, reference: &str) -> bool {
    let read = |path: &str| root.read(format!("{directory}/.git/{path}")).ok();
    let Some(head) = read("HEAD") else {
        return true;
    };
    let head = head.trim();
    if head == format!("ref: refs/heads/{reference}") {
        return true;
    }
    let packed = read("packed-refs").unwrap_or_default();
    // Each line a commit and its reference; below an annotated tag's stands the
    // commit that it is of, behind a `^`.
    let in_pack = |name: &str| {
        let mut lines = packed.lines();
        let line = lines.find(|line| {
            line.split_once(' ')
                .is_some_and(|(_, packed)| packed == name)
        })?;
        let peeled = lines.next().and_then(|next| next.strip_prefix('^'));
        Some(
            peeled
                .or(line.split_once(' ').map(|(id, _)| id))?
                .to_owned(),
        )
    };
    let resolve = |name: &str| {
        read(name)
            .map(|text| text.trim().to_owned())
            .or_else(|| in_pack(name))
    };
    let Some(commit) = head
        .strip_prefix("ref: ")
        .map_or(Some(head.to_owned()), resolve)
    else {
        return false;
    };
    // A tag's own file may hold the id of the tag and not of its commit, which only
    // git can tell apart.
    root.is_file(format!("{directory}/.git/refs/tags/{reference}"))
        || (reference.len() >= 7 && commit.starts_with(reference))
        || ["refs/tags", "refs/remotes/origin"].iter().any(|place| {
            resolve(&format!("{place}/{reference}")).as_deref() == Some(commit.as_str())
        })
        || read("FETCH_HEAD")
            .is_some_and(|fetched| fetched.starts_with(&commit) && fetched.contains(reference))
}

/// Copies a tree, whole or not at all.
#[derive(Debug)]
struct Copy {
    from: String,
    to: String,
}

impl Task for Copy {
    fn describe(&self) -> String {
        format!("copy {} to {}", self.from, self.to)
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let partial = partial(&self.to);
        context.remove(&partial)?;
        copy_tree(&context.root.join(&self.from), &context.root.join(&partial))?;
        context.rename(&partial, &self.to)
    }
}

/// git-upload-pack(1) for a repository that another user owns.
const UPLOAD_PACK: &str = "git -c safe.directory=* upload-pack";

/// Clones into a directory beside the final one and renames, so that a clone
/// that was cut off is never taken for a source.
#[derive(Debug)]
pub(super) struct Clone {
    pub(super) repository: String,
    pub(super) reference: GitRef,
    pub(super) directory: String,
    pub(super) project: String,
    /// What has to be in it, one of these.
    pub(super) holds: &'static [&'static str],
}

impl Clone {
    /// Commits and tags come with the clone, which pbr counts versions from;
    /// trees and files only of what is checked out. A server that cannot
    /// filter sends everything. A path is no server and sends nothing.
    fn clone_command(&self, into: &str) -> Command {
        // What is on a disk of this machine is read where it is: the clone lives no
        // longer than the build.
        let clone = Command::new("git").args(["clone", "--quiet", "--no-checkout"]);
        let clone = if self.repository.starts_with('/') {
            // Another git reads it, which is told nothing of ours and asks whose it is.
            clone.args(["--shared", "--upload-pack", UPLOAD_PACK])
        } else {
            clone.arg("--filter=tree:0")
        };
        clone.args(["--", &self.repository, into])
    }

    /// The commit of the reference among what was cloned, or fetched for it.
    fn find(
        &self,
        context: &Context<'_>,
        git: &impl Fn(&[&str]) -> Command,
    ) -> Result<String, Failure> {
        let reference = self.reference.as_str();
        for candidate in [
            format!("refs/remotes/origin/{reference}"),
            format!("refs/tags/{reference}"),
            reference.to_owned(),
        ] {
            // Asking for an absent commit would make a partial clone fetch it and fail noisily.
            let wanted = format!("{candidate}^{{commit}}");
            let output = context.attempt(
                &git(&["rev-parse", "--verify", "--quiet", &wanted])
                    .variable("GIT_NO_LAZY_FETCH", "1"),
            );
            if output.ending.success() {
                return Ok(output.stdout.trim().to_owned());
            }
        }
        // Gerrit's changes and bare commits are not among a clone's references.
        let fetch = git(&["fetch", "--quiet", "origin", reference]);
        let output = context.attempt(&fetch);
        if output.ending.success() {
            Ok("FETCH_HEAD".to_owned())
        } else {
            Err(Failure::ReferenceUnknown {
                repository: self.repository.clone(),
                reference: reference.to_owned(),
                child: FailedChild::new(&fetch, &output),
            })
        }
    }
}

impl Task for Clone {
    fn describe(&self) -> String {
        format!(
            "{}, and check out {}",
            self.clone_command(&self.directory),
            self.reference
        )
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let partial = partial(&self.directory);
        context.remove(&partial)?;
        let clone = self.clone_command(&partial);
        let output = context.attempt(&clone);
        if !output.ending.success() {
            context.remove(&partial)?;
            return Err(Failure::RepositoryUnreachable {
                repository: self.repository.clone(),
                child: FailedChild::new(&clone, &output),
            });
        }
        let git = |arguments: &[&str]| {
            Command::new("git")
                .args(["-C", &partial])
                .args(arguments.iter().copied())
        };
        let commit = self.find(context, &git);
        if commit.is_err() {
            context.remove(&partial)?;
        }
        context.run(
            "check out the source",
            &git(&["checkout", "--quiet", "--detach", &commit?]),
        )?;
        let from = context.root.join(&partial);
        if !self.holds.iter().any(|file| from.join(file).is_file()) {
            context.remove(&partial)?;
            return Err(Failure::NotASource {
                repository: self.repository.clone(),
                reference: self.reference.to_string(),
                lacks: self.holds,
            });
        }
        context.rename(&partial, &self.directory)?;
        context.record(|record| {
            record.sources.insert(
                self.project.clone(),
                Source {
                    repository: Some(context.masked(&self.repository)),
                    reference: Some(self.reference.to_string()),
                    commit: None,
                },
            );
        });
        Ok(())
    }
}

/// Writes down which commits are built.
#[derive(Debug)]
struct RecordSources;

impl Task for RecordSources {
    fn describe(&self) -> String {
        "record the commit of each source that is a git checkout".to_owned()
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let settings = context.settings;
        for project in projects(settings) {
            let path = place(context.root, settings, project);
            let commit = if context.root.exists(format!("{path}/.git")) {
                Some(commit_of(context, &path)?)
            } else {
                None
            };
            context.record(|record| {
                record.sources.entry(project.to_owned()).or_default().commit = commit;
            });
        }
        Ok(())
    }
}
