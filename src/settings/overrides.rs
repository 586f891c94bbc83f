//! `CONSTRAINT_OVERRIDES`, as it is given.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use super::values::{Refused, words};
use crate::python::Name;
use crate::python::requirement_file::{RequirementFile, What};

/// The tools of virtualenvs, whose versions other arguments say.
const TOOLS: [(&str, &str); 3] = [
    ("pip", "PIP_VERSION_CONSTRAINT"),
    ("setuptools", "SETUPTOOL_CONSTRAINT"),
    ("wheel", "WHEEL_CONSTRAINT"),
];

/// A word of the argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// A change itself.
    Change(Change),
    /// A file of changes, a line each.
    File(String),
}

/// A change of one constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The distribution.
    pub name: Name,
    /// What it is constrained to; nothing when it is constrained no more.
    pub to: Option<String>,
}

impl FromStr for Word {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_change = text.starts_with('-') || text.contains(['=', '<', '>', '~', '!']);
        if is_change {
            text.parse().map(Self::Change)
        } else if text.contains('/') || is_text(text) {
            Ok(Self::File(text.to_owned()))
        } else {
            Err(format!(
                "`{text}` is no override; NAME===VERSION, -NAME, or a file of such lines: \
                 FILE.txt or a path"
            ))
        }
    }
}

fn is_text(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|end| end == "txt")
}

impl FromStr for Change {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: String| Err(format!("`{text}` is no override: {why}"));
        let (what, is_drop) = match text.strip_prefix('-') {
            Some(name) => (name.trim_start(), true),
            None => (text, false),
        };
        let parsed = match RequirementFile::parse("", what) {
            Ok(parsed) => parsed,
            Err(errors) => return wrong(errors.into_iter().map(|error| error.why).collect()),
        };
        let [line] = &parsed.lines[..] else {
            return wrong("a name is missing".to_owned());
        };
        let What::Named(requirement) = &line.what else {
            return wrong("a source is given in EXTRA_PROJECTS, not here".to_owned());
        };
        let name = Name::new(requirement.name.as_ref());
        if let Some((tool, argument)) = TOOLS.iter().find(|(tool, _)| *tool == name.as_str()) {
            return wrong(format!("{argument} says which {tool} is used"));
        }
        if !requirement.extras.is_empty() {
            return wrong("constraints have no extras".to_owned());
        }
        match (is_drop, &requirement.version_or_url) {
            (true, None) => Ok(Self { name, to: None }),
            (true, Some(_)) => wrong("what is dropped has no version; -NAME".to_owned()),
            (false, None) => wrong("a version is missing; NAME===VERSION, or -NAME".to_owned()),
            (false, Some(_)) => Ok(Self {
                name,
                to: Some(line.text.clone()),
            }),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.to {
            Some(line) => formatter.write_str(line),
            None => write!(formatter, "-{}", self.name),
        }
    }
}

/// The words of the argument.
pub fn overrides(text: &str) -> Result<Vec<Word>, Refused> {
    let words = words(text, false).into_iter();
    let parsed: Result<_, String> = words.map(|word| word.parse()).collect();
    parsed.map_err(Refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_changes_or_files() {
        let change = |name: &str, to: Option<&str>| {
            Ok(Word::Change(Change {
                name: Name::new(name),
                to: to.map(str::to_owned),
            }))
        };
        assert_eq!(
            "Oslo_Config===9.1".parse(),
            change("oslo-config", Some("Oslo_Config===9.1"))
        );
        assert_eq!(
            "eventlet<0.40".parse(),
            change("eventlet", Some("eventlet<0.40"))
        );
        assert_eq!("-confluent-kafka".parse(), change("confluent-kafka", None));
        for file in ["/etc/overrides.txt", "overrides.txt", "site/overrides"] {
            assert_eq!(file.parse(), Ok(Word::File(file.to_owned())));
        }
    }

    #[test]
    fn what_is_no_override_says_why() {
        let wrong = |text: &str| text.parse::<Word>().unwrap_err();
        assert_eq!(
            wrong("eventlet"),
            "`eventlet` is no override; NAME===VERSION, -NAME, or a file of such lines: \
             FILE.txt or a path"
        );
        assert_eq!(
            wrong("-eventlet===1"),
            "`-eventlet===1` is no override: what is dropped has no version; -NAME"
        );
        assert_eq!(
            wrong("setuptools===82"),
            "`setuptools===82` is no override: SETUPTOOL_CONSTRAINT says which setuptools is used"
        );
        assert_eq!(
            wrong("keystone[ldap]===1"),
            "`keystone[ldap]===1` is no override: constraints have no extras"
        );
        assert_eq!(wrong("-"), "`-` is no override: a name is missing");
    }
}
