//! `packages`: the distribution packages that bindep selects, in one transaction.

use std::collections::BTreeSet;

use super::STATE;
use super::bootstrap::NoServices;
use crate::command::Output;
use crate::context::Context;
use crate::failure::{FailedChild, Failure};
use crate::plan::{Action, Findings, Task, View, Work};
use crate::platform::package_manager::PackageManager;

/// Where a package was asked for: `/opt/loci/bindep.txt:12`, `DIST_PACKAGES`.
pub(super) type Origin = String;

pub(super) fn plan(view: &View<'_>, _findings: &mut Findings) -> (String, Work) {
    let manager = view.platform.package_manager();
    let wanted = wanted(view);
    let why = format!(
        "{} for the profiles {}",
        count(wanted.len(), "package"),
        view.inputs.profiles.join(", ")
    );
    let installed = manager.installed(view.root);
    if wanted.iter().all(|(name, _)| installed.has(name)) {
        return (why, Work::Done("all are installed".to_owned()));
    }
    let work = Work::Do(vec![
        Action::task(NoServices),
        Action::task(RefreshLists(manager)),
        Action::task(InstallPackages { manager, wanted }),
    ]);
    (why, work)
}

/// `1 package`, `3 packages`.
pub(super) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
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

/// Refuses packages that the archive does not have, before anything is installed.
pub(super) fn check(
    context: &Context<'_>,
    manager: &dyn PackageManager,
    wanted: &[(String, Origin)],
) -> Result<(), Failure> {
    let names: Vec<String> = wanted.iter().map(|(name, _)| name.clone()).collect();
    let command = manager.simulate(&names);
    let output: Output = context.attempt(&command);
    if output.ending.success() {
        return Ok(());
    }
    let child = FailedChild::new(&command, &output);
    let unknown: BTreeSet<String> = manager.unknown(&output).into_iter().collect();
    let packages: Vec<_> = wanted
        .iter()
        // `git=9` and `git/sid` are asked for by name, version and release.
        .filter(|(name, _)| unknown.contains(name.split(['=', '/']).next().unwrap_or(name)))
        .cloned()
        .collect();
    if packages.is_empty() {
        Err(Failure::Command {
            doing: "find a way to install the packages together".to_owned(),
            child,
        })
    } else {
        Err(Failure::PackagesUnknown { packages, child })
    }
}

/// Notes what the base image has, once, so that `cleanup` removes none of it.
pub(super) fn note_base(
    context: &Context<'_>,
    manager: &dyn PackageManager,
) -> Result<(), Failure> {
    let path = base_packages();
    if context.root.exists(&path) {
        return Ok(());
    }
    let installed = manager.installed(context.root);
    let names: Vec<_> = installed.names().collect();
    context.write(&path, &names.join("\n"))
}

/// The file that lists the base image's packages.
pub(super) fn base_packages() -> String {
    format!("{STATE}/base-packages")
}

/// Brings the package lists up to date, once a build: a base image has none, or old ones.
#[derive(Debug)]
pub(super) struct RefreshLists(pub(super) &'static dyn PackageManager);

impl Task for RefreshLists {
    fn describe(&self) -> String {
        format!("{}, once in a build", self.0.refresh())
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let marker = format!("{STATE}/lists-refreshed");
        if context.root.exists(&marker) {
            return Ok(());
        }
        context.run("bring the package lists up to date", &self.0.refresh())?;
        context.write(&marker, "")
    }
}

/// The transaction.
#[derive(Debug)]
struct InstallPackages {
    manager: &'static dyn PackageManager,
    wanted: Vec<(String, Origin)>,
}

impl Task for InstallPackages {
    fn describe(&self) -> String {
        let names: Vec<String> = self.wanted.iter().map(|(name, _)| name.clone()).collect();
        self.manager.install(&names).to_string()
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        check(context, self.manager, &self.wanted)?;
        note_base(context, self.manager)?;
        let names: Vec<String> = self.wanted.iter().map(|(name, _)| name.clone()).collect();
        context.run("install the packages", &self.manager.install(&names))?;
        context.record(|record| record.packages = names);
        Ok(())
    }
}
