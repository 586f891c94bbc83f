//! The plan: what will be done, in which order and why, before anything is done.
//!
//! Making a plan looks at the system and changes nothing. `plan` prints this
//! value and the run executes this value, so that what is shown is what happens.

use std::fmt::Debug;
use std::num::NonZeroUsize;

use crate::command::{Command, Runner};
use crate::context::Context;
use crate::failure::Failure;
use crate::findings::Problem;
use crate::inputs::Inputs;
use crate::platform::Platform;
use crate::root::Root;
use crate::settings::{Id, Settings};
use crate::step::StepName;
use crate::variables::variable;

/// The steps of one run.
#[derive(Debug)]
pub struct Plan {
    /// What is installed.
    pub project: String,
    /// What it is installed on.
    pub platform: Platform,
    /// What tells the build's input files from others; none when there are none.
    pub inputs: Option<String>,
    /// How many steps run at once, at most.
    pub jobs: NonZeroUsize,
    /// The steps in an order that respects what each waits for.
    pub steps: Vec<PlannedStep>,
    /// Whether these are all steps of the build.
    pub whole: bool,
    /// Whether only what needs the network is to have it.
    pub hermetic: bool,
    /// Why this plan cannot be run here and now; empty when it can.
    pub problems: Vec<Problem>,
    /// What the user should know and may ignore.
    pub warnings: Vec<String>,
}

/// A step with what it will do.
#[derive(Debug)]
pub struct PlannedStep {
    /// The step.
    pub name: StepName,
    /// Why it is there, in this build.
    pub why: String,
    /// Its work.
    pub work: Work,
    /// How long it will take.
    pub expected: Expected,
    /// What it waits for in this plan, beside what it always does.
    pub also_needs: Vec<StepName>,
}

impl PlannedStep {
    /// Whether something of it needs the network.
    #[must_use]
    pub fn online(&self) -> bool {
        match &self.work {
            Work::Done(_) => false,
            Work::Do(actions) => actions.iter().any(Action::online),
        }
    }
}

/// How long something will take.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Expected {
    /// In seconds.
    pub seconds: f64,
    /// Whether it took so long the last time, and not only somewhere else.
    pub remembered: bool,
}

/// The work of a step.
#[derive(Debug)]
pub enum Work {
    /// Nothing: it is done already, for this reason.
    Done(String),
    /// These, one after another.
    Do(Vec<Action>),
}

/// One thing that a step does.
#[derive(Debug)]
pub enum Action {
    /// Runs a child.
    Run {
        /// What for, as in "could not ...".
        doing: &'static str,
        /// The command.
        command: Command,
    },
    /// Makes a directory and its parents, owned by this account when one is given.
    Directory {
        /// Its path.
        path: String,
        /// User and group id.
        owner: Option<(Id, Id)>,
    },
    /// Removes a file or a tree, if it is there.
    Remove {
        /// Its path; `*` and `?` match as in a shell.
        path: String,
    },
    /// Work that needs what only the running step knows.
    Task(Box<dyn Task>),
}

/// Work that is more than one child or one file.
pub trait Task: Debug + Send + Sync {
    /// What will be done, in one line; a literal command where it is one.
    fn describe(&self) -> String;

    /// What is decided already, a line each.
    fn details(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether it asks servers, or a child of it does. In a hermetic build nothing else of
    /// it reaches the network.
    fn online(&self) -> bool {
        false
    }

    /// Does it.
    fn perform(&self, context: &Context<'_>) -> Result<(), Failure>;
}

impl Action {
    /// Wraps a task.
    pub fn task(task: impl Task + 'static) -> Self {
        Self::Task(Box::new(task))
    }

    /// Whether it needs the network.
    #[must_use]
    pub fn online(&self) -> bool {
        match self {
            Self::Run { command, .. } => command.online,
            Self::Directory { .. } | Self::Remove { .. } => false,
            Self::Task(task) => task.online(),
        }
    }

    /// Does it.
    pub fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        match self {
            Self::Run { doing, command } => context.run(doing, command).map(drop),
            Self::Directory { path, owner } => context.make_directory(path, *owner),
            Self::Remove { path } => context.remove(path),
            Self::Task(task) => task.perform(context),
        }
    }
}

/// What steps look at when they plan.
#[derive(Debug)]
pub struct View<'a> {
    /// What the user said.
    pub settings: &'a Settings,
    /// The distribution.
    pub platform: &'a Platform,
    /// The image's files.
    pub root: &'a Root,
    /// The bindep, pydep and hook files.
    pub inputs: &'a Inputs,
    /// What the plan is for.
    pub aim: Aim<'a>,
    /// The environment that children will get.
    pub environment: &'a [(String, String)],
    /// Asks programs of the image.
    pub runner: &'a dyn Runner,
}

/// What a plan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim<'a> {
    /// To be looked at (`plan`): what a run would learn on its way is said if it is known
    /// already.
    Look,
    /// To be run as a whole.
    Build,
    /// To run the steps that the user names (`step NAME`), which does a step's work again
    /// where a whole run would take it as done.
    Steps(&'a [StepName]),
}

impl Aim<'_> {
    /// Whether the step is part of it.
    #[must_use]
    pub fn has(self, step: StepName) -> bool {
        match self {
            Self::Look | Self::Build => true,
            Self::Steps(steps) => steps.contains(&step),
        }
    }
}

impl View<'_> {
    /// The interpreter that the virtualenv is made with.
    #[must_use]
    pub fn python(&self) -> &str {
        let wanted = self.settings.python.as_deref();
        wanted.unwrap_or(self.platform.python())
    }

    /// Whether the user named the steps to run.
    #[must_use]
    pub fn named(&self) -> bool {
        matches!(self.aim, Aim::Steps(_))
    }

    /// A variable of the environment; unset and empty are the same.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        variable(self.environment, name)
    }
}

impl Plan {
    /// The steps of this plan that `step` waits for.
    pub fn needs(&self, step: StepName) -> impl Iterator<Item = StepName> {
        let planned = self.steps.iter().find(|planned| planned.name == step);
        let also = planned.into_iter().flat_map(|planned| &planned.also_needs);
        let needs = step.needs().iter().chain(also).copied();
        needs.filter(|need| self.steps.iter().any(|planned| planned.name == *need))
    }
}
