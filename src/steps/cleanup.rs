//! `cleanup`: removes what the build brought and the image does not need, and
//! nothing else. After it no step changes the image; a failure in it is a failure.

use std::collections::BTreeSet;
use std::fs;
use std::num::NonZeroUsize;

use super::bootstrap::{brought_packages, build_packages};
use super::inventory::TakeInventory;
use super::manifest::WriteManifest;
use super::packages::wanted;
use super::transaction::{
    MACHINE_IDS, POLICY, base_machine_ids, base_names, installed, lists_refreshed, policy_is_ours,
};
use super::venv::SystemSitePackages;
use super::{dates, hooks, info, repositories, source, wheels};
use crate::accounts;
use crate::context::{Context, file};
use crate::failure::{FailedChild, Failure};
use crate::findings::Findings;
use crate::layout::{PYTHON, STAMPS, STATE, VIRTUALENV};
use crate::plan::{Action, Task, View, Work};
use crate::platform::package_manager::{Installed, PackageManager};
use crate::python::bytecode::{self, Bytecode};
use crate::root::Root;
use crate::step::Mode;

/// LOCI's directory of build inputs, which an image without mounts has copied.
const INPUTS: &str = "/opt/loci";

pub(super) fn plan(view: &View<'_>, _findings: &mut Findings) -> (String, Work) {
    let settings = view.settings;
    let manager = view.platform.package_manager;
    let mut actions = vec![Action::task(RemoveBuildPackages {
        manager,
        asked_for: wanted(view).into_iter().map(|(name, _)| name).collect(),
    })];
    if settings.mode != Mode::Base {
        actions.push(Action::task(SystemSitePackages(true)));
    }
    actions.push(Action::task(RenewBytecode {
        kind: settings.bytecode,
        of_system: manager.starts_services(),
    }));
    if manager.starts_services() {
        actions.push(Action::task(RemovePolicy));
    }
    actions.push(Action::task(RemoveMachineIds));
    actions.push(Action::task(RemoveAccountLeftovers));
    actions.push(Action::task(TakeInventory {
        platform: view.platform.clone(),
        asked_for: wanted(view).into_iter().map(|(name, _)| name).collect(),
    }));
    actions.extend(dates::removal(view));
    actions.extend(repositories::removal(view));
    let mut remove = |path: &str| {
        actions.push(Action::Remove {
            path: path.to_owned(),
        });
    };
    // First the mark that says the lists are there.
    remove(&lists_refreshed());
    manager.leftovers().iter().for_each(|path| remove(path));
    let consoles = hooks::consoles(settings).into_iter();
    let consoles = consoles.map(|console| -> &str { console.name() });
    for project in source::projects(settings).chain(consoles) {
        let place = source::place(view.root, settings, project);
        remove(&source::partial(&place));
        remove(&place);
    }
    if !view.root.is_mounted(INPUTS) {
        remove(INPUTS);
    }
    remove(STAMPS);
    actions.extend(source::removal(view));
    actions.extend(wheels::removal(view));
    // Nothing changes any more. Should it fail, what is known of the build is still there.
    let program = std::env::current_exe().ok();
    let program = program.and_then(|path| path.to_str().map(str::to_owned));
    let mounted = [INPUTS, &settings.wheels.path, "/run/secrets"].map(str::to_owned);
    actions.push(Action::task(WriteManifest {
        mounted: mounted.into_iter().chain(program).collect(),
    }));
    actions.push(Action::Remove {
        path: STATE.to_owned(),
    });
    (
        match settings.mode {
            Mode::Base => "the image keeps nothing that only its build needed".to_owned(),
            _ => "the image keeps the service and nothing that only its build needed".to_owned(),
        },
        Work::Do(actions),
    )
}

/// Removes the packages that only the build needed, and what came with them.
#[derive(Debug)]
struct RemoveBuildPackages {
    manager: &'static dyn PackageManager,
    asked_for: Vec<String>,
}

impl Task for RemoveBuildPackages {
    fn describe(&self) -> String {
        "remove the packages that bootstrap installed for the build alone, and what came with them"
            .to_owned()
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let lines = |path: String| -> BTreeSet<String> {
            context
                .root
                .read(path)
                .unwrap_or_default()
                .lines()
                .map(str::to_owned)
                .collect()
        };
        let installed = installed(context, self.manager)?;
        let asked_for = self.manager.meant(&self.asked_for, context.runner);
        let is_installed = |name: &String| installed.has(self.manager.bare(name));
        let unneeded = if context.root.exists(unneeded_packages()) {
            // An earlier try: apt takes a package whose removal failed for one that
            // was asked for.
            lines(unneeded_packages())
        } else {
            let base = lines(base_names());
            let mut build = lines(build_packages());
            build.retain(|name| {
                !base.contains(name) && !asked_for.contains(name) && is_installed(name)
            });
            if build.is_empty() {
                return Ok(());
            }
            let mut candidates = self.candidates(context, &build, &installed)?;
            candidates.retain(|name| !base.contains(name) && !asked_for.contains(name));
            let unneeded = self.manager.unneeded(&candidates, context.runner);
            let unneeded = unneeded.map_err(Failure::command(
                "find out what the build's packages brought",
            ))?;
            let lines: Vec<&str> = unneeded.iter().map(String::as_str).collect();
            context.write(&unneeded_packages(), &lines.join("\n"))?;
            unneeded
        };
        // Fewer, when an earlier try came to a part of them.
        let removed: Vec<String> = unneeded
            .iter()
            .filter(|name| is_installed(name))
            .cloned()
            .collect();
        if !removed.is_empty() {
            remove(context, self.manager, &removed)?;
            info::list_packages(context, self.manager)?;
        }
        context.record(|record| record.build_packages = unneeded.into_iter().collect());
        Ok(())
    }
}

impl RemoveBuildPackages {
    /// What may be removed: all that came with `bootstrap`. Where that was cut off it has
    /// marked nothing either; without marks only the packages of the build itself are sure.
    fn candidates(
        &self,
        context: &Context<'_>,
        build: &BTreeSet<String>,
        installed: &Installed,
    ) -> Result<BTreeSet<String>, Failure> {
        if let Ok(brought) = context.root.read(brought_packages()) {
            return Ok(brought.lines().map(str::to_owned).collect());
        }
        let names: Vec<String> = build.iter().cloned().collect();
        let Some(mark) = self.manager.mark_unneeded(&names) else {
            return Ok(build.clone());
        };
        context.run("mark what only the build needs", &mark)?;
        let all = installed.packages().map(|(name, _)| name.to_owned());
        Ok(all.collect())
    }
}

fn remove(
    context: &Context<'_>,
    manager: &dyn PackageManager,
    packages: &[String],
) -> Result<(), Failure> {
    let command = manager.remove(packages);
    let output = context.attempt(&command);
    if manager.succeeded(&output) {
        return Ok(());
    }
    let child = FailedChild::new(&command, &output);
    Err(Failure::command("remove the build's packages")(child))
}

/// The file that lists what was found to be unneeded.
fn unneeded_packages() -> String {
    format!("{STATE}/unneeded-packages")
}

/// Removes Python's bytecode, as LOCI does, and compiles it anew where it is wanted:
/// what the distribution's packages made of theirs goes by the time of its source,
/// and depends on the order in which they were installed.
#[derive(Debug)]
struct RenewBytecode {
    kind: Bytecode,
    /// The distribution's, too: an RPM brings it along, and it is as much a file of the
    /// package as any other.
    of_system: bool,
}

impl Task for RenewBytecode {
    fn describe(&self) -> String {
        let system = if self.of_system {
            "/usr/lib/python3*, /usr/share and "
        } else {
            ""
        };
        let remove = format!("remove __pycache__ directories below {system}{VIRTUALENV}");
        match self.kind {
            Bytecode::None => remove,
            kind => format!("{remove}, and compile the modules there anew ({kind})"),
        }
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let mut places = vec![VIRTUALENV.to_owned()];
        if self.of_system {
            places.push("/usr/share".to_owned());
            places.extend(context.root.glob("/usr/lib/python3*"));
        }
        let places = places.iter().map(|path| context.root.join(path));
        for cache in places.flat_map(|path| bytecode::caches(&path)) {
            fs::remove_dir_all(&cache).map_err(|error| file("remove", &cache, &error))?;
        }
        let cpus = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let jobs = context.settings.jobs.unwrap_or(cpus);
        let script = format!("{STATE}/bytecode.py");
        let mut directories = context
            .root
            .glob(&format!("{VIRTUALENV}/lib/python3*/site-packages"));
        if self.of_system {
            directories.extend(modules_of_system(context.root, &directories));
        }
        let Some(compile) = self.kind.compile(PYTHON, &script, jobs, &directories) else {
            return Ok(());
        };
        context.write(&script, bytecode::SCRIPT)?;
        context.run("compile Python's modules", &compile).map(drop)
    }
}

/// The distribution's directories of modules that the interpreter of these `site-packages`
/// imports from, of no other version.
fn modules_of_system(root: &Root, site: &[String]) -> Vec<String> {
    let versions = site.iter().filter_map(|site| site.rsplit('/').nth(1));
    let own = versions.map(|version| format!("/usr/lib/{version}"));
    let shared = "/usr/lib/python3/dist-packages".to_owned();
    let mut all: Vec<String> = own.chain([shared]).collect();
    all.retain(|directory| root.is_directory(directory));
    all
}

#[derive(Debug)]
struct RemoveMachineIds;

impl Task for RemoveMachineIds {
    fn describe(&self) -> String {
        format!(
            "remove {}, what of it packages of this build made",
            MACHINE_IDS.join(" and ")
        )
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        if !context.root.exists(base_names()) {
            return Ok(());
        }
        let base = context.root.read(base_machine_ids()).unwrap_or_default();
        let ours = MACHINE_IDS.into_iter();
        let mut ours = ours.filter(|id| base.lines().all(|line| line != *id));
        ours.try_for_each(|id| context.remove(id))
    }
}

#[derive(Debug)]
struct RemoveAccountLeftovers;

impl Task for RemoveAccountLeftovers {
    fn describe(&self) -> String {
        format!(
            "remove copies and locks that changes of accounts left beside {}",
            accounts::FILES.join(", ")
        )
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let leftovers = accounts::leftovers(context.root);
        leftovers.iter().try_for_each(|path| context.remove(path))
    }
}

#[derive(Debug)]
struct RemovePolicy;

impl Task for RemovePolicy {
    fn describe(&self) -> String {
        format!("remove {POLICY}, if it is ours")
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        if policy_is_ours(context.root) {
            context.remove(POLICY)
        } else {
            Ok(())
        }
    }
}
