//! `wheels`: makes the wheels directory available.

use std::path::Path;

use super::packages::count;
use crate::context::Context;
use crate::failure::Failure;
use crate::findings::Findings;
use crate::plan::{Action, Task, View, Work};
use crate::settings::WheelsSource;
use crate::wheels::{Directory, tarball};

pub(super) fn plan(view: &View<'_>, findings: &mut Findings) -> (String, Work) {
    let wheels = &view.settings.wheels;
    let directory = Directory::new(view.root, wheels.directory());
    let Some(source) = &wheels.source else {
        let why = format!("every distribution is installed from {}", wheels.path);
        return match directory.fault() {
            None => (
                why,
                Work::Done(format!("it holds {}", count(directory.count(), "wheel"))),
            ),
            Some(fault) => {
                findings.machine(format!(
                    "{fault}; mount the wheels at WHEELS_PATH, or give a tarball as WHEELS"
                ));
                (why, Work::Do(Vec::new()))
            }
        };
    };
    let why = format!("wheels come from {source}");
    if directory.fault().is_none() {
        return (
            why,
            Work::Done(format!(
                "{} in {}",
                count(directory.count(), "wheel"),
                wheels.destination
            )),
        );
    }
    let WheelsSource::Tarball(archive) = source else {
        return (why, Work::Do(Vec::new()));
    };
    if !view.root.is_file(archive) {
        findings.machine(format!("WHEELS={archive}: there is no such file"));
    }
    let extract = Extract {
        archive: archive.clone(),
        destination: wheels.destination.clone(),
    };
    (why, Work::Do(vec![Action::task(extract)]))
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
