//! What installs into the virtualenv: uv or pip, behind one interface.
//!
//! ```text
//! INSTALLER, PIP_ARGS, pip's configuration, uv's wheel ─► choice ─► Installer
//!   Installer ─► commands: install, uninstall, check, build ─► tidy ─► the same files
//! ```

pub mod builder;
pub mod choice;
pub mod configuration;
mod failure;
pub mod index;
pub mod pip;
pub mod refusal;
mod tidy;
mod translation;
pub mod uv;

pub use failure::{another, understood};
pub use tidy::tidy;

use builder::Builder;
use configuration::Setting;
use index::{Index, is_remote};

use crate::command::Command;
use crate::context::Context;
use crate::failure::Failure;
use crate::layout::PYTHON;
use crate::settings::Settings;

/// An installation engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Installer {
    /// pip: the virtualenv's own, or one that runs from its wheel.
    Pip {
        /// The wheel, where pip itself is not installed yet.
        wheel: Option<String>,
        /// What its files and variables say.
        configuration: Vec<Setting>,
    },
    /// uv.
    Uv {
        /// The program.
        program: String,
        /// What pip is told by its files and variables, which uv does not read.
        configuration: Vec<Setting>,
    },
}

/// Where distributions may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The wheels and nothing else.
    Wheels,
    /// The wheels and, unless they are said to be complete, the index.
    Anywhere,
}

/// What is to be installed.
#[derive(Debug, Clone)]
pub struct Installation<'a> {
    /// Where it may come from.
    pub from: Origin,
    /// Whether nothing may be built.
    pub only_wheels: bool,
    /// Whether what is there already is brought to the newest version that is allowed.
    pub upgrade: bool,
    /// Files of constraints.
    pub constraints: &'a [String],
    /// A file of constraints with hashes, which uv compares all with that it installs. pip
    /// takes one for a wish that every requirement has hashes.
    pub hashes: Option<&'a str>,
    /// Further arguments of the user, as pip understands them.
    pub arguments: &'a [String],
    /// The requirements.
    pub requirements: &'a [String],
}

impl Installation<'_> {
    /// Nothing yet, to be filled.
    #[must_use]
    pub fn from(from: Origin) -> Self {
        Self {
            from,
            only_wheels: false,
            upgrade: false,
            constraints: &[],
            hashes: None,
            arguments: &[],
            requirements: &[],
        }
    }
}

impl Installation<'_> {
    /// Whether another machine is asked for something.
    fn asks(&self, index: &Index, settings: &Settings) -> bool {
        let named = index.rest.iter().chain(self.requirements);
        let mut named = named.chain(&index.find_links);
        self.from == Origin::Anywhere
            && (!(settings.wheels.complete || index.none) || named.any(|word| is_remote(word)))
    }
}

impl Installer {
    /// The pip of the virtualenv.
    pub const PIP: Self = Self::Pip {
        wheel: None,
        configuration: Vec::new(),
    };

    /// Installs into the virtualenv.
    #[must_use]
    pub fn install(&self, what: &Installation<'_>, settings: &Settings) -> Command {
        let wheels = settings.wheels.directory();
        match self {
            Self::Pip {
                wheel,
                configuration,
            } => {
                let mut command = match wheel {
                    Some(wheel) => Command::new(PYTHON).args([&format!("{wheel}/pip"), "install"]),
                    None => pip::pip(PYTHON, "install"),
                };
                // --no-compile: bytecode is made by whoever runs the image, as LOCI has it.
                command = command.args(["--no-cache-dir", "--no-compile"]);
                if what.only_wheels {
                    command = command.args(["--only-binary", ":all:"]);
                }
                command = command.args(["--root-user-action", "ignore"]);
                if what.upgrade {
                    command = command.arg("--upgrade");
                }
                for file in what.constraints {
                    command = command.args(["--constraint", file]);
                }
                command = match what.from {
                    Origin::Wheels => command.args(["--no-index", "--find-links", wheels]),
                    Origin::Anywhere => command.args(pip::origins(settings)),
                };
                let index = Index::read(configuration, "install", what.arguments);
                let (arguments, variables) = index.passwords_apart(what.arguments);
                for (name, value) in variables {
                    command = command.told(name, value);
                }
                let given = Index::read(&[], "install", what.arguments);
                command
                    .online(what.asks(&given, settings))
                    .args(arguments)
                    .args(what.requirements)
            }
            Self::Uv {
                program,
                configuration,
            } => {
                // Bytecode is none of its habits.
                let mut command = uv(program, "install");
                if what.only_wheels {
                    command = command.args(["--only-binary", ":all:"]);
                }
                for file in what.constraints {
                    command = command.args(["--constraints", file]);
                }
                if let Some(file) = what.hashes {
                    command = command.args(["--constraints", file]);
                }
                if what.upgrade {
                    // pip upgrades what it is asked for, and uv's --upgrade everything.
                    for requirement in what.requirements {
                        command = command.args(["--upgrade-package", requirement]);
                    }
                }
                let index = match what.from {
                    Origin::Wheels => Index::default().closed(wheels),
                    Origin::Anywhere => Index::read(configuration, "install", what.arguments)
                        .with_wheels(wheels, settings.wheels.complete),
                };
                // What cannot be translated has made the choice fall on pip.
                let more = translation::of_installation(&index.rest).unwrap_or_default();
                index
                    .tell_uv(command)
                    .online(what.asks(&index, settings))
                    .args(more)
                    .args(what.requirements)
            }
        }
    }

    /// Removes distributions from the virtualenv.
    #[must_use]
    pub fn uninstall(&self, names: &[&str]) -> Command {
        let command = match self {
            Self::Pip { .. } => {
                pip::pip(PYTHON, "uninstall").args(["--yes", "--root-user-action", "ignore"])
            }
            Self::Uv { program, .. } => uv(program, "uninstall"),
        };
        command.args(names.iter().copied())
    }

    /// Checks that what is installed has all that it requires.
    #[must_use]
    pub fn check(&self) -> Command {
        match self {
            Self::Pip { .. } => pip::pip(PYTHON, "check"),
            Self::Uv { program, .. } => uv(program, "check"),
        }
    }

    /// What builds wheels of sources.
    #[must_use]
    pub fn builder(&self) -> Builder {
        match self {
            Self::Pip { .. } => Builder::Pip,
            Self::Uv { program, .. } => Builder::Uv(program.clone()),
        }
    }

    /// A command with the environment that it needs to run.
    pub fn prepared(&self, context: &Context<'_>, command: Command) -> Result<Command, Failure> {
        match self {
            Self::Pip { .. } => Ok(command.variable("TMPDIR", context.temporary()?)),
            Self::Uv { .. } => uv::prepared(context, command, None),
        }
    }
}

/// `uv pip COMMAND` for the virtualenv.
fn uv(program: &str, command: &str) -> Command {
    Command::new(program).args(["pip", command, "--python", PYTHON])
}

#[cfg(test)]
mod tests;
