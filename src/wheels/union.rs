//! What is used of several sources: of each wheel the first that there is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::pile::Pile;
use super::{UPPER_CONSTRAINTS, is_wheel};
use crate::python::Name;

/// Files of several sources, each name once.
#[derive(Debug, Default)]
pub struct Union {
    files: BTreeMap<String, Chosen>,
    sources: usize,
    /// The number of the source that all constraint files come from.
    pub constraints: Option<usize>,
}

/// A file that is used.
#[derive(Debug)]
pub struct Chosen {
    /// Its name.
    pub name: String,
    /// Where it is for now.
    pub path: PathBuf,
    /// Whether it is somebody else's.
    pub is_borrowed: bool,
    /// The number of its source.
    pub source: usize,
}

impl Union {
    /// Adds what the next source has and those before it lack. Returns how many wheels
    /// these are.
    ///
    /// All constraint files come from one source, the first with an upper-constraints.txt:
    /// they say the same in different words.
    pub fn add(&mut self, pile: &Pile) -> usize {
        let brings_constraints = pile.files().any(|(name, _)| name == UPPER_CONSTRAINTS);
        let mut wheels = 0;
        for (name, path) in pile.files() {
            if is_wheel(name) {
                wheels += usize::from(self.take(name, path, pile.is_borrowed));
            } else if brings_constraints && self.constraints.is_none() {
                self.take(name, path, pile.is_borrowed);
            }
        }
        if brings_constraints {
            self.constraints.get_or_insert(self.sources);
        }
        self.sources += 1;
        wheels
    }

    fn take(&mut self, name: &str, path: &Path, is_borrowed: bool) -> bool {
        let key = key(name);
        if self.files.contains_key(&key) {
            return false;
        }
        let chosen = Chosen {
            name: name.to_owned(),
            path: path.to_owned(),
            is_borrowed,
            source: self.sources,
        };
        self.files.insert(key, chosen);
        true
    }

    /// All files.
    pub fn files(&self) -> impl Iterator<Item = &Chosen> {
        self.files.values()
    }

    /// The wheels among them.
    pub fn wheels(&self) -> impl Iterator<Item = &Chosen> {
        self.files().filter(|file| is_wheel(&file.name))
    }
}

/// What tells one wheel from another: its file's name, in which the distribution's name
/// may be written in several ways (PEP 427, PEP 503).
fn key(name: &str) -> String {
    match name.split_once('-') {
        Some((distribution, rest)) if is_wheel(name) => {
            format!("{}-{rest}", Name::new(distribution))
        }
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::archive::Taken;
    use super::*;

    fn pile(directory: &str, names: &[&str]) -> Pile {
        let files = names.iter().map(|name| (*name).to_owned()).collect();
        let taken = Taken {
            files,
            ..Taken::default()
        };
        let mut pile = Pile::of(taken, Path::new(directory)).expect("no links");
        pile.is_borrowed = directory == "1";
        pile
    }

    #[test]
    fn the_first_source_of_a_wheel_wins_and_one_gives_all_constraints() {
        let mut union = Union::default();
        let first = ["Oslo.Log-1.0-py3-none-any.whl", "hashes.txt"];
        let second = [
            "oslo_log-1.0-py3-none-any.whl",
            "oslo_log-2.0-py3-none-any.whl",
            "upper-constraints.txt",
        ];
        let third = [
            "a-1-py3-none-any.whl",
            "hashes.txt",
            "upper-constraints.txt",
        ];
        assert_eq!(union.add(&pile("1", &first)), 1);
        assert_eq!(union.add(&pile("2", &second)), 1);
        assert_eq!(union.add(&pile("3", &third)), 1);
        let paths: Vec<_> = union
            .files()
            .map(|file| format!("{} {}", file.path.display(), file.is_borrowed))
            .collect();
        assert_eq!(
            paths,
            [
                "3/a-1-py3-none-any.whl false",
                "1/Oslo.Log-1.0-py3-none-any.whl true",
                "2/oslo_log-2.0-py3-none-any.whl false",
                "2/upper-constraints.txt false",
            ]
        );
    }
}
