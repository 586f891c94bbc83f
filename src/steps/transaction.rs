//! What the two steps that install packages have in common: the lists that are
//! brought up to date, the trial before the change, the base image's packages
//! that are written down, the services that do not start.

use std::thread;

use crate::command::{Command, Output, Runner};
use crate::context::Context;
use crate::failure::{FailedChild, Failure, UnknownPackage};
use crate::layout::{PROGRAMS, STATE};
use crate::plan::{Action, Task, View};
use crate::platform::package_manager::{Download, Installed, PackageManager};
use crate::root::Root;
use crate::settings::Hermetic;
use crate::words::{count, did_you_mean};

/// Where a package was asked for: `/opt/loci/bindep.txt:12`, `DIST_PACKAGES`.
pub(super) type Origin = String;

/// The names of the packages.
pub(super) fn names(wanted: &[(String, Origin)]) -> Vec<String> {
    wanted.iter().map(|(name, _)| name.clone()).collect()
}

/// Refuses packages that the archive does not have, before anything is installed.
/// Returns what the package manager said of the others.
pub(super) fn check(
    context: &Context<'_>,
    manager: &dyn PackageManager,
    wanted: &[(String, Origin)],
) -> Result<String, Failure> {
    let command = manager.simulate(&names(wanted));
    let output: Output = context.runner.ask(&command);
    if manager.succeeded(&output) {
        return Ok(output.stdout);
    }
    let doing = "find a way to install the packages together";
    Err(refused(context, doing, manager, wanted, &command, &output))
}

/// Installs packages in one transaction.
pub(super) fn install(
    context: &Context<'_>,
    doing: &str,
    manager: &dyn PackageManager,
    wanted: &[(String, Origin)],
) -> Result<(), Failure> {
    let again: Vec<String> = context
        .root
        .read(broken_packages())
        .unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .collect();
    let reinstall = (!again.is_empty()).then(|| manager.reinstall(&again));
    for command in reinstall
        .into_iter()
        .chain([manager.install(&names(wanted))])
        .flat_map(|command| parts(command, manager, context.settings.hermetic))
    {
        let output = context.attempt(&command);
        if manager.succeeded(&output) {
            continue;
        }
        let broken: Vec<String> = manager.broken(&output).into_iter().collect();
        if !broken.is_empty() {
            context.write(&broken_packages(), &broken.join("\n"))?;
        }
        return Err(refused(context, doing, manager, wanted, &command, &output));
    }
    context.remove(&broken_packages())
}

/// What an installation is run as: in a hermetic build first what fetches, so that
/// packages' scripts run without a network.
pub(super) fn parts(
    install: Command,
    manager: &dyn PackageManager,
    hermetic: Hermetic,
) -> Vec<Command> {
    match manager
        .in_two(&install)
        .filter(|_| hermetic != Hermetic::No)
    {
        Some((fetch, rest)) => vec![fetch, rest],
        None => vec![install],
    }
}

/// The same for people.
pub(super) fn described(parts: &[Command]) -> String {
    let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
    parts.join("; ")
}

/// The file that lists packages whose scripts failed.
fn broken_packages() -> String {
    format!("{STATE}/broken-packages")
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
fn refused(
    context: &Context<'_>,
    doing: &str,
    manager: &dyn PackageManager,
    wanted: &[(String, Origin)],
    command: &Command,
    output: &Output,
) -> Failure {
    let child = FailedChild::new(command, output);
    let packages = unknown(manager, context.runner, wanted, output);
    if packages.is_empty() {
        let doing = doing.to_owned();
        Failure::Command { doing, child }
    } else {
        Failure::PackagesUnknown { packages, child }
    }
}

/// Those of `wanted` that a package manager says it does not know.
fn unknown(
    manager: &dyn PackageManager,
    runner: &dyn Runner,
    wanted: &[(String, Origin)],
    output: &Output,
) -> Vec<UnknownPackage> {
    let unknown = manager.unknown(output);
    if unknown.is_empty() {
        return Vec::new();
    }
    let answer = available(manager, runner);
    let known = manager.names(&answer);
    let wanted = wanted
        .iter()
        .map(|(name, origin)| (manager.bare(name), name, origin));
    wanted
        .filter(|(bare, ..)| unknown.iter().any(|name| name == bare))
        .map(|(bare, name, origin)| UnknownPackage {
            name: name.clone(),
            origin: origin.clone(),
            hint: did_you_mean(bare, known.iter().copied()),
        })
        .collect()
}

/// The names of all packages in the lists that are here, as the package manager says them;
/// nothing when it cannot.
fn available(manager: &dyn PackageManager, runner: &dyn Runner) -> String {
    let output = manager.available().map(|command| runner.ask(&command));
    output
        .filter(|output| output.ending.success())
        .map(|output| output.stdout)
        .unwrap_or_default()
}

/// Those of the packages that the lists in this image do not have; none where there are no
/// lists, as in most base images.
pub(super) fn not_listed(view: &View<'_>, wanted: &[(String, Origin)]) -> Vec<UnknownPackage> {
    let manager = view.platform.package_manager;
    if !view.root.is_system() || !manager.has_lists(view.root) {
        return Vec::new();
    }
    let output = view.runner.ask(&manager.simulate(&names(wanted)));
    unknown(manager, view.runner, wanted, &output)
}

/// What is installed.
pub(super) fn installed(
    context: &Context<'_>,
    manager: &dyn PackageManager,
) -> Result<Installed, Failure> {
    let installed = manager.installed(context.root, context.runner);
    installed.map_err(Failure::command("find out what is installed"))
}

/// Notes what the base image has, once, so that `cleanup` removes none of it.
pub(super) fn note_base(
    context: &Context<'_>,
    manager: &dyn PackageManager,
) -> Result<(), Failure> {
    let path = base_names();
    if context.root.exists(&path) {
        return Ok(());
    }
    let installed = installed(context, manager)?;
    let names: Vec<_> = installed.names().into_iter().collect();
    let ids = MACHINE_IDS.into_iter().filter(|id| context.root.exists(id));
    let ids: Vec<&str> = ids.collect();
    context.write(&base_machine_ids(), &ids.join("\n"))?;
    let packages: Vec<&str> = installed.packages().map(|(name, _)| name).collect();
    context.write(&base_packages(), &packages.join("\n"))?;
    context.write(&path, &names.join("\n"))
}

/// machine-id(5), made by packages of systemd, and dbus-uuidgen(1), by those of dbus:
/// every container of an image that has one would share it.
pub(super) const MACHINE_IDS: [&str; 2] = ["/etc/machine-id", "/var/lib/dbus/machine-id"];

/// The file that lists those which the base image has.
pub(super) fn base_machine_ids() -> String {
    format!("{STATE}/base-machine-ids")
}

/// The file that lists the base image's packages, without what they provide.
pub(super) fn base_packages() -> String {
    format!("{STATE}/base-packages")
}

/// The file that lists the base image's packages and what they provide.
pub(super) fn base_names() -> String {
    format!("{STATE}/base-names")
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

    fn online(&self) -> bool {
        true
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

/// Keeps packages from starting services, where they would.
pub(super) fn restrain(manager: &dyn PackageManager) -> Option<Action> {
    manager.starts_services().then(|| Action::task(Restrain))
}

/// Keeps maintainer scripts from starting services in the build
/// (<https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt>), and from
/// compiling Python modules: `cleanup` makes the image's bytecode, if it is to have any.
#[derive(Debug)]
struct Restrain;

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
