//! Runs a plan: the schedule, the record, the log.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::command::Runner;
use crate::context::{Context, write_whole};
use crate::failure::Failure;
use crate::layout::{IMAGE_INFO, STATE};
use crate::plan::{Plan, PlannedStep, Work};
use crate::record::{self, Record};
use crate::reporter::Reporter;
use crate::root::Root;
use crate::schedule;
use crate::secrets::Secrets;
use crate::settings::Settings;
use crate::step::StepName;

/// What a run needs beside its plan.
pub struct Surroundings<'a> {
    /// What the user said.
    pub settings: &'a Settings,
    /// The image's files.
    pub root: &'a Root,
    /// Starts children.
    pub runner: &'a dyn Runner,
    /// Hears what happens.
    pub reporter: &'a dyn Reporter,
    /// What must not be said or written.
    pub secrets: &'a Secrets,
    /// The environment that children get.
    pub environment: &'a [(String, String)],
}

/// Runs the plan.
///
/// # Errors
/// The step that failed, and why.
pub fn run(plan: &Plan, with: &Surroundings<'_>) -> Result<(), (StepName, Failure)> {
    let record = Mutex::new(Record::take_up(
        with.root,
        with.settings,
        &plan.platform,
        plan.inputs.as_deref(),
        with.secrets,
    ));
    // `step cleanup` alone ends no build.
    let whole = plan.steps.len() == StepName::of(with.settings.mode).len();
    schedule::run(plan, |step| perform(step, whole, with, &record))
}

fn perform(
    step: &PlannedStep,
    whole: bool,
    with: &Surroundings<'_>,
    record: &Mutex<Record>,
) -> Result<(), Failure> {
    let actions = match &step.work {
        Work::Done(reason) => {
            with.reporter.skipped(step.name, reason);
            return Ok(());
        }
        Work::Do(actions) => actions,
    };
    with.reporter.started(step.name, &step.why);
    let start = Instant::now();
    let context = Context {
        step: step.name,
        settings: with.settings,
        root: with.root,
        runner: with.runner,
        reporter: with.reporter,
        record,
        secrets: with.secrets,
        environment: with.environment,
    };
    let result = actions
        .iter()
        .try_for_each(|action| action.perform(&context))
        .and_then(|()| remember(step.name, whole, start, with, record));
    match result {
        Ok(()) => with.reporter.done(step.name, start.elapsed()),
        Err(_) => with.reporter.failed(step.name, start.elapsed()),
    }
    result
}

/// Writes down that a step ended: between steps in our state directory, after
/// the last one, which removes that, in the image.
fn remember(
    step: StepName,
    whole: bool,
    start: Instant,
    with: &Surroundings<'_>,
    record: &Mutex<Record>,
) -> Result<(), Failure> {
    let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
    record.step_ended(step.as_str(), start.elapsed().as_secs_f64());
    let kept_in = match step {
        StepName::Cleanup => Some(IMAGE_INFO),
        StepName::Publish => Some(with.settings.wheels.destination.as_str()),
        _ => None,
    };
    record.finished = whole && kept_in.is_some();
    let json = record.to_json(with.secrets);
    if let Some(directory) = kept_in {
        let path = with.root.join(format!("{directory}/build.json"));
        write_whole(&path, json.as_bytes())?;
    }
    if step == StepName::Cleanup {
        return Ok(());
    }
    debug_assert!(record::path().starts_with(STATE));
    write_whole(&with.root.join(record::path()), json.as_bytes())
}

#[cfg(test)]
mod tests;
