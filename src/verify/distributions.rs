//! Distributions in the virtualenv.

use super::{About, Difference, differing, files};
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

/// What has to be seen to know them.
pub fn places(root: &Root) -> Vec<String> {
    let library = format!("{VIRTUALENV}/lib");
    let of_pythons = root.glob(&format!("{library}/python3*")).into_iter();
    let of_pythons = of_pythons.map(|python| format!("{python}/site-packages"));
    of_pythons.chain([library.clone()]).collect()
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
    let before = record.distributions.iter();
    let before = before.map(|one| (Name::new(&one.name), one.version.clone()));
    let now = installed.iter();
    let now = now.map(|one| (one.name.clone(), one.version.clone()));
    let mut differences: Vec<Difference> = differing(before, now)
        .into_iter()
        .map(|(name, recorded, found)| difference(&name, recorded, found))
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
        if files::why_unseen(tree, &file.path.as_str().into()).is_some() {
            return None;
        }
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
