//! The tools of a release's build: a virtualenv that is thrown away, uv where it
//! can be had, and what the user says of indexes.

use std::fs;

use super::resolver::{Question, Resolver};
use crate::command::{Command, Output};
use crate::context::{Context, file};
use crate::download::Client;
use crate::failure::{FailedChild, Failure};
use crate::inputs::Wanted;
use crate::installer::builder::Builder;
use crate::installer::configuration::settings;
use crate::installer::index::Index;
use crate::installer::pip::wheel_arguments;
use crate::installer::refusal::{Refusal, SWITCHED_OFF};
use crate::installer::uv;
use crate::layout::{CACHE, STATE};
use crate::python::interpreter::{Interpreter, SCRIPT};
use crate::python::lock::Lock;
use crate::python::{Name, wheels_in};

/// The directory of a release's build.
#[must_use]
pub fn home() -> String {
    format!("{STATE}/requirements")
}

/// The virtualenv of tools.
#[must_use]
pub fn tools() -> String {
    format!("{}/tools", home())
}

/// Its interpreter.
#[must_use]
pub fn python() -> String {
    format!("{}/bin/python", tools())
}

/// Where files from the index are kept.
#[must_use]
pub fn files() -> String {
    format!("{CACHE}/files")
}

/// The directory of links to the wheels for build environments.
#[must_use]
pub fn links() -> String {
    format!("{}/links", home())
}

fn own_uv() -> String {
    format!("{}/bin/uv", tools())
}

/// How many constraints that the index does not have are looked for: each costs a question.
const UNKNOWN: usize = 10;

/// The tools, ready to be used.
#[derive(Debug)]
pub struct Workshop {
    /// What the user says of indexes.
    pub index: Index,
    /// What wheels are chosen for.
    pub interpreter: Interpreter,
    uv: Option<String>,
}

impl Workshop {
    /// Looks at the tools that [`make`] made.
    pub fn open(context: &Context<'_>) -> Result<Self, Failure> {
        let python = python();
        if !context.root.exists(&python) {
            return Err(Failure::Unmakable(format!(
                "there is no {python}: run the step constraints"
            )));
        }
        let index = read_index(context);
        let probe = Command::new(python).args(["-c", SCRIPT]);
        let answer = context.ask("ask python3 for its tags", &probe)?;
        let interpreter = Interpreter::parse(&answer).map_err(|why| {
            Failure::Unmakable(format!("python3's tags could not be understood: {why}"))
        })?;
        Ok(Self {
            index,
            interpreter,
            uv: find_uv(context),
        })
    }

    /// What fetches files.
    pub fn client(&self, context: &Context<'_>) -> Result<Client, Failure> {
        context.runner.fetches();
        let network = self.index.network.iter();
        let environment: Vec<(String, String)> = context
            .environment
            .iter()
            .filter(|(name, _)| !self.index.network.contains_key(name))
            .cloned()
            .chain(network.map(|(name, value)| (name.clone(), value.clone())))
            .collect();
        let known: Vec<String> = self.index.urls().cloned().collect();
        Client::new(&environment, &known).map_err(|error| Failure::Unmakable(error.to_string()))
    }

    /// Asks no index any more: a lock says which files there are, and those that
    /// builds need are at hand.
    pub fn close(&mut self) {
        self.index.none = true;
        self.index.find_links = vec![links()];
    }

    /// Whether uv came from the index, which then has a wheel of it.
    #[must_use]
    pub fn has_uv(&self) -> bool {
        self.uv.as_ref() == Some(&own_uv())
    }

    /// What builds wheels.
    #[must_use]
    pub fn builder(&self) -> Builder {
        match &self.uv {
            Some(uv) if self.index.rest.is_empty() => Builder::Uv(uv.clone()),
            _ => Builder::Pip,
        }
    }

    /// What asks the index.
    #[must_use]
    pub fn resolver(&self) -> Resolver {
        self.uv.clone().map_or(Resolver::Pip, Resolver::Uv)
    }

    /// Asks the index for the files of `wanted`. `called` names the question's files.
    pub fn resolve(
        &self,
        context: &Context<'_>,
        called: &str,
        wanted: &[Wanted],
        constraints: Option<&str>,
        dependencies: bool,
    ) -> Result<Lock, Failure> {
        let resolver = self.resolver();
        let (asked, answer) = (
            format!("{}/{called}.txt", home()),
            // The format goes by the name.
            format!("{}/pylock.{called}.toml", home()),
        );
        let question = Question {
            requirements: &asked,
            constraints,
            dependencies,
            answer: &answer,
        };
        let command = self.prepared(context, resolver.ask(&question, &self.index, &python()))?;
        let mut left = wanted.to_vec();
        let mut unknown: Vec<(String, String)> = Vec::new();
        // The first refusal; what comes after it only completes the list.
        let mut first: Option<Box<FailedChild>> = None;
        loop {
            context.write(&asked, &lines(&left))?;
            // uv would take an old answer for a wish.
            context.remove(&answer)?;
            let output = context.attempt(&command);
            if output.ending.success() {
                let Some(child) = first else {
                    let text = context.read(&answer)?;
                    return resolver.read(&answer, &text).map_err(Failure::Unmakable);
                };
                return Err(all_unknown(unknown, false, child));
            }
            let refusal = self.refusal(context, &command, &output);
            let child = first.unwrap_or_else(|| FailedChild::new(&command, &output));
            let Some(more) = next_unknown(&refusal, &mut left) else {
                return Err(if unknown.is_empty() {
                    failure(refusal, child)
                } else {
                    all_unknown(unknown, true, child)
                });
            };
            unknown.extend(more);
            if unknown.len() >= UNKNOWN {
                return Err(all_unknown(unknown, true, child));
            }
            first = Some(child);
        }
    }

    /// Why there is no answer. pip takes an index that cannot be read for an empty
    /// one, and says so only when it is asked to say everything.
    fn refusal(&self, context: &Context<'_>, command: &Command, output: &Output) -> Refusal {
        let refusal = Refusal::read(&output.stdout);
        if self.uv.is_some() || !matches!(refusal, Refusal::Unknown { .. }) {
            return refusal;
        }
        if self.index.none && self.index.find_links.is_empty() {
            return Refusal::Unreachable(SWITCHED_OFF.to_owned());
        }
        // Failed requests are told from the second on, and --quiet takes one back.
        let said = context
            .runner
            .run(&command.clone().arg("-vvv"), &mut |_| {});
        match Refusal::read(&said.stdout) {
            Refusal::Unreachable(why) => Refusal::Unreachable(why),
            _ => refusal,
        }
    }

    /// A command of one of the tools with the environment that all of them get.
    pub fn prepared(&self, context: &Context<'_>, command: Command) -> Result<Command, Failure> {
        let cache = format!("{}/uv-cache", home());
        uv::prepared(context, command, Some(&cache))
    }
}

fn lines(wanted: &[Wanted]) -> String {
    let lines = wanted.iter().map(|wanted| format!("{}\n", wanted.name));
    lines.collect()
}

/// Takes the requirements of a package that the index does not have from `left`.
fn next_unknown(refusal: &Refusal, left: &mut Vec<Wanted>) -> Option<Vec<(String, String)>> {
    let Refusal::Unknown { name, why } = refusal else {
        return None;
    };
    let is = |wanted: &Wanted| Name::of_requirement(&wanted.name).as_ref() == Some(name);
    let mut found: Vec<Wanted> = left.iter().filter(|wanted| is(wanted)).cloned().collect();
    left.retain(|wanted| !is(wanted));
    // Of several, one that takes any version is not the one at fault.
    if found.len() > 1 {
        found.retain(|wanted| Name::new(&wanted.name) != *name);
    }
    let told = |wanted: Wanted| (format!("{} ({})", wanted.name, wanted.origin), why.clone());
    (!found.is_empty()).then(|| found.into_iter().map(told).collect())
}

fn all_unknown(constraints: Vec<(String, String)>, more: bool, child: Box<FailedChild>) -> Failure {
    Failure::ConstraintsUnknown {
        constraints,
        more,
        child,
    }
}

fn failure(refusal: Refusal, child: Box<FailedChild>) -> Failure {
    match refusal {
        Refusal::Unreachable(why) => Failure::IndexUnreachable { why, child },
        Refusal::Conflict(why) => Failure::Conflict {
            sides: vec![why],
            child,
        },
        Refusal::Unknown { .. } | Refusal::Other => Failure::Command {
            doing: "ask the package index".to_owned(),
            child,
        },
    }
}

fn read_index(context: &Context<'_>) -> Index {
    let configuration = settings(context.root, context.environment);
    Index::read(&configuration, "wheel", &wheel_arguments(context.settings))
}

/// The uv that there is: of the tools, else of the image.
fn find_uv(context: &Context<'_>) -> Option<String> {
    [own_uv(), "uv".to_owned()]
        .into_iter()
        .find(|uv| uv::version(context, uv).is_ok_and(|version| version.is_some()))
}

/// Makes the virtualenv and gets uv, whose wheel becomes part of the release.
/// `python3` is what the virtualenv is made with, `version` the one to get, if there is one.
pub fn make(context: &Context<'_>, python3: &str, version: Option<&str>) -> Result<(), Failure> {
    // One that was cut off looks whole.
    let whole = format!("{}/whole", tools());
    if !context.root.exists(&whole) {
        let venv = Command::new(python3).args(["-m", "venv", "--clear", &tools()]);
        context.run("make the virtualenv of tools", &venv)?;
        context.write(&whole, "")?;
    }
    let wanted = version.map_or_else(|| "uv".to_owned(), |version| format!("uv=={version}"));
    let has = uv::version(context, &own_uv())?;
    if has.is_some_and(|has| version.is_none_or(|version| version == has)) {
        return Ok(());
    }
    // Alone in a directory: among the kept files there may be others, of other machines.
    let place = format!("{}/uv", home());
    context.remove(&place)?;
    context.make_directory(&place, None)?;
    let index = read_index(context);
    let pip = |command: &str| {
        let pip = Command::new(python()).args(["-m", "pip", command, "--quiet", "--no-cache-dir"]);
        let pip = pip.online(index.asks());
        Ok::<_, Failure>(pip.variable("TMPDIR", context.temporary()?))
    };
    let download = pip("download")?
        .args(["--no-deps", "--only-binary", ":all:", "--dest", &place])
        .arg(&wanted);
    let output = context.attempt(&index.tell_pip(download));
    let wheel = wheels_in(&context.root.join(&place)).pop();
    let Some((_, path)) = wheel.filter(|_| output.ending.success()) else {
        let tail = FailedChild::new(&Command::new("pip"), &output).tail.pop();
        context.note(&format!(
            "there is no uv to be had ({}); pip does its work, more slowly",
            tail.unwrap_or_else(|| output.ending.to_string())
        ));
        if find_uv(context).is_none() {
            // A pip of before 22.2 has no --report. One that cannot be upgraded says so.
            let upgrade = pip("install")?.args(["--upgrade", "pip"]);
            let _ = context.attempt(&index.tell_pip(upgrade));
        }
        return Ok(());
    };
    let to = context.root.join(own_uv());
    uv::unpack(&path, &to).map_err(|error| file("unpack uv from", &path, &error))?;
    // It need not be fetched again for the set.
    if let Some(name) = path.file_name() {
        let name = name.to_string_lossy();
        context.make_directory(&files(), None)?;
        let to = context.root.join(format!("{}/{name}", files()));
        fs::copy(&path, &to).map_err(|error| file("keep", &to, &error))?;
    }
    Ok(())
}
