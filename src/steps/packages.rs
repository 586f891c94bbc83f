//! `packages`: the distribution packages that bindep selects, in one transaction.

use std::collections::BTreeSet;

use super::transaction::{
    Origin, RefreshLists, base_names, check, described, fetch, install, names, not_listed,
    note_base, parts, restrain,
};
use crate::command::Command;
use crate::context::Context;
use crate::failure::Failure;
use crate::findings::Findings;
use crate::layout::STATE;
use crate::plan::{Action, Aim, Task, View, Work};
use crate::platform::package_manager::PackageManager;
use crate::words::count;

pub(super) fn plan(view: &View<'_>, findings: &mut Findings) -> (String, Work) {
    let manager = view.platform.package_manager;
    let wanted = wanted(view);
    let why = format!(
        "{} for the profiles {}",
        count(wanted.len(), "package"),
        view.inputs.profiles.join(", ")
    );
    let installed = manager
        .installed(view.root, view.runner)
        .unwrap_or_default();
    let kept = kept(view);
    if wanted.iter().all(|(name, _)| {
        installed.has(name) && kept.as_ref().is_none_or(|kept| kept.contains(name))
    }) {
        return (why, Work::Done("all are installed".to_owned()));
    }
    // A run brings the lists up to date first, and asks then.
    if view.aim == Aim::Look {
        for package in not_listed(view, &wanted) {
            findings.input(format!("the package lists in this image have no {package}"));
        }
    }
    let install = [
        Action::task(RefreshLists(manager)),
        Action::task(InstallPackages {
            manager,
            literal: parts(
                manager.install(&names(&wanted)),
                manager,
                view.settings.hermetic,
            ),
            wanted,
        }),
    ];
    (
        why,
        Work::Do(restrain(manager).into_iter().chain(install).collect()),
    )
}

/// What `cleanup` would not remove: the base's packages and those that this step
/// asked for. Of the others, which `bootstrap` may have brought for git, the
/// package manager has to be told that they are wanted. None while nothing was
/// installed at all.
fn kept(view: &View<'_>) -> Option<BTreeSet<String>> {
    let base = view.root.read(base_names()).ok()?;
    let asked_for = view.root.read(asked_for()).unwrap_or_default();
    let names = base.lines().chain(asked_for.lines());
    Some(names.map(str::to_owned).collect())
}

/// Every package that the user asks for, once, with the first place that does.
pub(super) fn wanted(view: &View<'_>) -> Vec<(String, Origin)> {
    let mut seen = BTreeSet::new();
    let files = view
        .inputs
        .packages
        .iter()
        .map(|wanted| (wanted.name.clone(), wanted.origin.clone()));
    let argument = view
        .settings
        .dist_packages
        .iter()
        .map(|name| (name.clone(), "DIST_PACKAGES".to_owned()));
    files
        .chain(argument)
        .filter(|(name, _)| seen.insert(name.clone()))
        .collect()
}

/// The file that lists what this step installed by name.
fn asked_for() -> String {
    format!("{STATE}/asked-for-packages")
}

/// The transaction.
#[derive(Debug)]
struct InstallPackages {
    manager: &'static dyn PackageManager,
    literal: Vec<Command>,
    wanted: Vec<(String, Origin)>,
}

impl Task for InstallPackages {
    fn describe(&self) -> String {
        described(&self.literal)
    }

    fn online(&self) -> bool {
        true
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let trial = check(context, self.manager, &self.wanted)?;
        note_base(context, self.manager)?;
        fetch(context, self.manager, &trial);
        install(context, "install the packages", self.manager, &self.wanted)?;
        let names = names(&self.wanted);
        context.write(&asked_for(), &names.join("\n"))?;
        context.record(|record| record.asked_for = names);
        Ok(())
    }
}
