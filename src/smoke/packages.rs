//! Whether the distribution's packages are installed that were asked for.

use std::collections::BTreeSet;

use super::{Fault, Report, Subject};
use crate::failure::Failure;

/// Whether a name stands for several packages: apt's tasks, dnf's groups, patterns.
fn is_a_group(name: &str) -> bool {
    name.starts_with('@') || name.contains(['^', '*'])
}

pub(super) fn check(subject: &Subject<'_>, report: &mut Report) -> Result<(), Failure> {
    let image = subject.image;
    let asked_for = image.record.generations();
    let asked_for: BTreeSet<&String> = asked_for.flat_map(|record| &record.asked_for).collect();
    let Some(manager) = image.manager.filter(|_| !asked_for.is_empty()) else {
        return Ok(());
    };
    let installed = manager.installed(image.root, image.runner);
    let installed = installed.map_err(Failure::command("list the installed packages"))?;
    report.looked_at("package", asked_for.len());
    // A name may be that of a file, of a group, or have an architecture.
    let is_there = |name: &String| {
        let meant = || manager.meant(std::slice::from_ref(name), image.runner);
        installed.has(manager.bare(name)) || meant().iter().any(|one| installed.has(one))
    };
    let missing = asked_for
        .into_iter()
        .filter(|name| !is_a_group(name) && !is_there(name));
    report.faults.extend(missing.map(|name| {
        Fault::new(
            format!("the package {name} was asked for: it is not installed"),
            "A hook removed it, or the removal of another package took it along; /etc/image_info/build.json says what was asked for.",
        )
    }));
    Ok(())
}
