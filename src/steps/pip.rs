//! `pip`: the project and everything it needs, in one constrained resolution of wheels.

use std::path::PathBuf;

use super::build::BUILT;
use crate::command::Command;
use crate::context::{Context, file};
use crate::failure::Failure;
use crate::findings::Findings;
use crate::fingerprint::Fingerprint;
use crate::installer::pip::{origins, pip, understood};
use crate::layout::{PYTHON, STAMPS, STATE, VIRTUALENV};
use crate::plan::{Action, Task, View, Work};
use crate::python::installed::{damaged, distributions, forget_origin};
use crate::python::{Name, WheelName, constraints, wheels_in};
use crate::root::Root;
use crate::settings::Settings;
use crate::step::StepName;
use crate::wheels::{Directory, GLOBAL_REQUIREMENTS, UPPER_CONSTRAINTS};
use crate::words::count;

pub(super) fn plan(view: &View<'_>, findings: &mut Findings) -> (String, Work) {
    let settings = view.settings;
    let pydeps: Vec<String> = view
        .inputs
        .pydeps
        .iter()
        .map(|wanted| wanted.name.clone())
        .collect();
    let why = format!(
        "{} with {} from pydep files and {} from PIP_PACKAGES, in one resolution",
        project(settings),
        count(pydeps.len(), "requirement"),
        settings.pip.packages.len()
    );
    let install = Install {
        literal: command(
            view.root,
            settings,
            &[format!("{BUILT}/*.whl{}", extras(settings))],
            &pydeps,
        ),
        pydeps,
    };
    let mut actions = remove_damaged(view, |_| true);
    let same = !findings.works(&[StepName::Wheels, StepName::Venv, StepName::Build])
        && view
            .root
            .read(inputs_file())
            .is_ok_and(|earlier| earlier == install.inputs(view.root, settings));
    if same && actions.is_empty() {
        return (
            why,
            Work::Done("all of it is installed, from these very inputs".to_owned()),
        );
    }
    actions.push(Action::task(install));
    (why, Work::Do(actions))
}

/// Removes the metadata of the damaged distributions whose name is `wanted`:
/// pip takes a distribution for installed when it sees its metadata, whole or not.
pub(super) fn remove_damaged(view: &View<'_>, wanted: impl Fn(&Name) -> bool) -> Vec<Action> {
    damaged(&view.root.join(VIRTUALENV))
        .into_iter()
        .filter(|damaged| wanted(&damaged.name))
        .filter_map(|damaged| {
            let inside = damaged.metadata.strip_prefix(view.root.join("/")).ok()?;
            Some(Action::Remove {
                path: format!("/{}", inside.display()),
            })
        })
        .collect()
}

fn inputs_file() -> String {
    format!("{STAMPS}/pip")
}

fn project(settings: &Settings) -> String {
    format!("{}{}", settings.project, extras(settings))
}

fn extras(settings: &Settings) -> String {
    if settings.extras.is_empty() {
        String::new()
    } else {
        format!("[{}]", settings.extras.join(","))
    }
}

/// The one command; `built` are the wheels of the sources.
fn command(root: &Root, settings: &Settings, built: &[String], pydeps: &[String]) -> Command {
    let wheels = settings.wheels.directory();
    let mut command = pip(PYTHON, "install")
        // --only-binary: project code is built in the step `build` and nowhere else.
        // --no-compile: bytecode is made by whoever runs the image, as LOCI has it.
        .args([
            "--no-cache-dir",
            "--no-compile",
            "--only-binary",
            ":all:",
            "--root-user-action",
            "ignore",
        ])
        .args(["--constraint", &constraints_file()]);
    if root.is_file(format!("{wheels}/{GLOBAL_REQUIREMENTS}")) {
        command = command.args(["--constraint", &ranges_file()]);
    }
    command
        .args(origins(settings))
        .args(&settings.pip.arguments)
        .args(built)
        .args(pydeps)
        .args(&settings.pip.packages)
}

#[derive(Debug)]
struct Install {
    /// What `plan` shows, before the wheels of the sources are there to be named.
    literal: Command,
    pydeps: Vec<String>,
}

impl Install {
    /// What the result depends on, and what it is: the same text for two runs that
    /// install the same, as long as nothing was added to or taken from it.
    fn inputs(&self, root: &Root, settings: &Settings) -> String {
        let mut fingerprint = Fingerprint::default();
        let command = command(root, settings, &requirements(root, settings), &self.pydeps);
        command
            .arguments
            .iter()
            .for_each(|argument| fingerprint.add(argument));
        for (name, size) in Directory::new(root, settings.wheels.directory()).listing() {
            fingerprint.add(name);
            fingerprint.add(size.to_le_bytes());
        }
        for (_, path) in wheels_in(&root.join(BUILT)) {
            fingerprint.add(std::fs::read(path).unwrap_or_default());
        }
        for file in [UPPER_CONSTRAINTS, GLOBAL_REQUIREMENTS] {
            fingerprint.add(
                root.read(format!("{}/{file}", settings.wheels.directory()))
                    .unwrap_or_default(),
            );
        }
        for (_, metadata) in distributions(&root.join(VIRTUALENV)) {
            fingerprint.add(metadata.as_os_str().as_encoded_bytes());
        }
        fingerprint.finish()
    }
}

/// The built wheels as requirements: the project's with its extras.
fn requirements(root: &Root, settings: &Settings) -> Vec<String> {
    let built = wheels_in(&root.join(BUILT));
    built
        .iter()
        .filter_map(|(name, path)| {
            let file = path.file_name()?.to_string_lossy().into_owned();
            let extras = if is_projects(name, built.len(), settings) {
                extras(settings)
            } else {
                String::new()
            };
            Some(format!("{BUILT}/{file}{extras}"))
        })
        .collect()
}

/// Whether a built wheel is the project's: the only one, or the one whose name
/// is the project's or ends in it (heat's distribution is `openstack-heat`).
fn is_projects(wheel: &WheelName, number: usize, settings: &Settings) -> bool {
    let project = Name::new(settings.project.as_str());
    number == 1 || wheel.name == project || wheel.name.as_str() == format!("openstack-{project}")
}

/// The wheels' upper-constraints without the distributions that are built here.
fn constraints_file() -> String {
    format!("{STATE}/{UPPER_CONSTRAINTS}")
}

/// The wheels' global-requirements, likewise.
fn ranges_file() -> String {
    format!("{STATE}/{GLOBAL_REQUIREMENTS}")
}

impl Task for Install {
    fn describe(&self) -> String {
        format!("{}; {}", self.literal, pip(PYTHON, "check"))
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let settings = context.settings;
        edit_constraints(context)?;
        let built = requirements(context.root, settings);
        if built.is_empty() {
            return Err(Failure::Wheels(format!(
                "there is no built wheel of {} in {BUILT}: run the step build",
                settings.project
            )));
        }
        make_room(context)?;
        let command = command(context.root, settings, &built, &self.pydeps)
            .variable("TMPDIR", context.temporary()?);
        let output = context.attempt(&command);
        if !output.ending.success() {
            return Err(understood(
                "install the project",
                &command,
                &output,
                settings,
            ));
        }
        context.run(
            "find all requirements of what is installed satisfied",
            &pip(PYTHON, "check"),
        )?;
        for (_, metadata) in installed_here(context.root) {
            forget_origin(&metadata)
                .map_err(|error| file("forget the built wheel in", &metadata, &error))?;
        }
        context.write(&inputs_file(), &self.inputs(context.root, settings))
    }
}

/// The distributions that are installed and were built here, with their metadata.
fn installed_here(root: &Root) -> Vec<(Name, PathBuf)> {
    let built = wheels_in(&root.join(BUILT));
    let mut installed = distributions(&root.join(VIRTUALENV));
    installed.retain(|(name, _)| built.iter().any(|(wheel, _)| wheel.name == *name));
    installed
}

/// Uninstalls earlier builds of the sources: pip takes a wheel for installed
/// whose version is, though it was built from a source that has changed since.
fn make_room(context: &Context<'_>) -> Result<(), Failure> {
    let installed = installed_here(context.root);
    if installed.is_empty() {
        return Ok(());
    }
    let uninstall = pip(PYTHON, "uninstall")
        .args(["--yes", "--root-user-action", "ignore"])
        .args(installed.iter().map(|(name, _)| name.as_str()));
    context
        .run("uninstall the earlier build", &uninstall)
        .map(drop)
}

fn edit_constraints(context: &Context<'_>) -> Result<(), Failure> {
    let wheels = context.settings.wheels.directory();
    let built: Vec<Name> = wheels_in(&context.root.join(BUILT))
        .into_iter()
        .map(|(wheel, _)| wheel.name)
        .collect();
    let mut edits = Vec::new();
    for (file, edited) in [
        (UPPER_CONSTRAINTS, constraints_file()),
        (GLOBAL_REQUIREMENTS, ranges_file()),
    ] {
        let original = format!("{wheels}/{file}");
        if file == GLOBAL_REQUIREMENTS && !context.root.is_file(&original) {
            continue;
        }
        let (text, dropped) = constraints::without(&context.read(&original)?, &built);
        context.write(&edited, &text)?;
        edits.extend(
            dropped
                .into_iter()
                .map(|line| format!("{line} dropped from {file}: it is built from source here")),
        );
    }
    for edit in &edits {
        context.note(edit);
    }
    context.record(|record| record.constraint_edits = edits);
    Ok(())
}
