//! What an interpreter sees: the distributions on its path, and what they say of themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use pep508_rs::pep440_rs::Version;
use pep508_rs::{MarkerEnvironment, Requirement, VersionOrUrl};
use serde::Deserialize;

use super::Name;
use super::entry_points::{EntryPoint, entry_points};
use super::installed::{files, resolved};
use super::metadata::fields;
use super::requirement;

/// The Python program that describes its interpreter as [`Interpreter`] is read. Nothing
/// beyond the standard library: an image may have no pip.
///
/// The variables are those of
/// <https://packaging.python.org/en/latest/specifications/dependency-specifiers/>, and a
/// development version has a trailing `+` that no version may have.
pub const QUERY: &str = r#"
import json, os, platform, sys
full = platform.python_version()
print(json.dumps({"path": sys.path, "markers": {
    "implementation_name": sys.implementation.name,
    "implementation_version": "%d.%d.%d" % sys.implementation.version[:3],
    "os_name": os.name,
    "platform_machine": platform.machine(),
    "platform_python_implementation": platform.python_implementation(),
    "platform_release": platform.release(),
    "platform_system": platform.system(),
    "platform_version": platform.version(),
    "python_full_version": full + "local" if full.endswith("+") else full,
    "python_version": "%d.%d" % sys.version_info[:2],
    "sys_platform": sys.platform,
}}))
"#;

/// An interpreter, as far as it decides what is imported.
#[derive(Debug, Clone, Deserialize)]
pub struct Interpreter {
    /// What requirements' markers are evaluated in.
    pub markers: MarkerEnvironment,
    /// `sys.path`.
    pub path: Vec<String>,
}

/// A distribution that an interpreter sees.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Its name, as its metadata spells it.
    pub spelt: String,
    /// Its version.
    pub version: String,
    /// Whether it is one of the virtualenv, and not of the distribution's packages.
    pub own: bool,
    /// What it requires, markers included.
    pub requires: Vec<Requirement>,
    /// What it offers.
    pub entry_points: Vec<EntryPoint>,
    /// Its files: paths inside the image, of one of the virtualenv only.
    pub files: Vec<String>,
}

/// The distributions that an interpreter sees: of each name the first on its path.
#[must_use]
pub fn seen(
    interpreter: &Interpreter,
    root: &dyn Fn(&str) -> PathBuf,
    virtualenv: &str,
) -> BTreeMap<Name, Seen> {
    let mut seen = BTreeMap::new();
    for directory in &interpreter.path {
        let own = Path::new(directory).starts_with(virtualenv);
        let mut entries: Vec<PathBuf> = fs::read_dir(root(directory))
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        entries.sort();
        for metadata in entries {
            if let Some(distribution) = read(&metadata, directory, own) {
                seen.entry(Name::new(&distribution.spelt))
                    .or_insert(distribution);
            }
        }
    }
    seen
}

/// Reads a `.dist-info` directory, or setuptools' old `.egg-info`; none when it is neither.
fn read(metadata: &Path, directory: &str, own: bool) -> Option<Seen> {
    let text = match metadata.extension()?.to_str()? {
        "dist-info" => fs::read_to_string(metadata.join("METADATA")),
        "egg-info" if metadata.is_file() => fs::read_to_string(metadata),
        "egg-info" => fs::read_to_string(metadata.join("PKG-INFO")),
        _ => return None,
    };
    let text = text.ok()?;
    let field = |name: &str| fields(&text, name).into_iter().next();
    let mut distribution = Seen {
        spelt: field("Name")?,
        version: field("Version")?,
        own,
        requires: Vec::new(),
        entry_points: Vec::new(),
        files: Vec::new(),
    };
    if own {
        let requires = fields(&text, "Requires-Dist");
        distribution.requires = requires.iter().filter_map(|text| parsed(text)).collect();
        let offered = fs::read_to_string(metadata.join("entry_points.txt"));
        distribution.entry_points = entry_points(&offered.unwrap_or_default());
        let files = files(metadata).into_iter();
        distribution.files = files.map(|file| resolved(directory, &file)).collect();
    }
    Some(distribution)
}

/// A requirement as a user or a distribution writes it; none when it is no such thing.
#[must_use]
pub fn parsed(text: &str) -> Option<Requirement> {
    requirement::parse(text).ok()
}

impl Seen {
    /// Whether its version is one that the requirement allows. What has no version that
    /// could be compared is taken for right: of the distribution's packages not all have.
    #[must_use]
    pub fn fits(&self, requirement: &Requirement) -> bool {
        match (
            &requirement.version_or_url,
            Version::from_str(&self.version),
        ) {
            // What is installed fits, be it called a pre-release.
            (Some(VersionOrUrl::VersionSpecifier(wanted)), Ok(version)) => {
                wanted.contains(&version)
            }
            _ => true,
        }
    }

    /// The names that can be imported first: of packages and of modules beside them.
    #[must_use]
    pub fn top_level<'a>(&'a self, site_packages: &str) -> BTreeSet<&'a str> {
        let files = self.files.iter();
        files
            .filter_map(|file| {
                let inside = file.strip_prefix(site_packages)?.strip_prefix('/')?;
                let (name, is_module) = match inside.split_once('/') {
                    // Of a package, its modules; data files may lie anywhere.
                    Some((first, rest)) => (first, is_module(rest)),
                    None => (inside.split('.').next()?, is_module(inside)),
                };
                let named = !name.contains(['.', '-']) && !name.is_empty();
                (is_module && named).then_some(name)
            })
            .collect()
    }
}

/// Whether a file is Python's source, or an extension module.
fn is_module(path: &str) -> bool {
    let extension = Path::new(path).extension();
    extension.is_some_and(|extension| extension == "py" || extension == "so")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        fs::write(path, text).expect("written");
    }

    #[test]
    fn the_first_on_the_path_is_seen_and_of_the_virtualenv_all_is_read() {
        let root = tempfile::tempdir().expect("a directory");
        let below = |path: &str| root.path().join(path.trim_start_matches('/'));
        let site = "/var/lib/openstack/lib/python3.13/site-packages";
        write(
            &below(&format!("{site}/a_b-1.0.dist-info/METADATA")),
            "Name: A.b\nVersion: 1.0\nRequires-Dist: c>=2 ; extra == 'x'\n",
        );
        write(
            &below(&format!("{site}/a_b-1.0.dist-info/RECORD")),
            "a_b/__init__.py,,\nsingle.py,,\na_b-1.0.dist-info/METADATA,,\n../../../bin/a,,\ndata/x.txt,,\n",
        );
        write(
            &below(&format!("{site}/a_b-1.0.dist-info/entry_points.txt")),
            "[console_scripts]\na = a_b:main\n",
        );
        let system = "/usr/lib/python3/dist-packages";
        write(
            &below(&format!("{system}/a_b-2.egg-info/PKG-INFO")),
            "Name: a-b\nVersion: 2\n",
        );
        write(
            &below(&format!("{system}/rbd-2.0.egg-info")),
            "Name: rbd\nVersion: 2.0\n",
        );
        let markers = r#"{"implementation_name": "cpython", "implementation_version": "3.13.0",
            "os_name": "posix", "platform_machine": "x86_64", "platform_release": "6",
            "platform_system": "Linux", "platform_version": "x", "python_full_version": "3.13.0",
            "platform_python_implementation": "CPython", "python_version": "3.13",
            "sys_platform": "linux"}"#;
        let interpreter: Interpreter = serde_json::from_str(&format!(
            r#"{{"path": ["{site}", "/nowhere", "{system}"], "markers": {markers}}}"#
        ))
        .expect("an interpreter");
        let seen = seen(&interpreter, &below, "/var/lib/openstack");
        let names: Vec<_> = seen
            .iter()
            .map(|(name, each)| (name.as_str(), each.own))
            .collect();
        assert_eq!(names, [("a-b", true), ("rbd", false)]);
        let own = &seen[&Name::new("a-b")];
        assert_eq!((own.version.as_str(), own.requires.len()), ("1.0", 1));
        assert_eq!(own.files[3], "/var/lib/openstack/bin/a");
        assert_eq!(own.entry_points[0].name, "a");
        assert_eq!(own.top_level(site), BTreeSet::from(["a_b", "single"]));
        assert!(own.fits(&parsed("a-b>=1").expect("a requirement")));
        assert!(!own.fits(&parsed("a-b>1").expect("a requirement")));
        assert!(own.fits(&parsed("a-b @ https://host/a.whl").expect("a requirement")));
    }

    #[test]
    fn what_the_interpreter_prints_is_read() {
        let output = std::process::Command::new("python3")
            .args(["-I", "-c", QUERY])
            .output()
            .expect("python3");
        let read: Interpreter = serde_json::from_slice(&output.stdout).expect("an interpreter");
        assert_eq!(read.markers.sys_platform(), "linux");
        assert!(!read.path.is_empty());
    }
}
