//! `loci-install verify`: whether a finished image still is what its record says.
//!
//! The record has the digest of the manifest, and the manifest that of every file. All is
//! read here and no program of the image is asked, but rpm for its database.

mod accounts;
mod distributions;
mod error;
mod files;
mod owners;
mod packages;
mod report;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use error::Left;
pub use error::VerifyError;
pub use report::{Format, render, summary};

use crate::accounts::Accounts;
use crate::command::Runner;
use crate::fingerprint::{sha256_of, sha256_of_bytes};
use crate::layout::{IMAGE_INFO, STATE};
use crate::manifest::{self, Entries, Entry, Kind, Tree};
use crate::record::{self, Record};
use crate::root::Root;
use crate::words::reason;
use owners::Owners;

/// What is compared with what.
#[derive(Debug, Default)]
pub struct Question {
    /// The image.
    pub root: Root,
    /// A copy of the record that was kept elsewhere.
    pub record: Option<PathBuf>,
    /// The same of the manifest.
    pub manifest: Option<PathBuf>,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The report's own format: 1.
    pub format: u32,
    /// The service.
    pub project: String,
    /// The program that made the image.
    pub program: String,
    /// How much was compared.
    pub compared: Compared,
    /// What is not as recorded, in the order of the lines.
    pub differences: Vec<Difference>,
    /// What was not compared.
    pub unseen: Vec<Unseen>,
}

/// How much was compared.
#[derive(Debug, Default, Serialize)]
pub struct Compared {
    /// Paths of the manifest.
    pub files: usize,
    /// Distribution packages.
    pub packages: usize,
    /// Distributions in the virtualenv.
    pub distributions: usize,
    /// Users and groups.
    pub accounts: usize,
}

/// Something that is not as recorded. In the order of the fields they are sorted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Difference {
    #[serde(skip)]
    about: About,
    /// The path, as the manifest writes it, or the name.
    pub subject: String,
    /// What differs.
    pub kind: &'static str,
    /// What is recorded, if anything is.
    pub recorded: Option<String>,
    /// What is there, if anything is.
    pub found: Option<String>,
    /// The package or the distribution whose file it is.
    pub of: Option<String>,
}

/// What a difference is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum About {
    Account,
    Package,
    Distribution,
    File,
}

/// What was not compared, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unseen {
    /// A path, or what else it is.
    pub what: String,
    /// The reason.
    pub why: String,
}

/// Compares an image with its record.
///
/// # Errors
/// Why it cannot be compared.
pub fn verify(question: &Question, runner: &dyn Runner) -> Result<Report, VerifyError> {
    let root = &question.root;
    let record = Record::of(question)?;
    let (recorded, sha256) = recorded_files(question, &record)?;
    // A table in an image that is looked at from outside is the image's own: it may say
    // anything.
    let tree = Tree::read(root, root.mounts_of_this_process(), &[]);
    let mut compared = Compared {
        files: recorded.len(),
        packages: record.packages.len(),
        distributions: record.distributions.len(),
        accounts: record.accounts.users.len() + record.accounts.groups.len(),
    };

    let (mut differences, mut unseen) = files::compare(&recorded, &tree);
    differences.extend(own_files(question, &record, &sha256));
    differences.extend(own_modes(root, &recorded));
    let is_manifest_changed = record.manifest_sha256.as_ref() != Some(&sha256);
    // What cannot be seen is not gone, nor is what it tells of.
    let seen = |paths: &[String]| {
        let hidden = paths.iter().find_map(|path| {
            let why = files::why_unseen(&tree, &path.as_str().into())?;
            Some(format!("{path}: {why}"))
        });
        hidden.map_or(Ok(()), Err)
    };
    let mut unknown = |what: &str, compared: &mut usize, why: String| {
        *compared = 0;
        let what = what.to_owned();
        unseen.push(Unseen { what, why });
    };
    // Podman and CRI-O mount one with a user more.
    match seen(&["/etc/passwd", "/etc/group"].map(str::to_owned)) {
        Ok(()) => {
            let found = Accounts::read(root);
            differences.extend(accounts::compare(&record.accounts, &found));
        }
        Err(why) => unknown("accounts", &mut compared.accounts, why),
    }
    let family = packages::family(root, &record);
    let installed = seen(&packages::places(family));
    match installed.and_then(|()| packages::installed(root, family, runner)) {
        Ok(installed) => differences.extend(packages::compare(&record.packages, &installed)),
        Err(why) => unknown("distribution packages", &mut compared.packages, why),
    }
    let installed = match seen(&distributions::places(root)) {
        Ok(()) => {
            let installed = distributions::installed(root);
            differences.extend(distributions::compare(&record, &installed, &tree));
            installed
        }
        Err(why) => {
            unknown("Python distributions", &mut compared.distributions, why);
            Vec::new()
        }
    };
    if is_manifest_changed {
        // Then at least the digests of the RECORDs are to be trusted.
        let more = distributions::compare_files(&installed, &tree);
        let is_new = |one: &Difference| {
            let mut all = differences.iter();
            !all.any(|other| (&other.subject, other.kind) == (&one.subject, one.kind))
        };
        let more: Vec<Difference> = more.into_iter().filter(is_new).collect();
        differences.extend(more);
    }
    if differences.iter().any(|one| one.about == About::File) {
        let owners = Owners::read(root, family, &tree, &installed, runner);
        for one in &mut differences {
            if one.about == About::File {
                one.of = owners.of(&one.subject);
            }
        }
    }
    differences.sort();
    unseen.sort();
    Ok(Report {
        format: 1,
        project: record.project,
        program: record.program,
        compared,
        differences,
        unseen,
    })
}

impl Record {
    /// The record of a finished image that has a manifest.
    fn of(question: &Question) -> Result<Self, VerifyError> {
        let path = question.record.clone();
        let path = path.unwrap_or_else(|| question.root.join(record::path_in_image()));
        let none = |why: String| match &question.record {
            Some(copy) => VerifyError::NoCopy("--record", copy.clone(), why),
            None => VerifyError::NoRecord(path.clone(), why),
        };
        let text = fs::read_to_string(&path).map_err(|error| none(reason(&error)))?;
        // Of a newer one nothing else is known.
        let value: Value = serde_json::from_str(&text).unwrap_or_default();
        let format = value["format"].as_u64();
        if let Some(format) = format.filter(|format| *format > record::FORMAT.into()) {
            let program = value["program"]
                .as_str()
                .unwrap_or("the program that wrote it");
            return Err(VerifyError::Newer(path, format, program.to_owned()));
        }
        let Some(record) = record::parse(&text).filter(|_| format.is_some()) else {
            let why = "it is no record of loci-install, or it is damaged";
            return Err(none(why.to_owned()));
        };
        if !record.finished {
            return Err(VerifyError::Unfinished(path, Left(record.left)));
        }
        if question.root.exists(STATE) {
            return Err(VerifyError::UnderWay(question.root.join(STATE)));
        }
        if record.manifest_sha256.is_none() {
            return Err(VerifyError::Older(path, record.program));
        }
        Ok(record)
    }
}

/// What the manifest says, and its digest.
fn recorded_files(question: &Question, record: &Record) -> Result<(Entries, String), VerifyError> {
    let path = question.manifest.clone();
    let path = path.unwrap_or_else(|| question.root.join(manifest::path()));
    let none = |why: String| match &question.manifest {
        Some(copy) => VerifyError::NoCopy("--manifest", copy.clone(), why),
        None => VerifyError::NoManifest(path.clone(), why),
    };
    let bytes = fs::read(&path).map_err(|error| none(reason(&error)))?;
    let text = String::from_utf8_lossy(&bytes);
    let mut entries = manifest::parse(&text).map_err(|error| none(error.to_string()))?;
    for (path, value) in &record.capabilities {
        if let Some(entry) = entries.get_mut(&manifest::FilePath::parse(path)) {
            entry.capability = manifest::capability_of(value);
        }
    }
    Ok((entries, sha256_of_bytes(&bytes)))
}

/// The record and the manifest themselves, which the manifest cannot have.
fn own_files(question: &Question, record: &Record, manifest_sha256: &str) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut compare = |path: &str, recorded: Option<String>, found: Option<String>| {
        if recorded != found {
            differences.push(files::content(path, recorded, found));
        }
    };
    let found = |path: &str| sha256_of(&question.root.join(path)).ok();
    let path = manifest::path();
    compare(
        &path,
        record.manifest_sha256.clone(),
        Some(manifest_sha256.to_owned()),
    );
    if question.manifest.is_some() && found(&path).as_deref() != Some(manifest_sha256) {
        compare(&path, record.manifest_sha256.clone(), found(&path));
    }
    if let Some(copy) = &question.record {
        let path = record::path_in_image();
        compare(&path, sha256_of(copy).ok(), found(&path));
    }
    differences
}

/// What is there in their place, whose they are, and who may write them. They are written as
/// everybody's to read, by root; whoever owns the directory could write them anew, and so may
/// own them.
fn own_modes(root: &Root, recorded: &Entries) -> Vec<Difference> {
    let directory = recorded.get(&IMAGE_INFO.into());
    let owner_of_directory = directory.map_or((0, 0), |directory| directory.owner);
    let mut differences = Vec::new();
    for path in [record::path_in_image(), manifest::path()] {
        // Their contents tell of those that are gone.
        let Ok(found) = Entry::at(&root.join(&path)) else {
            continue;
        };
        let is_owner_of_directory = found.owner == owner_of_directory;
        let written = Entry {
            kind: Kind::File(None),
            mode: 0o644,
            owner: if is_owner_of_directory {
                owner_of_directory
            } else {
                (0, 0)
            },
            capability: None,
            mounted: None,
        };
        files::compare_entry(&path.as_str().into(), &written, &found, &mut differences);
    }
    differences
}

/// What there is of each, before and now, where that is not the same: in the order of the keys,
/// and several of a key in one line.
fn differing<K: Ord>(
    before: impl IntoIterator<Item = (K, String)>,
    now: impl IntoIterator<Item = (K, String)>,
) -> Vec<(K, Option<String>, Option<String>)> {
    let mut all: BTreeMap<K, (Vec<String>, Vec<String>)> = BTreeMap::new();
    for (key, one) in before {
        all.entry(key).or_default().0.push(one);
    }
    for (key, one) in now {
        all.entry(key).or_default().1.push(one);
    }
    let told = |mut several: Vec<String>| {
        several.sort();
        (!several.is_empty()).then(|| several.join(", "))
    };
    let all = all
        .into_iter()
        .map(|(key, (before, now))| (key, told(before), told(now)));
    all.filter(|(_, before, now)| before != now).collect()
}

#[cfg(test)]
mod tests;
