//! What planning finds out: why a plan cannot be run, and what is worth a word.

use crate::step::StepName;

/// Why a plan cannot be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The user's input is wrong, on any machine.
    Input(String),
    /// This machine, as it is now, cannot run it: another one may.
    Machine(String),
}

impl Problem {
    /// The explanation.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Input(text) | Self::Machine(text) => text,
        }
    }
}

/// What planning found to be wrong or worth a word.
#[derive(Debug, Default)]
pub struct Findings {
    /// Why the plan cannot be run.
    pub problems: Vec<Problem>,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// The steps planned so far that have work to do: a later one is not done
    /// when what it builds on is about to change.
    pub working: Vec<StepName>,
}

impl Findings {
    /// The input is wrong; what two steps find is said once.
    pub fn input(&mut self, text: impl Into<String>) {
        let problem = Problem::Input(text.into());
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// The machine is not ready.
    pub fn machine(&mut self, text: impl Into<String>) {
        self.problems.push(Problem::Machine(text.into()));
    }

    /// Whether one of these steps is about to work.
    #[must_use]
    pub fn works(&self, steps: &[StepName]) -> bool {
        self.working.iter().any(|step| steps.contains(step))
    }

    /// A warning.
    pub fn warn(&mut self, text: impl Into<String>) {
        self.warnings.push(text.into());
    }
}
