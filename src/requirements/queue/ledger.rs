//! Who waits, who runs, what became of the others, and who is next.

use std::any::Any;
use std::collections::BTreeSet;
use std::panic;
use std::time::{Duration, Instant};

use super::{Job, Outcome, State, Verdict};

/// How often a job may ask for nothing new before it is given up.
const VAIN_REQUESTS: u32 = 3;

/// What `work` returned, or the payload of its panic.
pub type End<E> = Result<Verdict<E>, Box<dyn Any + Send>>;

/// Where a job is.
enum Place<E> {
    Waiting,
    Running(Instant),
    Ended(Outcome<E>),
    Panicked(Box<dyn Any + Send>),
}

/// Every job's place.
pub struct Ledger<'a, E> {
    jobs: &'a [Job],
    /// What every job needs, with what it asked for later.
    needs: Vec<BTreeSet<usize>>,
    priorities: Vec<u64>,
    vain_requests: Vec<u32>,
    places: Vec<Place<E>>,
}

impl<'a, E> Ledger<'a, E> {
    /// Every job waits.
    pub fn new(jobs: &'a [Job]) -> Self {
        let needs: Vec<BTreeSet<usize>> = jobs
            .iter()
            .enumerate()
            .map(|(index, job)| others(index, &job.after, jobs.len()).collect())
            .collect();
        Self {
            priorities: priorities(jobs, &needs),
            needs,
            jobs,
            vain_requests: vec![0; jobs.len()],
            places: jobs.iter().map(|_| Place::Waiting).collect(),
        }
    }

    fn is_done(&self, index: usize) -> bool {
        matches!(self.places[index], Place::Ended(Outcome::Done(_)))
    }

    fn waiting(&self) -> impl Iterator<Item = usize> {
        (0..self.jobs.len()).filter(|index| matches!(self.places[*index], Place::Waiting))
    }

    fn is_running(&self) -> bool {
        let running = |place: &Place<E>| matches!(place, Place::Running(_));
        self.places.iter().any(running)
    }

    /// Whether nothing runs and nothing waits.
    pub fn is_over(&self) -> bool {
        !self.is_running() && self.waiting().next().is_none()
    }

    /// The job to start now.
    pub fn next(&self) -> Option<usize> {
        // The first of equals: the order of `jobs` is the last resort.
        let heaviest = |index: &usize| (u64::MAX - self.priorities[*index], *index);
        let ready = self
            .waiting()
            .filter(|index| self.needs[*index].iter().all(|need| self.is_done(*need)))
            .min_by_key(heaviest);
        if ready.is_some() || self.is_running() {
            return ready;
        }
        self.waiting()
            .min_by_key(|index| (self.vain_requests[*index], heaviest(index)))
    }

    /// A job runs from now on.
    pub fn start(&mut self, index: usize) -> Instant {
        let now = Instant::now();
        self.places[index] = Place::Running(now);
        now
    }

    /// A job's try ended.
    pub fn end(&mut self, index: usize, end: End<E>, took: Duration) {
        self.places[index] = match end {
            Ok(Verdict::Done) => Place::Ended(Outcome::Done(took)),
            Ok(Verdict::Failed(error)) => Place::Ended(Outcome::Failed(error)),
            Ok(Verdict::After(asked)) => return self.ask(index, &asked),
            Err(payload) => Place::Panicked(payload),
        };
        if !self.is_done(index) {
            self.block_behind(index, index);
        }
    }

    fn ask(&mut self, index: usize, asked: &[usize]) {
        let before = self.needs[index].len();
        self.needs[index].extend(others(index, asked, self.jobs.len()));
        self.vain_requests[index] += u32::from(self.needs[index].len() == before);
        let ended_badly = |need: &usize| {
            !self.is_done(*need)
                && !matches!(self.places[*need], Place::Waiting | Place::Running(_))
        };
        if let Some(need) = self.needs[index].iter().copied().find(ended_badly) {
            let cause = self.cause(need);
            self.places[index] = Place::Ended(Outcome::Blocked(cause));
            self.block_behind(index, cause);
        } else if self.vain_requests[index] > VAIN_REQUESTS {
            let vain = others(index, asked, self.jobs.len())
                .next()
                .unwrap_or(index);
            self.places[index] = Place::Ended(Outcome::Blocked(vain));
            self.block_behind(index, index);
        } else {
            self.places[index] = Place::Waiting;
            self.priorities = priorities(self.jobs, &self.needs);
        }
    }

    /// The job to blame for one that will never be done: what blocked it, or
    /// itself when it failed or was given up.
    fn cause(&self, lost: usize) -> usize {
        match self.places[lost] {
            Place::Ended(Outcome::Blocked(cause))
                if matches!(self.places[cause], Place::Ended(Outcome::Failed(_))) =>
            {
                cause
            }
            _ => lost,
        }
    }

    /// Ends all that wait for a job that will never be done.
    fn block_behind(&mut self, index: usize, cause: usize) {
        let mut lost = vec![index];
        while let Some(lost_job) = lost.pop() {
            let behind: Vec<usize> = self
                .waiting()
                .filter(|waiting| self.needs[*waiting].contains(&lost_job))
                .collect();
            for blocked in behind {
                self.places[blocked] = Place::Ended(Outcome::Blocked(cause));
                lost.push(blocked);
            }
        }
    }

    /// What is told to who listens.
    pub fn state(&self) -> State<'a> {
        let ended = |which: fn(&Outcome<E>) -> bool| {
            let is = |place: &&Place<E>| matches!(place, Place::Ended(outcome) if which(outcome));
            self.places.iter().filter(is).count()
        };
        let panicked = |place: &&Place<E>| matches!(place, Place::Panicked(_));
        let mut running: Vec<(Instant, &'a str)> = self
            .places
            .iter()
            .zip(self.jobs)
            .filter_map(|(place, job)| match place {
                Place::Running(since) => Some((*since, job.name.as_str())),
                _ => None,
            })
            .collect();
        running.sort_by_key(|(since, _)| *since);
        State {
            done: ended(|outcome| matches!(outcome, Outcome::Done(_))),
            failed: ended(|outcome| matches!(outcome, Outcome::Failed(_)))
                + self.places.iter().filter(panicked).count(),
            total: self.jobs.len(),
            running: running.into_iter().map(|(_, name)| name).collect(),
            left: self.waiting().count(),
        }
    }

    /// What became of every job, when it is over.
    pub fn outcomes(self) -> Vec<Outcome<E>> {
        self.places
            .into_iter()
            .map(|place| match place {
                Place::Ended(outcome) => outcome,
                Place::Panicked(payload) => panic::resume_unwind(payload),
                Place::Waiting | Place::Running(_) => unreachable!("the workers end every job"),
            })
            .collect()
    }
}

/// The jobs named by `after` that exist and are others than `index`.
fn others(index: usize, after: &[usize], jobs: usize) -> impl Iterator<Item = usize> {
    after
        .iter()
        .copied()
        .filter(move |need| *need != index && *need < jobs)
}

/// Every job's weight and that of the heaviest chain of jobs that wait for it.
///
/// Goes from the jobs for which nobody waits to those that they need. Jobs in a
/// circle, and what they need, are never reached and keep what they have.
fn priorities(jobs: &[Job], needs: &[BTreeSet<usize>]) -> Vec<u64> {
    let mut priorities: Vec<u64> = jobs.iter().map(|job| u64::from(job.weight)).collect();
    let mut waited_for = vec![0_usize; jobs.len()];
    for need in needs.iter().flatten() {
        waited_for[*need] += 1;
    }
    let mut reached: Vec<usize> = (0..jobs.len())
        .filter(|job| waited_for[*job] == 0)
        .collect();
    while let Some(job) = reached.pop() {
        for need in needs[job].iter().copied() {
            let chain = u64::from(jobs[need].weight) + priorities[job];
            priorities[need] = priorities[need].max(chain);
            waited_for[need] -= 1;
            if waited_for[need] == 0 {
                reached.push(need);
            }
        }
    }
    priorities
}
