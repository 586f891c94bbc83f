//! `pip`: the project and everything it needs, in one constrained resolution of wheels.

mod extras;

use std::path::PathBuf;

use super::build::BUILT;
use super::pins::{self, Pins};
use super::wheels::vouched;
use super::{origins, source, venv};
use crate::command::Command;
use crate::context::{Context, file};
use crate::failure::Failure;
use crate::findings::Findings;
use crate::fingerprint::Fingerprint;
use crate::git::{Remote, credentials_file};
use crate::installer::{Installation, Installer, Origin, tidy, understood};
use crate::layout::{STAMPS, VIRTUALENV};
use crate::plan::{Action, Task, View, Work};
use crate::python::installed::{ORIGIN, damaged, distributions, forget, is_of_a_file};
use crate::python::{Name, WheelName, wheels_in};
use crate::root::Root;
use crate::settings::Settings;
use crate::step::{Mode, StepName};
use crate::wheels::Directory;
use crate::words::count;

pub(super) fn plan(view: &View<'_>, findings: &mut Findings) -> (String, Work) {
    let settings = view.settings;
    let pydeps: Vec<String> = view
        .inputs
        .pydeps
        .iter()
        .map(|wanted| wanted.name.clone())
        .collect();
    let why = why(settings, pydeps.len());
    extras::check(view, findings);
    let pins = Pins::planned(view, findings);
    if settings.mode == Mode::Infra && pydeps.is_empty() && settings.pip.packages.is_empty() {
        return (why, Work::Done("nothing is asked for".to_owned()));
    }
    let installer = Installer::planned(view, findings);
    let built: Vec<String> = match settings.mode {
        Mode::Infra => Vec::new(),
        _ => vec![format!("{BUILT}/*.whl{}", wanted_extras(settings))],
    };
    let constraints = pins.of_installation(view.root, settings);
    let hashes = pins::hashes(view.root, settings);
    let constraints = (&constraints[..], hashes.as_deref());
    let install = Install {
        literal: command(&installer, settings, constraints, &built, &pydeps),
        check: installer.check(),
        changes: pins.described(view.root, settings),
        pydeps,
    };
    let mut actions = remove_damaged(view, |_| true);
    let same = !findings.works(&[StepName::Wheels, StepName::Venv, StepName::Build])
        && view
            .root
            .read(inputs_file())
            .is_ok_and(|earlier| earlier == install.inputs(&pins, view.root, settings));
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

fn why(settings: &Settings, pydeps: usize) -> String {
    let packages = settings.pip.packages.len();
    if settings.mode == Mode::Infra {
        let requirements = count(pydeps + packages, "requirement");
        return format!("{requirements} from pydep files and PIP_PACKAGES, in one resolution");
    }
    format!(
        "{}{} with {} from pydep files and {packages} from PIP_PACKAGES, in one resolution",
        settings.project,
        wanted_extras(settings),
        count(pydeps, "requirement"),
    )
}

fn wanted_extras(settings: &Settings) -> String {
    if settings.extras.is_empty() {
        String::new()
    } else {
        format!("[{}]", settings.extras.join(","))
    }
}

/// The one command; `built` are the wheels of the sources.
fn command(
    installer: &Installer,
    settings: &Settings,
    (constraints, hashes): (&[String], Option<&str>),
    built: &[String],
    pydeps: &[String],
) -> Command {
    let install = Installation {
        // Project code is built in the step `build` and nowhere else.
        only_wheels: true,
        constraints,
        hashes,
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
    /// What is changed in the constraints, as far as that is known before the build.
    changes: Vec<String>,
    pydeps: Vec<String>,
}

impl Install {
    /// What the result depends on, and what it is: the same text for two runs that
    /// install the same, as long as nothing was added to or taken from it.
    fn inputs(&self, pins: &Pins, root: &Root, settings: &Settings) -> String {
        let mut fingerprint = Fingerprint::default();
        // As one engine would be told it: the other installs the same.
        let requirements = requirements(root, settings);
        let constraints = pins.of_installation(root, settings);
        let (engine, pydeps) = (&Installer::PIP, &self.pydeps);
        let command = command(
            engine,
            settings,
            (&constraints, None),
            &requirements,
            pydeps,
        );
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
        pins.tell_apart(&mut fingerprint, root, settings);
        for (_, metadata) in distributions(&root.join(VIRTUALENV)) {
            fingerprint.add(metadata.as_os_str().as_encoded_bytes());
        }
        fingerprint.finish()
    }
}

impl Install {
    /// The distributions that are asked for by name, here, in the step `venv` and by
    /// those who built the parent image, which `tidy` has seen before.
    fn asked_for(&self, pins: &Pins, context: &Context<'_>) -> Vec<Name> {
        let settings = context.settings;
        let wheels = Directory::new(context.root, settings.wheels.directory());
        let mut names = venv::asked_for(&wheels, settings);
        let built = wheels_in(&context.root.join(BUILT));
        names.extend(built.into_iter().map(|(wheel, _)| wheel.name));
        let wanted = self.pydeps.iter().chain(&settings.pip.packages);
        names.extend(wanted.filter_map(|requirement| Name::of_requirement(requirement)));
        names.extend(pins.of_parent().cloned());
        names
    }
}

/// The built wheels as requirements: the project's with its extras.
fn requirements(root: &Root, settings: &Settings) -> Vec<String> {
    let built = wheels_in(&root.join(BUILT));
    let own = own_wheel(root, settings, &built);
    built
        .iter()
        .filter_map(|(_, path)| {
            let file = path.file_name()?.to_string_lossy().into_owned();
            let is_own = own == Some(path);
            let extras = if is_own {
                wanted_extras(settings)
            } else {
                String::new()
            };
            Some(format!("{BUILT}/{file}{extras}"))
        })
        .collect()
}

/// The project's wheel among those that are built.
fn own_wheel<'a>(
    root: &Root,
    settings: &Settings,
    built: &'a [(WheelName, PathBuf)],
) -> Option<&'a PathBuf> {
    let wheel = source::wheel_of(root, settings, settings.project.as_str(), built);
    wheel.map(|(_, path)| path)
}

impl Install {
    /// What is asked for by name, beside the sources themselves.
    fn named(&self, context: &Context<'_>) -> Vec<String> {
        let (root, settings) = (context.root, context.settings);
        let built = wheels_in(&root.join(BUILT));
        let project = settings.project.as_str();
        let own = source::wheel_of(root, settings, project, &built);
        let own = own.filter(|_| !settings.extras.is_empty());
        let own = own.map(|(wheel, _)| format!("{}{}", wheel.name, wanted_extras(settings)));
        let others = self.pydeps.iter().chain(&settings.pip.packages).cloned();
        own.into_iter().chain(others).collect()
    }
}

impl Task for Install {
    fn describe(&self) -> String {
        format!("{}; {}", self.literal, self.check)
    }

    fn details(&self) -> Vec<String> {
        self.changes.clone()
    }

    fn online(&self) -> bool {
        self.literal.online
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let (root, settings) = (context.root, context.settings);
        vouched::verify(context)?;
        let pins = Pins::read(root, settings).map_err(Failure::Input)?;
        let wheels = wheels_in(&root.join(BUILT)).into_iter();
        let names: Vec<Name> = wheels.map(|(wheel, _)| wheel.name).collect();
        pins.write(context, &names)?;
        extras::tell(context)?;
        let built = requirements(root, settings);
        if built.is_empty() && settings.mode != Mode::Infra {
            return Err(Failure::Wheels(format!(
                "there is no built wheel of {} in {BUILT}: run the step build",
                settings.project
            )));
        }
        let installer = Installer::open(context)?;
        make_room(context, &installer)?;
        let constraints = pins.of_installation(root, settings);
        let hashes = pins::hashes(root, settings);
        let constraints = (&constraints[..], hashes.as_deref());
        let command = command(&installer, settings, constraints, &built, &self.pydeps);
        let command = origins::told(context, installer.prepared(context, command)?)?;
        // For repositories among PIP_PACKAGES, which pip clones.
        let logins = Remote::new("", credentials_file(settings, root).as_deref());
        let command = logins.told(command, context.environment);
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
        origins::note(context, &installer, &settings.pip.arguments)?;
        context.run(
            "find all requirements of what is installed satisfied",
            &installer.prepared(context, installer.check())?,
        )?;
        for (_, metadata) in distributions(&root.join(VIRTUALENV)) {
            if is_of_a_file(&metadata) {
                forget(&metadata, &[ORIGIN])
                    .map_err(|error| file("forget the wheel's place in", &metadata, &error))?;
            }
        }
        tidy(context, &self.asked_for(&pins, context))?;
        let asked_for = self.named(context);
        context.record(|record| record.requirements = asked_for);
        context.write(&inputs_file(), &self.inputs(&pins, root, settings))
    }
}

/// The distributions that are installed and were built here, with their metadata.
pub(super) fn installed_here(root: &Root) -> Vec<(Name, PathBuf)> {
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
