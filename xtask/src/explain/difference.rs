//! What differs between two trees.

use std::fmt;

use super::tree::{Entry, Tree};

/// A path at which two trees differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Where.
    pub path: String,
    /// How.
    pub what: What,
}

/// How they differ there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The first has nothing there.
    Added,
    /// The second has nothing there.
    Removed,
    /// Both have something.
    Changed(Vec<Aspect>),
}

/// A respect in which something was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aspect {
    /// What it is, what is in it, or where it leads.
    Content,
    /// Permissions.
    Mode,
    /// User or group.
    Owner,
    /// Extended attributes.
    Attributes,
    /// The time of the last change, where the content is the same.
    Time,
}

/// All differences, in the order of their paths.
pub fn between(before: &Tree, after: &Tree) -> Vec<Difference> {
    let mut paths: Vec<&String> = before.entries.keys().chain(after.entries.keys()).collect();
    paths.sort();
    paths.dedup();
    let pairs = paths
        .into_iter()
        .map(|path| (path, before.entries.get(path), after.entries.get(path)));
    pairs
        .filter_map(|(path, before, after)| {
            let what = match (before, after) {
                (None, _) => What::Added,
                (_, None) => What::Removed,
                (Some(before), Some(after)) => What::Changed(aspects(before, after)?),
            };
            Some(Difference {
                path: path.clone(),
                what,
            })
        })
        .collect()
}

fn aspects(before: &Entry, after: &Entry) -> Option<Vec<Aspect>> {
    let all = [
        (Aspect::Content, before.kind != after.kind),
        (Aspect::Mode, before.mode != after.mode),
        (Aspect::Owner, before.owner != after.owner),
        (Aspect::Attributes, before.attributes != after.attributes),
        (
            Aspect::Time,
            before.kind == after.kind && before.time != after.time,
        ),
    ];
    let differing = all.into_iter().filter(|(_, differs)| *differs);
    let aspects: Vec<Aspect> = differing.map(|(aspect, _)| aspect).collect();
    (!aspects.is_empty()).then_some(aspects)
}

impl Difference {
    /// Whether nothing but the content is another.
    pub fn is_content(&self) -> bool {
        self.what == What::Changed(vec![Aspect::Content])
    }

    /// Whether nothing but the time is another.
    pub fn is_time(&self) -> bool {
        self.what == What::Changed(vec![Aspect::Time])
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added => f.write_str("added"),
            Self::Removed => f.write_str("removed"),
            Self::Changed(aspects) => {
                let names: Vec<&str> = aspects.iter().map(|aspect| aspect.name()).collect();
                write!(f, "changed: {}", names.join(", "))
            }
        }
    }
}

impl Aspect {
    fn name(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Mode => "mode",
            Self::Owner => "owner",
            Self::Attributes => "attributes",
            Self::Time => "time",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{directory, file, link, tree};
    use super::*;

    #[test]
    fn every_respect_is_told() {
        let before = tree(&[
            ("/gone", file("a")),
            ("/same", file("a")),
            ("/text", file("a")),
            ("/kind", file("a")),
            ("/link", link("a")),
            ("/mode", file("a")),
            ("/touched", directory()),
        ]);
        let mode = Entry {
            mode: 0o600,
            owner: (1, 0),
            attributes: [("security.capability".to_owned(), vec![1])].into(),
            ..file("a")
        };
        let touched = Entry {
            time: 2,
            ..directory()
        };
        let after = tree(&[
            ("/new", file("a")),
            ("/same", file("a")),
            ("/text", file("b")),
            ("/kind", link("a")),
            ("/link", link("b")),
            ("/mode", mode),
            ("/touched", touched),
        ]);
        let told: Vec<String> = between(&before, &after)
            .iter()
            .map(|difference| format!("{} {}", difference.path, difference.what))
            .collect();
        assert_eq!(
            told,
            [
                "/gone removed",
                "/kind changed: content, mode",
                "/link changed: content",
                "/mode changed: mode, owner, attributes",
                "/new added",
                "/text changed: content",
                "/touched changed: time",
            ]
        );
    }
}
