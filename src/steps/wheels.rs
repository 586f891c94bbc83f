//! `wheels`: makes the wheels directory available.

pub(super) mod vouched;

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::bootstrap;
use crate::context::Context;
use crate::failure::Failure;
use crate::findings::Findings;
use crate::fingerprint::Fingerprint;
use crate::layout::STATE;
use crate::plan::{Action, Task, View, Work};
use crate::reporter::Progress;
use crate::root::Root;
use crate::settings::WheelsSource;
use crate::step::{Mode, StepName};
use crate::wheels::{Directory, Fetch, Local, absent};
use crate::words::count;

pub(super) fn plan(view: &View<'_>, findings: &mut Findings) -> (String, Work) {
    let wheels = &view.settings.wheels;
    let directory = Directory::new(view.root, wheels.directory());
    let holds = format!(
        "{} holds {}",
        wheels.directory(),
        count(directory.count(), "wheel")
    );
    if wheels.sources.is_empty() {
        let why = match &wheels.mounted {
            Some(source) => format!("the wheels of {source} are mounted at {}", wheels.path),
            None => format!("every distribution is installed from {}", wheels.path),
        };
        return match directory.fault() {
            None if are_needed(view) && vouched::is_pending(view.root, &directory) => {
                let verify = vouched::Verify(wheels.path.clone());
                (why, Work::Do(vec![Action::task(verify)]))
            }
            None => (why, Work::Done(holds)),
            Some(_) if are_needed(view) => (why, Work::Do(Vec::new())),
            Some(_) => (why, Work::Done("none are needed".to_owned())),
        };
    }
    let sources = listed(&wheels.sources);
    let why = format!("wheels come from {sources}");
    let destination = &wheels.destination;
    let stamp = Stamp::read(view.root).filter(|stamp| stamp.destination == *destination);
    let made_of = stamp.as_ref().and_then(|stamp| stamp.made_of.as_ref());
    if directory.fault().is_none() && made_of == Some(&told_apart(view.root, &wheels.sources)) {
        if vouched::is_pending(view.root, &directory) {
            let verify = vouched::Verify(destination.clone());
            return (why, Work::Do(vec![Action::task(verify)]));
        }
        return (why, Work::Done(holds));
    }
    if view.root.is_mounted(destination) {
        findings.input(format!(
            "WHEELS={sources}: {destination} is mounted, and WHEELS goes to WHEELS_DEST; \
             give another WHEELS_DEST, or unset WHEELS to use what is mounted"
        ));
    } else if stamp.is_none() && !view.root.is_empty(destination) {
        findings.input(format!(
            "WHEELS_DEST={destination}: it is not empty; wheels go to a directory of their own"
        ));
    }
    let is_local = |source: &WheelsSource| matches!(source, WheelsSource::Path(_));
    let fetch = FetchWheels {
        online: !wheels.sources.iter().all(is_local),
        sources,
        destination: destination.clone(),
    };
    (why, Work::Do(vec![Action::task(fetch)]))
}

/// The steps that this one waits for in this build: a server may have to be trusted, and
/// the base image knows no authority before `bootstrap`.
pub(super) fn also_needs(view: &View<'_>) -> Vec<StepName> {
    let wheels = &view.settings.wheels;
    let mut sources = wheels.sources.iter();
    if sources.any(|source| source.needs_trust(&wheels.registry)) && !bootstrap::trusts(view) {
        vec![StepName::Bootstrap]
    } else {
        Vec::new()
    }
}

/// The file that says from which of the sources each wheel was fetched.
fn sources_file() -> String {
    format!("{STATE}/wheels.sources")
}

/// From which of the sources of `WHEELS` each wheel was fetched, without credentials; none
/// of wheels that are mounted.
pub(super) fn sources(root: &Root) -> BTreeMap<String, String> {
    let text = root.read(sources_file()).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn listed(sources: &[WheelsSource]) -> String {
    let sources: Vec<String> = sources.iter().map(ToString::to_string).collect();
    sources.join(" ")
}

/// What this step noted of the directory that it makes.
struct Stamp {
    destination: String,
    /// What the sources were; none as long as it is not finished.
    made_of: Option<String>,
}

impl Stamp {
    fn path() -> String {
        format!("{STATE}/wheels.stamp")
    }

    fn read(root: &Root) -> Option<Self> {
        let text = root.read(Self::path()).ok()?;
        let mut lines = text.lines().map(str::to_owned);
        Some(Self {
            destination: lines.next()?,
            made_of: lines.next(),
        })
    }

    fn write(&self, context: &Context<'_>) -> Result<(), Failure> {
        let made_of = self.made_of.as_deref().unwrap_or_default();
        context.write(&Self::path(), &format!("{}\n{made_of}", self.destination))
    }
}

/// What tells these sources from others. What is on this machine may change during a
/// build, which is for whoever debugs it to see at once; what is elsewhere is asked for
/// once a build.
fn told_apart(root: &Root, sources: &[WheelsSource]) -> String {
    let mut fingerprint = Fingerprint::default();
    for source in sources {
        fingerprint.add(source.to_string());
        let WheelsSource::Path(path) = source else {
            continue;
        };
        let files = match Local::at(root, path) {
            Some(Local::Tarball(file)) => vec![file],
            Some(Local::Image(layout, _)) => vec![layout.index()],
            Some(Local::Directory(directory)) => files(&directory),
            None => Vec::new(),
        };
        for file in files {
            fingerprint.add(file.as_os_str().as_encoded_bytes());
            if let Ok(metadata) = file.metadata() {
                fingerprint.add(metadata.len().to_le_bytes());
                fingerprint.add(metadata.mtime_nsec().to_le_bytes());
                fingerprint.add(metadata.mtime().to_le_bytes());
            }
        }
    }
    fingerprint.finish()
}

/// The entries of a directory, in name order.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = directory.read_dir().into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files
}

/// Removes what this step fetched, for `cleanup`.
pub(super) fn removal(view: &View<'_>) -> Option<Action> {
    let wheels = &view.settings.wheels;
    (!wheels.sources.is_empty()).then(|| Action::task(RemoveFetched(wheels.destination.clone())))
}

/// A directory that this build did not make is in no stamp, and stays.
#[derive(Debug)]
struct RemoveFetched(String);

impl Task for RemoveFetched {
    fn describe(&self) -> String {
        format!("remove {}, if this build fetched it", self.0)
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        match Stamp::read(context.root) {
            Some(stamp) if stamp.destination == self.0 => context.remove(&self.0),
            _ => Ok(()),
        }
    }
}

/// Whether anything is installed from wheels here: an image without Python packages of
/// its own needs none.
pub(super) fn are_needed(view: &View<'_>) -> bool {
    match view.settings.mode {
        Mode::Project => true,
        Mode::Infra => !view.settings.pip.packages.is_empty() || !view.inputs.pydeps.is_empty(),
        Mode::Requirements | Mode::Base => false,
    }
}

/// Notes why there are no wheels, for every step that installs from them.
pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    let wheels = &view.settings.wheels;
    let Some(fault) = Directory::new(view.root, wheels.directory()).fault() else {
        vouched::check(view, findings);
        return;
    };
    if wheels.sources.is_empty() {
        findings.machine(format!(
            "{fault}; mount the wheels at WHEELS_PATH, or say in WHEELS where they are"
        ));
    }
    for text in absent(view.root, &wheels.sources) {
        findings.machine(text);
    }
}

#[derive(Debug)]
struct FetchWheels {
    sources: String,
    destination: String,
    /// Whether a source is on another machine.
    online: bool,
}

impl Task for FetchWheels {
    fn describe(&self) -> String {
        format!(
            "fetch the wheels and constraints of {} into {}",
            self.sources, self.destination
        )
    }

    fn online(&self) -> bool {
        self.online
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let wheels = &context.settings.wheels;
        let mut stamp = Stamp {
            destination: self.destination.clone(),
            made_of: None,
        };
        // Before it is there: a run that is cut off now knows whose it is.
        stamp.write(context)?;
        let made_of = told_apart(context.root, &wheels.sources);
        let fetch = Fetch {
            root: context.root,
            environment: context.environment,
            settings: wheels,
            runner: context.runner,
            note: &|text| context.note(text),
            tell: &|read, expected| context.progress(&Progress::of_bytes(read, expected)),
            stopping: &|| context.runner.stopping(),
        };
        let fetched = fetch.fetch(&self.destination).map_err(Failure::Wheels)?;
        for origin in &fetched.origins {
            context.note(&origin.to_string());
        }
        if let Some(digests) = fetched.digests {
            vouched::note(context, digests)?;
        }
        let source = |number: usize| fetched.origins[number].source.clone();
        let sources = fetched.wheels.into_iter();
        let sources: BTreeMap<_, _> = sources
            .map(|(file, number)| (file, source(number)))
            .collect();
        let sources = serde_json::to_string(&sources).unwrap_or_default();
        context.write(&sources_file(), &sources)?;
        context.record(|record| record.wheels.clone_from(&fetched.origins));
        stamp.made_of = Some(made_of);
        stamp.write(context)
    }
}
