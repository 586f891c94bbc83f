//! `venv`: the virtualenv and its pip toolchain.

use super::wheels::vouched;
use super::{origins, pip};
use crate::command::Command;
use crate::context::Context;
use crate::failure::Failure;
use crate::findings::Findings;
use crate::fingerprint::Fingerprint;
use crate::installer::{Installation, Installer, Origin, tidy};
use crate::layout::{PYTHON, PYVENV_CFG, STAMPS, VIRTUALENV};
use crate::parent;
use crate::plan::{Action, Task, View, Work};
use crate::python::installed::distributions;
use crate::python::{Name, WheelName, numbers, pyvenv};
use crate::root::Root;
use crate::settings::Settings;
use crate::step::StepName;
use crate::wheels::Directory;

pub(super) fn plan(view: &View<'_>, findings: &mut Findings) -> (String, Work) {
    // `python3` is whatever made it; of another interpreter its library has the name.
    let python = view.python();
    let is_of_python =
        python == "python3" || view.root.is_directory(format!("{VIRTUALENV}/lib/{python}"));
    let exists = view.root.exists(PYTHON) && view.root.is_file(PYVENV_CFG) && is_of_python;
    if view.settings.plugin {
        return plan_plugin(view, exists, findings);
    }
    let why = format!("the service and all its distributions live in {VIRTUALENV}");
    let wheels = Directory::new(view.root, view.settings.wheels.directory());
    let tools = Tools::wanted(&wheels, view.settings);
    let there = installed_names(view.root);
    // One that was cut off looks whole; without any distribution there is nothing to keep.
    let exists = exists && !there.is_empty();
    let repairs = pip::remove_damaged(view, |name| {
        tools.names().any(|tool| Name::new(tool) == *name)
    });
    let has_tools =
        repairs.is_empty() && tools.names().all(|tool| there.contains(&Name::new(tool)));
    let isolated = exists && !sees_system(view.root);
    let installer = Installer::planned(view, findings);
    let planned = toolchain(&installer, &wheels, view.settings);
    let same = !findings.works(&[StepName::Wheels])
        && view
            .root
            .read(stamp_file())
            .is_ok_and(|stamp| stamp == stamp_of(&wheels, view.settings));
    if exists && isolated && has_tools && same {
        return (
            why,
            Work::Done("it is there, with its toolchain".to_owned()),
        );
    }
    let mut actions = Vec::new();
    if exists {
        if !isolated {
            actions.push(Action::task(SystemSitePackages(false)));
        }
    } else {
        // Its own interpreter, the first on PATH, would make it, and link it to itself.
        let programs = format!("{VIRTUALENV}/bin");
        if view.root.is_directory(&programs) {
            actions.push(Action::Remove { path: programs });
        }
        // --clear: something that is no virtualenv may stand there, a broken one for example.
        // --without-pip: pip comes from the wheels, where they have one, and needs no ensurepip then.
        actions.push(Action::Run {
            doing: "make the virtualenv",
            command: Command::new(python).args([
                "-m",
                "venv",
                "--clear",
                "--without-pip",
                VIRTUALENV,
            ]),
        });
    }
    actions.extend(repairs);
    actions.push(Action::task(Toolchain { planned }));
    (why, Work::Do(actions))
}

/// The parent image's virtualenv is there, with all that installs into it.
fn plan_plugin(view: &View<'_>, exists: bool, findings: &mut Findings) -> (String, Work) {
    let why = format!("the plugin goes into the parent image's {VIRTUALENV}");
    if !exists {
        findings.machine(format!(
            "PLUGIN=yes: there is no virtualenv in {VIRTUALENV}; build FROM the finished image \
             of the service that the plugin is for"
        ));
    }
    if view.root.is_file(parent::noted()) && !sees_system(view.root) {
        return (why, Work::Done("it is ready".to_owned()));
    }
    let actions = vec![
        Action::task(NoteParent),
        Action::task(SystemSitePackages(false)),
    ];
    (why, Work::Do(actions))
}

/// Writes down what the parent image has, before anything is added.
#[derive(Debug)]
struct NoteParent;

impl Task for NoteParent {
    fn describe(&self) -> String {
        format!("note what is in {VIRTUALENV}: it stays as it is")
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        if context.root.is_file(parent::noted()) {
            return Ok(());
        }
        context.write(&parent::noted(), &parent::to_note(context.root))
    }
}

fn installed_names(root: &Root) -> Vec<Name> {
    distributions(&root.join(VIRTUALENV))
        .into_iter()
        .map(|(name, _)| name)
        .collect()
}

/// Whether the virtualenv sees the distribution's Python packages.
pub(super) fn sees_system(root: &Root) -> bool {
    root.read(PYVENV_CFG)
        .is_ok_and(|text| pyvenv::sees_system(&text))
}

/// Installs pip and, where the wheels have them or the user asked for a version,
/// setuptools and wheel.
///
/// Nothing here is "the newest": what comes in is what the wheels hold, what a
/// constraint asks for, or the pip that the interpreter bundles.
#[derive(Debug)]
struct Toolchain {
    /// For `plan`; the wheels may come from a tarball that is not extracted yet.
    planned: Vec<(&'static str, Command)>,
}

impl Task for Toolchain {
    fn describe(&self) -> String {
        let commands: Vec<_> = self
            .planned
            .iter()
            .map(|(_, command)| command.to_string())
            .collect();
        commands.join("; ")
    }

    fn online(&self) -> bool {
        self.planned.iter().any(|(_, command)| command.online)
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        vouched::verify(context)?;
        let installer = Installer::open(context)?;
        let wheels = Directory::new(context.root, context.settings.wheels.directory());
        let commands = toolchain(&installer, &wheels, context.settings);
        for (doing, command) in &commands {
            let command = installer.prepared(context, command.clone())?;
            context.run(doing, &origins::told(context, command)?)?;
            origins::note(context, &installer, &[])?;
        }
        tidy(context, &asked_for(&wheels, context.settings))?;
        context.write(&stamp_file(), &stamp_of(&wheels, context.settings))
    }
}

/// The distributions of the toolchain that are asked for by name.
pub(super) fn asked_for(wheels: &Directory, settings: &Settings) -> Vec<Name> {
    let tools = Tools::wanted(wheels, settings);
    let upgraded = settings.pip.upgrade.iter();
    let upgraded = upgraded.filter_map(|requirement| Name::of_requirement(requirement));
    tools.names().map(Name::new).chain(upgraded).collect()
}

fn stamp_file() -> String {
    format!("{STAMPS}/toolchain")
}

/// What tells the toolchain from others; not with what it was installed.
fn stamp_of(wheels: &Directory, settings: &Settings) -> String {
    let mut fingerprint = Fingerprint::default();
    for (_, command) in toolchain(&Installer::PIP, wheels, settings) {
        fingerprint.add(command.to_string());
    }
    fingerprint.finish()
}

/// The toolchain's requirements, by where they come from.
struct Tools {
    wheels: Vec<(&'static str, String)>,
    index: Vec<(&'static str, String)>,
}

fn requirements(tools: Vec<(&'static str, String)>) -> Vec<String> {
    let requirements = tools.into_iter().map(|(_, requirement)| requirement);
    requirements.collect()
}

impl Tools {
    fn wanted(wheels: &Directory, settings: &Settings) -> Self {
        let mut tools = Self {
            wheels: Vec::new(),
            index: Vec::new(),
        };
        for (tool, suffix) in &settings.pip.toolchain {
            let requirement = format!("{tool}{}", suffix.as_deref().unwrap_or_default());
            if wheels.has(tool) {
                tools.wheels.push((*tool, requirement));
            } else if suffix.is_some() && !settings.wheels.complete {
                tools.index.push((*tool, requirement));
            }
        }
        tools
    }

    /// What has to be there in the end.
    fn names(&self) -> impl Iterator<Item = &'static str> {
        let wanted = self.wheels.iter().chain(&self.index).map(|(tool, _)| *tool);
        std::iter::once("pip").chain(wanted)
    }
}

/// The commands that install the toolchain.
fn toolchain(
    installer: &Installer,
    wheels: &Directory,
    settings: &Settings,
) -> Vec<(&'static str, Command)> {
    let tools = Tools::wanted(wheels, settings);
    let mut commands = Vec::new();
    // A wheel of pip runs without being installed; where there is none, the
    // interpreter's own is what the rest starts from.
    let mut first = installer.clone();
    if let Some(wheel) = newest(wheels.of("pip")) {
        if let Installer::Pip { wheel: of, .. } = &mut first {
            *of = Some(wheel);
        }
    } else {
        let ensure = Command::new(PYTHON).args(["-m", "ensurepip", "--default-pip"]);
        commands.push(("install the pip that python3 bundles", ensure));
    }
    if !tools.wheels.is_empty() {
        let install = Installation {
            requirements: &requirements(tools.wheels),
            ..Installation::from(Origin::Wheels)
        };
        let command = first.install(&install, settings);
        commands.push(("install the toolchain from the wheels", command));
    }
    if !tools.index.is_empty() {
        let install = Installation {
            requirements: &requirements(tools.index),
            ..Installation::from(Origin::Anywhere)
        };
        let command = installer.install(&install, settings);
        commands.push(("install the toolchain from the index", command));
    }
    if !settings.pip.upgrade.is_empty() {
        let install = Installation {
            upgrade: true,
            requirements: &settings.pip.upgrade,
            ..Installation::from(Origin::Anywhere)
        };
        let command = installer.install(&install, settings);
        commands.push(("upgrade UPGRADE_PIP_PACKAGES", command));
    }
    commands
}

/// The wheel of the newest version, as far as its numbers tell.
fn newest(paths: impl Iterator<Item = String>) -> Option<String> {
    paths.max_by_key(|path| {
        let file = path.rsplit('/').next().unwrap_or_default();
        WheelName::parse(file).map(|wheel| numbers(&wheel.version))
    })
}

/// Lets the virtualenv see the distribution's Python packages, or not.
///
/// Not while things are installed: a package of the distribution would stand
/// in for a pinned one. In the finished image, because python3-rbd,
/// python3-rados and libvirt's bindings have no wheels.
#[derive(Debug)]
pub(super) struct SystemSitePackages(pub(super) bool);

impl Task for SystemSitePackages {
    fn describe(&self) -> String {
        format!("set {} = {} in {PYVENV_CFG}", pyvenv::SEES_SYSTEM, self.0)
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let text: String = context
            .read(PYVENV_CFG)?
            .lines()
            .map(|line| match pyvenv::setting(line) {
                Some((pyvenv::SEES_SYSTEM, _)) => format!("{} = {}\n", pyvenv::SEES_SYSTEM, self.0),
                _ => format!("{line}\n"),
            })
            .collect();
        context.write(PYVENV_CFG, &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_pip_is_newest_by_number() {
        let paths = [
            "/w/pip-9.0.3-py2.py3-none-any.whl",
            "/w/pip-25.1.1-py3-none-any.whl",
        ]
        .map(str::to_owned);
        assert_eq!(
            newest(paths.into_iter()).as_deref(),
            Some("/w/pip-25.1.1-py3-none-any.whl")
        );
    }
}
