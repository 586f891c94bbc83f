//! Runs a plan: the schedule, the record, the log.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::children::Children;
use crate::command::Runner;
use crate::context::{Context, write_whole};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::layout::{IMAGE_INFO, STATE};
use crate::network::{Isolation, Reach, Watch};
use crate::plan::{Plan, PlannedStep, Work};
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
        plan,
        hermetic: with.runner.isolation() != Isolation::None,
        start: Instant::now(),
        record: Mutex::new(taken_up(plan, with)),
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

/// The record that this run goes on with: where only the end of a build is done again, in an
/// image that has come so far, its own.
fn taken_up(plan: &Plan, with: &Surroundings<'_>) -> Record {
    let is_end = |step: &PlannedStep| matches!(step.name, StepName::Cleanup | StepName::Smoke);
    let only_end = plan.steps.iter().all(is_end) && !with.root.exists(STATE);
    let of_image = record::of_image(with.root).filter(|_| only_end);
    of_image.unwrap_or_else(|| {
        Record::take_up(
            with.root,
            with.settings,
            &plan.platform,
            plan.inputs.as_deref(),
            with.secrets,
        )
    })
}

/// A run in progress.
struct Run<'a> {
    with: &'a Surroundings<'a>,
    plan: &'a Plan,
    hermetic: bool,
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
        let weight = || {
            weight(
                name,
                with.settings,
                &self.plan.platform,
                with.root,
                with.runner,
            )
        };
        let before = weight();
        let watch = Watch::new(with.runner);
        let context = Context {
            step: name,
            settings: with.settings,
            root: with.root,
            runner: &watch,
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
                let reach = watch.reach();
                debug_assert!(
                    !self.hermetic || reach == Reach::None || step.online(),
                    "{name} reached the network, and was not planned to"
                );
                self.remember(name, start, bytes, reach)
            });
        if result.is_err() {
            self.keep(name, watch.reach());
        }
        match result {
            Ok(()) => with.reporter.done(name, start.elapsed()),
            Err(_) if with.runner.stopping() => with.reporter.stopped(name, start.elapsed()),
            Err(_) => with.reporter.failed(name, start.elapsed()),
        }
        result
    }

    /// Keeps what a step that failed has added to the record: the next run does not do
    /// again what it has done, and would not know of it. That it cannot be kept is no
    /// matter beside the failure.
    fn keep(&self, step: StepName, reach: Reach) {
        if !self.with.root.is_directory(STATE) {
            return;
        }
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        record.step_failed(step, reach);
        let json = record.to_json();
        let path = self.with.root.join(record::path());
        let _ = write_whole(&path, json.as_bytes());
    }

    /// Writes down that a step ended: between steps in our state directory; in the image
    /// once `cleanup` has removed that, and after what comes then.
    fn remember(
        &self,
        step: StepName,
        start: Instant,
        bytes: Option<i64>,
        reach: Reach,
    ) -> Result<(), Failure> {
        let with = self.with;
        let ended = StepRecord {
            name: step.as_str().to_owned(),
            started: Some(seconds(start.duration_since(self.start))),
            seconds: Some(seconds(start.elapsed())),
            bytes,
            network: Some(reach),
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
            StepName::Smoke if record.left.contains(&step) => Some(IMAGE_INFO),
            // A look at a finished image.
            StepName::Smoke if !with.root.exists(STATE) => return Ok(()),
            _ => None,
        };
        match step {
            StepName::Smoke => record.left.clear(),
            // `step cleanup` alone ends no build, and of an image leaves what was left.
            StepName::Cleanup if !self.plan.whole => {}
            _ => record.left = self.after(step).filter(|_| kept_in.is_some()).collect(),
        }
        let ends = step == StepName::Smoke || self.plan.whole || record.finished;
        record.finished = ends && kept_in.is_some() && record.left.is_empty();
        if let Some(directory) = kept_in {
            let path = with.root.join(format!("{directory}/build.json"));
            let json = record.image_json(with.settings);
            write_whole(&path, json.as_bytes())?;
        }
        if kept_in.is_some_and(|directory| directory == IMAGE_INFO) {
            return Ok(());
        }
        debug_assert!(record::path().starts_with(STATE));
        let json = record.to_json();
        write_whole(&with.root.join(record::path()), json.as_bytes())
    }

    /// The steps of a whole build that come after this one.
    fn after(&self, step: StepName) -> impl Iterator<Item = StepName> {
        let whole = self.plan.steps.iter().filter(|_| self.plan.whole);
        let names = whole.map(|planned| planned.name);
        names.skip_while(move |name| *name != step).skip(1)
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
