//! `source`: the project's source, from a directory or by git, with its patches.

mod clone;
mod data;
mod patches;
mod tree;
mod version;

pub(super) use clone::Clone;
pub(super) use data::removal;
pub(super) use tree::record_digests;
pub(super) use version::{check_version, record_versions, wheel_of};

use std::os::unix::fs::MetadataExt;
use std::time::UNIX_EPOCH;

use crate::context::{Context, copy_tree};
use crate::failure::Failure;
use crate::findings::Findings;
use crate::git::{self, Checkout, empty_submodules, git_in};
use crate::layout::STATE;
use crate::plan::{Action, Task, View, Work};
use crate::python::source::{PROJECT_FILES, is_project};
use crate::root::Root;
use crate::settings::{Repository, Settings};
use crate::step::Mode;
use crate::wheels::UPPER_CONSTRAINTS;

pub(super) fn plan(view: &View<'_>, findings: &mut Findings) -> (String, Work) {
    let settings = view.settings;
    match settings.mode {
        Mode::Project | Mode::Base => {}
        Mode::Requirements => return plan_release(view, findings),
        Mode::Infra => return plan_without_project(view, findings),
    }
    let project = settings.project.as_str();
    let why = match of(view, project) {
        Some(at) => format!("{at} is there and used as it is"),
        None => why_clone(view, project),
    };
    let mut actions: Vec<Action> = projects(settings)
        .flat_map(|project| obtain(view, project, findings))
        .collect();
    actions.extend(data::plan(view, findings));
    if is_cloned(view) || is_checkout(view) {
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

fn why_clone(view: &View<'_>, project: &str) -> String {
    let Repository { url, reference, .. } = &view.settings.repository;
    let path = place(view.root, view.settings, project);
    format!("{path} is not there, so {url} is cloned at {reference}")
}

/// Gets a source to where it is built, with its patches.
fn obtain(view: &View<'_>, project: &str, findings: &mut Findings) -> Vec<Action> {
    let settings = view.settings;
    let repository = settings.repository_of(project);
    let mut actions = Vec::new();
    if let Some(at) = of(view, project) {
        check(view, &at, findings);
        if let Some(repository) = repository {
            warn_of_another_commit(view.root, &at, repository, findings);
        }
        actions.extend(copy(view, project, at));
    } else if let Some(repository) = repository {
        actions.extend(patches::forget(view, project));
        let to = place(view.root, settings, project);
        let clone = Clone::new(repository, project, to, PROJECT_FILES);
        actions.push(Action::task(clone));
    } else {
        let path = directory(&settings.sources_dir, project);
        findings.input(format!("EXTRA_PROJECTS={project}: there is no {path}"));
    }
    actions.extend(patches::plan(view, project));
    actions
}

/// Requirements and scripts may name what came with the inputs.
fn plan_without_project(view: &View<'_>, findings: &mut Findings) -> (String, Work) {
    let why = format!("what came in data is for {}", view.settings.sources_dir);
    match data::plan(view, findings) {
        Some(bring) => (why, Work::Do(vec![bring])),
        None => (
            why,
            Work::Done("there is nothing that is not there".to_owned()),
        ),
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
        warn_of_another_commit(view.root, &at, &settings.repository, findings);
        let done = Work::Done("its constraints are read where they are".to_owned());
        return (format!("{at} is there and used as it is"), done);
    }
    let why = why_clone(view, project);
    let path = place(view.root, settings, project);
    let clone = Clone::new(&settings.repository, project, path, &[UPPER_CONSTRAINTS]);
    let actions = vec![Action::task(clone), Action::task(RecordSources)];
    (why, Work::Do(actions))
}

/// Says of a source that it is not what the user chose.
pub(super) fn warn_of_another_commit(
    root: &Root,
    at: &str,
    wanted: &Repository,
    findings: &mut Findings,
) {
    if wanted.is_chosen && !is_at(root, at, wanted.reference.as_str()) {
        findings.warn(format!(
            "{at} is used as it is; {}={} is not what is checked out there",
            wanted.argument, wanted.reference
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
        .or_else(|| {
            let given = view.inputs.sources.get(project).cloned();
            given.filter(|path| view.root.is_directory(path))
        })
}

/// Whether one of the sources is not there yet.
pub(super) fn is_cloned(view: &View<'_>) -> bool {
    projects(view.settings).any(|project| of(view, project).is_none())
}

/// Whether one of the sources that are there is a git checkout.
pub(super) fn is_checkout(view: &View<'_>) -> bool {
    projects(view.settings)
        .filter_map(|project| of(view, project))
        .any(|at| git::is_checkout(view.root, &at))
}

/// What tells a source from another that took its place: times of birth differ where
/// numbers of inodes are used again (statx(2)).
pub(super) fn identity(root: &Root, place: &str) -> Option<String> {
    let metadata = std::fs::metadata(root.join(place)).ok()?;
    let born = metadata.created().ok();
    let born = born.and_then(|born| born.duration_since(UNIX_EPOCH).ok());
    let born = born.map_or(0, |born| born.as_nanos());
    Some(format!("{} {} {born}", metadata.dev(), metadata.ino()))
}

/// Whether what is there is about to become something else.
pub(super) fn changes(view: &View<'_>) -> bool {
    projects(view.settings).any(|project| patches::plan(view, project).is_some())
}

/// Copies a source to where it is built.
fn copy(view: &View<'_>, project: &str, from: String) -> Vec<Action> {
    let to = place(view.root, view.settings, project);
    if from == to {
        return Vec::new();
    }
    let mut actions = Vec::from_iter(patches::forget(view, project));
    let project = project.to_owned();
    actions.push(Action::task(Copy { project, from, to }));
    actions
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
    if is_project(&view.root.join(path)) {
        check_version(view, path, findings);
    } else {
        findings.input(format!(
            "{path} is no Python project: it has no pyproject.toml, setup.py or setup.cfg"
        ));
    }
    for submodule in empty_submodules(view.root, path) {
        findings.warn(format!(
            "the submodule {submodule} is empty; `git submodule update --init` gets it"
        ));
    }
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
    let ask = git_in(path, ["rev-parse", "HEAD"]);
    let commit = context.ask("find out the commit of the source", &ask)?;
    Ok(commit.trim().to_owned())
}

/// The project and the extra projects; none of an image without sources.
pub(super) fn projects(settings: &Settings) -> impl Iterator<Item = &str> {
    let has_own = matches!(settings.mode, Mode::Project | Mode::Requirements);
    let own = has_own.then_some(settings.project.as_str());
    own.into_iter()
        .chain(settings.extra_projects.iter().map(String::as_str))
}

/// Whether a source is at a reference, as far as git's files tell.
fn is_at(root: &Root, directory: &str, reference: &str) -> bool {
    match Checkout::of(root, directory) {
        Ok(Some(checkout)) => checkout.is_at(reference),
        // Nothing is known that would be worth a word.
        Ok(None) | Err(_) => true,
    }
}

/// Copies a tree, whole or not at all.
#[derive(Debug)]
struct Copy {
    project: String,
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
        // A `.git` that names a repository beside it.
        let at = format!("{}/.git", self.from);
        if let Ok(Some(checkout)) = Checkout::of(context.root, &self.from)
            && context.root.is_file(at)
        {
            let link = format!("gitdir: {}\n", checkout.repository());
            context.write(&format!("{partial}/.git"), &link)?;
        }
        context.rename(&partial, &self.to)?;
        // What is known of an earlier one is not of this one.
        context.record(|record| record.sources.remove(&self.project));
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
            let is_checkout = git::is_checkout(context.root, &path);
            let commit = is_checkout.then(|| commit_of(context, &path)).transpose()?;
            if is_checkout {
                version::check_tags(context, &path)?;
                tree::record_changes(context, project, &path);
            }
            context.record(|record| {
                record.sources.entry(project.to_owned()).or_default().commit = commit;
            });
        }
        Ok(())
    }
}
