//! `cleanup`: removes what the build brought and the image does not need, and
//! nothing else. It is the last step; a failure in it is a failure.

use std::collections::BTreeSet;
use std::fs;
use std::num::NonZeroUsize;

use super::bootstrap::{brought_packages, build_packages};
use super::packages::wanted;
use super::transaction::{
    MACHINE_ID, POLICY, bare, base_machine_id, base_packages, lists_refreshed, policy_is_ours,
};
use super::venv::SystemSitePackages;
use super::{hooks, info, repositories, source, wheels};
use crate::context::{Context, file};
use crate::failure::Failure;
use crate::findings::Findings;
use crate::layout::{PYTHON, STAMPS, STATE, VIRTUALENV};
use crate::plan::{Action, Task, View, Work};
use crate::platform::package_manager::PackageManager;
use crate::python::bytecode::{self, Bytecode};
use crate::root::Root;
use crate::step::Mode;

/// LOCI's directory of build inputs, which an image without mounts has copied.
const INPUTS: &str = "/opt/loci";

pub(super) fn plan(view: &View<'_>, _findings: &mut Findings) -> (String, Work) {
    let settings = view.settings;
    let manager = view.platform.package_manager();
    let mut actions = vec![Action::task(RemoveBuildPackages {
        manager,
        asked_for: wanted(view)
            .into_iter()
            .map(|(name, _)| bare(&name).to_owned())
            .collect(),
    })];
    if settings.mode != Mode::Base {
        actions.push(Action::task(SystemSitePackages(true)));
    }
    actions.push(Action::task(RenewBytecode(settings.bytecode)));
    actions.push(Action::task(RemovePolicy));
    actions.push(Action::task(RemoveMachineId));
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
    asked_for: BTreeSet<String>,
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
        let base = lines(base_packages());
        let brought = lines(brought_packages());
        let installed = self.manager.installed(context.root);
        let removed: Vec<String> = if context.root.exists(unneeded_packages()) {
            // An earlier try: apt takes a package whose removal failed for one that
            // was asked for.
            let unneeded = lines(unneeded_packages());
            unneeded
                .into_iter()
                .filter(|name| installed.has(bare(name)))
                .collect()
        } else {
            let mut build: Vec<String> = lines(build_packages()).into_iter().collect();
            build.retain(|name| {
                !base.contains(name) && !self.asked_for.contains(name) && installed.has(name)
            });
            if build.is_empty() {
                return Ok(());
            }
            // Without that list `bootstrap` was cut off, and has marked nothing either.
            let cut_off = !context.root.exists(brought_packages());
            if cut_off {
                let mark = self.manager.mark_unneeded(&build);
                context.run("mark what only the build needs", &mark)?;
            }
            let trial = context.ask(
                "find out what the build's packages brought",
                &self.manager.simulate_removal(),
            )?;
            let mut removed = self.manager.removed(&trial);
            removed.retain(|name| {
                !base.contains(bare(name)) && (cut_off || brought.contains(bare(name)))
            });
            context.write(&unneeded_packages(), &removed.join("\n"))?;
            removed
        };
        if !removed.is_empty() {
            context.run(
                "remove the build's packages",
                &self.manager.remove(&removed),
            )?;
            info::list_packages(context, self.manager)?;
        }
        context.record(|record| record.build_packages = removed);
        Ok(())
    }
}

/// The file that lists what was found to be unneeded.
fn unneeded_packages() -> String {
    format!("{STATE}/unneeded-packages")
}

/// Removes Python's bytecode, as LOCI does, and compiles it anew where it is wanted:
/// what the distribution's packages made of theirs goes by the time of its source,
/// and depends on the order in which they were installed.
#[derive(Debug)]
struct RenewBytecode(Bytecode);

impl Task for RenewBytecode {
    fn describe(&self) -> String {
        let remove = format!(
            "remove __pycache__ directories below /usr/lib/python3*, /usr/share and {VIRTUALENV}"
        );
        match self.0 {
            Bytecode::None => remove,
            kind => format!("{remove}, and compile the modules there anew ({kind})"),
        }
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let mut directories = vec![
            context.root.join("/usr/share"),
            context.root.join(VIRTUALENV),
        ];
        let libraries = context.root.glob("/usr/lib/python3*");
        directories.extend(libraries.iter().map(|path| context.root.join(path)));
        for cache in directories.iter().flat_map(|path| bytecode::caches(path)) {
            fs::remove_dir_all(&cache).map_err(|error| file("remove", &cache, &error))?;
        }
        let cpus = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let jobs = context.settings.jobs.unwrap_or(cpus);
        let script = format!("{STATE}/bytecode.py");
        let directories = modules(context.root);
        let Some(compile) = self.0.compile(PYTHON, &script, jobs, &directories) else {
            return Ok(());
        };
        context.write(&script, bytecode::SCRIPT)?;
        context.run("compile Python's modules", &compile).map(drop)
    }
}

/// The directories of modules that the virtualenv's interpreter imports from:
/// `site-packages` and the distribution's, of no other version.
fn modules(root: &Root) -> Vec<String> {
    let site = root.glob(&format!("{VIRTUALENV}/lib/python3*/site-packages"));
    let versions = site.iter().filter_map(|site| site.rsplit('/').nth(1));
    let own = versions.map(|version| format!("/usr/lib/{version}"));
    let shared = "/usr/lib/python3/dist-packages".to_owned();
    let mut all: Vec<String> = own.chain([shared]).collect();
    all.retain(|directory| root.is_directory(directory));
    [site, all].concat()
}

#[derive(Debug)]
struct RemoveMachineId;

impl Task for RemoveMachineId {
    fn describe(&self) -> String {
        format!("remove {MACHINE_ID}, if a package of this build made it")
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let installed = context.root.exists(base_packages());
        if installed && !context.root.exists(base_machine_id()) {
            context.remove(MACHINE_ID)
        } else {
            Ok(())
        }
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
