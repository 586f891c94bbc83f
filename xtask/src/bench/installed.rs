//! What a build put into the virtualenv, and how that compares.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use loci_install::python::{Name, wheels_in};

use crate::error::{Error, Result};

/// What a plain script needs to do its work, and leaves in the virtualenv. Its
/// versions are the newest of the day.
const TOOLCHAIN: &[&str] = &[
    "bindep",
    "distro",
    "packaging",
    "parsley",
    "pbr",
    "pip",
    "pkginfo",
    "setuptools",
    "uv",
    "wheel",
];

/// Distributions with their versions. One that was installed over another of
/// another version has two.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Installed(BTreeMap<Name, BTreeSet<String>>);

impl Installed {
    /// From lines `name==version`.
    pub fn parse(text: &str) -> Self {
        let mut installed = BTreeMap::<_, BTreeSet<_>>::new();
        for (name, version) in text.lines().filter_map(|line| line.split_once("==")) {
            let versions = installed.entry(Name::new(name)).or_default();
            versions.insert(version.to_owned());
        }
        Self(installed)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// What differs, in words, the toolchain's own packages apart from the rest.
    pub fn difference(&self, other: &Self) -> Difference {
        let names: BTreeSet<&Name> = self.0.keys().chain(other.0.keys()).collect();
        let mut difference = Difference::default();
        for name in names
            .into_iter()
            .filter(|name| self.of(name) != other.of(name))
        {
            let line = format!("{name}: {}, {}", self.told(name), other.told(name));
            if TOOLCHAIN.contains(&name.as_str()) {
                difference.toolchain.push(line);
            } else {
                difference.service.push(line);
            }
        }
        difference
    }

    /// The wheels that all that came from; what has none was built of its source.
    pub fn wheels(&self, directory: &Path) -> Result<Vec<PathBuf>> {
        let wheels = wheels_in(directory).into_iter().filter(|(wheel, _)| {
            self.of(&wheel.name)
                .is_some_and(|versions| versions.contains(&wheel.version))
        });
        // One of them, where there are several for different interpreters.
        let wheels: BTreeMap<_, _> = wheels
            .map(|(wheel, path)| ((wheel.name, wheel.version), path))
            .collect();
        if wheels.is_empty() {
            let directory = directory.display();
            let what = format!("nothing that was installed has a wheel in {directory}");
            return Err(Error::refused(what));
        }
        Ok(wheels.into_values().collect())
    }

    fn of(&self, name: &Name) -> Option<&BTreeSet<String>> {
        self.0.get(name)
    }

    fn told(&self, name: &Name) -> String {
        let versions = self.of(name).into_iter().flatten().cloned();
        let versions: Vec<String> = versions.collect();
        if versions.is_empty() {
            "-".to_owned()
        } else {
            versions.join(" and ")
        }
    }
}

/// What two builds of one service do not have in common.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// What is there for the build.
    pub toolchain: Vec<String>,
    /// What makes them different services.
    pub service: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    #[test]
    fn tools_may_differ_and_the_service_may_not() {
        let ours = Installed::parse("Oslo.Config==9\nkeystone==30\npbr==7.0\n");
        let script = Installed::parse("oslo-config==9\nkeystone==31\npbr==7.0\npbr==7.1\nuv==1\n");
        assert_eq!(ours.difference(&ours), Difference::default());
        let difference = script.difference(&ours);
        assert_eq!(difference.service, ["keystone: 31, 30"]);
        assert_eq!(difference.toolchain, ["pbr: 7.0 and 7.1, 7.0", "uv: 1, -"]);
    }

    #[test]
    fn wheels_are_those_of_the_versions() {
        let directory = workspace::fresh("test-installed").unwrap();
        for name in [
            "a-1-py3-none-any.whl",
            "a-2-py3-none-any.whl",
            "b_c-1-cp311-cp311-linux_x86_64.whl",
            "b_c-1-cp313-cp313-linux_x86_64.whl",
        ] {
            workspace::write(&directory.join(name), "").unwrap();
        }
        let installed = Installed::parse("a==2\nb.c==1\nservice==1\n");
        assert_eq!(
            installed.wheels(&directory).unwrap(),
            [
                directory.join("a-2-py3-none-any.whl"),
                directory.join("b_c-1-cp313-cp313-linux_x86_64.whl")
            ]
        );
        assert!(Installed::default().wheels(&directory).is_err());
    }
}
