//! A test of a finished image: whether what was installed is all there and can be started.
//!
//! Everything is looked at, and then all that is wrong is told together. Nothing in the
//! image is changed: what imports write goes to a directory that is removed again.

mod attempts;
mod imports;
mod libraries;
mod packages;
mod programs;
mod requirements;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use pep508_rs::Requirement;

pub(crate) use self::attempts::leftovers;
use crate::command::{Command, Runner};
use crate::failure::{FailedChild, Failure};
use crate::layout::{PYTHON, VIRTUALENV};
use crate::platform::package_manager::PackageManager;
use crate::python::environment::{Interpreter, QUERY, Seen, seen};
use crate::python::extras::Extras;
use crate::python::{Name, WheelName};
use crate::record::Record;
use crate::root::Root;
use crate::words::count;

/// What is wrong with an image, one thing of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What, in one line or more.
    pub lines: Vec<String>,
    /// What the reader does about it.
    pub advice: String,
}

impl Fault {
    fn new(line: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            lines: vec![line.into()],
            advice: advice.into(),
        }
    }
}

/// What came of a test.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// What was looked at, and how many of it.
    pub looked_at: Vec<(&'static str, usize)>,
    /// What is wrong.
    pub faults: Vec<Fault>,
    /// What cannot be used in this image and need not be.
    pub notes: Vec<String>,
}

impl Report {
    fn looked_at(&mut self, what: &'static str, number: usize) {
        self.looked_at.push((what, number));
    }

    /// The report when nothing is wrong.
    ///
    /// # Errors
    /// [`Failure::Smoke`] with all that is.
    pub fn into_result(self) -> Result<Self, Failure> {
        if self.faults.is_empty() {
            Ok(self)
        } else {
            Err(Failure::Smoke(self))
        }
    }

    /// How many things were looked at.
    #[must_use]
    pub fn checks(&self) -> usize {
        self.looked_at.iter().map(|(_, number)| number).sum()
    }
}

/// `12 requirements, 3 programs, ...`
impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let some = self.looked_at.iter().filter(|(_, number)| *number > 0);
        let counts: Vec<String> = some
            .map(|(what, number)| match what.strip_suffix('y') {
                Some(stem) if *number != 1 => format!("{number} {stem}ies"),
                _ => count(*number, what),
            })
            .collect();
        formatter.write_str(&counts.join(", "))
    }
}

/// The image that is tested.
pub struct Image<'a> {
    /// Its files.
    pub root: &'a Root,
    /// Starts children.
    pub runner: &'a dyn Runner,
    /// What it was made from.
    pub record: &'a Record,
    /// Its package manager, where its distribution is known.
    pub manager: Option<&'static dyn PackageManager>,
    /// How many processes are started at once, at most.
    pub jobs: usize,
}

/// What all parts of the test look at.
struct Subject<'a> {
    image: &'a Image<'a>,
    interpreter: Interpreter,
    seen: BTreeMap<Name, Seen>,
    /// The distributions that were built here: the project, extra projects, plugins.
    projects: BTreeSet<Name>,
    /// What users asked for.
    asked_for: Vec<Requirement>,
    extras: Extras,
}

/// Tests an image.
///
/// # Errors
/// What keeps it from being tested at all. What is wrong with it is in the report.
pub fn test(image: &Image<'_>) -> Result<Report, Failure> {
    let query = Command::new(PYTHON).args(["-I", "-B", "-c", QUERY]);
    let output = image.runner.ask(&query);
    let interpreter = serde_json::from_str::<Interpreter>(&output.stdout);
    let interpreter = interpreter.ok().filter(|_| output.ending.success());
    let Some(interpreter) = interpreter else {
        let child = FailedChild::new(&query, &output);
        return Err(Failure::command(
            "ask the virtualenv's interpreter what it sees",
        )(child));
    };
    let generations = image.record.generations();
    let built = generations.flat_map(|record| &record.built);
    let projects = built.filter_map(|file| WheelName::parse(file));
    let root = |path: &str| image.root.join(path);
    let seen = seen(&interpreter, &root, VIRTUALENV);
    let asked_for = requirements::asked_for(image.record, &interpreter.markers);
    let mut extras = Extras::default();
    for requirement in &asked_for {
        extras.ask_by(requirement);
    }
    let own = seen.iter().filter(|(_, seen)| seen.own);
    let requires = own.map(|(name, seen)| (name, seen.requires.as_slice()));
    extras.follow(&requires.collect(), &interpreter.markers);
    let subject = Subject {
        projects: projects.map(|wheel| wheel.name).collect(),
        seen,
        interpreter,
        image,
        asked_for,
        extras,
    };
    let mut report = Report::default();
    packages::check(&subject, &mut report)?;
    requirements::check(&subject, &mut report);
    programs::check(&subject, &mut report);
    let imports = imports::wanted(&subject);
    let libraries = libraries::wanted(&subject);
    let outcomes = attempts::make(&subject, &imports, &libraries)?;
    let (of_imports, of_libraries) = outcomes.split_at(imports.len());
    imports::judge(&subject, &imports, of_imports, &mut report);
    libraries::judge(&subject, &libraries, of_libraries, &mut report);
    Ok(report)
}

impl Subject<'_> {
    /// The distributions of the virtualenv.
    fn own(&self) -> impl Iterator<Item = (&Name, &Seen)> {
        self.seen.iter().filter(|(_, seen)| seen.own)
    }

    /// The virtualenv's directories of modules.
    fn site_packages(&self) -> impl Iterator<Item = &String> {
        let path = self.interpreter.path.iter();
        path.filter(|directory| directory.starts_with(VIRTUALENV))
    }
}

#[cfg(test)]
mod tests;
