//! What the finished image has, for `build.json` and the bill of materials.

use std::collections::{BTreeMap, BTreeSet};

use super::bootstrap::kept_packages;
use super::transaction::base_packages;
use crate::context::Context;
use crate::failure::Failure;
use crate::plan::Task;
use crate::platform::Platform;
use crate::platform::package_manager::{Facts, PackageManager};
use crate::record::{Package, PackageReason};
use crate::sbom;

/// Takes the inventory, when nothing is installed or removed any more. The package manager is
/// asked before its own leftovers are removed, because asking makes some.
#[derive(Debug)]
pub(super) struct TakeInventory {
    pub(super) platform: Platform,
    /// The packages that files and arguments ask for.
    pub(super) asked_for: Vec<String>,
}

impl Task for TakeInventory {
    fn describe(&self) -> String {
        format!("write {}: every package and distribution", sbom::path())
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let manager = self.platform.package_manager;
        let facts = manager.inventory(context.root, context.runner);
        let facts = facts.map_err(Failure::command("list what is installed"))?;
        let packages = packages(context, manager, &facts, &self.asked_for);
        let record = context.record(|record| {
            record.packages = packages;
            record.clone()
        });
        let image = sbom::Image {
            root: context.root,
            platform: &self.platform,
            record: &record,
            packages: &facts,
            extras: &context.settings.extras,
            epoch: context.settings.source_date_epoch,
        };
        context.write(&sbom::path(), &sbom::of(&image))
    }
}

/// Each package with the reason why it is there. Where this build has installed none, all are
/// the base's; in an image that is cleaned up again, what its record says.
fn packages(
    context: &Context<'_>,
    manager: &dyn PackageManager,
    facts: &[Facts],
    asked_for: &[String],
) -> Vec<Package> {
    let base = context.root.read(base_packages()).ok();
    let base: Option<BTreeSet<&str>> = base.as_deref().map(|text| text.lines().collect());
    let is_of_base = |name: &str| base.as_ref().is_none_or(|base| base.contains(name));
    let asked_for = if facts.iter().all(|package| is_of_base(&package.name)) {
        BTreeSet::new()
    } else {
        let kept = context.root.read(kept_packages()).unwrap_or_default();
        let mut names = asked_for.to_vec();
        names.extend(kept.lines().map(str::to_owned));
        let mut packages = manager.meant(&names, context.runner);
        // Hooks ask for some, too.
        packages.extend(
            manager
                .marked(context.root, context.runner)
                .unwrap_or_default(),
        );
        packages
    };
    let before: BTreeMap<String, PackageReason> = context.record(|record| {
        let packages = record.packages.iter();
        packages
            .map(|one| (one.name.clone(), one.because))
            .collect()
    });
    let known = |name: &str| before.get(name).filter(|_| base.is_none()).copied();
    let reason = |name: &str| {
        if let Some(because) = known(name) {
            because
        } else if is_of_base(name) {
            PackageReason::Base
        } else if asked_for.contains(name) {
            PackageReason::AskedFor
        } else {
            PackageReason::Required
        }
    };
    facts
        .iter()
        .map(|package| Package {
            name: package.name.clone(),
            version: package.version.clone(),
            architecture: package.architecture.clone(),
            because: reason(&package.name),
        })
        .collect()
}
