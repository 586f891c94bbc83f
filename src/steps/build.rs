//! `build`: wheels of the sources. The only place where project code is built.

use std::path::Path;
use std::time::UNIX_EPOCH;

use super::source;
use crate::command::Command;
use crate::context::Context;
use crate::failure::Failure;
use crate::findings::Findings;
use crate::fingerprint::Fingerprint;
use crate::layout::{PYTHON, STATE};
use crate::plan::{Action, Task, View, Work};
use crate::python::pip::{origins, pip, understood, wheel_arguments};
use crate::python::wheels_in;
use crate::settings::Settings;
use crate::wheels::UPPER_CONSTRAINTS;

/// Where the built wheels are.
pub(super) const BUILT: &str = "/var/lib/loci-install/built";

pub(super) fn plan(view: &View<'_>, _findings: &mut Findings) -> (String, Work) {
    let sources = sources(view.settings);
    let why = format!("wheels of {}", sources.join(", "));
    let built = wheels_in(&view.root.join(BUILT));
    let unchanged = view.root.read(fingerprint_file()).is_ok_and(|earlier| {
        earlier
            == fingerprint(
                sources.iter().map(|source| view.root.join(source)),
                &wheel_arguments(view.settings),
            )
    });
    if built.len() == sources.len() && unchanged {
        return (
            why,
            Work::Done("they are built, and the sources have not changed since".to_owned()),
        );
    }
    let task = Build {
        command: command(view.settings, &sources),
        sources,
    };
    (
        why,
        Work::Do(vec![
            Action::Remove {
                path: BUILT.to_owned(),
            },
            Action::task(task),
        ]),
    )
}

fn fingerprint_file() -> String {
    format!("{STATE}/built.inputs")
}

/// The sources that are built, the project's first.
fn sources(settings: &Settings) -> Vec<String> {
    let extra = settings.extra_projects.iter().map(String::as_str);
    std::iter::once(settings.project.as_str())
        .chain(extra)
        .map(|project| source::directory(&settings.sources_dir, project))
        .collect()
}

fn command(settings: &Settings, sources: &[String]) -> Command {
    let constraints = format!("{}/{UPPER_CONSTRAINTS}", settings.wheels.directory());
    pip(PYTHON, "wheel")
        // Dependencies are the step `pip`'s, in one resolution with everything else.
        .args(["--no-deps", "--no-cache-dir", "--wheel-dir", BUILT])
        .args(origins(settings))
        .args(wheel_arguments(settings))
        .args(sources)
        // Only the environment reaches the environment that pip builds in. Before 25.3
        // that is PIP_CONSTRAINT, from then on PIP_BUILD_CONSTRAINT
        // (https://github.com/pypa/pip/issues/8209); each pip ignores the other one.
        .variable("PIP_BUILD_CONSTRAINT", &constraints)
        .variable("PIP_CONSTRAINT", constraints)
}

#[derive(Debug)]
struct Build {
    command: Command,
    sources: Vec<String>,
}

impl Task for Build {
    fn describe(&self) -> String {
        self.command.to_string()
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let command = self
            .command
            .clone()
            .variable("TMPDIR", context.temporary()?);
        let output = context.attempt(&command);
        if !output.ending.success() {
            return Err(understood(
                "build the wheels of the sources",
                &command,
                &output,
                context.settings,
            ));
        }
        let built: Vec<String> = wheels_in(&context.root.join(BUILT))
            .iter()
            .filter_map(|(_, path)| Some(path.file_name()?.to_string_lossy().into_owned()))
            .collect();
        context.note(&built.join(", "));
        context.record(|record| record.built = built);
        // Taken after the build, which writes into the source tree itself.
        let sources = self.sources.iter().map(|source| context.root.join(source));
        context.write(
            &fingerprint_file(),
            &fingerprint(sources, &wheel_arguments(context.settings)),
        )
    }
}

/// What tells one state of the sources from another: every file's name, size and time.
fn fingerprint(sources: impl Iterator<Item = impl AsRef<Path>>, arguments: &[String]) -> String {
    let mut fingerprint = Fingerprint::default();
    for argument in arguments {
        fingerprint.add(argument);
    }
    sources.for_each(|source| add(source.as_ref(), &mut fingerprint));
    fingerprint.finish()
}

fn add(directory: &Path, fingerprint: &mut Fingerprint) {
    let mut paths: Vec<_> = std::fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        // git touches its own files whenever it is asked something.
        .filter(|path| !path.ends_with(".git") && !path.ends_with("__pycache__"))
        .collect();
    paths.sort();
    for path in paths {
        let Ok(metadata) = path.symlink_metadata() else {
            continue;
        };
        if metadata.is_dir() {
            add(&path, fingerprint);
            continue;
        }
        let time = metadata
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        fingerprint.add(path.as_os_str().as_encoded_bytes());
        fingerprint.add(metadata.len().to_le_bytes());
        fingerprint.add(time.map_or(0, |time| time.as_nanos()).to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_source_is_another_one() {
        let source = tempfile::tempdir().expect("a directory");
        let taken = || fingerprint([source.path()].into_iter(), &[]);
        std::fs::write(source.path().join("a.py"), "1").expect("written");
        let first = taken();
        assert_eq!(first, taken());
        std::fs::write(source.path().join("a.py"), "22").expect("written");
        assert_ne!(first, taken());
    }
}
