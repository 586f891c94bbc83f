//! `wheels-build`: fetches the wheels of a release, and builds those that are not to be had.

use super::constraints::{add_wishes, extras_file, lock_file};
use crate::context::Context;
use crate::failure::Failure;
use crate::findings::Findings;
use crate::fingerprint::Fingerprint;
use crate::installer::builder::{Build, Builder};
use crate::installer::index::Index;
use crate::layout::CACHE;
use crate::plan::{Action, Task, View, Work};
use crate::python::Name;
use crate::python::lock::{Lock, Package, Source};
use crate::requirements::edits::not_compiled;
use crate::requirements::maker::{Made, Maker, Order};
use crate::requirements::needs::pins;
use crate::requirements::set::{Pin, Set, Wheel};
use crate::requirements::unit::{From, Role, Unit};
use crate::requirements::workshop::{Workshop, home, links, python, tools};
use crate::root::Root;
use crate::settings::Settings;
use crate::step::StepName;
use crate::words::count;

pub(super) fn plan(view: &View<'_>, findings: &mut Findings) -> (String, Work) {
    let settings = view.settings;
    let why = if settings.wheels.complete {
        "every wheel of the release is kept, and all that they require (KEEP_ALL_WHEELS)"
    } else {
        "only what no index has as a wheel is kept; KEEP_ALL_WHEELS=True keeps everything"
    };
    if !findings.works(&[StepName::Constraints])
        && let Some(set) = read_set(view.root)
        && set.inputs == inputs(view.root, settings, view.environment)
        && set
            .published(settings.wheels.complete)
            .all(|wheel| view.root.is_file(&wheel.path))
    {
        let done = format!("{} are there", count(set.wheels.len(), "wheel"));
        return (why.to_owned(), Work::Done(done));
    }
    (why.to_owned(), Work::Do(vec![Action::task(Make)]))
}

/// What the wheels are, for `publish`.
pub(super) fn set_file() -> String {
    format!("{}/set.json", home())
}

/// The lock of exactly the files that were used.
pub(super) fn used_lock_file() -> String {
    format!("{}/pylock.used.toml", home())
}

pub(super) fn read_set(root: &Root) -> Option<Set> {
    serde_json::from_str(&root.read(set_file()).ok()?).ok()
}

fn inputs(root: &Root, settings: &Settings, environment: &[(String, String)]) -> String {
    let mut fingerprint = Fingerprint::default();
    let lock = root.read(lock_file()).unwrap_or_default();
    fingerprint.add(&lock);
    // The lock says where the user's sources are and not what is in them.
    for package in Lock::parse(&lock_file(), &lock)
        .unwrap_or_default()
        .packages
    {
        if let Source::Directory { path } = package.source {
            fingerprint.add_tree(&root.join(path));
        }
    }
    add_wishes(&mut fingerprint, settings, environment);
    fingerprint.finish()
}

#[derive(Debug)]
struct Make;

impl Task for Make {
    fn describe(&self) -> String {
        let build = Build {
            source: "SOURCE",
            into: &format!("{CACHE}/built/KEY"),
            constraints: &pins(),
            hashes: None,
            index: &Index::default().closed(&links()),
        };
        let uv = Builder::Uv(format!("{}/bin/uv", tools()));
        format!(
            "fetch and verify the files; for each sdist and source tree: {}",
            uv.command(&build, &python())
        )
    }

    fn online(&self) -> bool {
        true
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let settings = context.settings;
        let text = context.read(&lock_file())?;
        let lock = Lock::parse(&lock_file(), &text)
            .map_err(|error| Failure::Unmakable(error.to_string()))?;
        let mut workshop = Workshop::open(context)?;
        let chosen = Chosen::of(&lock, &workshop, context)?;
        if settings.lock.is_some() {
            workshop.close();
        }
        let extras = context.read(&extras_file())?;
        let order = Order {
            units: chosen.units,
            first: chosen.first,
            extras: extras
                .lines()
                .filter_map(|line| line.split_once(' '))
                .map(|(name, extra)| (Name::new(name), extra.to_owned()))
                .collect(),
            all: settings.wheels.complete,
        };
        let made = Maker::new(context, &workshop, order)?.run()?;
        record_versions(context, &made);
        context.note(&made.counts.to_string());
        context.record(|record| record.release = Some(made.counts.clone()));
        let used = used(&lock, &made, &chosen.left_out);
        context.write(&used_lock_file(), &used.to_toml())?;
        let inputs = inputs(context.root, settings, context.environment);
        let mut set = set(&lock, &made, inputs);
        for package in chosen.left_out {
            set.constraints.extend(package.version.map(|version| Pin {
                name: package.name.to_string(),
                version,
                sha256: Vec::new(),
            }));
        }
        set.spell(&context.read(&pins())?);
        let built = set.wheels.iter().filter(|wheel| wheel.built);
        let built = built.map(|wheel| wheel.file_name.clone()).collect();
        context.record(|record| record.built = built);
        let json = serde_json::to_string_pretty(&set)
            .map_err(|error| Failure::Unmakable(format!("the set cannot be kept: {error}")))?;
        context.write(&set_file(), &json)
    }
}

/// What is made of each locked package.
#[derive(Default)]
struct Chosen {
    units: Vec<Unit>,
    /// Those that a lock knows builds to need.
    first: Vec<usize>,
    /// Those that are not compiled on this architecture.
    left_out: Vec<Package>,
}

impl Chosen {
    /// Chooses a file for every package; what is not compiled here is left out, and said.
    fn of(lock: &Lock, workshop: &Workshop, context: &Context<'_>) -> Result<Self, Failure> {
        let mut chosen = Self::default();
        let mut without = Vec::new();
        let markers = &workshop.interpreter.markers;
        for (packages, role) in [
            (&lock.packages, Role::Install),
            (&lock.build_packages, Role::Build),
        ] {
            // A lock for several interpreters has several versions of one package.
            for package in packages.iter().filter(|package| package.holds(markers)) {
                match Unit::choose(package, role, &workshop.interpreter, &workshop.index) {
                    Some(unit) => chosen.take(unit, package, workshop, context),
                    None => without.push(package.name.to_string()),
                }
            }
        }
        if without.is_empty() {
            Ok(chosen)
        } else {
            Err(Failure::Unmakable(format!(
                "the index has no file for this Python of {}",
                without.join(", ")
            )))
        }
    }

    fn take(&mut self, unit: Unit, package: &Package, workshop: &Workshop, context: &Context<'_>) {
        let architecture = workshop.interpreter.markers.platform_machine();
        let sdist = matches!(unit.from, From::Sdist(_));
        if let Some(reason) = not_compiled(&unit.name, architecture).filter(|_| sdist) {
            let edit = format!("{} is left out: {reason}", unit.label());
            context.note(&edit);
            context.record(|record| record.constraint_edits.push(edit));
            self.left_out.push(package.clone());
            return;
        }
        let same = |other: &Unit| other.name == unit.name && other.version == unit.version;
        let index = self.units.iter().position(same).unwrap_or(self.units.len());
        if unit.role == Role::Build {
            self.first.push(index);
        }
        if index == self.units.len() {
            self.units.push(unit);
        }
    }
}

/// Tells the version of everything that was built from a source of the user's.
fn record_versions(context: &Context<'_>, made: &Made) {
    for (unit, wheel) in &made.units {
        if let (From::Tree(path), Some(wheel)) = (&unit.from, wheel) {
            let edit = format!("{}==={} was built from {path}", wheel.name, wheel.version);
            context.note(&edit);
            context.record(|record| record.constraint_edits.push(edit));
        }
    }
}

/// The lock of what was used, and of nothing else.
fn used(lock: &Lock, made: &Made, left_out: &[Package]) -> Lock {
    let mut used = Lock {
        requires_python: lock.requires_python.clone(),
        packages: left_out.to_vec(),
        ..Lock::default()
    };
    for (unit, wheel) in &made.units {
        let version = wheel
            .as_ref()
            .map(|wheel| wheel.version.clone())
            .or_else(|| unit.version.clone());
        let source = match &unit.from {
            From::Wheel(artifact) => Source::Files {
                sdist: None,
                wheels: vec![artifact.clone()],
            },
            From::Sdist(artifact) => Source::Files {
                sdist: Some(artifact.clone()),
                wheels: Vec::new(),
            },
            From::Tree(path) => lock.package(&unit.name).map_or_else(
                || Source::Directory { path: path.clone() },
                |package| package.source.clone(),
            ),
        };
        let package = Package {
            name: unit.name.clone(),
            version,
            marker: None,
            source,
        };
        // What builds need is said even where images install it, too: a lock is built
        // from again without asking an index, and these come first then.
        if unit.role == Role::Build || made.needed.contains(&unit.name) {
            used.build_packages.push(package.clone());
        }
        if unit.role == Role::Install {
            used.packages.push(package);
        }
    }
    used
}

fn set(lock: &Lock, made: &Made, inputs: String) -> Set {
    let mut set = Set {
        inputs,
        ..Set::default()
    };
    for (unit, wheel) in &made.units {
        if unit.role == Role::Install {
            set.constraints.extend(pin(lock, unit, wheel.as_ref()));
        }
        set.wheels.extend(wheel.clone());
    }
    set.constraints.sort_by(|a, b| a.name.cmp(&b.name));
    set.wheels.sort_by(|a, b| a.file_name.cmp(&b.file_name));
    set
}

/// A distribution's version with the digest of its wheel, or of all the wheels
/// that the index has of it.
fn pin(lock: &Lock, unit: &Unit, wheel: Option<&Wheel>) -> Option<Pin> {
    let (version, sha256) = if let Some(wheel) = wheel {
        (wheel.version.clone(), vec![wheel.sha256.clone()])
    } else {
        let wheels = match &lock.package(&unit.name)?.source {
            Source::Files { wheels, .. } => wheels.as_slice(),
            Source::Vcs { .. } | Source::Directory { .. } => &[],
        };
        let digests = wheels.iter().map(|wheel| wheel.sha256.clone());
        (unit.version.clone()?, digests.collect())
    };
    Some(Pin {
        name: unit.name.to_string(),
        version,
        sha256,
    })
}
