//! Who hears what a run does.

use std::time::Duration;

use crate::record::StepRecord;
use crate::step::StepName;

/// How far a step has come with one kind of thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// What is counted: `files`, `builds`. A step may count several at once.
    pub what: String,
    /// How many are done.
    pub done: u64,
    /// How many there are.
    pub total: u64,
    /// What else there is to know, for example what is running; may be empty.
    pub detail: String,
}

impl Progress {
    /// Of bytes that are read; none of them expected means that nobody knows how many.
    #[must_use]
    pub fn of_bytes(read: u64, expected: u64) -> Self {
        Self {
            what: "MiB".to_owned(),
            done: read >> 20,
            total: expected.max(read) >> 20,
            detail: String::new(),
        }
    }
}

/// Hears what a run does. Every text is masked by the reporter, not by who speaks.
pub trait Reporter: Sync {
    /// A step starts, for this reason.
    fn started(&self, step: StepName, why: &str);
    /// A step ended well.
    fn done(&self, step: StepName, took: Duration);
    /// A step had nothing to do.
    fn skipped(&self, step: StepName, reason: &str);
    /// A step failed; the error itself comes later.
    fn failed(&self, step: StepName, took: Duration);
    /// A step was ended because of something outside of it.
    fn stopped(&self, step: StepName, took: Duration);
    /// A step says something worth reading.
    fn note(&self, step: StepName, text: &str);
    /// A step starts a child.
    fn command(&self, step: StepName, command: &str);
    /// A child says a line.
    fn line(&self, step: StepName, line: &str);
    /// A step has come this far; may be said as often as it is known.
    fn progress(&self, step: StepName, progress: &Progress);
    /// The run came to its end, with these steps.
    fn ended(&self, steps: &[StepRecord], took: Duration);
}
