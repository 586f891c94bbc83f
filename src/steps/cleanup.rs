//! `cleanup`: removes what the build brought and the image does not need, and
//! nothing else. It is the last step; a failure in it is a failure.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::bootstrap::build_packages;
use super::packages::wanted;
use super::transaction::{
    MACHINE_ID, POLICY, bare, base_machine_id, base_packages, policy_is_ours,
};
use super::venv::SystemSitePackages;
use super::{info, source};
use crate::context::{Context, file};
use crate::failure::Failure;
use crate::findings::Findings;
use crate::layout::{STATE, VIRTUALENV};
use crate::plan::{Action, Task, View, Work};
use crate::platform::package_manager::PackageManager;
use crate::root::Root;

/// LOCI's directory of build inputs, which an image without mounts has copied.
const INPUTS: &str = "/opt/loci";

pub(super) fn plan(view: &View<'_>, _findings: &mut Findings) -> (String, Work) {
    let settings = view.settings;
    let manager = view.platform.package_manager();
    let mut actions = vec![
        Action::task(RemoveBuildPackages {
            manager,
            asked_for: wanted(view)
                .into_iter()
                .map(|(name, _)| bare(&name).to_owned())
                .collect(),
        }),
        Action::task(SystemSitePackages(true)),
        Action::task(RemoveBytecode),
        Action::task(RemovePolicy),
        Action::task(RemoveMachineId),
    ];
    let mut remove = |path: &str| {
        actions.push(Action::Remove {
            path: path.to_owned(),
        });
    };
    manager.leftovers().iter().for_each(|path| remove(path));
    let projects = settings
        .extra_projects
        .iter()
        .map(String::as_str)
        .chain([settings.project.as_str()]);
    for project in projects {
        let path = source::directory(&settings.sources_dir, project);
        if !is_mounted(view.root, &path) {
            remove(&path);
        }
    }
    if settings.wheels.source.is_some() {
        remove(&settings.wheels.destination);
    }
    if !is_mounted(view.root, INPUTS) {
        remove(INPUTS);
    }
    remove(STATE);
    (
        "the image keeps the service and nothing that only its build needed".to_owned(),
        Work::Do(actions),
    )
}

/// Whether something is mounted on a path or below it: that is not in the image.
fn is_mounted(root: &Root, path: &str) -> bool {
    root.read("/proc/self/mountinfo").is_ok_and(|table| {
        table
            .lines()
            // proc(5): the fifth field is the mount point.
            .filter_map(|line| line.split(' ').nth(4))
            .any(|point| Path::new(point).starts_with(path))
    })
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
        let installed = self.manager.installed(context.root);
        let build: Vec<String> = lines(build_packages())
            .into_iter()
            .filter(|name| {
                !base.contains(name) && !self.asked_for.contains(name) && installed.has(name)
            })
            .collect();
        if build.is_empty() {
            return Ok(());
        }
        context.run(
            "mark the build's packages",
            &self.manager.mark_unneeded(&build),
        )?;
        let trial = context.ask(
            "find out what the build's packages brought",
            &self.manager.simulate_removal(),
        )?;
        let removed: Vec<String> = self
            .manager
            .removed(&trial)
            .into_iter()
            .filter(|name| !base.contains(name.split(':').next().unwrap_or(name)))
            .collect();
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

/// Removes Python's bytecode, as LOCI does.
#[derive(Debug)]
struct RemoveBytecode;

impl Task for RemoveBytecode {
    fn describe(&self) -> String {
        format!(
            "remove __pycache__ directories below /usr/lib/python3*, /usr/share and {VIRTUALENV}"
        )
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let mut directories = vec![
            context.root.join("/usr/share"),
            context.root.join(VIRTUALENV),
        ];
        let libraries = context.root.glob("/usr/lib/python3*");
        directories.extend(libraries.iter().map(|path| context.root.join(path)));
        directories
            .iter()
            .try_for_each(|directory| remove_bytecode(directory))
    }
}

fn remove_bytecode(directory: &Path) -> Result<(), Failure> {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        // A link may lead out of the tree.
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let path = entry.path();
        if entry.file_name() == "__pycache__" {
            fs::remove_dir_all(&path).map_err(|error| file("remove", &path, &error))?;
        } else {
            remove_bytecode(&path)?;
        }
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytecode_goes_and_links_are_not_followed() {
        let root = tempfile::tempdir().expect("a directory");
        let outside = tempfile::tempdir().expect("a directory");
        fs::create_dir_all(outside.path().join("__pycache__")).expect("made");
        fs::create_dir_all(root.path().join("a/b/__pycache__")).expect("made");
        std::os::unix::fs::symlink(outside.path(), root.path().join("a/link")).expect("linked");
        remove_bytecode(root.path()).expect("removed");
        assert!(!root.path().join("a/b/__pycache__").exists());
        assert!(outside.path().join("__pycache__").exists());
    }

    #[test]
    fn a_mount_below_counts() {
        let root = tempfile::tempdir().expect("a directory");
        fs::create_dir_all(root.path().join("proc/self")).expect("made");
        fs::write(
            root.path().join("proc/self/mountinfo"),
            "36 35 98:0 / /opt/loci/scripts ro,noatime master:1 - ext4 /dev/root rw\n",
        )
        .expect("written");
        let root = Root::new(root.path());
        assert!(is_mounted(&root, "/opt/loci"));
        assert!(!is_mounted(&root, "/tmp/keystone"));
    }
}
