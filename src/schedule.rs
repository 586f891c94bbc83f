//! Runs the steps of a plan: each as soon as what it waits for is done, no two at
//! once that need the same thing to themselves.

mod board;
mod forecast;

use std::num::NonZeroUsize;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use self::board::Board;
pub use self::forecast::{Forecast, forecast};
use crate::children::Children;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::plan::{Plan, PlannedStep};
use crate::step::StepName;

/// Why a run did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    /// Steps failed: the first to do so, and those that followed by themselves before
    /// they were ended.
    Failed {
        /// The first.
        first: (StepName, Box<Failure>),
        /// The others, as they came.
        others: Vec<(StepName, Failure)>,
    },
    /// This signal came while these steps ran.
    Interrupted(Signal, Vec<StepName>),
}

/// What a run goes by beside its plan.
#[derive(Clone, Copy)]
pub struct Conduct<'a> {
    /// What the steps have started.
    pub children: &'a Children,
    /// Tells it to stop.
    pub interrupt: &'a Interrupt,
    /// How long the other steps may go on after one has failed, and then how long
    /// a child that was asked to end may take.
    pub grace: Duration,
    /// Told of the first step that failed, with those that run on for a while.
    pub waits: &'a (dyn Fn(StepName, &[StepName]) + Sync),
    /// Called when a step goes on although none of its children does: it unpacks or
    /// downloads something itself. The program ends here, and with it the step.
    pub abandon: &'a (dyn Fn(&Stopped) + Sync),
}

/// How long the other steps may go on after one has failed: long enough for most
/// of them to end well, which spares the next run their work.
pub const GRACE: Duration = Duration::from_secs(10);

/// How many steps run at once when nobody says: more of them never can, because of
/// what they wait for.
pub const STEPS_AT_ONCE: NonZeroUsize = NonZeroUsize::new(4).expect("it is not nought");

/// Runs every step of the plan by `perform`.
///
/// # Errors
/// The first step that failed, or the signal that came. No step is started after
/// it; those that run may end for [`Conduct::grace`], or are ended. When this
/// returns no step runs any more, and no child of one.
///
/// # Panics
/// When a step does, after the others; or when steps wait for each other.
pub fn run(
    plan: &Plan,
    conduct: &Conduct<'_>,
    perform: impl Fn(&PlannedStep) -> Result<(), Failure> + Sync,
) -> Result<(), Stopped> {
    let mut board = Board::new(plan);
    let mut end = End::new(conduct);
    let (sender, ended) = mpsc::channel();
    let perform = &perform;
    thread::scope(|scope| {
        loop {
            while end.stopped.is_none()
                && let Some(step) = board.start()
            {
                let sender = sender.clone();
                scope.spawn(move || {
                    // A step that panics must be heard of, or it would be waited for.
                    let result = panic::catch_unwind(AssertUnwindSafe(|| perform(step)));
                    let _ = sender.send((step.name, result));
                });
            }
            if board.is_idle() {
                break;
            }
            if let Ok((step, result)) = ended.recv_timeout(GLANCE) {
                board.finish(step);
                match result {
                    Ok(Ok(())) => {}
                    Ok(Err(failure)) => end.failed(step, failure, board.running()),
                    Err(panic) => panic::resume_unwind(panic),
                }
            }
            // What has come to its end is not interrupted any more.
            if let Some(signal) = conduct.interrupt.signal().filter(|_| !board.is_done()) {
                end.interrupted(signal, board.running());
            }
            end.press();
        }
    });
    let Some(stopped) = end.stopped else {
        assert!(board.is_done(), "steps wait for each other");
        return Ok(());
    };
    conduct.children.kill();
    Err(stopped)
}

/// How often it is looked whether a signal has come, or a grace time is over.
const GLANCE: Duration = Duration::from_millis(50);

/// How long a step may take to see that its children are gone.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The end of a run that does not come to its own: first no step starts, then
/// those that run are asked to end, then they are killed.
struct End<'a> {
    conduct: &'a Conduct<'a>,
    stopped: Option<Stopped>,
    next: Option<(Instant, Pressure)>,
}

#[derive(Clone, Copy)]
enum Pressure {
    Terminate,
    Kill,
    Abandon,
}

impl<'a> End<'a> {
    fn new(conduct: &'a Conduct<'a>) -> Self {
        Self {
            conduct,
            stopped: None,
            next: None,
        }
    }

    /// What fails once children are asked to end does so because of that.
    fn failed(&mut self, step: StepName, failure: Failure, running: &[StepName]) {
        match &mut self.stopped {
            None => {
                self.begin(Stopped::Failed {
                    first: (step, Box::new(failure)),
                    others: Vec::new(),
                });
                (self.conduct.waits)(step, running);
            }
            Some(Stopped::Failed { others, .. }) if !self.conduct.children.stopping() => {
                others.push((step, failure));
            }
            Some(_) => {}
        }
    }

    /// Whoever sends a signal does not wait for the grace time, whatever it is for: a
    /// container engine kills after ten seconds.
    fn interrupted(&mut self, signal: Signal, running: &[StepName]) {
        self.begin(Stopped::Interrupted(signal, running.to_vec()));
        if let Some((when, Pressure::Terminate)) = &mut self.next {
            *when = Instant::now();
        }
    }

    /// The first reason counts.
    fn begin(&mut self, why: Stopped) {
        if self.stopped.is_some() {
            return;
        }
        self.stopped = Some(why);
        self.next = Some((Instant::now() + self.conduct.grace, Pressure::Terminate));
    }

    fn press(&mut self) {
        let Some((_, pressure)) = self.next.filter(|(when, _)| *when <= Instant::now()) else {
            return;
        };
        match pressure {
            Pressure::Terminate => {
                self.conduct.children.terminate();
                self.next = Some((Instant::now() + self.conduct.grace / 2, Pressure::Kill));
            }
            Pressure::Kill => {
                self.conduct.children.kill();
                self.next = Some((Instant::now() + LAST_WORDS, Pressure::Abandon));
            }
            Pressure::Abandon => {
                self.next = None;
                if let Some(stopped) = &self.stopped {
                    (self.conduct.abandon)(stopped);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
