//! Runs a plan: the schedule, the record, the log.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::children::Children;
use crate::command::Runner;
use crate::context::{Context, write_whole};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::layout::{IMAGE_INFO, STATE};
use crate::plan::{Plan, PlannedStep, Work};
use crate::platform::Platform;
use crate::record::{self, Record, StepRecord};
use crate::reporter::Reporter;
use crate::root::Root;
use crate::schedule::{self, Conduct, GRACE, Stopped};
use crate::secrets::Secrets;
use crate::settings::Settings;
use crate::step::StepName;
use crate::steps::weight;

/// What a run needs beside its plan.
pub struct Surroundings<'a> {
    /// What the user said.
    pub settings: &'a Settings,
    /// The image's files.
    pub root: &'a Root,
    /// Starts children.
    pub runner: &'a dyn Runner,
    /// What it has started.
    pub children: &'a Children,
    /// Tells the run to stop.
    pub interrupt: &'a Interrupt,
    /// Ends the program, see [`Conduct::abandon`].
    pub abandon: &'a (dyn Fn(&Stopped) + Sync),
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
/// The step that failed, and why; or the signal that came.
pub fn run(plan: &Plan, with: &Surroundings<'_>) -> Result<(), Stopped> {
    let run = Run {
        with,
        platform: &plan.platform,
        // `step cleanup` alone ends no build.
        whole: plan.whole,
        start: Instant::now(),
        record: Mutex::new(Record::take_up(
            with.root,
            with.settings,
            &plan.platform,
            plan.inputs.as_deref(),
            with.secrets,
        )),
        ended: Mutex::default(),
    };
    let conduct = Conduct {
        children: with.children,
        interrupt: with.interrupt,
        grace: GRACE,
        waits: &|failed, running| {
            if !running.is_empty() {
                let names: Vec<_> = running.iter().map(|step| step.as_str()).collect();
                let (names, seconds) = (names.join(", "), GRACE.as_secs());
                let text = format!("the error follows when {names} ended, in {seconds} s at most");
                with.reporter.note(failed, &text);
            }
        },
        abandon: with.abandon,
    };
    schedule::run(plan, &conduct, |step| run.perform(step))?;
    let ended = run
        .ended
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    if !ended.is_empty() {
        with.reporter.ended(&ended, run.start.elapsed());
    }
    Ok(())
}

/// A run in progress.
struct Run<'a> {
    with: &'a Surroundings<'a>,
    platform: &'a Platform,
    whole: bool,
    start: Instant,
    record: Mutex<Record>,
    /// The steps that have ended, for the closing table.
    ended: Mutex<Vec<StepRecord>>,
}

impl Run<'_> {
    fn perform(&self, step: &PlannedStep) -> Result<(), Failure> {
        let with = self.with;
        let name = step.name;
        let actions = match &step.work {
            Work::Done(reason) => {
                with.reporter.skipped(name, reason);
                return Ok(());
            }
            Work::Do(actions) => actions,
        };
        with.reporter.started(name, &step.why);
        let start = Instant::now();
        let weight = || weight(name, with.settings, self.platform, with.root, with.runner);
        let before = weight();
        let context = Context {
            step: name,
            settings: with.settings,
            root: with.root,
            runner: with.runner,
            reporter: with.reporter,
            record: &self.record,
            secrets: with.secrets,
            environment: with.environment,
        };
        let result = actions
            .iter()
            .try_for_each(|action| action.perform(&context))
            .and_then(|()| {
                let bytes = before
                    .zip(weight())
                    .map(|(before, after)| difference(before, after));
                self.remember(name, start, bytes)
            });
        match result {
            Ok(()) => with.reporter.done(name, start.elapsed()),
            Err(_) if with.runner.stopping() => with.reporter.stopped(name, start.elapsed()),
            Err(_) => with.reporter.failed(name, start.elapsed()),
        }
        result
    }

    /// Writes down that a step ended: between steps in our state directory, after
    /// the last one, which removes that, in the image.
    fn remember(&self, step: StepName, start: Instant, bytes: Option<i64>) -> Result<(), Failure> {
        let with = self.with;
        let ended = StepRecord {
            name: step.as_str().to_owned(),
            started: seconds(start.duration_since(self.start)),
            seconds: seconds(start.elapsed()),
            bytes,
        };
        let of_run = self.ended.lock();
        of_run
            .unwrap_or_else(PoisonError::into_inner)
            .push(ended.clone());
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        record.step_ended(ended);
        let kept_in = match step {
            StepName::Cleanup => Some(IMAGE_INFO),
            StepName::Publish => Some(with.settings.wheels.destination.as_str()),
            _ => None,
        };
        record.finished = self.whole && kept_in.is_some();
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
}

/// A tenth is as exact as it is worth knowing.
fn seconds(took: Duration) -> f64 {
    (took.as_secs_f64() * 10.0).round() / 10.0
}

fn difference(before: u64, after: u64) -> i64 {
    let (before, after) = (i64::try_from(before), i64::try_from(after));
    after.unwrap_or(i64::MAX) - before.unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
