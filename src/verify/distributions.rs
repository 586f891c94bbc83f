//! Distributions in the virtualenv.

use std::collections::{BTreeMap, BTreeSet};

use super::{About, Difference, files};
use crate::layout::VIRTUALENV;
use crate::manifest::{FilePath, Kind, Tree};
use crate::python::Name;
use crate::python::installed::{RecordedFile, distributions, identity, recorded_files, version};
use crate::record::Record;
use crate::root::Root;

/// A distribution that is there.
#[derive(Debug)]
pub struct Installed {
    /// Its name.
    pub name: Name,
    /// As its METADATA says; without one, as the directory is called.
    version: String,
    /// Its `.dist-info` directory, in the image.
    metadata: String,
    /// What its RECORD says, with paths in the image.
    pub files: Vec<RecordedFile>,
}

/// Those in the virtualenv.
pub fn installed(root: &Root) -> Vec<Installed> {
    let found = distributions(&root.join(VIRTUALENV)).into_iter();
    let found = found.filter_map(|(name, directory)| {
        let inside = directory.strip_prefix(root.join("/")).ok()?;
        let metadata = format!("/{}", inside.to_str()?);
        let said = identity(&directory).map(|(_, version)| version);
        let record = root.read(format!("{metadata}/RECORD")).unwrap_or_default();
        Some(Installed {
            name,
            version: said.or_else(|| version(&directory)).unwrap_or_default(),
            files: recorded_files(&record, &metadata),
            metadata,
        })
    });
    found.collect()
}

/// Every difference, that of a RECORD among them. A record that names no distribution says
/// nothing of them.
pub fn compare(record: &Record, installed: &[Installed], tree: &Tree) -> Vec<Difference> {
    if record.distributions.is_empty() {
        return Vec::new();
    }
    let mut before: BTreeMap<Name, Vec<&str>> = BTreeMap::new();
    for one in &record.distributions {
        before
            .entry(Name::new(&one.name))
            .or_default()
            .push(&one.version);
    }
    let mut now: BTreeMap<Name, Vec<&str>> = BTreeMap::new();
    for one in installed {
        now.entry(one.name.clone()).or_default().push(&one.version);
    }
    before
        .values_mut()
        .chain(now.values_mut())
        .for_each(|all| all.sort_unstable());
    let names: BTreeSet<&Name> = before.keys().chain(now.keys()).collect();
    let mut differences: Vec<Difference> = names
        .into_iter()
        .filter(|name| before.get(name) != now.get(name))
        .map(|name| {
            let told = |all: &BTreeMap<Name, Vec<&str>>| Some(all.get(name)?.join(", "));
            difference(name, told(&before), told(&now))
        })
        .collect();
    for one in &record.distributions {
        let name = Name::new(&one.name);
        let mut found = installed.iter().filter(|installed| installed.name == name);
        let (Some(recorded), Some(found)) = (&one.record_sha256, found.next()) else {
            continue;
        };
        let path = format!("{}/RECORD", found.metadata);
        let found = digest(tree, &path);
        if found.is_some_and(|found| found != recorded) {
            let told = |sha256: &str| Some(format!("RECORD sha256 {sha256}"));
            differences.push(difference(
                &name,
                told(recorded),
                told(found.unwrap_or_default()),
            ));
        }
    }
    differences
}

fn difference(name: &Name, recorded: Option<String>, found: Option<String>) -> Difference {
    Difference {
        about: About::Distribution,
        subject: name.to_string(),
        kind: "distribution",
        recorded,
        found,
        of: None,
    }
}

/// Files that are not as the RECORD of their distribution says.
pub fn compare_files(installed: &[Installed], tree: &Tree) -> Vec<Difference> {
    let files = installed.iter().flat_map(|one| &one.files);
    let differing = files.filter_map(|file| {
        let recorded = file.sha256.as_ref()?;
        let found = digest(tree, &file.path);
        (found != Some(recorded)).then(|| {
            let path = FilePath::from(file.path.as_str()).to_string();
            files::content(&path, Some(recorded.clone()), found.map(str::to_owned))
        })
    });
    differing.collect()
}

fn digest<'a>(tree: &'a Tree, path: &str) -> Option<&'a str> {
    match &tree.entries.get(&FilePath::from(path))?.kind {
        Kind::File(sha256) => sha256.as_deref(),
        _ => None,
    }
}
