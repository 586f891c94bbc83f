//! Sources: what distributions were built of, and what came with none of them.

use std::collections::{BTreeMap, BTreeSet};

use super::cyclonedx::{Commit, Component, Diff, Kind, Patch, Pedigree, Property, Reference};
use super::purl::Purl;
use crate::python::Name;
use crate::record::{AppliedPatch, Record, Source};
use crate::secrets;

/// The sources of an image and of those below it.
pub struct Sources<'a>(BTreeMap<&'a str, &'a Source>);

impl<'a> Sources<'a> {
    /// Those of a record; of two of the same name the later one.
    pub fn of(record: &'a Record) -> Self {
        let mut all = BTreeMap::new();
        for generation in record.generations() {
            for (name, source) in &generation.sources {
                all.entry(&**name).or_insert(source);
            }
        }
        Self(all)
    }

    /// The one that a distribution was built of, where the record says so or they share a name.
    pub fn of_distribution(
        &self,
        built: Option<&str>,
        name: &Name,
    ) -> Option<(&'a str, &'a Source)> {
        let mut all = self.0.iter().map(|(name, source)| (*name, *source));
        match built {
            Some(built) => all.find(|(source, _)| *source == built),
            None => all.find(|(source, _)| Name::new(source) == *name),
        }
    }

    /// Components of those that no distribution was built of: consoles, which are files alone.
    pub fn others(&self, built: &BTreeSet<&str>) -> Vec<Component> {
        let others = self.0.iter().filter(|(name, _)| !built.contains(**name));
        let component = |(name, source): (&&str, &&Source)| {
            let version = source.version.clone();
            let version = version.or_else(|| source.reference.clone());
            let version = version
                .or_else(|| source.commit.clone())
                .unwrap_or_default();
            let vcs_url = vcs_url(source).unwrap_or_default();
            let purl = Purl {
                kind: "generic",
                name,
                version: &version,
                qualifiers: &[("vcs_url", &vcs_url)],
                ..Purl::default()
            }
            .to_string();
            let mut component = Component {
                kind: Kind::Application,
                reference: purl.clone(),
                name: (*name).to_owned(),
                version,
                purl: Some(purl),
                ..Component::default()
            };
            describe(&mut component, source);
            component
        };
        others.map(component).collect()
    }
}

/// Where a source was cloned from, without credentials.
fn repository(source: &Source) -> Option<String> {
    let repository = source.repository.as_deref().map(secrets::without)?;
    repository.contains("://").then_some(repository)
}

/// The same with its commit, as package URLs have it.
pub fn vcs_url(source: &Source) -> Option<String> {
    let repository = repository(source)?;
    let prefix = if repository.starts_with("git") {
        ""
    } else {
        "git+"
    };
    Some(match &source.commit {
        Some(commit) => format!("{prefix}{repository}@{commit}"),
        None => format!("{prefix}{repository}"),
    })
}

/// Says of a component what it was built of.
pub fn describe(component: &mut Component, source: &Source) {
    if let Some(url) = repository(source) {
        component.external_references.push(Reference {
            kind: "vcs",
            url,
            comment: source
                .commit
                .as_ref()
                .map(|commit| format!("commit {commit}")),
        });
    }
    // Of a local one there is no address to say it with.
    let facts = [
        ("loci-install:commit", &source.commit),
        ("loci-install:source-sha256", &source.sha256),
    ];
    for (name, value) in facts {
        let value = value.clone();
        component
            .properties
            .extend(value.map(|value| Property { name, value }));
    }
    if source.patches.is_empty() {
        return;
    }
    component.pedigree = Some(Pedigree {
        ancestors: vec![Component {
            kind: component.kind,
            name: component.name.clone(),
            version: component.version.clone(),
            purl: component.purl.clone(),
            ..Component::default()
        }],
        commits: source
            .commit
            .iter()
            .map(|uid| Commit {
                uid: uid.clone(),
                url: repository(source),
            })
            .collect(),
        patches: source.patches.iter().map(patch).collect(),
    });
}

fn patch(patch: &AppliedPatch) -> Patch {
    Patch {
        // Whether it was taken from upstream, its file does not say for sure.
        kind: "unofficial",
        diff: Diff {
            url: format!("{}#sha256={}", patch.file, patch.sha256),
        },
    }
}
