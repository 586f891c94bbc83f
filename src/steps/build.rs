//! `build`: wheels of the sources. The only place where project code is built.

use super::source;
use crate::command::Command;
use crate::context::Context;
use crate::failure::Failure;
use crate::findings::Findings;
use crate::fingerprint::Fingerprint;
use crate::installer::pip::{origins, pip, understood, wheel_arguments};
use crate::layout::{PYTHON, STATE};
use crate::plan::{Action, Task, View, Work};
use crate::python::wheels_in;
use crate::root::Root;
use crate::settings::Settings;
use crate::wheels::UPPER_CONSTRAINTS;

/// Where the built wheels are.
pub(super) const BUILT: &str = "/var/lib/loci-install/built";

pub(super) fn plan(view: &View<'_>, _findings: &mut Findings) -> (String, Work) {
    let sources: Vec<String> = source::projects(view.settings)
        .map(|project| source::place(view.root, view.settings, project))
        .collect();
    let why = format!("wheels of {}", sources.join(", "));
    let built = wheels_in(&view.root.join(BUILT));
    let task = Build {
        command: command(view.settings, &sources),
        sources,
        version: view.variable("PBR_VERSION").map(str::to_owned),
    };
    let inputs = task.inputs(view.root, view.settings);
    let unchanged = view
        .root
        .read(inputs_file())
        .is_ok_and(|earlier| earlier == inputs);
    if built.len() == task.sources.len() && unchanged {
        return (
            why,
            Work::Done("they are built, and the sources have not changed since".to_owned()),
        );
    }
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

fn inputs_file() -> String {
    format!("{STATE}/built.inputs")
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
    /// What pbr takes for the version when it is set.
    version: Option<String>,
}

impl Build {
    /// What the wheels depend on.
    fn inputs(&self, root: &Root, settings: &Settings) -> String {
        let mut fingerprint = Fingerprint::default();
        fingerprint.add(self.command.to_string());
        fingerprint.add(self.version.as_deref().unwrap_or_default());
        let constraints = format!("{}/{UPPER_CONSTRAINTS}", settings.wheels.directory());
        fingerprint.add(root.read(constraints).unwrap_or_default());
        for source in &self.sources {
            fingerprint.add_tree(&root.join(source));
        }
        fingerprint.finish()
    }
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
        let inputs = self.inputs(context.root, context.settings);
        context.write(&inputs_file(), &inputs)
    }
}
