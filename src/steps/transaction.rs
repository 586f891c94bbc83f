//! What the two steps that install packages have in common: the lists that are
//! brought up to date, the trial before the change, the base image's packages
//! that are written down, the services that do not start.

use std::collections::BTreeSet;
use std::thread;

use crate::command::{Command, Output};
use crate::context::Context;
use crate::failure::{FailedChild, Failure};
use crate::layout::{PROGRAMS, STATE};
use crate::plan::Task;
use crate::platform::package_manager::{Download, PackageManager};
use crate::root::Root;
use crate::words::count;

/// Where a package was asked for: `/opt/loci/bindep.txt:12`, `DIST_PACKAGES`.
pub(super) type Origin = String;

/// Refuses packages that the archive does not have, before anything is installed.
/// Returns what the package manager said of the others.
pub(super) fn check(
    context: &Context<'_>,
    manager: &dyn PackageManager,
    wanted: &[(String, Origin)],
) -> Result<String, Failure> {
    let names: Vec<String> = wanted.iter().map(|(name, _)| name.clone()).collect();
    let command = manager.simulate(&names);
    let output: Output = context.runner.ask(&command);
    if output.ending.success() {
        return Ok(output.stdout);
    }
    let doing = "find a way to install the packages together";
    Err(refused(doing, manager, wanted, &command, &output))
}

/// How many files of an archive are fetched at a time: as many as browsers ask one
/// server for. Mirrors are shared with others.
const CONNECTIONS: usize = 6;

/// Fetches what an installation needs, as its trial says, before it starts. What does not
/// come is not missed: the package manager fetches it, and tells of it if it cannot.
pub(super) fn fetch(context: &Context<'_>, manager: &dyn PackageManager, trial: &str) {
    let downloads = manager.downloads(trial, CONNECTIONS);
    if downloads.len() < 2 {
        return;
    }
    let packages = downloads.iter().map(|download| download.files.len()).sum();
    let bytes: u64 = downloads.iter().map(|download| download.bytes).sum();
    context.note(&format!(
        "{}, {} MB, to be fetched, {} at a time",
        count(packages, "package"),
        bytes.div_ceil(1_000_000),
        downloads.len()
    ));
    let fetch = |download: &Download| {
        let mut say = |line: &str| context.reporter.line(context.step, line);
        let output = context.runner.run(&download.command, &mut say);
        if !output.ending.success() {
            let packages = count(download.files.len(), "package");
            let name = manager.name();
            let ending = &output.ending;
            context.note(&format!(
                "{packages} did not come ({ending}); {name} fetches what is missing"
            ));
            return;
        }
        for (from, to) in &download.files {
            let _ = context.rename(from, to);
        }
    };
    thread::scope(|scope| {
        for download in &downloads {
            scope.spawn(|| fetch(download));
        }
    });
}

/// What a package manager that could not install `wanted`, in truth or on trial, means.
pub(super) fn refused(
    doing: &str,
    manager: &dyn PackageManager,
    wanted: &[(String, Origin)],
    command: &Command,
    output: &Output,
) -> Failure {
    let child = FailedChild::new(command, output);
    let unknown: BTreeSet<String> = manager.unknown(output).into_iter().collect();
    let packages: Vec<_> = wanted
        .iter()
        .filter(|(name, _)| unknown.contains(bare(name)))
        .cloned()
        .collect();
    if packages.is_empty() {
        Failure::Command {
            doing: doing.to_owned(),
            child,
        }
    } else {
        Failure::PackagesUnknown { packages, child }
    }
}

/// A package's name without the architecture, version or release that it is
/// asked for with: `git:amd64`, `git=9` and `git/sid`.
pub(super) fn bare(name: &str) -> &str {
    name.split(['=', '/', ':']).next().unwrap_or(name)
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
    if context.root.exists(MACHINE_ID) {
        context.write(&base_machine_id(), "")?;
    }
    context.write(&path, &names.join("\n"))
}

/// machine-id(5), made by packages of systemd and dbus: every container of an
/// image that has one would share it.
pub(super) const MACHINE_ID: &str = "/etc/machine-id";

/// There when the base image has a machine id of its own.
pub(super) fn base_machine_id() -> String {
    format!("{STATE}/base-machine-id")
}

/// The file that lists the base image's packages.
pub(super) fn base_packages() -> String {
    format!("{STATE}/base-packages")
}

/// There once the package lists are this build's.
pub(super) fn lists_refreshed() -> String {
    format!("{STATE}/lists-refreshed")
}

/// Brings the package lists up to date, once a build: a base image has none, or old ones.
#[derive(Debug)]
pub(super) struct RefreshLists(pub(super) &'static dyn PackageManager);

impl Task for RefreshLists {
    fn describe(&self) -> String {
        format!("{}, once in a build", self.0.refresh())
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let marker = lists_refreshed();
        // A hook may have removed the lists, as every Dockerfile does.
        if context.root.exists(&marker) && self.0.has_lists(context.root) {
            return Ok(());
        }
        let mirrors = &context.settings.repositories;
        let mirror = mirrors
            .apt_mirror
            .as_ref()
            .or(mirrors.package_mirror.as_ref());
        let from = mirror
            .map(|mirror| format!(" from {mirror}"))
            .unwrap_or_default();
        let doing = format!("bring the package lists up to date{from}");
        context.run(&doing, &self.0.refresh())?;
        context.write(&marker, "")
    }
}

/// Keeps maintainer scripts from starting services in the build
/// (<https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt>), and from
/// compiling Python modules: `cleanup` makes the image's bytecode, if it is to have any.
#[derive(Debug)]
pub(super) struct Restrain;

/// What postinst scripts of Python packages call for each package, `dh_python3(1)`: a
/// third of a second for every one of them.
const COMPILER: &str = "py3compile";

pub(super) const POLICY: &str = "/usr/sbin/policy-rc.d";
const POLICY_TEXT: &str =
    "#!/bin/sh\n# Made by loci-install for the time of the build.\nexit 101\n";

impl Task for Restrain {
    fn describe(&self) -> String {
        format!(
            "write {POLICY} and {PROGRAMS}/{COMPILER}, \
             so that no package starts a service or compiles modules"
        )
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let compiler = format!("{PROGRAMS}/{COMPILER}");
        context.write(&compiler, "#!/bin/sh\n")?;
        context.make_executable(&compiler)?;
        // Ours is written again: it may have been cut off before it could be run.
        if context.root.exists(POLICY) && !policy_is_ours(context.root) {
            return Ok(());
        }
        context.write(POLICY, POLICY_TEXT)?;
        context.make_executable(POLICY)
    }
}

/// Whether the policy there is ours, to be removed.
pub(super) fn policy_is_ours(root: &Root) -> bool {
    root.read(POLICY).is_ok_and(|text| text == POLICY_TEXT)
}
