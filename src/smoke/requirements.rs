//! Whether every distribution has what it requires, and whoever asked for one has it.

use std::collections::{BTreeMap, BTreeSet};

use pep508_rs::{ExtraName, Requirement};

use super::{Fault, Report, Subject};
use crate::python::Name;
use crate::python::environment::{Seen, parsed};

/// Who requires something.
enum Asker<'a> {
    /// A user.
    User,
    /// A distribution.
    Distribution(&'a Seen),
}

pub(super) fn check(subject: &Subject<'_>, report: &mut Report) {
    let asked_for = asked_for(subject);
    let extras = extras(subject, &asked_for);
    let mut number = 0;
    let mut look = |asker: &Asker<'_>, requirement: &Requirement| {
        number += 1;
        report.faults.extend(fault(subject, asker, requirement));
    };
    for requirement in applying(subject, &asked_for, &BTreeSet::new()) {
        look(&Asker::User, requirement);
    }
    for (name, seen) in subject.own() {
        let extras = extras.get(name).cloned().unwrap_or_default();
        for requirement in applying(subject, &seen.requires, &extras) {
            look(&Asker::Distribution(seen), requirement);
        }
    }
    report.looked_at("requirement", number);
}

/// What users asked for.
fn asked_for(subject: &Subject<'_>) -> Vec<Requirement> {
    let generations = subject.image.record.generations();
    let asked_for: BTreeSet<&String> = generations
        .flat_map(|record| &record.requirements)
        .collect();
    // Paths and URLs without a name cannot be looked up.
    let asked_for = asked_for.into_iter();
    asked_for.filter_map(|text| parsed(text)).collect()
}

/// The extras of each distribution that somebody asks for.
pub(super) fn extras_asked_for(subject: &Subject<'_>) -> BTreeMap<Name, BTreeSet<ExtraName>> {
    extras(subject, &asked_for(subject))
}

/// Those of the requirements that apply to this interpreter, with these extras.
fn applying<'a>(
    subject: &Subject<'_>,
    requirements: &'a [Requirement],
    extras: &BTreeSet<ExtraName>,
) -> Vec<&'a Requirement> {
    let extras: Vec<ExtraName> = extras.iter().cloned().collect();
    let markers = &subject.interpreter.markers;
    let requirements = requirements.iter();
    requirements
        .filter(|requirement| requirement.evaluate_markers(markers, &extras))
        .collect()
}

/// The extras that somebody asks for: users, and distributions whose requirement applies.
fn extras(subject: &Subject<'_>, asked_for: &[Requirement]) -> BTreeMap<Name, BTreeSet<ExtraName>> {
    let mut extras: BTreeMap<Name, BTreeSet<ExtraName>> = BTreeMap::new();
    let mut waiting: Vec<&Requirement> = applying(subject, asked_for, &BTreeSet::new());
    for (_, seen) in subject.own() {
        waiting.extend(applying(subject, &seen.requires, &BTreeSet::new()));
    }
    while let Some(requirement) = waiting.pop() {
        let name = Name::new(requirement.name.as_ref());
        let known = extras.entry(name.clone()).or_default();
        let before = known.len();
        known.extend(requirement.extras.iter().cloned());
        if known.len() > before
            && let Some(seen) = subject.seen.get(&name)
        {
            waiting.extend(applying(subject, &seen.requires, known));
        }
    }
    extras
}

fn fault(subject: &Subject<'_>, asker: &Asker<'_>, requirement: &Requirement) -> Option<Fault> {
    let found = subject.seen.get(&Name::new(requirement.name.as_ref()));
    let (what, advice) = match found {
        Some(found) if found.fits(requirement) => return None,
        Some(found) => (
            format!("{} {} is installed", found.spelt, found.version),
            "Correct the constraint, or find out which hook installed another version.",
        ),
        None => (
            "it is not installed".to_owned(),
            "A hook uninstalled it, or installed without its requirements; PIP_PACKAGES or a pydep file installs it.",
        ),
    };
    // Where it applies is not what is wrong.
    let mut plain = requirement.clone();
    plain.marker = pep508_rs::MarkerTree::TRUE;
    let line = match asker {
        Asker::User => format!("{plain} was asked for: {what}"),
        Asker::Distribution(seen) => {
            format!("{} {} requires {plain}: {what}", seen.spelt, seen.version)
        }
    };
    Some(Fault::new(line, advice))
}
