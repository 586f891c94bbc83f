//! `pip`: the project and everything it needs, in one constrained resolution of wheels.

use std::path::PathBuf;

use super::build::BUILT;
use super::venv;
use crate::command::Command;
use crate::context::{Context, file};
use crate::failure::Failure;
use crate::findings::Findings;
use crate::fingerprint::Fingerprint;
use crate::installer::{Installation, Installer, Origin, tidy, understood};
use crate::layout::{STAMPS, STATE, VIRTUALENV};
use crate::plan::{Action, Task, View, Work};
use crate::python::installed::{ORIGIN, damaged, distributions, forget};
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
    let installer = Installer::planned(view, findings);
    let built = [format!("{BUILT}/*.whl{}", extras(settings))];
    let install = Install {
        literal: command(&installer, view.root, settings, &built, &pydeps),
        check: installer.check(),
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
fn command(
    installer: &Installer,
    root: &Root,
    settings: &Settings,
    built: &[String],
    pydeps: &[String],
) -> Command {
    let wheels = settings.wheels.directory();
    let mut constraints = vec![constraints_file()];
    if root.is_file(format!("{wheels}/{GLOBAL_REQUIREMENTS}")) {
        constraints.push(ranges_file());
    }
    let install = Installation {
        // Project code is built in the step `build` and nowhere else.
        only_wheels: true,
        constraints: &constraints,
        arguments: &settings.pip.arguments,
        requirements: &[built, pydeps, &settings.pip.packages].concat(),
        ..Installation::from(Origin::Anywhere)
    };
    installer.install(&install, settings)
}

#[derive(Debug)]
struct Install {
    /// What `plan` shows, before the wheels of the sources are there to be named.
    literal: Command,
    check: Command,
    pydeps: Vec<String>,
}

impl Install {
    /// What the result depends on, and what it is: the same text for two runs that
    /// install the same, as long as nothing was added to or taken from it.
    fn inputs(&self, root: &Root, settings: &Settings) -> String {
        let mut fingerprint = Fingerprint::default();
        // As one engine would be told it: the other installs the same.
        let requirements = requirements(root, settings);
        let command = command(&Installer::PIP, root, settings, &requirements, &self.pydeps);
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

impl Install {
    /// The distributions that are asked for by name, here and in the step `venv`.
    fn asked_for(&self, context: &Context<'_>) -> Vec<Name> {
        let settings = context.settings;
        let wheels = Directory::new(context.root, settings.wheels.directory());
        let mut names = venv::asked_for(&wheels, settings);
        let built = wheels_in(&context.root.join(BUILT));
        names.extend(built.into_iter().map(|(wheel, _)| wheel.name));
        let wanted = self.pydeps.iter().chain(&settings.pip.packages);
        names.extend(wanted.filter_map(|requirement| Name::of_requirement(requirement)));
        names
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
        format!("{}; {}", self.literal, self.check)
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
        let installer = Installer::open(context)?;
        make_room(context, &installer)?;
        let command = command(&installer, context.root, settings, &built, &self.pydeps);
        let command = installer.prepared(context, command)?;
        let output = context.attempt(&command);
        if !output.ending.success() {
            return Err(understood(
                &installer,
                "install the project",
                &command,
                &output,
                settings,
            ));
        }
        context.run(
            "find all requirements of what is installed satisfied",
            &installer.prepared(context, installer.check())?,
        )?;
        for (_, metadata) in installed_here(context.root) {
            forget(&metadata, &[ORIGIN])
                .map_err(|error| file("forget the built wheel in", &metadata, &error))?;
        }
        tidy(context, &self.asked_for(context))?;
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

/// Uninstalls earlier builds of the sources: an engine takes a wheel for installed
/// whose version is, though it was built from a source that has changed since.
fn make_room(context: &Context<'_>, installer: &Installer) -> Result<(), Failure> {
    let earlier = installed_here(context.root);
    if earlier.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = earlier.iter().map(|(name, _)| name.as_str()).collect();
    let uninstall = installer.prepared(context, installer.uninstall(&names))?;
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
