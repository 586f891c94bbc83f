//! `venv`: the virtualenv and its pip toolchain.

use super::{PYTHON, VIRTUALENV};
use crate::command::Command;
use crate::context::Context;
use crate::failure::Failure;
use crate::plan::{Action, Findings, Task, View, Work};
use crate::python::installed::site_packages;
use crate::python::pip::{origins, pip};
use crate::python::{Name, WheelName};
use crate::root::Root;
use crate::settings::Settings;
use crate::wheels::Directory;

const CONFIGURATION: &str = "/var/lib/openstack/pyvenv.cfg";

pub(super) fn plan(view: &View<'_>, _findings: &mut Findings) -> (String, Work) {
    let why = format!("the service and all its distributions live in {VIRTUALENV}");
    let exists = view.root.exists(PYTHON) && view.root.is_file(CONFIGURATION);
    let upgrade = &view.settings.pip.upgrade;
    let installed = installed_names(view.root);
    let wanted_tools: Vec<&str> = view
        .settings
        .pip
        .toolchain
        .iter()
        .filter(|(tool, suffix)| *tool == "pip" || suffix.is_some())
        .map(|(tool, _)| *tool)
        .collect();
    let has_tools = wanted_tools
        .iter()
        .all(|tool| installed.contains(&Name::new(tool)));
    let isolated = exists && !sees_system(view.root);
    if exists && isolated && has_tools && !(view.named && !upgrade.is_empty()) {
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
        // --clear: something that is no virtualenv may stand there, a broken one for example.
        // --without-pip: pip comes from the wheels, where they have one, and needs no ensurepip then.
        actions.push(Action::Run {
            doing: "make the virtualenv",
            command: Command::new("python3").args([
                "-m",
                "venv",
                "--clear",
                "--without-pip",
                VIRTUALENV,
            ]),
        });
    }
    let wheels = Directory::new(view.root, view.settings.wheels.directory());
    actions.push(Action::task(Toolchain {
        planned: toolchain(&wheels, view.settings),
    }));
    (why, Work::Do(actions))
}

fn installed_names(root: &Root) -> Vec<Name> {
    site_packages(&root.join(VIRTUALENV))
        .iter()
        .flat_map(|directory| std::fs::read_dir(directory).into_iter().flatten().flatten())
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let (name, _version) = name.strip_suffix(".dist-info")?.split_once('-')?;
            Some(Name::new(name))
        })
        .collect()
}

fn sees_system(root: &Root) -> bool {
    root.read(CONFIGURATION)
        .is_ok_and(|text| text.lines().any(|line| setting(line) == Some("true")))
}

/// The value of a line of pyvenv.cfg (PEP 405), if it is the one about system packages.
fn setting(line: &str) -> Option<&str> {
    let (key, value) = line.split_once('=')?;
    (key.trim() == "include-system-site-packages").then(|| value.trim())
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

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let wheels = Directory::new(context.root, context.settings.wheels.directory());
        toolchain(&wheels, context.settings)
            .iter()
            .try_for_each(|(doing, command)| context.run(doing, command).map(drop))
    }
}

fn toolchain(wheels: &Directory, settings: &Settings) -> Vec<(&'static str, Command)> {
    let mut from_wheels = Vec::new();
    let mut from_index = Vec::new();
    for (tool, suffix) in &settings.pip.toolchain {
        let requirement = format!("{tool}{}", suffix.as_deref().unwrap_or_default());
        if wheels.has(tool) {
            from_wheels.push(requirement);
        } else if suffix.is_some() && !settings.wheels.only {
            from_index.push(requirement);
        }
    }
    let common = |command: Command| {
        command.args([
            "--no-cache-dir",
            "--no-compile",
            "--root-user-action",
            "ignore",
        ])
    };
    let mut commands = Vec::new();
    // A wheel of pip runs without being installed; where there is none, the
    // interpreter's own is what the rest starts from.
    let first = if let Some(wheel) = newest(wheels.of("pip")) {
        Command::new(PYTHON).args([&format!("{wheel}/pip"), "install"])
    } else {
        let ensure = Command::new(PYTHON).args(["-m", "ensurepip", "--default-pip"]);
        commands.push(("install the pip that python3 bundles", ensure));
        pip(PYTHON, "install")
    };
    if !from_wheels.is_empty() {
        let install = common(first)
            .args(["--no-index", "--find-links", settings.wheels.directory()])
            .args(from_wheels);
        commands.push(("install the toolchain from the wheels", install));
    }
    if !from_index.is_empty() {
        let install = common(pip(PYTHON, "install"))
            .args(origins(settings))
            .args(from_index);
        commands.push(("install the toolchain from the index", install));
    }
    if !settings.pip.upgrade.is_empty() {
        let upgrade = common(pip(PYTHON, "install"))
            .arg("--upgrade")
            .args(origins(settings))
            .args(&settings.pip.upgrade);
        commands.push(("upgrade UPGRADE_PIP_PACKAGES", upgrade));
    }
    commands
}

/// The wheel of the newest version, as far as its numbers tell.
fn newest(paths: impl Iterator<Item = String>) -> Option<String> {
    paths.max_by_key(|path| {
        let file = path.rsplit('/').next().unwrap_or_default();
        WheelName::parse(file).map(|wheel| {
            wheel
                .version
                .split('.')
                .map(|part| part.parse().unwrap_or(0))
                .collect::<Vec<u32>>()
        })
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
        format!(
            "set include-system-site-packages = {} in {CONFIGURATION}",
            self.0
        )
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let text: String = context
            .read(CONFIGURATION)?
            .lines()
            .map(|line| {
                if setting(line).is_some() {
                    format!("include-system-site-packages = {}\n", self.0)
                } else {
                    format!("{line}\n")
                }
            })
            .collect();
        context.write(CONFIGURATION, &text)
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

    #[test]
    fn the_setting_is_found_however_it_is_spaced() {
        assert_eq!(setting("include-system-site-packages = true"), Some("true"));
        assert_eq!(setting("version = 3.13"), None);
    }
}
