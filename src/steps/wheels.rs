//! `wheels`: makes the wheels directory available.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::context::Context;
use crate::failure::Failure;
use crate::findings::Findings;
use crate::fingerprint::Fingerprint;
use crate::layout::STATE;
use crate::plan::{Action, Task, View, Work};
use crate::root::Root;
use crate::settings::WheelsSource;
use crate::wheels::{Directory, tarball};
use crate::words::count;

pub(super) fn plan(view: &View<'_>, findings: &mut Findings) -> (String, Work) {
    let wheels = &view.settings.wheels;
    let directory = Directory::new(view.root, wheels.directory());
    let holds = format!(
        "{} holds {}",
        wheels.directory(),
        count(directory.count(), "wheel")
    );
    let Some(source) = &wheels.source else {
        let why = format!("every distribution is installed from {}", wheels.path);
        return match directory.fault() {
            None => (why, Work::Done(holds)),
            Some(_) => (why, Work::Do(Vec::new())),
        };
    };
    let why = format!("wheels come from {source}");
    let WheelsSource::Tarball(archive) = source else {
        return (why, Work::Do(Vec::new()));
    };
    let destination = &wheels.destination;
    let stamp = view.root.read(stamp_file()).ok();
    if directory.fault().is_none() && stamp.is_some() && stamp == stamp_of(view.root, archive) {
        return (why, Work::Done(holds));
    }
    if view.root.is_mounted(destination) {
        findings.input(format!(
            "WHEELS={archive}: {destination} is mounted, and WHEELS is extracted to WHEELS_DEST; \
             give another WHEELS_DEST, or unset WHEELS to use what is mounted"
        ));
    } else if stamp.is_none() && !is_empty(view.root, destination) {
        findings.input(format!(
            "WHEELS_DEST={destination}: it is not empty; wheels are extracted into a directory of their own"
        ));
    }
    let extract = Extract {
        archive: archive.clone(),
        destination: destination.clone(),
    };
    (why, Work::Do(vec![Action::task(extract)]))
}

/// What tells one tarball from another; written once it is extracted.
fn stamp_file() -> String {
    format!("{STATE}/wheels.stamp")
}

fn stamp_of(root: &Root, archive: &str) -> Option<String> {
    let metadata = root.join(archive).metadata().ok()?;
    let mut fingerprint = Fingerprint::default();
    fingerprint.add(archive);
    fingerprint.add(metadata.len().to_le_bytes());
    fingerprint.add(metadata.mtime_nsec().to_le_bytes());
    fingerprint.add(metadata.mtime().to_le_bytes());
    Some(fingerprint.finish())
}

fn is_empty(root: &Root, directory: &str) -> bool {
    match root.join(directory).read_dir() {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

/// Removes what this step extracted, for `cleanup`.
pub(super) fn removal(view: &View<'_>) -> Option<Action> {
    let wheels = &view.settings.wheels;
    wheels
        .source
        .is_some()
        .then(|| Action::task(RemoveExtracted(wheels.destination.clone())))
}

/// A directory that this build did not make has no stamp, and stays.
#[derive(Debug)]
struct RemoveExtracted(String);

impl Task for RemoveExtracted {
    fn describe(&self) -> String {
        format!("remove {}, if this build extracted it", self.0)
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        if context.root.exists(stamp_file()) {
            context.remove(&self.0)
        } else {
            Ok(())
        }
    }
}

/// Notes why there are no wheels, for every step that installs from them.
pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    let wheels = &view.settings.wheels;
    let Some(fault) = Directory::new(view.root, wheels.directory()).fault() else {
        return;
    };
    match &wheels.source {
        Some(WheelsSource::Tarball(archive)) if view.root.is_file(archive) => {}
        Some(source) => findings.machine(format!("WHEELS={source}: there is no such file")),
        None => findings.machine(format!(
            "{fault}; mount the wheels at WHEELS_PATH, or give a tarball as WHEELS"
        )),
    }
}

#[derive(Debug)]
struct Extract {
    archive: String,
    destination: String,
}

impl Task for Extract {
    fn describe(&self) -> String {
        format!(
            "extract the wheels and constraints of {} into {}",
            self.archive, self.destination
        )
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let archive = context.root.join(Path::new(&self.archive));
        let destination = context.root.join(Path::new(&self.destination));
        let number = tarball::extract(&archive, &destination).map_err(Failure::Wheels)?;
        if let Some(fault) = Directory::new(context.root, &self.destination).fault() {
            return Err(Failure::Wheels(format!(
                "{fault}, which were to come from {}",
                self.archive
            )));
        }
        context.note(&format!("{} extracted", count(number, "wheel")));
        let stamp = stamp_of(context.root, &self.archive).unwrap_or_default();
        context.write(&stamp_file(), &stamp)
    }
}
