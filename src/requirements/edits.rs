//! What is changed in the constraints of a release, and why.

use std::fmt;

use super::local::LocalSource;
use crate::overrides::{ARGUMENT, Override};
use pep508_rs::MarkerEnvironment;

use crate::python::requirement_file::{Line, RequirementFile, What};
use crate::python::{Name, Vcs};

/// One change of upper-constraints.txt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The line as it stands in the file, with its number; none for one that is added.
    pub before: Option<(usize, String)>,
    /// What takes its place; none for one that is dropped.
    pub after: Option<String>,
    /// Why.
    pub reason: Reason,
}

/// Why a constraint is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// LOCI: the setuptools of `master` contradicts other constraints.
    SetuptoolsOfMaster,
    /// An argument says which version of a tool is used.
    Argument(&'static str),
    /// `CONSTRAINT_OVERRIDES`, or the line of a file that it names.
    Override(String),
    /// setuptools 82 has no `pkg_resources`, which builds still import.
    NoPkgResources,
    /// A directory of the user's has the project's source.
    LocalSource(String),
    /// A repository or directory is named and no version.
    NoVersion,
    /// The marker says that another Python is meant.
    OtherPython(String),
    /// Compiling it takes hours, or does not work, where there is no wheel.
    NotCompiled {
        /// The processor's architecture.
        architecture: String,
        /// What is known.
        why: &'static str,
    },
    /// tap-as-a-service left upper-constraints with 2025.2 and is still installed.
    TapAsAService,
}

/// What the rules go by.
#[derive(Debug)]
pub struct Facts<'a> {
    /// `PROJECT_REF`.
    pub reference: &'a str,
    /// `SETUPTOOL_CONSTRAINT`.
    pub setuptools: Option<&'a str>,
    /// The user's sources.
    pub local: &'a [LocalSource],
    /// The user's changes of constraints.
    pub overrides: &'a [Override],
    /// The interpreter's, once there is one: `plan` looks at images without Python.
    pub markers: Option<&'a MarkerEnvironment>,
}

/// The constraints after all edits.
#[derive(Debug, Default)]
pub struct Edited {
    /// What is looked up in the index.
    pub kept: Vec<Line>,
    /// What is built from source, with the name as far as it is known.
    pub trees: Vec<Tree>,
    /// The changes, in the order of the file.
    pub edits: Vec<Edit>,
}

/// A project that is built from its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// Its name; none for a constraint that does not say.
    pub name: Option<Name>,
    /// Where it is.
    pub place: Place,
}

/// Where a source is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a directory.
    Directory(String),
    /// In a repository.
    Git(Vcs),
}

const TAP_AS_A_SERVICE: &str =
    "git+https://opendev.org/openstack/tap-as-a-service.git@stable/2025.2#egg=tap-as-a-service";

/// Applies the rules, which are those of LOCI's `scripts/requirements.sh`.
///
/// Two of its rules are not among them. Dropping ceilometer makes up for a fault
/// of `pip wheel` with extras of a local source, which is not met here. Of scipy
/// and scikit-learn a wheel is taken where there is one, see [`not_compiled`].
#[must_use]
pub fn edit(file: RequirementFile, facts: &Facts<'_>) -> Edited {
    let mut edited = Edited::default();
    for line in file.lines {
        edited.take(line, facts);
    }
    if facts.reference == "stable/2025.2" {
        edited.add(TAP_AS_A_SERVICE, Reason::TapAsAService, facts);
    }
    let bound = facts.setuptools.unwrap_or("<81");
    let reason = if facts.setuptools.is_some() {
        Reason::Argument("SETUPTOOL_CONSTRAINT")
    } else {
        Reason::NoPkgResources
    };
    edited.add(&format!("setuptools{bound}"), reason, facts);
    edited
}

impl Facts<'_> {
    /// The user's source of what a line names.
    fn local_tree(&self, line: &Line) -> Option<Tree> {
        let name = line.name()?;
        let source = self.local.iter().find(|source| source.is(&name))?;
        Some(Tree {
            name: Some(name),
            place: Place::Directory(source.path.clone()),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Directory(path) => path,
            Self::Git(vcs) => &vcs.repository,
        })
    }
}

impl Edited {
    /// Takes a source that the user asks for beside the constraints; a requirement
    /// with a name is left to the index, and returned.
    pub fn ask(&mut self, line: Line) -> Option<Line> {
        let name = line.name();
        let place = match &line.what {
            What::Named(_) => return Some(line),
            What::Vcs(vcs) => Place::Git(vcs.clone()),
            What::Path { path, .. } => Place::Directory(path.clone()),
        };
        self.trees.push(Tree { name, place });
        None
    }

    /// Why a kept line was added; none for one of the file.
    #[must_use]
    pub fn added(&self, line: &Line) -> Option<&Reason> {
        let mut added = self.edits.iter().filter(|edit| edit.before.is_none());
        let of = added.find(|edit| edit.after.as_ref() == Some(&line.text));
        of.map(|edit| &edit.reason)
    }

    fn take(&mut self, line: Line, facts: &Facts<'_>) {
        let name = line.name();
        if let Some(markers) = facts.markers
            && !line.holds(markers)
        {
            let python = markers.python_full_version().to_string();
            return self.replace(&line, None, Reason::OtherPython(python));
        }
        if let Some(tree) = facts.local_tree(&line) {
            let path = tree.place.to_string();
            let name = name.as_ref().map_or("", Name::as_str);
            self.replace(
                &line,
                Some(format!("{name} @ {path}")),
                Reason::LocalSource(path),
            );
            self.trees.push(tree);
            return;
        }
        let mut overrides = facts.overrides.iter();
        if let Some(change) = overrides.find(|one| name.as_ref() == Some(&one.change.name)) {
            return self.overridden(&line, change);
        }
        match &line.what {
            What::Vcs(_) | What::Path { .. } => {
                self.replace(&line, Some(REAL.to_owned()), Reason::NoVersion);
                self.ask(line);
            }
            What::Named(_) if name == Some(Name::new("setuptools")) => {
                if facts.reference == "master" {
                    self.replace(&line, None, Reason::SetuptoolsOfMaster);
                } else if facts.setuptools.is_some() {
                    self.replace(&line, None, Reason::Argument("SETUPTOOL_CONSTRAINT"));
                } else {
                    self.replace(&line, None, Reason::NoPkgResources);
                }
            }
            What::Named(_) => self.kept.push(line),
        }
    }

    /// What the user says stands once, for however many lines of the name.
    fn overridden(&mut self, line: &Line, one: &Override) {
        let reason = Reason::Override(one.origin.clone());
        let is_there = self.kept.iter().any(|kept| kept.name() == line.name());
        let to = one.change.to.as_ref().filter(|_| !is_there);
        let parsed = to.map(|to| RequirementFile::parse(ARGUMENT, to).unwrap_or_default());
        let lines = parsed.into_iter().flat_map(|file| file.lines);
        // In the place of the line: errors name it.
        self.kept.extend(lines.map(|new| Line {
            number: line.number,
            ..new
        }));
        self.replace(line, to.cloned(), reason);
    }

    fn replace(&mut self, line: &Line, after: Option<String>, reason: Reason) {
        self.edits.push(Edit {
            before: Some((line.number, line.text.clone())),
            after,
            reason,
        });
    }

    fn add(&mut self, text: &str, reason: Reason, facts: &Facts<'_>) {
        let parsed = RequirementFile::parse("loci-install", text).unwrap_or_default();
        for line in parsed.lines {
            if let Some(tree) = facts.local_tree(&line) {
                self.trees.push(tree);
            } else {
                let kept = self.ask(line);
                self.kept.extend(kept);
            }
        }
        self.edits.push(Edit {
            before: None,
            after: Some(text.to_owned()),
            reason,
        });
    }
}

/// What stands for a name and version that only the built wheel tells.
const REAL: &str = "the name and version of what is built from it";

/// Why a package is left out where there is no wheel for it, if it is.
///
/// LOCI leaves the first two out everywhere and the third on aarch64.
#[must_use]
pub fn not_compiled(name: &Name, architecture: &str) -> Option<Reason> {
    let why = match name.as_str() {
        "scipy" | "scikit-learn" => "compiling it takes hours",
        "confluent-kafka" if architecture == "aarch64" => {
            "the librdkafka of distributions is too old for it"
        }
        _ => return None,
    };
    Some(Reason::NotCompiled {
        architecture: architecture.to_owned(),
        why,
    })
}

impl fmt::Display for Edit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.before, &self.after) {
            (Some((number, before)), Some(after)) => {
                write!(formatter, "{before} (line {number}) gives way to {after}: ")?;
            }
            (Some((number, before)), None) => {
                write!(formatter, "{before} (line {number}) is dropped: ")?;
            }
            (None, after) => {
                let after = after.as_deref().unwrap_or_default();
                write!(formatter, "{after} is added: ")?;
            }
        }
        self.reason.fmt(formatter)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SetuptoolsOfMaster => {
                formatter.write_str("other constraints of master cannot be built with it")
            }
            Self::Argument(name) => write!(formatter, "{name} says so"),
            Self::Override(origin) => write!(formatter, "{origin} says so"),
            Self::NoPkgResources => formatter
                .write_str("from 82 on it has no pkg_resources, which other constraints import"),
            Self::LocalSource(path) => write!(formatter, "{path} is its source"),
            Self::NoVersion => formatter.write_str("it names a source and no version"),
            Self::OtherPython(version) => {
                write!(formatter, "its marker does not hold for Python {version}")
            }
            Self::NotCompiled { architecture, why } => {
                write!(formatter, "there is no wheel for {architecture}, and {why}")
            }
            Self::TapAsAService => formatter
                .write_str("it left the constraints with 2025.2 and neutron images still have it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str, reference: &str, local: &[LocalSource]) -> Edited {
        let file = RequirementFile::parse("upper-constraints.txt", text).expect("lines");
        let facts = Facts {
            reference,
            setuptools: None,
            local,
            overrides: &[],
            markers: None,
        };
        edit(file, &facts)
    }

    fn said(edited: &Edited) -> Vec<String> {
        edited.edits.iter().map(ToString::to_string).collect()
    }

    fn kept(edited: &Edited) -> Vec<&str> {
        edited.kept.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn setuptools_goes_by_its_name_and_types_setuptools_stays() {
        let edited = edited("types-setuptools===1\nsetuptools===82.0.1\n", "master", &[]);
        assert_eq!(kept(&edited), ["types-setuptools===1", "setuptools<81"]);
        assert_eq!(
            said(&edited),
            [
                "setuptools===82.0.1 (line 2) is dropped: other constraints of master cannot be built with it",
                "setuptools<81 is added: from 82 on it has no pkg_resources, which other constraints import",
            ]
        );
    }

    #[test]
    fn a_local_source_takes_the_place_of_its_constraint_only() {
        let local = [LocalSource {
            path: "/tmp/oslo.config".to_owned(),
            names: vec![Name::new("oslo.config")],
        }];
        let edited = edited(
            "oslo_config===9.0;python_version>='3.10'\nosloXconfig===1\n",
            "stable/2026.1",
            &local,
        );
        assert_eq!(kept(&edited), ["osloXconfig===1", "setuptools<81"]);
        assert_eq!(edited.trees.len(), 1);
        assert_eq!(
            said(&edited)[0],
            "oslo_config===9.0;python_version>='3.10' (line 1) gives way to oslo-config @ /tmp/oslo.config: /tmp/oslo.config is its source"
        );
    }

    #[test]
    fn a_repository_gets_the_name_and_version_of_what_is_built() {
        let edited = edited(
            "git+https://host/x.git@main#egg=X-y\n",
            "stable/2025.2",
            &[],
        );
        let names: Vec<_> = edited
            .trees
            .iter()
            .map(|tree| tree.name.as_ref().map(Name::as_str))
            .collect();
        assert_eq!(names, [Some("x-y"), Some("tap-as-a-service")]);
        assert_eq!(
            said(&edited)[0],
            "git+https://host/x.git@main#egg=X-y (line 1) gives way to the name and version of what is built from it: it names a source and no version"
        );
    }

    #[test]
    fn what_the_user_says_stands_once() {
        let text = "a===1;python_version<'3.11'\na===2;python_version>='3.11'\nb===1\n";
        let file = RequirementFile::parse("upper-constraints.txt", text).expect("lines");
        let overrides = ["A===3", "-b"].map(|text| Override {
            change: text.parse().expect("a change"),
            origin: ARGUMENT.to_owned(),
        });
        let facts = Facts {
            reference: "stable/2026.1",
            setuptools: None,
            local: &[],
            overrides: &overrides,
            markers: None,
        };
        let edited = edit(file, &facts);
        assert_eq!(kept(&edited), ["A===3", "setuptools<81"]);
        assert_eq!(
            said(&edited)[..3],
            [
                "a===1;python_version<'3.11' (line 1) gives way to A===3: CONSTRAINT_OVERRIDES says so",
                "a===2;python_version>='3.11' (line 2) is dropped: CONSTRAINT_OVERRIDES says so",
                "b===1 (line 3) is dropped: CONSTRAINT_OVERRIDES says so",
            ]
        );
    }

    #[test]
    fn what_takes_hours_is_not_compiled() {
        assert_eq!(
            not_compiled(&Name::new("SciPy"), "ppc64le").map(|reason| reason.to_string()),
            Some("there is no wheel for ppc64le, and compiling it takes hours".to_owned())
        );
        assert_eq!(not_compiled(&Name::new("confluent-kafka"), "x86_64"), None);
    }
}
