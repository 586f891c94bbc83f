//! The patches of the image's author: `patches/PROJECT/*.patch`.

use std::collections::BTreeMap;

use super::{matches, names_in, patterns};
use crate::findings::Findings;
use crate::root::Root;
use crate::settings::Settings;
use crate::step::Mode;

/// The patches of the project and the extra projects.
pub(super) fn find(
    settings: &Settings,
    root: &Root,
    findings: &mut Findings,
) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let given = settings.patches.as_deref();
    let mut directories = match given {
        Some(path) if path.starts_with('/') => vec![path.to_owned()],
        name => patterns(settings, name.unwrap_or("patches")),
    };
    directories.retain(|directory| root.is_directory(directory));
    if settings.mode != Mode::Project {
        for directory in directories {
            findings.warn(format!(
                "{directory}: nothing of it is applied; sources are patched for the image of a service"
            ));
        }
        return found;
    }
    if let Some(name) = given.filter(|_| directories.is_empty()) {
        findings.machine(format!("PATCHES={name}: there is no such directory"));
    }
    let projects = std::iter::once(settings.project.as_str());
    let projects = projects.chain(settings.extra_projects.iter().map(String::as_str));
    for project in projects {
        for directory in directories.iter().map(|path| format!("{path}/{project}")) {
            let patches = matches(root, &format!("{directory}/*.patch"));
            if patches.is_empty() && root.is_directory(&directory) {
                findings.warn(format!("{directory} has no *.patch"));
            }
            found.entry(project.to_owned()).or_default().extend(patches);
        }
    }
    found.retain(|_, patches| !patches.is_empty());
    if let Some(given) = given.filter(|_| found.is_empty() && !directories.is_empty()) {
        let names: Vec<String> = directories
            .iter()
            .flat_map(|directory| names_in(root, directory))
            .collect();
        findings.warn(format!(
            "PATCHES={given} has nothing for {}; it has {}",
            settings.project,
            names.join(", ")
        ));
    }
    found
}
