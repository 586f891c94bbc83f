//! One build: run in isolation, found done, or told what it lacks.

use std::path::Path;
use std::sync::atomic::Ordering;

use super::super::needs::{kept, pins};
use super::super::queue::Verdict;
use super::super::resolver::missing;
use super::super::set::Wheel;
use super::super::unit::{From, Role, Unit};
use super::super::workshop::{home, links, python};
use super::making::Making;
use super::{Maker, Stopped};
use crate::command::{Ending, Output};
use crate::context::{copy_tree, file};
use crate::failure::{FailedBuild, FailedChild, Failure};
use crate::fingerprint::{Fingerprint, sha256_of};
use crate::installer::builder::{Build, told};
use crate::layout::CACHE;
use crate::python::metadata::wheel_identity;
use crate::python::{Name, wheels_in};

/// How many times a build may ask for what it did not say that it needs.
const SURPRISES: usize = 3;

/// Variables that compilers and build backends go by.
const COMPILER: [&str; 7] = [
    "CC",
    "CXX",
    "CFLAGS",
    "CXXFLAGS",
    "CPPFLAGS",
    "LDFLAGS",
    "UWSGI_PROFILE_OVERRIDE",
];

/// How a try of a build ended.
enum Tried {
    Made(Wheel),
    Failed(FailedBuild),
    Needs(Vec<usize>),
}

impl Maker<'_> {
    /// Puts every wheel that is there where build environments find it.
    pub(super) fn link(&self) -> Result<(), Failure> {
        let state = self.state();
        state
            .wheels
            .values()
            .try_for_each(|wheel| self.link_one(wheel))
    }

    /// The same for the sdists among what builds are known to need: with a lock,
    /// questions are answered from there.
    pub(super) fn link_sdists(&self) -> Result<(), Failure> {
        let state = self.state();
        let first = self
            .first
            .iter()
            .filter(|index| !state.lost.contains(index));
        for index in first {
            if let From::Sdist(artifact) = &state.units[*index].from {
                self.link_file(&artifact.file_name, &kept(artifact))?;
            }
        }
        Ok(())
    }

    fn link_one(&self, wheel: &Wheel) -> Result<(), Failure> {
        self.link_file(&wheel.file_name, &wheel.path)
    }

    fn link_file(&self, name: &str, path: &str) -> Result<(), Failure> {
        let link = self.context.root.join(format!("{}/{name}", links()));
        if link.exists() {
            return Ok(());
        }
        std::os::unix::fs::symlink(self.context.root.join(path), &link)
            .map_err(|error| file("link", &link, &error))
    }

    /// Builds one unit, or finds it built by an earlier run.
    pub(super) fn build(&self, index: usize, queued: &[usize]) -> Verdict<Stopped> {
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
            match self.built(unit, &into) {
                Ok(Some(wheel)) => {
                    self.state().earlier += 1;
                    return Ok(Tried::Made(wheel));
                }
                Ok(None) => {}
                // A machine that lost power, for example: it is built again.
                Err(_) => self.context.remove(&into)?,
            }
            let (output, failed) = self.run_build(unit, &into)?;
            let Some(failed) = failed else {
                return match self.built(unit, &into)? {
                    Some(wheel) => Ok(Tried::Made(wheel)),
                    None => Err(Failure::Unmakable(format!(
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
            let waits = self.provide(index, asked)?;
            if !waits.is_empty() {
                return Ok(Tried::Needs(waits));
            }
        }
        Err(Failure::Unmakable(format!(
            "the build of {} asks for more each time it is tried",
            unit.label()
        )))
    }

    /// Gets what a build asked for. Returns the units that have to be built first.
    fn provide(&self, index: usize, asked: Vec<String>) -> Result<Vec<usize>, Failure> {
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
        if let Some(lost) = needed.iter().find(|needed| state.lost.contains(needed)) {
            return Err(Failure::Unmakable(format!(
                "it needs {}, of which there is no wheel",
                state.units[*lost].label()
            )));
        }
        let waits = needed
            .into_iter()
            .filter(|needed| state.units[*needed].is_built())
            .filter(|needed| !state.wheels.contains_key(needed));
        Ok(waits.collect())
    }

    /// Runs the build; its log is its own.
    fn run_build(&self, unit: &Unit, into: &str) -> Result<(Output, Option<FailedBuild>), Failure> {
        let context = self.context;
        let partial = format!("{into}.partial");
        context.remove(&partial)?;
        context.make_directory(&partial, None)?;
        let source = self.source(unit)?;
        // All that a build may install is in a directory, in the versions of the release.
        let build = Build {
            source: &source,
            into: &partial,
            constraints: &pins(),
            hashes: None,
            index: &self.workshop.index.closed(&links()),
        };
        let mut command = self.workshop.builder().command(&build, &python());
        for (name, value) in told(context.environment) {
            command = command.variable(name, value);
        }
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
            wheel_identity(&path).map_err(|error| Failure::Unmakable(error.to_string()))?;
        if Name::new(&name) != unit.name {
            return Err(Failure::Unmakable(format!(
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
        let variable = |name: &str| self.context.variable(name).unwrap_or_default();
        match &unit.from {
            From::Wheel(artifact) | From::Sdist(artifact) => fingerprint.add(&artifact.sha256),
            From::Tree(path) => {
                fingerprint.add_contents(&self.context.root.join(Path::new(path)));
                fingerprint.add(variable("PBR_VERSION"));
            }
        }
        for name in COMPILER {
            fingerprint.add(variable(name));
        }
        for (name, value) in told(self.context.environment) {
            fingerprint.add(name);
            fingerprint.add(value);
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
            .map(|needed| {
                let wheel = state.wheels.get(needed);
                // Of what is built here the version does not say it all.
                let wheel = wheel.filter(|wheel| wheel.built);
                let digest = wheel.map_or("", |wheel| wheel.sha256.as_str());
                format!("{} {digest}", state.units[*needed].label())
            })
            .collect();
        needed.sort();
        needed.dedup();
        for needed in &needed {
            fingerprint.add(needed);
        }
        let index = &self.workshop.index;
        for argument in index.config_settings.iter().chain(&index.rest) {
            fingerprint.add(argument);
        }
        // The libraries that it is compiled with.
        let packages = self.context.root.read("/var/lib/dpkg/status");
        fingerprint.add(packages.unwrap_or_default());
        fingerprint.finish()
    }
}

/// A failure before or beside the build itself.
fn plainly(unit: &Unit, failure: Failure) -> FailedBuild {
    FailedBuild {
        package: unit.label(),
        log: None,
        failure,
    }
}
