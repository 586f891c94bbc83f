//! How many bytes the files have that a step is there for. The difference that a
//! step makes to them is what it put into the image, or took out of it.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::build::BUILT;
use super::source;
use crate::command::Runner;
use crate::layout::{IMAGE_INFO, STAMPS, VIRTUALENV};
use crate::platform::Platform;
use crate::python::bytecode;
use crate::root::Root;
use crate::settings::Settings;
use crate::step::StepName;

/// What a step's files weigh now, in bytes; none of a step that may write anywhere.
#[must_use]
pub fn weight(
    step: StepName,
    settings: &Settings,
    platform: &Platform,
    root: &Root,
    runner: &dyn Runner,
) -> Option<u64> {
    let sources = || -> Vec<String> {
        let projects = source::projects(settings);
        projects
            .map(|project| source::place(root, settings, project))
            .collect()
    };
    let one = |path: &str| vec![path.to_owned()];
    let wheels = &settings.wheels;
    let places = match step {
        StepName::Bootstrap | StepName::Packages => return Some(packages(platform, root, runner)),
        StepName::Venv | StepName::Pip => one(VIRTUALENV),
        StepName::Source => sources(),
        StepName::Build => one(BUILT),
        StepName::Wheels => one(wheels.directory()),
        StepName::Config => one(&format!("/etc/{}", settings.project)),
        StepName::Info => one(IMAGE_INFO),
        StepName::Publish => one(&wheels.destination),
        // What it takes of all that the others brought.
        StepName::Cleanup => {
            let mut all = vec![STAMPS.to_owned(), BUILT.to_owned()];
            all.extend(sources());
            if !wheels.sources.is_empty() {
                all.push(wheels.directory().to_owned());
            }
            let caches = bytecode::caches(&root.join(VIRTUALENV));
            let compiled: u64 = caches
                .iter()
                .map(|path| tree(path, &mut BTreeSet::new()))
                .sum();
            return Some(compiled + bytes(root, &all) + packages(platform, root, runner));
        }
        StepName::Repositories
        | StepName::Ceph
        | StepName::User
        | StepName::Hooks
        | StepName::Constraints
        | StepName::WheelsBuild
        | StepName::Smoke => return None,
    };
    Some(bytes(root, &places))
}

/// The installed packages as their own database weighs them, and what the package
/// manager keeps beside them.
fn packages(platform: &Platform, root: &Root, runner: &dyn Runner) -> u64 {
    let manager = platform.package_manager;
    let leftovers: Vec<String> = manager
        .leftovers()
        .iter()
        .flat_map(|pattern| root.glob(pattern))
        .collect();
    manager.installed_bytes(root, runner) + bytes(root, &leftovers)
}

fn bytes(root: &Root, places: &[String]) -> u64 {
    let mut linked = BTreeSet::new();
    let trees = places
        .iter()
        .map(|place| tree(&root.join(place), &mut linked));
    trees.sum()
}

/// The bytes of the files of a tree, each once however many names it has.
fn tree(path: &Path, linked: &mut BTreeSet<u64>) -> u64 {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => directory(path, linked),
        Ok(metadata) => file(&metadata, linked),
        Err(_) => 0,
    }
}

fn directory(path: &Path, linked: &mut BTreeSet<u64>) -> u64 {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let bytes = entries.map(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => directory(&entry.path(), linked),
        // Asked of the entry: to follow the whole path takes the kernel twice as long.
        _ => entry
            .metadata()
            .map_or(0, |metadata| file(&metadata, linked)),
    });
    bytes.sum()
}

fn file(metadata: &Metadata, linked: &mut BTreeSet<u64>) -> u64 {
    if metadata.nlink() > 1 && !linked.insert(metadata.ino()) {
        return 0;
    }
    metadata.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_two_names_counts_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path();
        fs::create_dir(path.join("a")).expect("made");
        fs::write(path.join("a/x"), "12345").expect("written");
        fs::hard_link(path.join("a/x"), path.join("y")).expect("linked");
        let root = Root::new(path);
        let all = ["/".to_owned(), "/absent".to_owned()];
        assert_eq!(bytes(&root, &all), 5);
    }
}
