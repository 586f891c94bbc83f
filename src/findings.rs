//! What planning finds out: why a plan cannot be run, and what is worth a word.

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
}

impl Findings {
    /// The input is wrong.
    pub fn input(&mut self, text: impl Into<String>) {
        self.problems.push(Problem::Input(text.into()));
    }

    /// The machine is not ready.
    pub fn machine(&mut self, text: impl Into<String>) {
        self.problems.push(Problem::Machine(text.into()));
    }

    /// A warning.
    pub fn warn(&mut self, text: impl Into<String>) {
        self.warnings.push(text.into());
    }
}
