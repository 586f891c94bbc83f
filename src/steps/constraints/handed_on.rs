//! What the later steps and the builds need to know of the constraints, in files.

use std::collections::BTreeSet;
use std::fmt::Write;

use pep508_rs::MarkerTree;

use crate::inputs::Wanted;
use crate::python::Name;
use crate::python::requirement_file::{Line, RequirementFile, What};
use crate::requirements::edits::Edited;
use crate::requirements::workshop::home;

/// The versions that hold in build environments, a line each: a pin of the
/// constraints, or what they say instead, such as `setuptools<81`.
pub(super) fn pinned(edited: &Edited) -> String {
    let lines = edited.kept.iter().filter_map(|line| {
        let What::Named(requirement) = &line.what else {
            return None;
        };
        let mut plain = requirement.clone();
        plain.extras.clear();
        plain.marker = MarkerTree::TRUE;
        Some(match line.pinned() {
            Some(version) => format!("{}=={version}\n", spelt(&line.text)),
            None => format!("{plain}\n"),
        })
    });
    lines.collect()
}

/// The name at the start of a requirement, as it is spelt there.
fn spelt(requirement: &str) -> &str {
    let end = requirement.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)));
    &requirement[..end.unwrap_or(requirement.len())]
}

/// The extras that are asked for, which an index is not asked about.
pub(in crate::steps) fn extras_file() -> String {
    format!("{}/extras.txt", home())
}

/// A line each: the name and the extra.
pub(super) fn extras(wanted: &[Wanted]) -> String {
    let mut lines = String::new();
    for wanted in wanted {
        let file = RequirementFile::parse("", &wanted.name).unwrap_or_default();
        for line in file.lines {
            if let What::Named(requirement) = &line.what {
                for extra in &requirement.extras {
                    let _ = writeln!(lines, "{} {extra}", Name::new(requirement.name.as_ref()));
                }
            }
        }
    }
    lines
}

/// Where the ranges are.
pub(super) fn ranges_file() -> String {
    format!("{}/ranges.txt", home())
}

/// The version ranges of what no constraint pins; beside a pin they say nothing new.
pub(super) fn ranges(file: &RequirementFile, edited: &Edited) -> String {
    let pinned: BTreeSet<Name> = edited.kept.iter().filter_map(Line::name).collect();
    let lines = file.lines.iter().filter_map(|line| match &line.what {
        What::Named(requirement) if !pinned.contains(&line.name()?) => {
            let mut range = requirement.clone();
            // pip: "Constraints cannot have extras".
            range.extras.clear();
            Some(format!("{range}\n"))
        }
        _ => None,
    });
    lines.collect()
}
