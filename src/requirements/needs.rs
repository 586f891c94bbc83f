//! What builds need: found out before the first of them starts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::unit::{From, Role, Unit};
use super::workshop::{Workshop, files, home};
use crate::context::Context;
use crate::download::Wanted as File;
use crate::failure::Failure;
use crate::inputs::Wanted;
use crate::python::Name;
use crate::python::lock::{Artifact, Lock};
use crate::python::metadata::{build_requires, build_requires_of_tree};

/// The file of versions that hold in build environments.
#[must_use]
pub fn pins() -> String {
    format!("{}/pins.txt", home())
}

/// Where a file of the index is kept.
#[must_use]
pub fn kept(artifact: &Artifact) -> String {
    format!("{}/{}", files(), artifact.file_name)
}

/// A file of the index, to be fetched.
#[must_use]
pub fn wanted(context: &Context<'_>, artifact: &Artifact) -> File {
    File {
        url: artifact.url.clone(),
        path: context.root.join(kept(artifact)),
        sha256: artifact.sha256.clone(),
        size: artifact.size,
    }
}

/// What the builds of a release need, as far as it is known.
#[derive(Debug, Default)]
pub struct Needs {
    /// By build requirements, what the index answered.
    answers: BTreeMap<Vec<String>, Result<Vec<usize>, Failure>>,
    /// By unit, the units that its build environment is made of.
    pub of: BTreeMap<usize, Vec<usize>>,
    /// By unit, why it cannot be built.
    pub faults: BTreeMap<usize, Failure>,
}

impl Needs {
    /// Finds what the unit's build needs. What is not among `units` yet is added
    /// to them; returns which were added.
    pub fn find(
        &mut self,
        index: usize,
        units: &mut Vec<Unit>,
        context: &Context<'_>,
        workshop: &Workshop,
    ) -> Vec<usize> {
        let requires = match &units[index].from {
            From::Wheel(_) => return Vec::new(),
            From::Sdist(artifact) => build_requires(&context.root.join(kept(artifact))),
            From::Tree(path) => build_requires_of_tree(&context.root.join(Path::new(path))),
        };
        let requires = match requires {
            Ok(requires) => requires,
            Err(error) => {
                // A file of the index was compared with its digest there.
                let whose = match units[index].from {
                    From::Wheel(_) | From::Sdist(_) => "; the index has it like that",
                    From::Tree(_) => "",
                };
                let fault = Failure::Unmakable(format!("{error}{whose}"));
                self.faults.insert(index, fault);
                return Vec::new();
            }
        };
        let texts = requires
            .into_iter()
            .filter(|requirement| requirement.evaluate_markers(&workshop.interpreter.markers, &[]))
            .map(|requirement| requirement.to_string())
            .collect();
        self.require(index, texts, units, context, workshop)
    }

    /// The same for requirements that a build asked for when it ran.
    pub fn require(
        &mut self,
        index: usize,
        requirements: Vec<String>,
        units: &mut Vec<Unit>,
        context: &Context<'_>,
        workshop: &Workshop,
    ) -> Vec<usize> {
        let asked: BTreeSet<String> = requirements.into_iter().collect();
        let asked: Vec<String> = asked.into_iter().collect();
        let before = units.len();
        let answer = if let Some(answer) = self.answers.get(&asked) {
            answer.clone()
        } else {
            let answer = ask(&asked, &units[index].label(), units, context, workshop);
            self.answers.insert(asked, answer.clone());
            answer
        };
        match answer {
            Ok(needed) => self.of.entry(index).or_default().extend(needed),
            Err(failure) => {
                self.faults.insert(index, failure);
            }
        }
        (before..units.len()).collect()
    }
}

/// Asks the index for everything that an environment with these requirements is made of.
fn ask(
    requirements: &[String],
    of: &str,
    units: &mut Vec<Unit>,
    context: &Context<'_>,
    workshop: &Workshop,
) -> Result<Vec<usize>, Failure> {
    // The user's own source of a build requirement is built, not looked up.
    let trees: Vec<(Name, usize)> = units
        .iter()
        .enumerate()
        .filter(|(_, unit)| matches!(unit.from, From::Tree(_)))
        .map(|(index, unit)| (unit.name.clone(), index))
        .collect();
    let mut needed = Vec::new();
    let mut wanted = Vec::new();
    for requirement in requirements {
        let name = Name::of_requirement(requirement);
        match trees.iter().find(|(tree, _)| Some(tree) == name.as_ref()) {
            Some((_, index)) => needed.push(*index),
            None => wanted.push(Wanted {
                name: requirement.clone(),
                origin: format!("to build {of}"),
            }),
        }
    }
    if wanted.is_empty() {
        return Ok(needed);
    }
    let lock = workshop.resolve(context, "build", &wanted, Some(&pins()), true)?;
    needed.extend(add(&lock, Role::Build, units, workshop)?);
    Ok(needed)
}

/// Finds each locked package among the units, or adds it.
pub fn add(
    lock: &Lock,
    role: Role,
    units: &mut Vec<Unit>,
    workshop: &Workshop,
) -> Result<Vec<usize>, Failure> {
    let packages = lock.packages.iter().map(|package| {
        let same = |unit: &Unit| {
            unit.name == package.name
                && (unit.version == package.version || matches!(unit.from, From::Tree(_)))
        };
        if let Some(index) = units.iter().position(same) {
            return Ok(index);
        }
        let unit = Unit::choose(package, role, &workshop.interpreter, &workshop.index).ok_or_else(
            || {
                Failure::Unmakable(format!(
                    "the index has no file of {} for this Python",
                    package.name
                ))
            },
        )?;
        units.push(unit);
        Ok(units.len() - 1)
    });
    packages.collect()
}
