//! Makes the wheels of a release: fetches what the index has, builds the rest,
//! and goes on until nothing is missing that any of them requires.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use super::builder::Build;
use super::heavy::estimate;
use super::jobs::Machine;
use super::needs::{Needs, add, kept, pins, wanted};
use super::queue::{self, Job, Outcome, State, Verdict};
use super::resolver::missing;
use super::set::{Counts, Wheel};
use super::unit::{From, Role, Unit};
use super::workshop::{Workshop, home, links, python};
use crate::command::{Ending, Output};
use crate::context::{Context, copy_tree, file};
use crate::download::{Client, Progress as Transfer, Tally};
use crate::failure::{FailedBuild, FailedChild, Failure};
use crate::fingerprint::{Fingerprint, sha256_of};
use crate::inputs::Wanted;
use crate::layout::CACHE;
use crate::python::lock::Lock;
use crate::python::metadata::{requires_dist, wheel_identity};
use crate::python::{Name, wheels_in};
use crate::reporter::Progress;

/// Files that are fetched at once: the index is far away, the disk is not.
const TRANSFERS: usize = 12;

/// How often what is required leads to something new. Dependencies of
/// dependencies come in one answer, so two are the rule.
const ROUNDS: usize = 5;

/// How many times a build may ask for what it did not say that it needs.
const SURPRISES: usize = 3;

/// A release in the making.
pub struct Maker<'a> {
    context: &'a Context<'a>,
    workshop: &'a Workshop,
    client: Client,
    /// Whether wheels are fetched that no build needs.
    all: bool,
    state: Mutex<Making>,
    builds: AtomicUsize,
}

#[derive(Default)]
struct Making {
    units: Vec<Unit>,
    needs: Needs,
    /// The wheels that are there, by unit.
    wheels: BTreeMap<usize, Wheel>,
    /// What could not be fetched.
    fetches: Vec<String>,
    /// Units that will have no wheel.
    lost: BTreeSet<usize>,
    tally: Tally,
    /// Wheels of an earlier run.
    earlier: usize,
}

/// What came of it.
pub struct Made {
    /// Every unit with its wheel, where it has one.
    pub units: Vec<(Unit, Option<Wheel>)>,
    /// What was done for it.
    pub counts: Counts,
}

impl<'a> Maker<'a> {
    /// Starts with the packages of a lock.
    pub fn new(
        context: &'a Context<'a>,
        workshop: &'a Workshop,
        units: Vec<Unit>,
        all: bool,
    ) -> Result<Self, Failure> {
        context.remove(&links())?;
        context.make_directory(&links(), None)?;
        let pinned = units.iter().filter_map(|unit| {
            let version = unit.version.as_ref()?;
            (!matches!(unit.from, From::Tree(_))).then(|| format!("{}=={version}\n", unit.name))
        });
        context.write(&pins(), &pinned.collect::<String>())?;
        Ok(Self {
            context,
            workshop,
            client: workshop.client(context)?,
            all,
            state: Mutex::new(Making {
                units,
                ..Making::default()
            }),
            builds: AtomicUsize::new(0),
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
        for _ in 0..ROUNDS {
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
            let needed: BTreeSet<usize> = needed.collect();
            needed.into_iter().collect()
        };
        self.fetch(&of_builds);
    }

    /// Fetches files of the index that are not there yet; wheels among them are done then.
    fn fetch(&self, indices: &[usize]) {
        let (indices, files) = {
            let state = self.state();
            let files = indices
                .iter()
                .filter(|index| !state.wheels.contains_key(index) && !state.lost.contains(index));
            let files = files.filter_map(|index| match &state.units[*index].from {
                From::Wheel(artifact) | From::Sdist(artifact) => {
                    Some((*index, wanted(self.context, artifact)))
                }
                From::Tree(_) => None,
            });
            files.unzip::<_, _, Vec<_>, Vec<_>>()
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
            if !state.lost.contains(&index) {
                state.arrived(index);
            }
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

    /// Puts every wheel that is there where build environments find it.
    fn link(&self) -> Result<(), Failure> {
        let state = self.state();
        state
            .wheels
            .values()
            .try_for_each(|wheel| self.link_one(wheel))
    }

    fn link_one(&self, wheel: &Wheel) -> Result<(), Failure> {
        let link = self
            .context
            .root
            .join(format!("{}/{}", links(), wheel.file_name));
        if link.exists() {
            return Ok(());
        }
        std::os::unix::fs::symlink(self.context.root.join(&wheel.path), &link)
            .map_err(|error| file("link", &link, &error))
    }

    /// Builds one unit, or finds it built by an earlier run.
    fn build(&self, index: usize, queued: &[usize]) -> Verdict<Stopped> {
        let fails = |failed| Verdict::Failed(Stopped::Fails(failed));
        let unit = self.state().units[index].clone();
        match self.try_build(index, &unit) {
            Ok(Tried::Made(wheel)) => {
                if let Err(failure) = self.link_one(&wheel) {
                    return fails(plainly(&unit, failure));
                }
                self.state().wheels.insert(index, wheel);
                Verdict::Done
            }
            Ok(Tried::Needs(units)) => {
                if let Some(new) = units.iter().find(|index| !queued.contains(index)) {
                    return Verdict::Failed(Stopped::Waits(*new));
                }
                let jobs = queued
                    .iter()
                    .enumerate()
                    .filter(|(_, index)| units.contains(index));
                Verdict::After(jobs.map(|(job, _)| job).collect())
            }
            Ok(Tried::Failed(failed)) => fails(failed),
            Err(failure) => fails(plainly(&unit, failure)),
        }
    }

    fn try_build(&self, index: usize, unit: &Unit) -> Result<Tried, Failure> {
        if let Some(fault) = self.state().needs.faults.get(&index) {
            return Err(fault.clone());
        }
        for _ in 0..=SURPRISES {
            let key = self.key(index, unit);
            let into = format!("{CACHE}/built/{key}");
            if let Some(wheel) = self.built(unit, &into)? {
                self.state().earlier += 1;
                return Ok(Tried::Made(wheel));
            }
            let (output, failed) = self.run_build(unit, &into)?;
            let Some(failed) = failed else {
                return match self.built(unit, &into)? {
                    Some(wheel) => Ok(Tried::Made(wheel)),
                    None => Err(Failure::Wheels(format!(
                        "the build of {} ended well and left no wheel",
                        unit.label()
                    ))),
                };
            };
            let asked = missing(&output.stdout);
            if asked.is_empty() {
                return Ok(Tried::Failed(failed));
            }
            // The build never ran: it said only now what it needs.
            self.builds.fetch_sub(1, Ordering::Relaxed);
            if let Some(waits) = self.provide(index, asked)? {
                return Ok(Tried::Needs(waits));
            }
        }
        Err(Failure::Wheels(format!(
            "the build of {} asks for more each time it is tried",
            unit.label()
        )))
    }

    /// Gets what a build asked for. Returns the units that have to be built first.
    fn provide(&self, index: usize, asked: Vec<String>) -> Result<Option<Vec<usize>>, Failure> {
        let needed = {
            let mut state = self.state();
            let Making { units, needs, .. } = &mut *state;
            needs.require(index, asked, units, self.context, self.workshop);
            if let Some(fault) = needs.faults.remove(&index) {
                return Err(fault);
            }
            needs.of.get(&index).cloned().unwrap_or_default()
        };
        self.fetch(&needed);
        self.link()?;
        let state = self.state();
        let waits: Vec<usize> = needed
            .into_iter()
            .filter(|needed| state.units[*needed].is_built())
            .filter(|needed| !state.wheels.contains_key(needed))
            .collect();
        Ok((!waits.is_empty()).then_some(waits))
    }

    /// Runs the build; its log is its own.
    fn run_build(&self, unit: &Unit, into: &str) -> Result<(Output, Option<FailedBuild>), Failure> {
        let context = self.context;
        let partial = format!("{into}.partial");
        context.remove(&partial)?;
        context.make_directory(&partial, None)?;
        let source = self.source(unit)?;
        let build = Build {
            source: &source,
            into: &partial,
            find_links: &links(),
            constraints: &pins(),
        };
        let mut command = self.workshop.builder().command(
            &build,
            &self.workshop.index,
            &python(),
            context.environment,
        );
        if matches!(unit.from, From::Sdist(_)) {
            // Meant for the sources of the user; every sdist says its own version.
            command = command.variable("PBR_VERSION", "");
        }
        let command = self.workshop.prepared(context, command)?;
        let label = unit.label();
        context.reporter.command(context.step, &command.to_string());
        self.builds.fetch_add(1, Ordering::Relaxed);
        let output = context.runner.run(&command, &mut |_| {});
        let log = format!("{CACHE}/logs/{}.log", label.replace(' ', "-"));
        context.write(&log, &context.masked(&output.stdout))?;
        if output.ending == Ending::Exited(0) {
            context.remove(into)?;
            context.rename(&partial, into)?;
            return Ok((output, None));
        }
        context.remove(&partial)?;
        let failed = FailedBuild {
            package: label,
            log: Some(log),
            failure: Failure::Command {
                doing: "build it".to_owned(),
                child: FailedChild::new(&command, &output),
            },
        };
        Ok((output, Some(failed)))
    }

    /// What the build is given: an sdist, or a copy of a directory, because builds
    /// write into it.
    fn source(&self, unit: &Unit) -> Result<String, Failure> {
        match &unit.from {
            From::Wheel(artifact) | From::Sdist(artifact) => Ok(kept(artifact)),
            From::Tree(path) => {
                let copy = format!("{}/trees/{}", home(), unit.name);
                self.context.remove(&copy)?;
                let root = self.context.root;
                copy_tree(&root.join(Path::new(path)), &root.join(&copy))?;
                Ok(copy)
            }
        }
    }

    /// The wheel of a build that ended well, if there is one.
    fn built(&self, unit: &Unit, into: &str) -> Result<Option<Wheel>, Failure> {
        let Some((_, path)) = wheels_in(&self.context.root.join(into)).pop() else {
            return Ok(None);
        };
        let (name, version) =
            wheel_identity(&path).map_err(|error| Failure::Wheels(error.to_string()))?;
        if Name::new(&name) != unit.name {
            return Err(Failure::Wheels(format!(
                "the source of {} is one of {name}; python-custom-name-mapping.txt can say so",
                unit.name
            )));
        }
        let file_name = path.file_name().unwrap_or_default();
        let file_name = file_name.to_string_lossy().into_owned();
        let sha256 = sha256_of(&path).map_err(|error| file("read", &path, &error))?;
        Ok(Some(Wheel {
            name,
            version,
            path: format!("{into}/{file_name}"),
            file_name,
            sha256,
            built: true,
            for_builds: unit.role == Role::Build,
        }))
    }

    /// What a built wheel depends on.
    fn key(&self, index: usize, unit: &Unit) -> String {
        let mut fingerprint = Fingerprint::default();
        match &unit.from {
            From::Wheel(artifact) | From::Sdist(artifact) => fingerprint.add(&artifact.sha256),
            From::Tree(path) => fingerprint.add_tree(&self.context.root.join(Path::new(path))),
        }
        let interpreter = &self.workshop.interpreter;
        fingerprint.add(&interpreter.version);
        fingerprint.add(interpreter.tags.first().map_or("", String::as_str));
        let state = self.state();
        let mut needed: Vec<String> = state
            .needs
            .of
            .get(&index)
            .into_iter()
            .flatten()
            .map(|needed| state.units[*needed].label())
            .collect();
        needed.sort();
        needed.dedup();
        for needed in &needed {
            fingerprint.add(needed);
        }
        for setting in &self.workshop.index.config_settings {
            fingerprint.add(setting);
        }
        // The libraries that it is compiled with.
        let packages = self.context.root.read("/var/lib/dpkg/status");
        fingerprint.add(packages.unwrap_or_default());
        fingerprint.finish()
    }

    /// Adds what the wheels require and nothing of the release provides. Returns
    /// whether there was any.
    fn complete(&self) -> Result<bool, Failure> {
        let wanted = self.state().unprovided(self.context, self.workshop);
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

/// How a try of a build ended.
enum Tried {
    Made(Wheel),
    Failed(FailedBuild),
    Needs(Vec<usize>),
}

/// A failure before or beside the build itself.
fn plainly(unit: &Unit, failure: Failure) -> FailedBuild {
    FailedBuild {
        package: unit.label(),
        log: None,
        failure,
    }
}

impl Making {
    /// A file of the index is there.
    fn arrived(&mut self, index: usize) {
        let unit = &self.units[index];
        let From::Wheel(artifact) = &unit.from else {
            return;
        };
        let wheel = Wheel {
            name: unit.name.to_string(),
            version: unit.version.clone().unwrap_or_default(),
            file_name: artifact.file_name.clone(),
            path: kept(artifact),
            sha256: artifact.sha256.clone(),
            built: false,
            for_builds: unit.role == Role::Build,
        };
        self.wheels.insert(index, wheel);
    }

    fn jobs(&self, queued: &[usize]) -> Vec<Job> {
        let position = |index: usize| queued.iter().position(|other| *other == index);
        let jobs = queued.iter().map(|index| {
            let unit = &self.units[*index];
            let bytes = match &unit.from {
                From::Wheel(artifact) | From::Sdist(artifact) => artifact.size,
                From::Tree(_) => None,
            };
            // A unit that was looked at in two rounds has each of them twice.
            let needed = self.needs.of.get(index).into_iter().flatten();
            let needed: BTreeSet<usize> = needed.copied().collect();
            Job {
                name: unit.name.to_string(),
                after: needed.into_iter().filter_map(position).collect(),
                weight: estimate(&unit.name, bytes),
            }
        });
        jobs.collect()
    }

    /// The requirements of what images install that no other of it has the name of.
    /// A build's wheel of that name does not count: it has no constraint.
    fn unprovided(&self, context: &Context<'_>, workshop: &Workshop) -> Vec<Wanted> {
        let by_name: BTreeMap<&Name, &Wheel> = self
            .wheels
            .iter()
            .map(|(index, wheel)| (&self.units[*index], wheel))
            .filter(|(unit, _)| unit.role == Role::Install)
            .map(|(unit, wheel)| (&unit.name, wheel))
            .collect();
        let mut asked: BTreeSet<(Name, String)> = BTreeSet::new();
        let mut waiting: Vec<(Name, String)> = by_name
            .keys()
            .map(|name| ((*name).clone(), String::new()))
            .collect();
        let mut wanted: BTreeMap<Name, Wanted> = BTreeMap::new();
        while let Some((name, extra)) = waiting.pop() {
            let Some(wheel) = by_name.get(&name) else {
                continue;
            };
            if !asked.insert((name.clone(), extra.clone())) {
                continue;
            }
            let path = context.root.join(&wheel.path);
            // One that cannot be read was said to be by whoever installs it.
            for requirement in requires_dist(&path).unwrap_or_default() {
                let extras: Vec<_> = extra.parse().into_iter().collect();
                if !requirement.evaluate_markers(&workshop.interpreter.markers, &extras) {
                    continue;
                }
                let required = Name::new(requirement.name.as_ref());
                for extra in &requirement.extras {
                    waiting.push((required.clone(), extra.to_string()));
                }
                if !by_name.contains_key(&required) {
                    let mut plain = requirement.clone();
                    plain.marker = pep508_rs::MarkerTree::TRUE;
                    wanted.entry(required).or_insert_with(|| Wanted {
                        name: plain.to_string(),
                        origin: format!("required by {name}"),
                    });
                }
            }
        }
        wanted.into_values().collect()
    }

    fn account(self, builds: usize) -> Made {
        let counts = Counts {
            downloads: self.tally.downloaded,
            bytes: self.tally.bytes,
            retries: self.tally.retries,
            present: self.tally.present,
            builds,
            sources: self.units.iter().filter(|unit| unit.is_built()).count(),
            earlier: self.earlier,
        };
        let mut wheels = self.wheels;
        let units = self
            .units
            .into_iter()
            .enumerate()
            .map(|(index, unit)| (unit, wheels.remove(&index)))
            .collect();
        Made { units, counts }
    }
}
