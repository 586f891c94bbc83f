//! Where wheels came from that the set does not have: asked for right after they were
//! installed, compared with the set's digests, kept for the record.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::distributions::of_the_set;
use crate::command::Command;
use crate::context::Context;
use crate::failure::Failure;
use crate::installer::index::Index;
use crate::installer::{Installer, another, uv};
use crate::layout::{PYTHON, STATE, VIRTUALENV};
use crate::parent;
use crate::python::installed::{ORIGIN, distributions, installer_of, tags, version};
use crate::python::lock::{Artifact, Lock, Source};
use crate::python::{Name, WheelName};
use crate::requirements::resolver::{Question, Resolver};
use crate::root::Root;
use crate::secrets;
use crate::wheels::Directory;

/// A wheel that came from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    /// Its version.
    pub version: String,
    /// Its file name.
    pub file: String,
    /// Its SHA-256 digest, in hexadecimal digits.
    pub sha256: String,
    /// Where it was.
    pub url: String,
}

fn file() -> String {
    format!("{STATE}/wheels.elsewhere")
}

fn report() -> String {
    format!("{STATE}/installed.json")
}

fn cache() -> String {
    format!("{STATE}/uv-cache")
}

/// What is known, by the distribution's name.
pub(super) fn known(root: &Root) -> BTreeMap<String, Origin> {
    let text = root.read(file()).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// A command that installs, told to say later what it took. pip writes a report, and uv,
/// which writes none, is asked again with what it has in its cache.
pub(super) fn told(context: &Context<'_>, command: Command) -> Result<Command, Failure> {
    if context.settings.wheels.complete {
        return Ok(command);
    }
    context.remove(&report())?;
    context.remove(&cache())?;
    let mut command = command
        .variable("PIP_REPORT", report())
        .variable("UV_CACHE_DIR", cache());
    command.variables.remove("UV_NO_CACHE");
    Ok(command)
}

/// Finds out what an installation took from elsewhere.
///
/// # Errors
/// [`Failure::AnotherFile`] when a version that the wheels' `hashes.txt` names has another
/// digest. Then the virtualenv is gone, of which nothing was run.
pub(super) fn note(
    context: &Context<'_>,
    installer: &Installer,
    arguments: &[String],
) -> Result<(), Failure> {
    if context.settings.wheels.complete {
        return Ok(());
    }
    let found = match installer {
        Installer::Pip { .. } => of_pip(context),
        Installer::Uv {
            program,
            configuration,
        } => {
            // Arguments of the user come on top of what pip is configured for.
            let index = Index::read(configuration, "install", arguments);
            let found = of_uv(context, program, &index);
            context.remove(&cache())?;
            found?
        }
    };
    compare(context, &found)?;
    let mut origins = known(context.root);
    origins.extend(found);
    let text = serde_json::to_string(&origins).unwrap_or_default();
    context.write(&file(), &text)
}

fn compare(context: &Context<'_>, found: &BTreeMap<String, Origin>) -> Result<(), Failure> {
    let directory = Directory::new(context.root, context.settings.wheels.directory());
    let Some(hashes) = directory.hashes().map_err(Failure::Wheels)? else {
        return Ok(());
    };
    let faults = found.iter().filter_map(|(name, origin)| {
        let expected = hashes.of(&Name::new(name), &origin.version)?;
        let version = format!("{name}=={}", origin.version);
        (!expected.contains(&origin.sha256)).then(|| another(&version, expected, &origin.sha256))
    });
    let faults: Vec<String> = faults.collect();
    if faults.is_empty() {
        return Ok(());
    }
    // What pip installed may hold anything, `.pth` files that every Python runs among it.
    context.remove(VIRTUALENV)?;
    Err(Failure::AnotherFile {
        faults,
        child: None,
    })
}

/// What pip's report says: the digest is that of the file that came
/// (<https://pip.pypa.io/en/stable/reference/installation-report/>).
fn of_pip(context: &Context<'_>) -> BTreeMap<String, Origin> {
    let text = context.root.read(report()).unwrap_or_default();
    // Whoever gives a --report of their own has it.
    let lock = Resolver::Pip.read(&report(), &text).unwrap_or_default();
    origins(&lock, |_, wheels| match wheels {
        [only] => Some(only.clone()),
        _ => None,
    })
}

/// What uv says when it is asked for these very versions: its cache has the answers of the
/// index from a moment ago, and a digest that the index states was compared with the file.
fn of_uv(
    context: &Context<'_>,
    program: &str,
    index: &Index,
) -> Result<BTreeMap<String, Origin>, Failure> {
    let mut installed: BTreeMap<Name, PathBuf> = BTreeMap::new();
    let mut questions = Vec::new();
    let of_the_set = of_the_set(context);
    let parent = if context.settings.plugin {
        parent::pins(context.root)
    } else {
        Vec::new()
    };
    for (name, metadata) in distributions(&context.root.join(VIRTUALENV)) {
        let Some(version) = version(&metadata) else {
            continue;
        };
        // Others have it from the parent image, or by ensurepip from inside of Python.
        let is_uvs = installer_of(&metadata).as_deref() == Some("uv");
        let is_of_parent = parent.iter().any(|pin| pin.is(&name, &version));
        let is_direct = metadata.join(ORIGIN).exists();
        if is_uvs && !is_of_parent && !is_direct && !of_the_set.contains_key(&name) {
            questions.push(format!("{name}=={version}\n"));
            installed.insert(name, metadata);
        }
    }
    if installed.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ask = |question: &str| ask_uv(context, program, index, question);
    let mut lock = Lock::default();
    if let Some(answer) = ask(&questions.concat())? {
        lock = answer;
    } else {
        // One that the index does not have spoils the answer about all.
        for question in &questions {
            lock.packages
                .extend(ask(question)?.unwrap_or_default().packages);
        }
    }
    Ok(origins(&lock, |name, wheels| {
        let tags = tags(installed.get(name)?);
        let mut same = wheels.iter().filter(|wheel| match wheels {
            [_] => true,
            _ => WheelName::parse(&wheel.file_name).is_some_and(|wheel| {
                let mut of_wheel = wheel.tags;
                of_wheel.sort();
                of_wheel == tags
            }),
        });
        let first = same.next()?;
        same.next().is_none().then(|| first.clone())
    }))
}

/// The files that the index has of these versions, if it has all of them.
fn ask_uv(
    context: &Context<'_>,
    program: &str,
    index: &Index,
    question: &str,
) -> Result<Option<Lock>, Failure> {
    let directory = context.temporary()?;
    let requirements = format!("{directory}/installed.txt");
    let answer = format!("{directory}/pylock.toml");
    context.write(&requirements, question)?;
    context.remove(&answer)?;
    let resolver = Resolver::Uv(program.to_owned());
    let question = Question {
        requirements: &requirements,
        constraints: None,
        dependencies: false,
        answer: &answer,
    };
    let command = resolver.ask(&question, index, PYTHON);
    let command = uv::prepared(context, command, Some(&cache()))?;
    let succeeded = context.runner.ask(&command).ending.success();
    let text = context.root.read(&answer).unwrap_or_default();
    let lock = resolver.read(&answer, &text).ok();
    Ok(lock.filter(|_| succeeded))
}

/// The wheel of each package that was not on this machine.
fn origins(
    lock: &Lock,
    choose: impl Fn(&Name, &[Artifact]) -> Option<Artifact>,
) -> BTreeMap<String, Origin> {
    let origins = lock.packages.iter().filter_map(|package| {
        let Source::Files { wheels, .. } = &package.source else {
            return None;
        };
        let wheel = choose(&package.name, wheels)?;
        let origin = Origin {
            version: package.version.clone()?,
            file: wheel.file_name,
            sha256: wheel.sha256,
            url: secrets::without(&wheel.url),
        };
        let is_elsewhere = !origin.url.starts_with("file:");
        is_elsewhere.then(|| (package.name.as_str().to_owned(), origin))
    });
    origins.collect()
}
