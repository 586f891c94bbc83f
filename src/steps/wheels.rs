//! `wheels`: makes the wheels directory available.

use std::path::Path;

use super::packages::count;
use crate::context::Context;
use crate::failure::Failure;
use crate::findings::Findings;
use crate::plan::{Action, Task, View, Work};
use crate::settings::WheelsSource;
use crate::wheels::{Directory, tarball};

pub(super) fn plan(view: &View<'_>, _findings: &mut Findings) -> (String, Work) {
    let wheels = &view.settings.wheels;
    let directory = Directory::new(view.root, wheels.directory());
    let why = match &wheels.source {
        None => format!("every distribution is installed from {}", wheels.path),
        Some(source) => format!("wheels come from {source}"),
    };
    if directory.fault().is_none() {
        let holds = count(directory.count(), "wheel");
        return (
            why,
            Work::Done(format!("{} holds {holds}", wheels.directory())),
        );
    }
    let extract = match &wheels.source {
        Some(WheelsSource::Tarball(archive)) => Some(Action::task(Extract {
            archive: archive.clone(),
            destination: wheels.destination.clone(),
        })),
        _ => None,
    };
    (why, Work::Do(extract.into_iter().collect()))
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
        let number = tarball::extract(&archive, &destination)
            .map_err(|error| Failure::Wheels(error.to_string()))?;
        if let Some(fault) = Directory::new(context.root, &self.destination).fault() {
            return Err(Failure::Wheels(format!(
                "{fault}, which were to come from {}",
                self.archive
            )));
        }
        context.note(&format!("{} extracted", count(number, "wheel")));
        Ok(())
    }
}
