//! Whether modules can be imported: those of every program, and all that a project names.
//!
//! A build is not failed for what its source never had. Services name drivers that need
//! what only some of their users install: cinder a backup to Google's storage, glance
//! a program of `oslo.rootwrap`. What is missing there belongs to no requirement that
//! applies, or it would be a fault of [`super::requirements`]; so it is a note.

use std::collections::BTreeMap;
use std::str::FromStr;

use pep508_rs::ExtraName;

use super::attempts::Outcome;
use super::programs::is_program;
use super::{Fault, Report, Subject};
use crate::layout::{PYTHON, VIRTUALENV};
use crate::python::Name;
use crate::python::entry_points::EntryPoint;
use crate::python::environment::Seen;
use crate::words::count;

/// A module, and what names it.
#[derive(Debug)]
pub(super) struct Import<'a> {
    pub(super) module: &'a str,
    pub(super) is_of_project: bool,
    named: Vec<Named<'a>>,
}

/// Where a module is named: in an entry point, or by a distribution that has it.
#[derive(Debug)]
struct Named<'a> {
    seen: &'a Seen,
    entry_point: Option<&'a EntryPoint>,
}

impl<'a> Import<'a> {
    /// What the module has to have.
    pub(super) fn attributes(&self) -> Vec<&'a str> {
        let entry_points = self.named.iter().filter_map(|named| named.entry_point);
        let mut attributes: Vec<&str> = entry_points
            .map(|entry_point| entry_point.attribute.as_str())
            .filter(|attribute| !attribute.is_empty())
            .collect();
        attributes.sort_unstable();
        attributes.dedup();
        attributes
    }

    fn program(&self) -> Option<&Named<'a>> {
        let is_program = |named: &&Named<'_>| named.entry_point.is_some_and(is_program);
        self.named.iter().find(is_program)
    }

    /// The first that names it, a program before all else, and how many others there are.
    fn subject(&self) -> String {
        let first = self.program().or(self.named.first());
        let subject = first.map(ToString::to_string).unwrap_or_default();
        let entry_points = self
            .named
            .iter()
            .filter(|named| named.entry_point.is_some());
        match entry_points.count() {
            0 | 1 => subject,
            more => format!("{subject} and {}", count(more - 1, "other entry point")),
        }
    }
}

impl std::fmt::Display for Named<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = format!("{} {}", self.seen.spelt, self.seen.version);
        match self.entry_point {
            Some(entry_point) if is_program(entry_point) => {
                write!(formatter, "the program {} of {of}", entry_point.name)
            }
            Some(EntryPoint { group, name, .. }) => {
                write!(formatter, "{name} among {group} of {of}")
            }
            None => formatter.write_str(&of),
        }
    }
}

/// The modules of every program, and of the projects those of all entry points, and what
/// can be imported of them first.
pub(super) fn wanted<'a>(subject: &'a Subject<'_>) -> Vec<Import<'a>> {
    let mut imports: BTreeMap<&str, Import<'_>> = BTreeMap::new();
    for (name, seen) in subject.own() {
        let has_extras = |entry_point: &EntryPoint| {
            let wanted = entry_point.extras.iter();
            let mut wanted = wanted.filter_map(|extra| ExtraName::from_str(extra).ok());
            wanted.all(|extra| subject.extras.has(name, &extra))
        };
        let is_of_project = subject.projects.contains(name);
        let mut want = |module: &'a str, entry_point: Option<&'a EntryPoint>| {
            let import = imports.entry(module).or_insert_with(|| Import {
                module,
                is_of_project: false,
                named: Vec::new(),
            });
            import.is_of_project |= is_of_project;
            import.named.push(Named { seen, entry_point });
        };
        for entry_point in &seen.entry_points {
            if (is_of_project || is_program(entry_point)) && has_extras(entry_point) {
                want(&entry_point.module, Some(entry_point));
            }
        }
        if is_of_project {
            top_level(subject, seen).for_each(|module| want(module, None));
        }
    }
    imports.into_values().collect()
}

/// What can be imported first of a distribution, in the place that its files are in.
fn top_level<'a>(subject: &'a Subject<'_>, seen: &'a Seen) -> impl Iterator<Item = &'a str> {
    let of_files = subject
        .site_packages()
        .flat_map(|directory| seen.top_level(directory));
    let mut modules: Vec<&str> = of_files.collect();
    modules.sort_unstable();
    modules.dedup();
    modules.into_iter()
}

pub(super) fn judge(
    subject: &Subject<'_>,
    wanted: &[Import<'_>],
    outcomes: &[Outcome],
    report: &mut Report,
) {
    report.looked_at("module", wanted.len());
    for (import, outcome) in wanted.iter().zip(outcomes) {
        if let Outcome::Lacks(lacks) = outcome {
            judge_attributes(import, lacks, report);
            continue;
        }
        match verdict(subject, import, outcome) {
            Verdict::Right => {}
            Verdict::Unusable(why) => report.notes.push(format!(
                "cannot be used here: {}, which needs {why}",
                import.subject()
            )),
            Verdict::Wrong(lines, advice) => report.faults.push(Fault {
                lines: std::iter::once(import.subject()).chain(lines).collect(),
                advice,
            }),
        }
    }
}

/// What a program calls has to be there; a driver that its source does not have is one that
/// nobody can use, wherever the source is installed.
fn judge_attributes(import: &Import<'_>, lacks: &[String], report: &mut Report) {
    let module = import.module;
    for named in &import.named {
        let Some(entry_point) = named.entry_point else {
            continue;
        };
        let attribute = &entry_point.attribute;
        if !lacks.contains(attribute) {
            continue;
        }
        if is_program(entry_point) {
            report.faults.push(Fault::new(
                format!("{named}: the module {module} has no {attribute}"),
                "The program cannot be started: its source is wrong, or another version of the module is installed.",
            ));
        } else {
            report.notes.push(format!(
                "cannot be used here: {named}, whose source has no {attribute} in {module}"
            ));
        }
    }
}

enum Verdict {
    Right,
    /// For want of this.
    Unusable(String),
    Wrong(Vec<String>, String),
}

/// How Python begins to say that a module has not what is imported from it: it is one of
/// another version.
const OTHER_VERSION: &str = "cannot import name ";

fn verdict(subject: &Subject<'_>, import: &Import<'_>, outcome: &Outcome) -> Verdict {
    let module = import.module;
    let shown = format!("{PYTHON} -c 'import {module}' shows all of it.");
    match outcome {
        Outcome::Done | Outcome::Lacks(_) => Verdict::Right,
        Outcome::Lost(how, said) => Verdict::Wrong(
            [vec![format!("importing {module}: {how}")], told(said)].concat(),
            format!(
                "{shown} So ends what was built for another interpreter or other libraries, or does its work when it is imported."
            ),
        ),
        Outcome::Failed {
            missing: Some(missing),
            place,
            ..
        } => absent(subject, import, missing, place.as_deref()),
        // So modules refuse that want more than their distribution requires.
        Outcome::Failed { error, text, .. }
            if !import.is_of_project
                && ["SystemExit", "ImportError"].contains(&error.as_str())
                && !(import.program().is_some() && text.starts_with(OTHER_VERSION)) =>
        {
            let text = text.lines().next().unwrap_or_default();
            Verdict::Unusable(format!("more than it requires ({error}: {text})"))
        }
        Outcome::Failed {
            error,
            text,
            place,
            said,
            ..
        } => {
            let text = text.lines().next().unwrap_or_default();
            let at = place
                .as_ref()
                .map_or_else(String::new, |place| format!(", at {place}"));
            let first = format!("importing {module}: {error}: {text}{at}");
            Verdict::Wrong([vec![first], told(said)].concat(), shown)
        }
    }
}

fn told(said: &[String]) -> Vec<String> {
    said.iter().map(|line| format!("  {line}")).collect()
}

/// A module is missing that the import needs.
fn absent(
    subject: &Subject<'_>,
    import: &Import<'_>,
    missing: &str,
    place: Option<&str>,
) -> Verdict {
    let module = import.module;
    let at = place.map_or_else(String::new, |place| format!(", at {place}"));
    let line = |why: String| {
        vec![format!(
            "importing {module}: there is no module {missing}{at}{why}"
        )]
    };
    let owner = owner(subject, missing);
    if let Some((_, seen)) =
        owner.filter(|(_, seen)| files_of(missing).any(|file| has(seen, &file)))
    {
        return Verdict::Wrong(
            line(format!(
                "; {} {} was installed with it",
                seen.spelt, seen.version
            )),
            "Find out which hook removed it; installing its distribution again makes it anew."
                .to_owned(),
        );
    }
    // Nothing but the entry point itself wants it.
    let is_itself = module == missing || module.starts_with(&format!("{missing}."));
    let ours = owner.is_some_and(|(name, _)| subject.projects.contains(name));
    match (owner, import.program()) {
        (Some((_, seen)), Some(_)) if ours && is_itself => Verdict::Wrong(
            line(format!(
                "; {} {} was built without it",
                seen.spelt, seen.version
            )),
            "The program cannot be started: correct the packages that its source names for its wheel.".to_owned(),
        ),
        (Some((_, seen)), _) if !ours => Verdict::Wrong(
            line(format!(
                "; {} {} does not have it",
                seen.spelt, seen.version
            )),
            "The two versions do not fit each other: correct the constraint of one.".to_owned(),
        ),
        (_, Some(program)) if !is_itself && import.is_of_project => {
            let project = &program.seen.spelt;
            Verdict::Wrong(
                line(String::new()),
                format!(
                    "{project} does not require it and cannot do without it: PROJECT_PIP_EXTRAS, PIP_PACKAGES or a pydep file installs it."
                ),
            )
        }
        _ => Verdict::Unusable(format!("the module {missing}, which no requirement brings")),
    }
}

/// The distribution that a module belongs to, or would belong to.
fn owner<'a>(subject: &'a Subject<'_>, module: &str) -> Option<(&'a Name, &'a Seen)> {
    let first = module.split('.').next().unwrap_or(module);
    let has_it = |seen: &Seen| {
        let mut directories = subject.site_packages();
        directories.any(|directory| seen.top_level(directory).contains(first))
            // A namespace (PEP 420) is nobody's.
            && files_of(first).any(|file| has(seen, &format!("site-packages{file}")))
    };
    subject.own().find(|(_, seen)| has_it(seen))
}

/// The files that a module may be, below site-packages.
fn files_of(module: &str) -> impl Iterator<Item = String> {
    let path = module.replace('.', "/");
    ["/__init__.py", ".py"]
        .into_iter()
        .map(move |end| format!("/{path}{end}"))
}

fn has(seen: &Seen, end: &str) -> bool {
    let below = format!("{VIRTUALENV}/lib/");
    let mut files = seen.files.iter();
    files.any(|file| file.starts_with(&below) && file.ends_with(end))
}
