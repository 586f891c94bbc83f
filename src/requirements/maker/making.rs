//! What is known and what is there, while a release is made.

use std::collections::{BTreeMap, BTreeSet};

use super::super::heavy::estimate;
use super::super::needs::{Needs, kept};
use super::super::queue::Job;
use super::super::set::Wheel;
use super::super::unit::{From, Role, Unit};
use super::super::workshop::Workshop;
use crate::context::Context;
use crate::download::Tally;
use crate::inputs::Wanted;
use crate::python::Name;
use crate::python::metadata::requires_dist;
use crate::record::Counts;

/// The state of a release.
#[derive(Default)]
pub(super) struct Making {
    pub(super) units: Vec<Unit>,
    pub(super) needs: Needs,
    /// The wheels that are there, by unit.
    pub(super) wheels: BTreeMap<usize, Wheel>,
    /// Units whose files are being fetched.
    pub(super) on_the_way: BTreeSet<usize>,
    /// What could not be fetched.
    pub(super) fetches: Vec<String>,
    /// Units that will have no wheel.
    pub(super) lost: BTreeSet<usize>,
    pub(super) tally: Tally,
    /// Wheels of an earlier run.
    pub(super) earlier: usize,
}

/// What came of it.
pub struct Made {
    /// Every unit with its wheel, where it has one.
    pub units: Vec<(Unit, Option<Wheel>)>,
    /// The names of what builds needed.
    pub needed: BTreeSet<Name>,
    /// What was done for it.
    pub counts: Counts,
}

impl Making {
    /// A file of the index is there.
    pub(super) fn arrived(&mut self, index: usize) {
        let unit = &self.units[index];
        let From::Wheel(artifact) = &unit.from else {
            return;
        };
        let wheel = Wheel {
            name: unit.name.to_string(),
            version: unit.version.clone().unwrap_or_default(),
            file_name: artifact.file_name.clone(),
            path: kept(artifact),
            sha256: artifact.sha256.clone(),
            built: false,
            for_builds: unit.role == Role::Build,
        };
        self.wheels.insert(index, wheel);
    }

    pub(super) fn jobs(&self, queued: &[usize]) -> Vec<Job> {
        let position = |index: usize| queued.iter().position(|other| *other == index);
        let jobs = queued.iter().map(|index| {
            let unit = &self.units[*index];
            let bytes = match &unit.from {
                From::Wheel(artifact) | From::Sdist(artifact) => artifact.size,
                From::Tree(_) => None,
            };
            // A unit that was looked at in two rounds has each of them twice.
            let needed = self.needs.of.get(index).into_iter().flatten();
            let needed: BTreeSet<usize> = needed.copied().collect();
            Job {
                name: unit.name.to_string(),
                after: needed.into_iter().filter_map(position).collect(),
                weight: estimate(&unit.name, bytes),
            }
        });
        jobs.collect()
    }

    /// The requirements of what images install that no other of it has the name of.
    /// A build's wheel of that name does not count: it has no constraint.
    pub(super) fn unprovided(
        &self,
        context: &Context<'_>,
        workshop: &Workshop,
        extras: &[(Name, String)],
    ) -> Vec<Wanted> {
        let by_name: BTreeMap<&Name, &Wheel> = self
            .wheels
            .iter()
            .map(|(index, wheel)| (&self.units[*index], wheel))
            .filter(|(unit, _)| unit.role == Role::Install)
            .map(|(unit, wheel)| (&unit.name, wheel))
            .collect();
        let mut asked: BTreeSet<(Name, String)> = BTreeSet::new();
        let mut waiting: Vec<(Name, String)> = by_name
            .keys()
            .map(|name| ((*name).clone(), String::new()))
            .chain(extras.iter().cloned())
            .collect();
        // All that is required of a package, not only the first of it.
        let mut wanted: BTreeMap<String, Wanted> = BTreeMap::new();
        while let Some((name, extra)) = waiting.pop() {
            let Some(wheel) = by_name.get(&name) else {
                continue;
            };
            if !asked.insert((name.clone(), extra.clone())) {
                continue;
            }
            let path = context.root.join(&wheel.path);
            // One that cannot be read was said to be by whoever installs it.
            for requirement in requires_dist(&path).unwrap_or_default() {
                let extras: Vec<_> = extra.parse().into_iter().collect();
                if !requirement.evaluate_markers(&workshop.interpreter.markers, &extras) {
                    continue;
                }
                let required = Name::new(requirement.name.as_ref());
                for extra in &requirement.extras {
                    waiting.push((required.clone(), extra.to_string()));
                }
                if !by_name.contains_key(&required) {
                    let mut plain = requirement.clone();
                    plain.marker = pep508_rs::MarkerTree::TRUE;
                    let plain = plain.to_string();
                    wanted.entry(plain.clone()).or_insert_with(|| Wanted {
                        name: plain,
                        origin: format!("required by {name}"),
                    });
                }
            }
        }
        wanted.into_values().collect()
    }

    pub(super) fn account(self, builds: usize) -> Made {
        let counts = Counts {
            downloads: self.tally.downloaded,
            bytes: self.tally.bytes,
            retries: self.tally.retries,
            present: self.tally.present,
            builds,
            sources: self.units.iter().filter(|unit| unit.is_built()).count(),
            earlier: self.earlier,
        };
        let needed = self.needs.of.values().flatten();
        let needed = needed
            .map(|index| self.units[*index].name.clone())
            .collect();
        let mut wheels = self.wheels;
        let units = self
            .units
            .into_iter()
            .enumerate()
            .map(|(index, unit)| (unit, wheels.remove(&index)))
            .collect();
        Made {
            units,
            needed,
            counts,
        }
    }
}
