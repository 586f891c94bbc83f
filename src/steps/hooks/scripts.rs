//! The image author's own scripts for the project, in name order.
//!
//! LOCI's layout: `/opt/loci/scripts/project_specific/PROJECT/NN_name.sh`, and
//! `before-pip` in the same directory for those that run before `build`.

use super::super::source;
use super::super::transaction::note_base;
use crate::command::{Command, Ending};
use crate::context::Context;
use crate::failure::{FailedChild, Failure};
use crate::findings::Findings;
use crate::fingerprint::Fingerprint;
use crate::inputs::{asks_for_network, interpreter};
use crate::layout::{STATE, VIRTUALENV};
use crate::plan::{Action, Task, View};
use crate::platform::package_manager::PackageManager;
use crate::root::Root;
use crate::step::StepName;
use crate::words::count;

/// How many these are, as part of a list.
pub(super) fn described(scripts: &[String]) -> Option<String> {
    let number = scripts.len();
    (number > 0).then(|| format!("{} of the image author", count(number, "script")))
}

/// Those after pip that have not run. `step hooks` runs them again: that is what someone
/// who debugs one wants.
pub(super) fn after_pip(view: &View<'_>, findings: &Findings) -> Vec<Action> {
    let again = view.named() || findings.works(&[StepName::Pip]);
    plan(view, &view.inputs.hooks, &[], again)
}

/// Those before pip that have not run on these sources and this virtualenv; `step build`
/// runs them again.
pub(super) fn before_pip(view: &View<'_>, findings: &Findings) -> Vec<Action> {
    let mut sources = source::projects(view.settings);
    let again = view.named()
        || findings.works(&[StepName::Wheels, StepName::Venv])
        || source::changes(view)
        || sources.any(|project| !view.root.exists(place(view, project)));
    let sources = source::projects(view.settings);
    let sources: Vec<String> = sources.map(|project| place(view, project)).collect();
    plan(view, &view.inputs.before_pip, &sources, again)
}

fn plan(view: &View<'_>, scripts: &[String], sources: &[String], again: bool) -> Vec<Action> {
    let variables = variables(view);
    let runs = scripts.iter().map(|script| Run {
        script: script.clone(),
        manager: view.platform.package_manager,
        online: asks_for_network(view.root, script),
        variables: variables.clone(),
        sources: sources.to_vec(),
    });
    runs.filter(|run| again || !run.was_done(view.root))
        .map(Action::task)
        .collect()
}

fn place(view: &View<'_>, project: &str) -> String {
    source::place(view.root, view.settings, project)
}

/// Every argument in force, as LOCI's scripts had them, and what is found out: where
/// an argument's value depends on the build, scripts get what it is in the end.
fn variables(view: &View<'_>) -> Vec<(String, String)> {
    let settings = view.settings;
    let distribution = &view.platform.distribution;
    let version = Some(&distribution.codename).filter(|codename| !codename.is_empty());
    let version = version.unwrap_or(&distribution.version);
    let wheel_arguments = settings.given.get("PIP_WHEEL_ARGS");
    let wheel_arguments = wheel_arguments.or(settings.given.get("PIP_ARGS"));
    let source = place(view, settings.project.as_str());
    let found = [
        ("PROJECT_REPO", settings.repository.url.as_str()),
        ("PROJECT_SOURCE", &source),
        ("PIP_WHEEL_ARGS", wheel_arguments.unwrap_or_default()),
        ("WHEELS_PATH", settings.wheels.directory()),
        ("DISTRO", &distribution.id),
        ("DISTRO_VERSION", version),
        // LOCI's names for them until 2025.
        ("distro", &distribution.id),
        ("distro_version", version),
        ("VIRTUAL_ENV", VIRTUALENV),
    ];
    let given = settings.given.in_force();
    let given = given.map(|(argument, value)| (argument.name, value));
    // Whoever reads it expects a number: setuptools fails when it is empty.
    let given = given.filter(|(name, value)| *name != "SOURCE_DATE_EPOCH" || !value.is_empty());
    given
        .chain(found)
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[derive(Debug)]
struct Run {
    script: String,
    manager: &'static dyn PackageManager,
    online: bool,
    variables: Vec<(String, String)>,
    /// What it may have changed: another one in its place is as it was before.
    sources: Vec<String>,
}

impl Run {
    /// The file that says what the script did its work from.
    fn marker(&self) -> String {
        format!("{STATE}/hooks{}", self.script)
    }

    fn was_done(&self, root: &Root) -> bool {
        let earlier = root.read(self.marker());
        earlier.is_ok_and(|earlier| earlier == self.stamp(root))
    }

    /// What its work depends on, as far as it can be known: itself and its arguments.
    fn stamp(&self, root: &Root) -> String {
        let mut fingerprint = Fingerprint::default();
        fingerprint.add(std::fs::read(root.join(&self.script)).unwrap_or_default());
        for (name, value) in &self.variables {
            fingerprint.add(name);
            fingerprint.add(value);
        }
        for source in &self.sources {
            fingerprint.add(source::identity(root, source).unwrap_or_default());
        }
        fingerprint.finish()
    }
}

impl Task for Run {
    fn describe(&self) -> String {
        self.script.clone()
    }

    fn online(&self) -> bool {
        self.online
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        // What it may install is then told from what was there.
        note_base(context, self.manager)?;
        let command = Command::new(&self.script)
            .directory("/")
            .online(self.online);
        let variables = self.variables.iter();
        let command = variables.fold(command, |command, (name, value)| {
            command.variable(name, value)
        });
        let command = command.variable("TMPDIR", context.temporary()?);
        let mut output = context.attempt(&command);
        if !output.ending.success() {
            if let Ending::NotStarted(why) = &mut output.ending {
                // The kernel says of a missing interpreter that the script is missing.
                let program = interpreter(context.root, &self.script);
                if let Some(program) = program.filter(|program| !context.root.exists(program)) {
                    *why = format!("there is no {program}, which its first line names");
                }
            }
            return Err(Failure::Hook {
                script: self.script.clone(),
                child: FailedChild::new(&command, &output),
            });
        }
        context.write(&self.marker(), &self.stamp(context.root))
    }
}
