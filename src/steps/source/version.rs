//! The version of a source: where pbr would find it, and which it was.

use std::path::PathBuf;

use super::{place, projects};
use crate::context::Context;
use crate::failure::Failure;
use crate::findings::Findings;
use crate::git::{Checkout, NotHere, git_in};
use crate::plan::View;
use crate::python::metadata::project_name;
use crate::python::source::counts_on_git;
use crate::python::{Name, WheelName, wheels_in};
use crate::root::Root;
use crate::settings::Settings;

/// Refuses a source whose version its build could not find, or would find to be
/// another one.
pub(in super::super) fn check_version(view: &View<'_>, path: &str, findings: &mut Findings) {
    let from_git = counts_on_git(&view.root.join(path), view.variable("PBR_VERSION"));
    match Checkout::of(view.root, path) {
        Err(NotHere { repository }) if from_git => findings.input(format!(
            "{path} is a git worktree or submodule, and its repository {repository} is not here, \
             so it has no version; give a clone of it, or set PBR_VERSION"
        )),
        Err(NotHere { repository }) => findings.warn(format!(
            "{path} is a git worktree or submodule, and its repository {repository} is not here; \
             its commit is not recorded"
        )),
        Ok(None) if from_git => findings.input(format!(
            "the source in {path} has no version: it is no git checkout and has no PKG-INFO; \
             give the checkout with its tags or an sdist, or set PBR_VERSION"
        )),
        Ok(Some(checkout)) if from_git && !checkout.has_tags() => {
            if checkout.is_shallow() {
                findings.input(no_history(path));
            } else {
                findings.warn(no_tags(path));
            }
        }
        Ok(_) => {}
    }
}

/// pbr calls it 0.0.0, or counts the few commits that there are.
fn no_history(path: &str) -> String {
    format!(
        "the source in {path} has no version: its clone is shallow and has no tag to count from; \
         `git fetch --unshallow --tags` gets them, or set PBR_VERSION"
    )
}

/// New projects have none, and forks whose tags were not pushed.
fn no_tags(path: &str) -> String {
    format!(
        "the source in {path} has no tag, so that pbr counts its version from 0.0.1; \
         `git fetch --tags` gets what its origin has, or set PBR_VERSION"
    )
}

/// Looks for a tag that the version can be counted from, which a clone of a fork may
/// lack, and a shallow clone may have elsewhere in its history.
pub(super) fn check_tags(context: &Context<'_>, path: &str) -> Result<(), Failure> {
    if !counts_on_git(&context.root.join(path), context.variable("PBR_VERSION")) {
        return Ok(());
    }
    let describe = git_in(path, ["describe", "--tags", "--abbrev=0"]);
    if context.runner.ask(&describe).ending.success() {
        return Ok(());
    }
    match Checkout::of(context.root, path) {
        Ok(Some(checkout)) if checkout.is_shallow() => Err(Failure::NoVersion(no_history(path))),
        _ => {
            context.note(&no_tags(path));
            Ok(())
        }
    }
}

/// Writes down which version was built of each source.
pub(in super::super) fn record_versions(context: &Context<'_>, built: &str) {
    let wheels = wheels_in(&context.root.join(built));
    for project in projects(context.settings) {
        let Some((wheel, _)) = wheel_of(context.root, context.settings, project, &wheels) else {
            continue;
        };
        let version = Some(wheel.version.clone());
        context.record(|record| {
            record
                .sources
                .entry(project.to_owned())
                .or_default()
                .version = version;
        });
    }
}

/// A project's wheel among those that are built: the only one, the one of the name that
/// the source states, or else of the project's (heat's distribution is `openstack-heat`).
pub(in super::super) fn wheel_of<'a>(
    root: &Root,
    settings: &Settings,
    project: &str,
    built: &'a [(WheelName, PathBuf)],
) -> Option<&'a (WheelName, PathBuf)> {
    if let [only] = built {
        return Some(only);
    }
    let stated = project_name(&root.join(place(root, settings, project)));
    let names = [project.to_owned(), format!("openstack-{project}")];
    let mut names = stated.into_iter().chain(names).map(|name| Name::new(&name));
    names.find_map(|name| built.iter().find(|(wheel, _)| wheel.name == name))
}
