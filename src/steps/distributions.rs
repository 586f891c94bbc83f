//! What is in the virtualenv, for the record: each distribution, why it is there, and the
//! wheel that it came from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use pep508_rs::pep440_rs::Version;
use serde_json::Value;

use super::build::BUILT;
use super::wheels::{self, vouched};
use super::{origins, source, venv};
use crate::context::Context;
use crate::fingerprint::{digests_of, sha256_of};
use crate::layout::VIRTUALENV;
use crate::parent::{self, Pin};
use crate::python::installed::{ORIGIN, came_from, distributions, identity, is_requested};
use crate::python::url::file_name;
use crate::python::{Name, WheelName, wheels_in};
use crate::record::{self, Distribution, DistributionReason, Wheel, WheelSource};
use crate::root::Root;
use crate::wheels::Directory;

/// Fills the record's list, in name order.
pub(super) fn record(context: &Context<'_>) {
    let found = Known::look(context).distributions(context.root);
    context.record(|record| record.distributions = found);
}

/// The wheel of the set that each of the installed distributions came from.
pub(super) fn of_the_set(context: &Context<'_>) -> BTreeMap<Name, PathBuf> {
    let directory = context.root.join(context.settings.wheels.directory());
    let installed = distributions(&context.root.join(VIRTUALENV));
    matched(&installed, &wheels_in(&directory))
}

/// The wheel that each distribution came from, by what it holds.
fn matched(
    installed: &[(Name, PathBuf)],
    wheels: &[(WheelName, PathBuf)],
) -> BTreeMap<Name, PathBuf> {
    let mut by_name: BTreeMap<&Name, Vec<&(WheelName, PathBuf)>> = BTreeMap::new();
    for wheel in wheels {
        by_name.entry(&wheel.0.name).or_default().push(wheel);
    }
    let matched = installed.iter().filter_map(|(name, metadata)| {
        let version = crate::python::installed::version(metadata)?;
        let mut candidates = by_name.get(name)?.iter();
        let (_, path) = candidates
            .find(|(wheel, path)| is_same(&wheel.version, &version) && came_from(metadata, path))?;
        Some((name.clone(), path.clone()))
    });
    matched.collect()
}

fn is_same(left: &str, right: &str) -> bool {
    match (Version::from_str(left), Version::from_str(right)) {
        (Ok(left), Ok(right)) => left == right,
        _ => left == right,
    }
}

/// What can be known of the wheels.
struct Known {
    /// Of those that were built, whose source it was.
    built: BTreeMap<Name, Wheel>,
    of_the_set: BTreeMap<Name, Wheel>,
    elsewhere: BTreeMap<String, origins::Origin>,
    /// What the parent image had, of a plugin.
    parent: Vec<Pin>,
    toolchain: Vec<Name>,
    /// What earlier builds of this image, and those of the images below it, knew.
    earlier: Vec<Distribution>,
}

impl Known {
    fn look(context: &Context<'_>) -> Self {
        let (root, settings) = (context.root, context.settings);
        let directory = Directory::new(root, settings.wheels.directory());
        let installed = distributions(&root.join(VIRTUALENV));

        let wheels = wheels_in(&root.join(BUILT));
        let mut sources: BTreeMap<PathBuf, String> = BTreeMap::new();
        for project in source::projects(settings) {
            if let Some((_, path)) = source::wheel_of(root, settings, project, &wheels) {
                sources.insert(path.clone(), project.to_owned());
            }
        }
        let built = with_digests(
            &matched(&installed, &wheels),
            &BTreeMap::new(),
            |file, path| {
                let source = sources.get(path).cloned();
                WheelSource::Built(source.unwrap_or_else(|| file.to_owned()))
            },
        );

        let fetched = wheels::sources(root);
        let digests = vouched::digests(root, &directory).unwrap_or_default();
        let of_the_set = with_digests(&of_the_set(context), &digests, |file, _| {
            let source = fetched.get(file).cloned();
            WheelSource::Wheels(source.unwrap_or_else(|| directory.path().to_owned()))
        });

        let earlier = context.record(|record| {
            let generations = record.generations();
            let all = generations.flat_map(|one| one.distributions.clone());
            all.collect::<Vec<_>>()
        });
        let of_image = record::of_image(root).unwrap_or_default();
        Self {
            built,
            of_the_set,
            elsewhere: origins::known(root),
            parent: if settings.plugin {
                parent::pins(root)
            } else {
                Vec::new()
            },
            toolchain: venv::asked_for(&directory, settings),
            earlier: earlier.into_iter().chain(of_image.distributions).collect(),
        }
    }

    fn distributions(&self, root: &Root) -> Vec<Distribution> {
        let mut installed = distributions(&root.join(VIRTUALENV));
        installed.sort();
        let installed = installed.into_iter();
        let found = installed.filter_map(|(name, metadata)| self.distribution(&name, &metadata));
        found.collect()
    }

    fn distribution(&self, name: &Name, metadata: &Path) -> Option<Distribution> {
        let (spelt, version) = identity(metadata)?;
        let record_sha256 = sha256_of(&metadata.join("RECORD")).ok();
        let earlier = self.earlier.iter().find(|earlier| {
            Name::new(&earlier.name) == *name
                && earlier.version == version
                && earlier.record_sha256 == record_sha256
                && record_sha256.is_some()
        });
        let wheel = self
            .built
            .get(name)
            .or_else(|| self.of_the_set.get(name))
            .cloned()
            .or_else(|| self.elsewhere(name, &version))
            .or_else(|| direct(metadata))
            .or_else(|| earlier.and_then(|earlier| earlier.wheel.clone()));
        let is_of_parent = self.parent.iter().any(|pin| pin.is(name, &version));
        let because = if is_of_parent && !self.built.contains_key(name) {
            DistributionReason::Parent
        } else if let Some(wheel) = &wheel
            && matches!(wheel.from, WheelSource::Built(_))
        {
            DistributionReason::Source
        } else if self.toolchain.contains(name) {
            DistributionReason::Toolchain
        } else if is_requested(metadata) {
            DistributionReason::AskedFor
        } else {
            DistributionReason::Required
        };
        Some(Distribution {
            name: spelt,
            version,
            because,
            wheel,
            record_sha256,
        })
    }

    fn elsewhere(&self, name: &Name, version: &str) -> Option<Wheel> {
        let origin = self.elsewhere.get(name.as_str())?;
        is_same(&origin.version, version).then(|| Wheel {
            file: origin.file.clone(),
            sha256: origin.sha256.clone(),
            from: WheelSource::index(&origin.url),
        })
    }
}

/// A wheel that was asked for by its address (PEP 610).
fn direct(metadata: &Path) -> Option<Wheel> {
    let text = std::fs::read_to_string(metadata.join(ORIGIN)).ok()?;
    let origin: Value = serde_json::from_str(&text).ok()?;
    let url = origin["url"].as_str()?;
    let file = file_name(url).filter(|file| WheelName::parse(file).is_some())?;
    let sha256 = origin["archive_info"]["hashes"]["sha256"].as_str()?;
    Some(Wheel {
        file,
        sha256: sha256.to_owned(),
        from: WheelSource::index(url),
    })
}

/// The wheels with their digests, of which some are known.
fn with_digests(
    wheels: &BTreeMap<Name, PathBuf>,
    known: &BTreeMap<String, String>,
    from: impl Fn(&str, &Path) -> WheelSource,
) -> BTreeMap<Name, Wheel> {
    let name = |path: &Path| {
        let name = path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    let unknown: Vec<&Path> = wheels
        .values()
        .map(PathBuf::as_path)
        .filter(|path| !known.contains_key(&name(path)))
        .collect();
    let found: BTreeMap<&Path, String> = unknown
        .iter()
        .copied()
        .zip(digests_of(&unknown))
        .filter_map(|(path, digest)| Some((path, digest.ok()?)))
        .collect();
    let with_digest = |(distribution, path): (&Name, &PathBuf)| {
        let file = name(path);
        let sha256 = known.get(&file).or_else(|| found.get(path.as_path()))?;
        let wheel = Wheel {
            sha256: sha256.clone(),
            from: from(&file, path),
            file,
        };
        Some((distribution.clone(), wheel))
    };
    wheels.iter().filter_map(with_digest).collect()
}
