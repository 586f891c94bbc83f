//! Distributions, in Python's sense, of the virtualenv.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use pep508_rs::{MarkerEnvironment, MarkerEnvironmentBuilder, Requirement};

use super::cyclonedx::{Component, Dependency, Hash, Reference};
use super::purl::Purl;
use super::sources::{Sources, describe, vcs_url};
use super::{Image, because, dependency, licences};
use crate::layout::{PYVENV_CFG, VIRTUALENV};
use crate::python::extras::Extras;
use crate::python::metadata::{fields, requirements};
use crate::python::{Name, installed, pyvenv};
use crate::record::{DistributionReason, Wheel, WheelSource};

/// What is installed.
pub struct Installed<'a> {
    all: BTreeMap<Name, One<'a>>,
    markers: Option<MarkerEnvironment>,
    project: Name,
}

struct One<'a> {
    component: Component,
    /// The source that it was built of.
    source: Option<&'a str>,
    requires: Vec<Requirement>,
    /// Whether something beside other distributions asks for it.
    asked_for: bool,
}

impl<'a> Installed<'a> {
    /// What the virtualenv has, as it says itself; of each what the record knows beside that.
    pub fn of(image: &Image<'_>, sources: &Sources<'a>) -> Self {
        let directories = installed::distributions(&image.root.join(VIRTUALENV));
        let mut all = BTreeMap::new();
        for (_, directory) in directories {
            let Ok(metadata) = fs::read_to_string(directory.join("METADATA")) else {
                continue;
            };
            if let Some((name, one)) = one(image, sources, &metadata) {
                all.insert(name, one);
            }
        }
        Self {
            all,
            markers: environment(image),
            project: Name::new(&image.record.project),
        }
    }

    /// The components, by name.
    pub fn components(&self) -> impl Iterator<Item = Component> {
        self.all.values().map(|one| one.component.clone())
    }

    /// The component of a distribution.
    pub fn named(&self, name: &Name) -> Option<&Component> {
        self.all.get(name).map(|one| &one.component)
    }

    /// The sources that any of them was built of.
    pub fn sources(&self) -> BTreeSet<&'a str> {
        self.all.values().filter_map(|one| one.source).collect()
    }

    /// What each requires of the others, by its metadata, with those extras that others, and
    /// of the project the user, ask for.
    pub fn dependencies(&self, extras: &[String]) -> Vec<Dependency> {
        let Some(markers) = &self.markers else {
            return Vec::new();
        };
        let requires = self.all.iter();
        let requires = requires.map(|(name, one)| (name, one.requires.as_slice()));
        let mut wanted = Extras::default();
        let of_project = extras.iter().filter_map(|extra| extra.parse().ok());
        wanted.ask(self.project.clone(), of_project);
        wanted.follow(&requires.collect(), markers);
        let all = self.all.iter().map(|(name, one)| {
            let needs = wanted.applying(name, &one.requires, markers);
            let needs = needs.filter_map(|requirement| {
                let other = self.named(&Name::new(requirement.name.as_ref()))?;
                Some(other.reference.clone())
            });
            dependency(&one.component.reference, needs)
        });
        all.collect()
    }

    /// What something beside other distributions asks for, as far as it is known, and what no
    /// other one requires.
    pub fn top(&self, dependencies: &[Dependency]) -> Vec<String> {
        let required: BTreeSet<&String> = dependencies
            .iter()
            .flat_map(|dependency| &dependency.depends_on)
            .collect();
        let top = self
            .all
            .values()
            .filter(|one| one.asked_for || !required.contains(&one.component.reference));
        top.map(|one| one.component.reference.clone()).collect()
    }
}

fn one<'a>(image: &Image<'_>, sources: &Sources<'a>, metadata: &str) -> Option<(Name, One<'a>)> {
    let field = |name| fields(metadata, name).into_iter().next();
    let (spelt, version) = (field("Name")?, field("Version")?);
    let name = Name::new(&spelt);
    let recorded = image.record.generations().find_map(|record| {
        let mut all = record.distributions.iter();
        all.find(|one| Name::new(&one.name) == name && one.version == version)
    });
    let wheel = recorded.and_then(|one| one.wheel.as_ref());
    let built = wheel.and_then(|wheel| match &wheel.from {
        WheelSource::Built(source) => Some(&**source),
        WheelSource::Wheels(_) | WheelSource::Index(_) => None,
    });
    let source = match wheel {
        Some(_) if built.is_none() => None,
        _ => sources.of_distribution(built, &name),
    };
    let vcs_url = source.and_then(|(_, source)| vcs_url(source));
    let purl = Purl {
        kind: "pypi",
        name: name.as_str(),
        version: &version,
        qualifiers: &[("vcs_url", vcs_url.as_deref().unwrap_or_default())],
        ..Purl::default()
    }
    .to_string();
    let mut component = Component {
        reference: purl.clone(),
        name: spelt,
        version,
        licenses: licences::of_metadata(metadata),
        purl: Some(purl),
        properties: recorded
            .map(|one| because(&one.because))
            .unwrap_or_default(),
        ..Component::default()
    };
    if let Some(wheel) = wheel {
        component.hashes.push(Hash::sha256(&wheel.sha256));
        component.external_references.push(distribution(wheel));
    }
    if let Some((_, source)) = source {
        describe(&mut component, source);
    }
    let one = One {
        component,
        source: source.map(|(name, _)| name),
        requires: requirements(metadata),
        asked_for: recorded.is_some_and(|one| {
            !matches!(
                one.because,
                DistributionReason::Required | DistributionReason::Parent
            )
        }),
    };
    Some((name, one))
}

/// The wheel, by its name, and where it came from.
fn distribution(wheel: &Wheel) -> Reference {
    let (url, comment) = match &wheel.from {
        WheelSource::Index(url) => (url.clone(), None),
        WheelSource::Built(source) => (wheel.file.clone(), Some(format!("built of {source}"))),
        WheelSource::Wheels(from) => (wheel.file.clone(), Some(format!("from {from}"))),
    };
    Reference {
        kind: "distribution",
        url,
        comment,
    }
}

/// What markers are evaluated in: the virtualenv's interpreter, which is one of the
/// distribution, and so `CPython` on Linux.
fn environment(image: &Image<'_>) -> Option<MarkerEnvironment> {
    let version = pyvenv::version(&image.root.read(PYVENV_CFG).ok()?)?;
    let mut numbers = version.split('.');
    let short = format!("{}.{}", numbers.next()?, numbers.next()?);
    MarkerEnvironmentBuilder {
        implementation_name: "cpython",
        implementation_version: &version,
        os_name: "posix",
        platform_machine: &image.platform.architecture,
        platform_python_implementation: "CPython",
        platform_release: "",
        platform_system: "Linux",
        platform_version: "",
        python_full_version: &version,
        python_version: &short,
        sys_platform: "linux",
    }
    .try_into()
    .ok()
}
