//! That every wheel is what the set's `hashes.txt` says: found out once, and again when
//! something has changed.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::failure::Failure;
use crate::findings::Findings;
use crate::fingerprint::Fingerprint;
use crate::layout::STATE;
use crate::plan::{Task, View};
use crate::root::Root;
use crate::wheels::{Directory, HASHES};
use crate::words::count;

/// Of so many wrong wheels each is told.
const TOLD: usize = 20;

/// What was found out of a directory of wheels.
#[derive(Serialize, Deserialize)]
struct Note {
    /// What tells this state of the directory from others.
    state: String,
    /// The SHA-256 digests of its wheels.
    digests: BTreeMap<String, String>,
}

fn file() -> String {
    format!("{STATE}/wheels.vouched")
}

/// The digests of the wheels of `directory`, if they were found out and nothing has
/// changed since.
pub(in super::super) fn digests(
    root: &Root,
    directory: &Directory,
) -> Option<BTreeMap<String, String>> {
    let note: Note = serde_json::from_str(&root.read(file()).ok()?).ok()?;
    (note.state == state(directory)).then_some(note.digests)
}

/// Whether there are digests that the wheels were not compared with yet.
pub(super) fn is_pending(root: &Root, directory: &Directory) -> bool {
    root.is_file(format!("{}/{HASHES}", directory.path())) && digests(root, directory).is_none()
}

/// A file that was changed and put back has another time of its status (stat(2)).
fn state(directory: &Directory) -> String {
    let mut fingerprint = Fingerprint::default();
    fingerprint.add(directory.path());
    fingerprint.add(std::fs::read(directory.real().join(HASHES)).unwrap_or_default());
    let mut add = |path: &Path| {
        fingerprint.add(path.file_name().unwrap_or_default().as_encoded_bytes());
        // Of what a link leads to.
        if let Ok(metadata) = path.metadata() {
            for number in [
                metadata.size(),
                metadata.ino(),
                metadata.mtime().cast_unsigned(),
                metadata.mtime_nsec().cast_unsigned(),
                metadata.ctime().cast_unsigned(),
                metadata.ctime_nsec().cast_unsigned(),
            ] {
                fingerprint.add(number.to_le_bytes());
            }
        }
    };
    directory.paths().for_each(&mut add);
    fingerprint.finish()
}

/// Compares them, unless that was done before. Every step that installs wheels begins
/// with it: it may be run alone, and long after the step `wheels`.
pub(in super::super) fn verify(context: &Context<'_>) -> Result<(), Failure> {
    let directory = Directory::new(context.root, context.settings.wheels.directory());
    if !is_pending(context.root, &directory) {
        return Ok(());
    }
    let Some(hashes) = directory.hashes().map_err(Failure::Wheels)? else {
        return Ok(());
    };
    let digests = directory.verified(&hashes).map_err(|faults| {
        let more = faults.len().saturating_sub(TOLD);
        let more = (more > 0).then(|| format!("and {}", count(more, "further wheel")));
        let faults = faults.iter().take(TOLD).map(ToString::to_string);
        Failure::WheelsChanged {
            directory: directory.path().to_owned(),
            faults: faults.chain(more).collect(),
        }
    })?;
    context.note(&format!(
        "{} as {HASHES} says",
        match digests.len() {
            1 => "1 wheel is".to_owned(),
            many => format!("{many} wheels are"),
        }
    ));
    note(context, digests)
}

/// Notes what was found out.
pub(super) fn note(
    context: &Context<'_>,
    digests: BTreeMap<String, String>,
) -> Result<(), Failure> {
    let directory = Directory::new(context.root, context.settings.wheels.directory());
    let state = state(&directory);
    let note = serde_json::to_string(&Note { state, digests }).unwrap_or_default();
    context.write(&file(), &note)
}

/// Refuses what can be seen to be wrong without reading the wheels.
pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    let directory = Directory::new(view.root, view.settings.wheels.directory());
    let hashes = match directory.hashes() {
        Ok(Some(hashes)) => hashes,
        Ok(None) => return,
        Err(why) => {
            findings.machine(format!(
                "{why}\nThe digests of the wheels are damaged; make or fetch the set again"
            ));
            return;
        }
    };
    let unnamed = directory.unnamed(&hashes);
    let Some(first) = unnamed.first() else {
        return;
    };
    let more = match unnamed.len() - 1 {
        0 => String::new(),
        more => format!(" (and so are {})", count(more, "further wheel")),
    };
    findings.machine(format!(
        "{}/{first}{more}; make the set again, or give wheels of your own by a directory that \
         WHEELS names before the set",
        directory.path()
    ));
}

/// Does it in a step of its own, beside others.
#[derive(Debug)]
pub(super) struct Verify(pub(super) String);

impl Task for Verify {
    fn describe(&self) -> String {
        format!(
            "compare each wheel of {0} with its digest in {0}/{HASHES}",
            self.0
        )
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        verify(context)
    }
}
