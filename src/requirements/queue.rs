//! The build queue: jobs that need each other, several at once, the longest first.
//!
//! It knows nothing of wheels. The first job is the one from which the longest
//! chain of waiting jobs hangs (the critical path of list scheduling, as in
//! <https://en.wikipedia.org/wiki/Critical_path_method>), so that no long build
//! is left to run alone at the end while the other CPUs are idle.

mod ledger;

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use ledger::Ledger;

/// A piece of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// What it is called in [`State::running`].
    pub name: String,
    /// Indices of the jobs that must be done first. Its own and those of no job are ignored.
    pub after: Vec<usize>,
    /// Expected seconds.
    pub weight: u32,
}

/// How a try of a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict<E> {
    /// Well.
    Done,
    /// Badly; it is not tried again.
    Failed(E),
    /// It found out that it needs these jobs first: it is tried again after
    /// them, or at once when they are done. One that asks for nothing new for
    /// the fourth time is given up, as [`Outcome::Blocked`] by the first of
    /// them, or by itself when it asks for no other.
    After(Vec<usize>),
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<E> {
    /// It was done; its last try took this long.
    Done(Duration),
    /// It failed.
    Failed(E),
    /// It was not tried (again), because this job failed, on which it depends
    /// through however many others; or it asked in vain for this job.
    Blocked(usize),
}

/// The queue at a moment. What is neither done, failed, running nor left is blocked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State<'a> {
    /// Jobs that were done.
    pub done: usize,
    /// Jobs that failed by themselves.
    pub failed: usize,
    /// All jobs.
    pub total: usize,
    /// Names of the running jobs, the one that has been running longest first.
    pub running: Vec<&'a str>,
    /// Jobs that still wait to be started.
    pub left: usize,
}

/// Runs all jobs, `at_once` (at least one) at a time, and returns their outcomes in the order of `jobs`.
///
/// A job starts when all that it needs are done; of several that can start, the
/// one with the heaviest chain of waiting jobs is the first. The others go on
/// when one fails. Jobs that wait for each other in a circle do not hang: when
/// nothing runs and nothing can start, the one of them that asked least, and of
/// these the heaviest, is tried as it is, and its own failure says what it lacks.
///
/// `heard` is told every change, one at a time and in order; nothing starts or
/// ends while it listens.
///
/// # Panics
/// When `work` does, after the jobs that do not need the one that did.
pub fn run<E: Send>(
    jobs: &[Job],
    at_once: usize,
    work: impl Fn(usize) -> Verdict<E> + Sync,
    heard: impl Fn(&State<'_>) + Sync,
) -> Vec<Outcome<E>> {
    let ledger = Mutex::new(Ledger::new(jobs));
    let changed = Condvar::new();
    let worker = || {
        let mut guard = lock(&ledger);
        loop {
            if let Some(index) = guard.next() {
                let start = guard.start(index);
                drop(guard);
                // A job that panics must not be taken for a running one for ever.
                let end = panic::catch_unwind(AssertUnwindSafe(|| {
                    heard(&lock(&ledger).state());
                    work(index)
                }));
                guard = lock(&ledger);
                guard.end(index, end, start.elapsed());
                changed.notify_all();
                heard(&guard.state());
            } else if guard.is_over() {
                return;
            } else {
                guard = changed.wait(guard).unwrap_or_else(PoisonError::into_inner);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..at_once.clamp(1, jobs.len().max(1)) {
            scope.spawn(worker);
        }
    });
    let ledger = ledger.into_inner().unwrap_or_else(PoisonError::into_inner);
    ledger.outcomes()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
