//! Whether every distribution has what it requires, and whoever asked for one has it.

use std::collections::BTreeSet;

use pep508_rs::{MarkerEnvironment, Requirement};

use super::{Fault, Report, Subject};
use crate::python::Name;
use crate::python::environment::{Seen, parsed};
use crate::record::Record;

/// Who requires something.
enum Asker<'a> {
    /// A user.
    User,
    /// A distribution.
    Distribution(&'a Seen),
}

pub(super) fn check(subject: &Subject<'_>, report: &mut Report) {
    let mut number = 0;
    let mut look = |asker: &Asker<'_>, requirement: &Requirement| {
        number += 1;
        report.faults.extend(fault(subject, asker, requirement));
    };
    for requirement in &subject.asked_for {
        look(&Asker::User, requirement);
    }
    let markers = &subject.interpreter.markers;
    for (name, seen) in subject.own() {
        for requirement in subject.extras.applying(name, &seen.requires, markers) {
            look(&Asker::Distribution(seen), requirement);
        }
    }
    report.looked_at("requirement", number);
}

/// What users asked for, as far as it applies to this interpreter.
pub(super) fn asked_for(record: &Record, markers: &MarkerEnvironment) -> Vec<Requirement> {
    let generations = record.generations();
    let asked_for: BTreeSet<&String> = generations
        .flat_map(|record| &record.requirements)
        .collect();
    // Paths and URLs without a name cannot be looked up.
    let asked_for = asked_for.into_iter().filter_map(|text| parsed(text));
    asked_for
        .filter(|requirement| requirement.evaluate_markers(markers, &[]))
        .collect()
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
