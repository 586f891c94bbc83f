//! `pip`: the project and everything it needs, in one constrained resolution of wheels.

use std::path::PathBuf;

use super::build::BUILT;
use super::pins::Pins;
use super::{source, venv};
use crate::command::Command;
use crate::context::{Context, file};
use crate::failure::Failure;
use crate::findings::Findings;
use crate::fingerprint::Fingerprint;
use crate::installer::{Installation, Installer, Origin, tidy, understood};
use crate::layout::{STAMPS, VIRTUALENV};
use crate::plan::{Action, Task, View, Work};
use crate::python::installed::{ORIGIN, damaged, distributions, forget};
use crate::python::metadata::{extras_of_sdist, extras_of_wheel};
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
    check_extras(view, findings);
    let pins = Pins::planned(view, findings);
    if settings.mode == Mode::Infra && pydeps.is_empty() && settings.pip.packages.is_empty() {
        return (why, Work::Done("nothing is asked for".to_owned()));
    }
    let installer = Installer::planned(view, findings);
    let built: Vec<String> = match settings.mode {
        Mode::Infra => Vec::new(),
        _ => vec![format!("{BUILT}/*.whl{}", extras(settings))],
    };
    let constraints = pins.of_installation(view.root, settings);
    let install = Install {
        literal: command(&installer, settings, &constraints, &built, &pydeps),
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
        extras(settings),
        count(pydeps, "requirement"),
    )
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
    settings: &Settings,
    constraints: &[String],
    built: &[String],
    pydeps: &[String],
) -> Command {
    let install = Installation {
        // Project code is built in the step `build` and nowhere else.
        only_wheels: true,
        constraints,
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
        let command = command(engine, settings, &constraints, &requirements, pydeps);
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

/// Notes extras that a source does not have, where it says so itself: an sdist.
fn check_extras(view: &View<'_>, findings: &mut Findings) {
    let (settings, project) = (view.settings, view.settings.project.as_str());
    // A patch or a script may give it more.
    if view.inputs.patches.contains_key(project) || !view.inputs.before_pip.is_empty() {
        return;
    }
    let source = source::of(view, project).map(|at| view.root.join(at));
    if let Some(known) = source.and_then(|source| extras_of_sdist(&source)) {
        let unknown = unknown_extras(settings, &known).into_iter();
        unknown.for_each(|text| findings.input(text));
    }
}

/// Extras that the project's wheel does not have: an installer warns of them only, and the
/// image would lack what they stand for.
fn refuse_unknown_extras(root: &Root, settings: &Settings) -> Result<(), Failure> {
    let built = wheels_in(&root.join(BUILT));
    let mut own = built
        .iter()
        .filter(|(name, _)| is_projects(name, built.len(), settings));
    let Some((_, wheel)) = own.next() else {
        return Ok(());
    };
    let known = extras_of_wheel(wheel).map_err(|error| Failure::Wheels(error.to_string()))?;
    let unknown = unknown_extras(settings, &known);
    if unknown.is_empty() {
        Ok(())
    } else {
        Err(Failure::Input(unknown))
    }
}

fn unknown_extras(settings: &Settings, known: &[String]) -> Vec<String> {
    let names: Vec<Name> = known.iter().map(|extra| Name::new(extra)).collect();
    let wanted = settings.extras.iter();
    let unknown = wanted.filter(|extra| !names.contains(&Name::new(extra)));
    let has = if known.is_empty() {
        "it has none".to_owned()
    } else {
        format!("it has {}", known.join(", "))
    };
    unknown
        .map(|extra| {
            let project = &settings.project;
            format!("PROJECT_PIP_EXTRAS={extra}: {project} has no such extra; {has}")
        })
        .collect()
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

impl Task for Install {
    fn describe(&self) -> String {
        format!("{}; {}", self.literal, self.check)
    }

    fn details(&self) -> Vec<String> {
        self.changes.clone()
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let (root, settings) = (context.root, context.settings);
        let pins = Pins::read(root, settings).map_err(Failure::Input)?;
        let wheels = wheels_in(&root.join(BUILT)).into_iter();
        let names: Vec<Name> = wheels.map(|(wheel, _)| wheel.name).collect();
        pins.write(context, &names)?;
        refuse_unknown_extras(root, settings)?;
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
        let command = command(&installer, settings, &constraints, &built, &self.pydeps);
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
        for (_, metadata) in installed_here(root) {
            forget(&metadata, &[ORIGIN])
                .map_err(|error| file("forget the built wheel in", &metadata, &error))?;
        }
        tidy(context, &self.asked_for(&pins, context))?;
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
