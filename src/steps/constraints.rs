//! `constraints`: finds the file that each constraint of a release stands for.

mod given_lock;
mod handed_on;
mod sources;

use std::collections::BTreeSet;
use std::io::ErrorKind;

use pep508_rs::MarkerEnvironment;

use super::source;
use crate::context::Context;
use crate::failure::Failure;
use crate::findings::Findings;
use crate::fingerprint::Fingerprint;
use crate::inputs::Wanted;
use crate::installer::index::Index;
use crate::overrides::{self, Override};
use crate::plan::{Action, Task, View, Work};
use crate::python::Name;
use crate::python::lock::{Lock, Package, Source};
use crate::python::requirement_file::{Line, RequirementFile};
use crate::requirements::edits::{Edit, Edited, Facts, Place, Reason, edit};
use crate::requirements::local::LocalSource;
use crate::requirements::needs::pins;
use crate::requirements::resolver::{Question, Resolver};
use crate::requirements::workshop::{self, Workshop, home, python, tools};
use crate::root::Root;
use crate::settings::Settings;
use crate::wheels::{GLOBAL_REQUIREMENTS, UPPER_CONSTRAINTS};
use given_lock::{commit, contradictions};
pub(super) use handed_on::extras_file;
use handed_on::{extras, pinned, ranges, ranges_file};
use sources::{check_sources, checkout, directory, local_sources};

/// Tools that no constraints file need name and that every image is built with.
const TOOLCHAIN: [&str; 4] = ["pip", "wheel", "pbr", "uv"];

pub(super) fn plan(view: &View<'_>, findings: &mut Findings) -> (String, Work) {
    let settings = view.settings;
    let at = source::of(view, settings.project.as_str());
    let why = match &at {
        Some(at) => format!("{at}/{UPPER_CONSTRAINTS} says what the release is made of"),
        None => format!("{UPPER_CONSTRAINTS} of the clone says what the release is made of"),
    };
    let local = local_sources(view, findings);
    let lock = given_lock::read(view, findings);
    let overrides = overrides::read(settings, view.root).unwrap_or_else(|problems| {
        for text in problems {
            findings.input(text);
        }
        Vec::new()
    });
    let mut resolve = Resolve {
        directory: at
            .clone()
            .unwrap_or_else(|| source::place(view.root, settings, settings.project.as_str())),
        local,
        pydeps: view.inputs.pydeps.clone(),
        overrides,
        lock,
        python: view.python().to_owned(),
        edits: Vec::new(),
    };
    if at.is_some() {
        match resolve.read(view.root, settings) {
            Ok(read) => {
                let unknown = resolve.unknown(&read).into_iter();
                unknown.for_each(|text| findings.input(text));
                let mut edited = edit(read.constraints, &resolve.facts(settings, None));
                let asked = read.asked.into_iter();
                let asked = asked.filter_map(|line| edited.ask(line)).collect();
                check_sources(view, &edited, findings);
                if let Some(lock) = &resolve.lock {
                    let uv = lock.package(&Name::new("uv")).is_some();
                    let wanted = resolve.wanted(&edited, asked, settings, uv);
                    for contradiction in contradictions(lock, &wanted, None) {
                        findings.input(contradiction);
                    }
                }
                resolve.edits = edited.edits;
            }
            Err(problems) => problems
                .into_iter()
                .for_each(|problem| findings.input(problem)),
        }
        let unchanged = view
            .root
            .read(inputs_file())
            .is_ok_and(|earlier| earlier == resolve.inputs(view.root, settings, view.environment));
        if unchanged && view.root.is_file(lock_file()) {
            let done = "the files are known, and the constraints have not changed since";
            return (why, Work::Done(done.to_owned()));
        }
    }
    (why, Work::Do(vec![Action::task(resolve)]))
}

/// The answer: which files, a PEP 751 lock.
pub(super) fn lock_file() -> String {
    format!("{}/pylock.toml", home())
}

fn inputs_file() -> String {
    format!("{}/constraints.inputs", home())
}

/// Adds the arguments, and the variables that may change the choice of files or
/// what is built of them.
pub(super) fn add_wishes(
    fingerprint: &mut Fingerprint,
    settings: &Settings,
    environment: &[(String, String)],
) {
    let matters = |variable: &str| {
        let mut starts = ["PIP_", "UV_", "PBR_"].iter();
        starts.any(|start| variable.starts_with(start)) || variable.ends_with("FLAGS")
    };
    let given = settings.given.iter().filter(|(name, _)| *name != "JOBS");
    let given = given.map(|(name, value)| -> (&str, &str) { (name, value) });
    let set = environment.iter().filter(|(name, _)| matters(name));
    let set = set.map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in given.chain(set) {
        fingerprint.add(name);
        fingerprint.add(value);
    }
}

/// Edits the constraints and asks the index about all of them at once.
#[derive(Debug)]
struct Resolve {
    /// Where the constraints are, or will be.
    directory: String,
    local: Vec<LocalSource>,
    pydeps: Vec<Wanted>,
    overrides: Vec<Override>,
    lock: Option<Lock>,
    /// The interpreter that wheels are for.
    python: String,
    /// What is known before the run.
    edits: Vec<Edit>,
}

impl Task for Resolve {
    fn describe(&self) -> String {
        if self.lock.is_some() {
            return format!("take the files that LOCK names for {UPPER_CONSTRAINTS}");
        }
        let question = Question {
            requirements: &format!("{}/release.txt", home()),
            constraints: Some(&ranges_file()),
            dependencies: false,
            answer: &lock_file(),
        };
        let uv = Resolver::Uv(format!("{}/bin/uv", tools()));
        uv.ask(&question, &Index::default(), &python()).to_string()
    }

    fn details(&self) -> Vec<String> {
        self.edits.iter().map(ToString::to_string).collect()
    }

    fn online(&self) -> bool {
        true
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let settings = context.settings;
        let uv = Name::new("uv");
        let locked = self.lock.as_ref().map(|lock| lock.package(&uv));
        workshop::make(
            context,
            &self.python,
            locked.flatten().and_then(|uv| uv.version.as_deref()),
        )?;
        let workshop = Workshop::open(context)?;
        let read = self.read(context.root, settings).map_err(Failure::Input)?;
        let unknown = self.unknown(&read);
        if !unknown.is_empty() {
            return Err(Failure::Input(unknown));
        }
        let markers = &workshop.interpreter.markers;
        let mut edited = edit(read.constraints, &self.facts(settings, Some(markers)));
        let said: Vec<String> = edited.edits.iter().map(ToString::to_string).collect();
        for edit in &said {
            context.note(edit);
        }
        context.record(|record| record.constraint_edits = said);
        let asked = read.asked.into_iter();
        let asked = asked.filter_map(|line| edited.ask(line)).collect();
        let uv = locked.map_or(workshop.has_uv(), |uv| uv.is_some());
        let wanted = self.wanted(&edited, asked, settings, uv);
        let mut lock = if let Some(lock) = &self.lock {
            let contradictions = contradictions(lock, &wanted, Some(markers));
            if !contradictions.is_empty() {
                return Err(Failure::Input(contradictions));
            }
            lock.clone()
        } else {
            let ranges = ranges(&read.ranges, &edited);
            let chosen = fitting(context, &workshop, &wanted, &edited, &ranges)?;
            context.write(&ranges_file(), &format!("{ranges}{chosen}"))?;
            workshop.resolve(context, "release", &wanted, Some(&ranges_file()), false)?
        };
        let mut from_sources = Vec::new();
        for tree in &edited.trees {
            from_sources.push(match &tree.place {
                Place::Directory(path) => directory(context, tree.name.as_ref(), path)?,
                Place::Git(vcs) => {
                    let locked = self.lock.as_ref().and_then(|lock| commit(lock, vcs));
                    checkout(context, tree.name.as_ref(), vcs, locked)?
                }
            });
        }
        let provided = |package: &Package| {
            let mut sources = from_sources.iter();
            sources.any(|source| source.name == package.name)
        };
        if let Some(stray) = lock
            .packages
            .iter()
            .find(|package| !matches!(package.source, Source::Files { .. }) && !provided(package))
        {
            return Err(Failure::Input(vec![format!(
                "LOCK has {} from a source, and nothing asks for it any more",
                stray.name
            )]));
        }
        lock.packages.retain(|package| !provided(package));
        lock.packages.extend(from_sources);
        context.write(&pins(), &pinned(&edited))?;
        context.write(&extras_file(), &extras(&wanted))?;
        let files = lock.packages.len();
        context.note(&format!("{files} packages, the files of each are known"));
        context.write(&lock_file(), &lock.to_toml())?;
        let inputs = self.inputs(context.root, settings, context.environment);
        context.write(&inputs_file(), &inputs)
    }
}

impl Resolve {
    /// What the user asks for, or every wrong line of it.
    fn read(&self, root: &Root, settings: &Settings) -> Result<Read, Vec<String>> {
        let mut problems = Vec::new();
        let mut parse = |file: &str, needed: bool| {
            let path = format!("{}/{file}", self.directory);
            if !needed && !root.is_file(&path) {
                return RequirementFile::default();
            }
            let text = root.read(&path).unwrap_or_else(|error| {
                problems.push(match error.kind() {
                    ErrorKind::NotFound => source::no_constraints(&self.directory),
                    _ => format!("{path}: {error}"),
                });
                String::new()
            });
            RequirementFile::parse(&path, &text).unwrap_or_else(|errors| {
                problems.extend(errors.iter().map(ToString::to_string));
                RequirementFile::default()
            })
        };
        let constraints = parse(UPPER_CONSTRAINTS, true);
        let ranges = parse(GLOBAL_REQUIREMENTS, false);
        let mut asked = Vec::new();
        for requirement in &settings.pip.packages {
            match RequirementFile::parse("PIP_PACKAGES", requirement) {
                Ok(file) => asked.extend(file.lines),
                Err(errors) => problems.extend(errors.iter().map(ToString::to_string)),
            }
        }
        if problems.is_empty() {
            Ok(Read {
                constraints,
                ranges,
                asked,
            })
        } else {
            Err(problems)
        }
    }

    /// What is said of overrides of packages that are not among the constraints.
    fn unknown(&self, read: &Read) -> Vec<String> {
        let lines = read.constraints.lines.iter();
        let known: Vec<Name> = lines.filter_map(Line::name).collect();
        let file = format!("{}/{UPPER_CONSTRAINTS}", self.directory);
        overrides::unknown(&self.overrides, &file, &known)
    }

    fn facts<'a>(
        &'a self,
        settings: &'a Settings,
        markers: Option<&'a MarkerEnvironment>,
    ) -> Facts<'a> {
        Facts {
            reference: settings.repository.reference.as_str(),
            setuptools: suffix(settings, "setuptools"),
            local: &self.local,
            overrides: &self.overrides,
            markers,
        }
    }

    /// Everything that the set has to hold, with who asks for it; uv is part of it or not.
    fn wanted(
        &self,
        edited: &Edited,
        asked: Vec<Line>,
        settings: &Settings,
        uv: bool,
    ) -> Vec<Wanted> {
        let constraints = edited.kept.iter().map(|line| Wanted {
            name: line.text.clone(),
            origin: match edited.added(line) {
                None => format!("{UPPER_CONSTRAINTS}:{}", line.number),
                Some(Reason::Argument(argument)) => (*argument).to_owned(),
                Some(_) => format!("an edit of {UPPER_CONSTRAINTS}"),
            },
        });
        let tools = TOOLCHAIN.iter().filter(|tool| uv || **tool != "uv");
        let tools = tools.map(|tool| Wanted {
            name: format!("{tool}{}", suffix(settings, tool).unwrap_or_default()),
            origin: "the toolchain of every image".to_owned(),
        });
        let packages = asked.into_iter().map(|line| Wanted {
            name: line.text,
            origin: "PIP_PACKAGES".to_owned(),
        });
        // What is built from source is not asked of the index.
        let built = |wanted: &Wanted| {
            let name = Name::of_requirement(&wanted.name);
            edited
                .trees
                .iter()
                .any(|tree| tree.name.is_some() && tree.name == name)
        };
        constraints
            .chain(self.pydeps.iter().cloned())
            .chain(packages)
            .chain(tools)
            .filter(|wanted| !built(wanted))
            .collect()
    }

    /// What the answer depends on, but for the index.
    fn inputs(&self, root: &Root, settings: &Settings, environment: &[(String, String)]) -> String {
        let mut fingerprint = Fingerprint::default();
        for file in [UPPER_CONSTRAINTS, GLOBAL_REQUIREMENTS] {
            let text = root.read(format!("{}/{file}", self.directory));
            fingerprint.add(text.unwrap_or_default());
        }
        for wanted in &self.pydeps {
            fingerprint.add(&wanted.name);
        }
        for source in &self.local {
            fingerprint.add(&source.path);
        }
        for one in &self.overrides {
            fingerprint.add(one.change.to_string());
        }
        add_wishes(&mut fingerprint, settings, environment);
        let lock = self.lock.as_ref().map(Lock::to_toml);
        fingerprint.add(lock.unwrap_or_default());
        fingerprint.finish()
    }
}

/// Versions of what no constraint names that fit what they pin, a line each. The newest may
/// require more than the release has: neutron-vpnaas of the next one does.
fn fitting(
    context: &Context<'_>,
    workshop: &Workshop,
    wanted: &[Wanted],
    edited: &Edited,
    ranges: &str,
) -> Result<String, Failure> {
    let constrained: BTreeSet<Name> = edited.kept.iter().filter_map(Line::name).collect();
    let is_free = |wanted: &&Wanted| {
        let name = Name::of_requirement(&wanted.name);
        name.is_some_and(|name| !constrained.contains(&name) && !TOOLCHAIN.contains(&name.as_str()))
    };
    let free: Vec<Wanted> = wanted.iter().filter(is_free).cloned().collect();
    // pip would prepare the metadata of every sdist on the way.
    if free.is_empty() || workshop.resolver() == Resolver::Pip {
        return Ok(String::new());
    }
    let file = format!("{}/fitting-constraints.txt", home());
    context.write(&file, &format!("{}{ranges}", pinned(edited)))?;
    let names: BTreeSet<Name> = free
        .iter()
        .filter_map(|wanted| Name::of_requirement(&wanted.name))
        .collect();
    let Ok(lock) = workshop.resolve(context, "fitting", &free, Some(&file), true) else {
        let names: Vec<&str> = names.iter().map(Name::as_str).collect();
        context.note(&format!(
            "not all of these fit the constraints, so that the newest are taken: {}",
            names.join(", ")
        ));
        return Ok(String::new());
    };
    let chosen = lock.packages.iter();
    let chosen = chosen.filter(|package| names.contains(&package.name));
    Ok(chosen
        .filter_map(|package| Some(format!("{}=={}\n", package.name, package.version.as_ref()?)))
        .collect())
}

/// What the user asks for, line by line.
struct Read {
    /// upper-constraints.txt.
    constraints: RequirementFile,
    /// global-requirements.txt.
    ranges: RequirementFile,
    /// `PIP_PACKAGES`.
    asked: Vec<Line>,
}

fn suffix<'a>(settings: &'a Settings, tool: &str) -> Option<&'a str> {
    let mut tools = settings.pip.toolchain.iter();
    tools.find(|(name, _)| *name == tool)?.1.as_deref()
}
