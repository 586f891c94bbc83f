//! `CONSTRAINT_OVERRIDES`: what the user changes in the constraints of a release.

use crate::inputs;
use crate::python::Name;
use crate::python::constraints::Edit;
use crate::root::Root;
use crate::settings::{Change, Settings, Word};
use crate::words::did_you_mean;

/// The argument.
pub const ARGUMENT: &str = "CONSTRAINT_OVERRIDES";

/// A change and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The change.
    pub change: Change,
    /// `CONSTRAINT_OVERRIDES` or `/opt/loci/overrides.txt:3`.
    pub origin: String,
}

impl Override {
    /// The edit of upper-constraints.txt.
    #[must_use]
    pub fn edit(&self) -> Edit {
        Edit {
            name: self.change.name.clone(),
            line: self.change.to.clone(),
            why: self.why(),
        }
    }

    /// The edit of global-requirements.txt, whose range may not allow that version.
    #[must_use]
    pub fn edit_of_ranges(&self) -> Edit {
        Edit {
            line: None,
            ..self.edit()
        }
    }

    /// Why, as the end of a sentence.
    #[must_use]
    pub fn why(&self) -> String {
        format!("{} says so", self.origin)
    }
}

/// The overrides that are in force, those of files included.
///
/// # Errors
/// Every file that is not there, every line that is none, and every name that is
/// given twice.
pub fn read(settings: &Settings, root: &Root) -> Result<Vec<Override>, Vec<String>> {
    let mut overrides: Vec<Override> = Vec::new();
    let mut problems = Vec::new();
    for word in &settings.constraint_overrides {
        match word {
            Word::Change(change) => overrides.push(Override {
                change: change.clone(),
                origin: ARGUMENT.to_owned(),
            }),
            Word::File(name) => match inputs::file(settings, root, name) {
                None => problems.push(inputs::no_such_file(settings, ARGUMENT, name)),
                Some(path) => match root.read(&path) {
                    Err(error) => problems.push(format!("{ARGUMENT}={name}: {path}: {error}")),
                    Ok(text) => {
                        let (mut read, wrong) = lines(&path, &text);
                        overrides.append(&mut read);
                        problems.extend(wrong);
                    }
                },
            },
        }
    }
    for (index, one) in overrides.iter().enumerate() {
        let earlier = &overrides[..index];
        let same = earlier
            .iter()
            .find(|other| other.change.name == one.change.name);
        if let Some(other) = same.filter(|other| other.change != one.change) {
            problems.push(format!(
                "{ARGUMENT}: {} ({}) contradicts {} ({})",
                one.change, one.origin, other.change, other.origin
            ));
        }
    }
    if problems.is_empty() {
        Ok(overrides)
    } else {
        Err(problems)
    }
}

/// The overrides of a file, and its wrong lines.
fn lines(path: &str, text: &str) -> (Vec<Override>, Vec<String>) {
    let mut overrides = Vec::new();
    let mut problems = Vec::new();
    for (index, line) in text.lines().enumerate() {
        // A comment behind a change is the parser's to tell from a digest.
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let origin = format!("{path}:{}", index + 1);
        match line.parse() {
            Ok(change) => overrides.push(Override { change, origin }),
            Err(why) => problems.push(format!("{origin}: {why}")),
        }
    }
    (overrides, problems)
}

/// What is said of each override whose name the constraints do not have.
#[must_use]
pub fn unknown(overrides: &[Override], file: &str, known: &[Name]) -> Vec<String> {
    let unknown = overrides
        .iter()
        .filter(|one| !known.contains(&one.change.name));
    unknown
        .map(|one| {
            let name = one.change.name.as_str();
            let near = did_you_mean(name, known.iter().map(Name::as_str));
            format!("{}: {}: {file} has no {name}{near}", one.origin, one.change)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_change_on_each_line() {
        let (read, problems) = lines(
            "/o.txt",
            "# why\n\na===1  # here\n-b # too\nc; python_version < '3.11'\nd @ https://h/d-1.whl#sha256=0\n",
        );
        let said: Vec<String> = read
            .iter()
            .map(|one| format!("{} {}", one.origin, one.change))
            .collect();
        assert_eq!(
            said,
            [
                "/o.txt:3 a===1",
                "/o.txt:4 -b",
                "/o.txt:6 d @ https://h/d-1.whl#sha256=0"
            ]
        );
        assert_eq!(
            problems,
            ["/o.txt:5: `c; python_version < '3.11'` is no override: \
                 a version is missing; NAME===VERSION, or -NAME"]
        );
    }

    #[test]
    fn unknown_names_are_told_with_the_nearest() {
        let overrides = [Override {
            change: "oslo.confg===1".parse().expect("a change"),
            origin: ARGUMENT.to_owned(),
        }];
        let known = [Name::new("oslo.config"), Name::new("oslo.db")];
        assert_eq!(
            unknown(&overrides, "/wheels/upper-constraints.txt", &known),
            [
                "CONSTRAINT_OVERRIDES: oslo.confg===1: /wheels/upper-constraints.txt has no \
                 oslo-confg; did you mean oslo-config?"
            ]
        );
    }
}
