//! Makes the wheels of a release: fetches what the index has, builds the rest,
//! and goes on until nothing is missing that any of them requires.

mod build;
mod making;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::jobs::Machine;
use super::needs::{add, pins, wanted};
use super::queue::{self, Outcome, State};
use super::unit::{From, Role, Unit};
use super::workshop::{Workshop, links};
use crate::context::Context;
use crate::download::{Client, Progress as Transfer};
use crate::failure::{FailedBuild, Failure};
use crate::python::Name;
use crate::python::lock::Lock;
use crate::reporter::Progress;

pub use making::Made;
use making::Making;

/// Files that are fetched at once: the index is far away, the disk is not.
const TRANSFERS: usize = 12;

/// How often what is required leads to something new. Dependencies of
/// dependencies come in one answer, so two are the rule.
const ROUNDS: usize = 5;

/// What a release is to be.
pub struct Order {
    /// What it is made of.
    pub units: Vec<Unit>,
    /// Of these, what builds are known to need: it is there before the first question.
    pub first: Vec<usize>,
    /// Extras that are asked for.
    pub extras: Vec<(Name, String)>,
    /// Whether wheels are fetched that no build needs.
    pub all: bool,
}

/// A release in the making.
pub struct Maker<'a> {
    context: &'a Context<'a>,
    workshop: &'a Workshop,
    client: Client,
    all: bool,
    first: Vec<usize>,
    extras: Vec<(Name, String)>,
    state: Mutex<Making>,
    builds: AtomicUsize,
    /// Told whenever files have been fetched.
    landed: Condvar,
}

impl<'a> Maker<'a> {
    /// Starts with the packages of a lock.
    pub fn new(
        context: &'a Context<'a>,
        workshop: &'a Workshop,
        order: Order,
    ) -> Result<Self, Failure> {
        context.remove(&links())?;
        context.make_directory(&links(), None)?;
        Ok(Self {
            context,
            workshop,
            client: workshop.client(context)?,
            all: order.all,
            first: order.first,
            extras: order.extras,
            state: Mutex::new(Making {
                units: order.units,
                ..Making::default()
            }),
            builds: AtomicUsize::new(0),
            landed: Condvar::new(),
        })
    }

    /// Makes all wheels.
    ///
    /// # Errors
    /// [`Failure::Release`] with everything that failed, after all the rest was done.
    pub fn run(self) -> Result<Made, Failure> {
        let mut failed = Vec::new();
        let mut blocked = Vec::new();
        let mut postponed = Vec::new();
        self.fetch(&self.first);
        self.link()?;
        self.link_sdists()?;
        for round in 1.. {
            self.prepare();
            let more = self.make()?;
            failed.extend(more.failed);
            blocked.extend(more.blocked);
            postponed = more.postponed;
            let healthy =
                failed.is_empty() && blocked.is_empty() && self.state().fetches.is_empty();
            if postponed.is_empty() && !(self.all && healthy && self.complete()?) {
                break;
            }
            if round == ROUNDS && !postponed.is_empty() {
                break;
            }
            if round == ROUNDS {
                return Err(Failure::Unmakable(
                    "what the wheels require leads to ever more packages".to_owned(),
                ));
            }
        }
        blocked.extend(postponed);
        let builds = self.builds.load(Ordering::Relaxed);
        let state = self
            .state
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        if !(failed.is_empty() && blocked.is_empty() && state.fetches.is_empty()) {
            return Err(Failure::Release {
                fetches: state.fetches,
                builds: failed,
                blocked,
                made: state.wheels.len(),
            });
        }
        Ok(state.account(builds))
    }

    fn state(&self) -> MutexGuard<'_, Making> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches the sdists and finds out what their builds need, until no new ones
    /// come to light.
    fn prepare(&self) {
        let mut pending: Vec<usize> = {
            let state = self.state();
            let fresh = |index: &usize| !state.wheels.contains_key(index);
            (0..state.units.len())
                .filter(fresh)
                .filter(|index| state.units[*index].is_built())
                .collect()
        };
        while !pending.is_empty() {
            self.fetch(&pending);
            let mut state = self.state();
            let Making {
                units, needs, lost, ..
            } = &mut *state;
            let mut found = Vec::new();
            for index in pending {
                if !lost.contains(&index) {
                    found.extend(needs.find(index, units, self.context, self.workshop));
                }
            }
            pending = found
                .into_iter()
                .filter(|index| state.units[*index].is_built())
                .collect();
        }
        let of_builds: Vec<usize> = {
            let state = self.state();
            let needed = state.needs.of.values().flatten().copied();
            let wheels = needed.filter(|index| !state.units[*index].is_built());
            let wheels: BTreeSet<usize> = wheels.collect();
            wheels.into_iter().collect()
        };
        self.fetch(&of_builds);
    }

    /// Fetches files of the index that are not there yet; wheels among them are done then.
    fn fetch(&self, indices: &[usize]) {
        let asked = indices;
        let (indices, files) = {
            let mut state = self.state();
            let files = asked.iter().filter(|index| {
                !state.wheels.contains_key(index)
                    && !state.lost.contains(index)
                    && !state.on_the_way.contains(index)
            });
            let files = files.filter_map(|index| match &state.units[*index].from {
                From::Wheel(artifact) | From::Sdist(artifact) => {
                    Some((*index, wanted(self.context, artifact)))
                }
                From::Tree(_) => None,
            });
            let (indices, files) = files.unzip::<_, _, Vec<_>, Vec<_>>();
            state.on_the_way.extend(&indices);
            (indices, files)
        };
        let heard = |transfer: &Transfer| {
            self.context.progress(&Progress {
                what: "files".to_owned(),
                done: transfer.done as u64,
                total: transfer.total as u64,
                detail: format!("{} MiB", transfer.bytes >> 20),
            });
        };
        let (tally, failures) = self.client.fetch_all(&files, TRANSFERS, &heard);
        let mut state = self.state();
        state.tally.downloaded += tally.downloaded;
        state.tally.present += tally.present;
        state.tally.bytes += tally.bytes;
        state.tally.retries += tally.retries;
        for (at, error) in failures {
            let index = indices[at];
            let text = format!("{}: {error}", state.units[index].label());
            state.fetches.push(text);
            state.lost.insert(index);
        }
        for index in indices {
            state.on_the_way.remove(&index);
            if !state.lost.contains(&index) {
                state.arrived(index);
            }
        }
        self.landed.notify_all();
        // What another thread is fetching is waited for, not fetched twice.
        while asked.iter().any(|index| state.on_the_way.contains(index)) {
            state = self
                .landed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Builds what is to be built, while the rest is fetched.
    fn make(&self) -> Result<Failures, Failure> {
        let (queued, jobs, rest) = {
            let state = self.state();
            let fresh = (0..state.units.len())
                .filter(|index| !state.wheels.contains_key(index) && !state.lost.contains(index));
            let (queued, rest): (Vec<usize>, Vec<usize>) =
                fresh.partition(|index| state.units[*index].is_built());
            (queued.clone(), state.jobs(&queued), rest)
        };
        self.link()?;
        let machine = Machine::look(self.context.root);
        let asked = self.context.settings.jobs;
        if !jobs.is_empty() {
            self.context.note(&format!(
                "{} to build, {}",
                jobs.len(),
                machine.describe(asked)
            ));
        }
        let heard = |state: &State<'_>| {
            self.context.progress(&Progress {
                what: "builds".to_owned(),
                done: (state.done + state.failed) as u64,
                total: state.total as u64,
                detail: state.running.join(", "),
            });
        };
        let outcomes = thread::scope(|scope| {
            let fetching = self.all.then(|| scope.spawn(|| self.fetch(&rest)));
            let work = |job: usize| self.build(queued[job], &queued);
            let outcomes = queue::run(&jobs, machine.jobs(asked), work, heard);
            // A panic there is a fault of this program and goes on as one.
            if let Some(Err(panic)) = fetching.map(thread::ScopedJoinHandle::join) {
                std::panic::resume_unwind(panic);
            }
            outcomes
        });
        let mut state = self.state();
        let mut failed = Vec::new();
        let mut blocked = Vec::new();
        let mut postponed = Vec::new();
        let waits = |job: usize| matches!(outcomes[job], Outcome::Failed(Stopped::Waits(_)));
        let (waiting, rest): (Vec<usize>, Vec<usize>) =
            (0..outcomes.len()).partition(|job| match outcomes[*job] {
                Outcome::Blocked(by) => waits(by),
                _ => waits(*job),
            });
        let label = |state: &Making, job: usize| state.units[queued[job]].label();
        for job in waiting {
            if let Outcome::Failed(Stopped::Waits(needed)) = &outcomes[job] {
                postponed.push((label(&state, job), state.units[*needed].label()));
            }
        }
        for job in rest {
            match &outcomes[job] {
                Outcome::Failed(Stopped::Fails(failure)) => failed.push(failure.clone()),
                Outcome::Blocked(by) => blocked.push((label(&state, job), label(&state, *by))),
                Outcome::Done(_) | Outcome::Failed(Stopped::Waits(_)) => continue,
            }
            state.lost.insert(queued[job]);
        }
        Ok(Failures {
            failed,
            blocked,
            postponed,
        })
    }

    /// Adds what the wheels require and nothing of the release provides. Returns
    /// whether there was any.
    fn complete(&self) -> Result<bool, Failure> {
        let wanted = self
            .state()
            .unprovided(self.context, self.workshop, &self.extras);
        if wanted.is_empty() {
            return Ok(false);
        }
        let names: Vec<&str> = wanted.iter().map(|wanted| wanted.name.as_str()).collect();
        self.context.note(&format!(
            "required and not among the constraints: {}",
            names.join(", ")
        ));
        let lock: Lock =
            self.workshop
                .resolve(self.context, "dependencies", &wanted, Some(&pins()), true)?;
        let mut state = self.state();
        let before = state.units.len();
        let found = add(&lock, Role::Install, &mut state.units, self.workshop)?;
        let promoted = found
            .iter()
            .filter(|index| state.units[**index].role == Role::Build)
            .copied()
            .collect::<Vec<_>>();
        for index in &promoted {
            state.units[*index].role = Role::Install;
            if let Some(wheel) = state.wheels.get_mut(index) {
                wheel.for_builds = false;
            }
        }
        Ok(state.units.len() > before || !promoted.is_empty())
    }
}

/// Builds that did not end well.
struct Failures {
    failed: Vec<FailedBuild>,
    /// Each with the one that it needs.
    blocked: Vec<(String, String)>,
    /// The same for those that are tried again in the next round.
    postponed: Vec<(String, String)>,
}

/// Why a job of the queue is not done.
#[derive(Clone)]
enum Stopped {
    Fails(FailedBuild),
    /// It asked for this unit, which has to be built and came to light only now.
    Waits(usize),
}
