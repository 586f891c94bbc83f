//! The image author's own scripts for the project, in name order.
//!
//! LOCI's layout: `/opt/loci/scripts/project_specific/PROJECT/NN_name.sh`.

use crate::command::Command;
use crate::context::Context;
use crate::failure::{FailedChild, Failure};
use crate::findings::Findings;
use crate::fingerprint::Fingerprint;
use crate::layout::{STATE, VIRTUALENV};
use crate::plan::{Action, Task, View};
use crate::root::Root;
use crate::settings::Settings;
use crate::step::StepName;
use crate::words::count;

/// How many there are, as part of a list.
pub(super) fn described(view: &View<'_>) -> Option<String> {
    let scripts = view.inputs.hooks.len();
    (scripts > 0).then(|| format!("{} of the image author", count(scripts, "script")))
}

/// Those that have not run. `step hooks` runs them again: that is what someone who debugs
/// one wants.
pub(super) fn plan(view: &View<'_>, findings: &Findings) -> Vec<Action> {
    let hooks = view.inputs.hooks.iter();
    hooks
        .filter(|script| view.named || findings.works(&[StepName::Pip]) || !was_run(view, script))
        .map(|script| Action::task(Run(script.clone())))
        .collect()
}

fn marker(script: &str) -> String {
    format!("{STATE}/hooks{script}")
}

fn was_run(view: &View<'_>, script: &str) -> bool {
    let stamp = view.root.read(marker(script));
    stamp.is_ok_and(|earlier| earlier == stamp_of(view.root, script, view.settings))
}

/// What a script's work depends on, as far as it can be known: itself and its arguments.
fn stamp_of(root: &Root, script: &str, settings: &Settings) -> String {
    let mut fingerprint = Fingerprint::default();
    fingerprint.add(std::fs::read(root.join(script)).unwrap_or_default());
    for (argument, value) in settings.given.in_force() {
        fingerprint.add(argument.name);
        fingerprint.add(value);
    }
    fingerprint.finish()
}

/// The script with every argument in force in its environment, as LOCI's had them.
fn command(script: &str, settings: &Settings) -> Command {
    let mut command = Command::new(script).directory("/");
    for (argument, value) in settings.given.in_force() {
        command = command.variable(argument.name, value);
    }
    command
        .variable("PROJECT_REPO", &settings.repository)
        .variable(
            "PIP_WHEEL_ARGS",
            settings
                .given
                .get("PIP_WHEEL_ARGS")
                .or(settings.given.get("PIP_ARGS"))
                .unwrap_or_default(),
        )
        .variable("VIRTUAL_ENV", VIRTUALENV)
}

#[derive(Debug)]
struct Run(String);

impl Task for Run {
    fn describe(&self) -> String {
        self.0.clone()
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let command = command(&self.0, context.settings).variable("TMPDIR", context.temporary()?);
        let output = context.attempt(&command);
        if !output.ending.success() {
            return Err(Failure::Hook {
                script: self.0.clone(),
                child: FailedChild::new(&command, &output),
            });
        }
        context.write(
            &marker(&self.0),
            &stamp_of(context.root, &self.0, context.settings),
        )
    }
}
