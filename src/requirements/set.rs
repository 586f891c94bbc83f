//! What a release's build came to: kept between the steps, and published.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::python::Name;
use crate::python::hashes::Hashes;

/// The wheels of a release.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Set {
    /// What it was made from.
    pub inputs: String,
    /// What images install, by version, whether its wheel is here or not.
    pub constraints: Vec<Pin>,
    /// The wheels that are here.
    pub wheels: Vec<Wheel>,
}

/// A distribution with its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// Its name, as the constraints spell it.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The SHA-256 digests of the files that it may be installed from.
    pub sha256: Vec<String>,
}

/// A wheel that is here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wheel {
    /// Its distribution.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its file name.
    pub file_name: String,
    /// Where it is.
    pub path: String,
    /// Its SHA-256 digest, in hexadecimal digits.
    pub sha256: String,
    /// Whether it was built here.
    pub built: bool,
    /// Whether only builds need it.
    pub for_builds: bool,
}

impl Set {
    /// upper-constraints.txt: each version as it was built or chosen.
    #[must_use]
    pub fn upper_constraints(&self) -> String {
        let lines = self
            .constraints
            .iter()
            .map(|pin| format!("{}==={}\n", pin.name, pin.version));
        lines.collect()
    }

    /// hashes.txt: the digests of every version, and of what only builds need.
    #[must_use]
    pub fn hashes(&self) -> String {
        let mut hashes = Hashes::default();
        for pin in &self.constraints {
            for digest in &pin.sha256 {
                hashes.add(&pin.name, &pin.version, digest);
            }
        }
        for wheel in self.wheels.iter().filter(|wheel| wheel.for_builds) {
            hashes.add(&wheel.name, &wheel.version, &wheel.sha256);
        }
        hashes.text()
    }

    /// Spells names as the constraints do, of which `pins` has a line each: people
    /// search for them.
    pub fn spell(&mut self, pins: &str) {
        let spelt: BTreeMap<Name, &str> = pins
            .lines()
            .filter_map(|line| line.split_once("=="))
            .map(|(name, _)| (Name::new(name), name))
            .collect();
        for pin in &mut self.constraints {
            if let Some(name) = spelt.get(&Name::new(&pin.name)) {
                (*name).clone_into(&mut pin.name);
            }
        }
        self.constraints.sort_by_key(|pin| pin.name.to_lowercase());
    }

    /// The wheels that are published: all, or those that no index has.
    pub fn published(&self, all: bool) -> impl Iterator<Item = &Wheel> {
        self.wheels.iter().filter(move |wheel| all || wheel.built)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wheel(name: &str, version: &str, built: bool, for_builds: bool) -> Wheel {
        Wheel {
            name: name.to_owned(),
            version: version.to_owned(),
            file_name: format!("{name}-{version}-py3-none-any.whl"),
            path: String::new(),
            sha256: "ab".to_owned(),
            built,
            for_builds,
        }
    }

    fn set() -> Set {
        Set {
            inputs: String::new(),
            constraints: vec![Pin {
                name: "PyMySQL".to_owned(),
                version: "1.1".to_owned(),
                sha256: vec!["ab".to_owned(), "cd".to_owned()],
            }],
            wheels: vec![
                wheel("PyMySQL", "1.1", false, false),
                wheel("cython", "3.2.1", false, true),
                wheel("cython", "3.2.4", false, true),
                wheel("krb5", "0.9", true, false),
            ],
        }
    }

    #[test]
    fn versions_are_exact_and_names_stay_as_they_are_spelt() {
        assert_eq!(set().upper_constraints(), "PyMySQL===1.1\n");
    }

    #[test]
    fn every_wheel_has_its_hash_and_a_second_version_is_a_comment() {
        assert_eq!(
            set().hashes(),
            "cython==3.2.1 \\\n    --hash=sha256:ab\n\
             # for builds: cython==3.2.4 --hash=sha256:ab\n\
             PyMySQL==1.1 \\\n    --hash=sha256:ab \\\n    --hash=sha256:cd\n"
        );
    }

    #[test]
    fn only_what_was_built_is_kept_unless_all_is() {
        let names = |all| -> Vec<String> {
            let set = set();
            set.published(all)
                .map(|wheel| wheel.file_name.clone())
                .collect()
        };
        assert_eq!(names(true).len(), 4);
        assert_eq!(names(false), ["krb5-0.9-py3-none-any.whl"]);
    }
}
