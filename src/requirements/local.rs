//! The user's own sources of projects that a release pins.

use std::collections::BTreeMap;
use std::fs;

use crate::findings::Findings;
use crate::python::Name;
use crate::python::metadata::project_name;
use crate::python::source::is_project;
use crate::root::Root;

/// A directory that is a Python project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalSource {
    /// Its path inside the image.
    pub path: String,
    /// The names that a constraint on it may have.
    pub names: Vec<Name>,
}

impl LocalSource {
    /// Whether a constraint of this name is on it.
    #[must_use]
    pub fn is(&self, name: &Name) -> bool {
        self.names.contains(name)
    }
}

/// `python-custom-name-mapping.txt`: projects whose directory, name in the index and own name differ.
#[derive(Debug, Default)]
pub struct NameMapping(BTreeMap<String, Vec<Name>>);

impl NameMapping {
    /// Reads lines of `FOLDER PYPI_NAME PACKAGE_NAME`.
    ///
    /// # Errors
    /// Every line of another form, as `FILE:LINE: ...`.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<String>> {
        let mut mapping = BTreeMap::new();
        let mut errors = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default();
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                [] => {}
                [folder, pypi, package] => {
                    let mut names = vec![Name::new(pypi)];
                    let package = Name::new(package);
                    if !names.contains(&package) {
                        names.push(package);
                    }
                    mapping.insert(folder.to_owned(), names);
                }
                _ => errors.push(format!(
                    "{file}:{}: a line has three words: FOLDER PYPI_NAME PACKAGE_NAME",
                    index + 1
                )),
            }
        }
        if errors.is_empty() {
            Ok(Self(mapping))
        } else {
            Err(errors)
        }
    }

    /// Adds the lines of a file that is read later, and counts for less.
    pub fn extend(&mut self, other: Self) {
        for (folder, names) in other.0 {
            self.0.entry(folder).or_insert(names);
        }
    }
}

/// The Python projects in these directories, in name order; the first directory
/// that has a folder of a name wins.
///
/// A source whose name cannot be told is a warning, because nothing may be asking
/// for it: the default of `SOURCES_DIR` is `/tmp`. Two sources of one name are an
/// error.
pub fn find(
    root: &Root,
    directories: &[String],
    except: &str,
    mapping: &NameMapping,
    findings: &mut Findings,
) -> Vec<LocalSource> {
    let mut folders: BTreeMap<String, String> = BTreeMap::new();
    for directory in directories {
        for entry in fs::read_dir(root.join(directory))
            .into_iter()
            .flatten()
            .flatten()
        {
            let folder = entry.file_name().to_string_lossy().into_owned();
            if folder != except && is_project(&entry.path()) {
                folders
                    .entry(folder.clone())
                    .or_insert_with(|| format!("{directory}/{folder}"));
            }
        }
    }
    let mut sources: Vec<LocalSource> = Vec::new();
    for (folder, path) in folders {
        let names = mapping.0.get(&folder).cloned().or_else(|| {
            let name = project_name(&root.join(&path))?;
            Some(vec![Name::new(&name)])
        });
        let Some(names) = names else {
            findings.warn(format!(
                "{path} does not say its name and is left out; python-custom-name-mapping.txt can say it"
            ));
            continue;
        };
        let twin = sources
            .iter()
            .find(|source| names.iter().any(|name| source.is(name)));
        if let Some(twin) = twin {
            findings.input(format!(
                "{} and {path} are both sources of {}; remove one of them",
                twin.path, names[0]
            ));
            continue;
        }
        sources.push(LocalSource { path, names });
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(root: &Root, path: &str, name: &str) {
        let directory = root.join(path);
        fs::create_dir_all(&directory).expect("made");
        let text = format!("[project]\nname = \"{name}\"\nversion = \"1\"\n");
        fs::write(directory.join("pyproject.toml"), text).expect("written");
    }

    #[test]
    fn names_come_from_the_mapping_and_then_from_the_project() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = Root::new(directory.path());
        project(&root, "/tmp/python-pymysql", "whatever");
        project(&root, "/tmp/oslo", "Oslo.Config");
        project(&root, "/tmp/requirements", "openstack_requirements");
        fs::create_dir_all(root.join("/tmp/notes")).expect("made");
        let mapping =
            NameMapping::parse("m", "# a\npython-pymysql PyMySQL PyMySQL # b\n").expect("lines");
        let mut findings = Findings::default();
        let sources = find(
            &root,
            &["/tmp".to_owned()],
            "requirements",
            &mapping,
            &mut findings,
        );
        let said: Vec<_> = sources
            .iter()
            .map(|source| (source.path.as_str(), source.names[0].as_str()))
            .collect();
        assert_eq!(
            said,
            [
                ("/tmp/oslo", "oslo-config"),
                ("/tmp/python-pymysql", "pymysql")
            ]
        );
        assert!(findings.problems.is_empty());
    }

    #[test]
    fn two_sources_of_one_name_are_refused_by_path() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = Root::new(directory.path());
        project(&root, "/tmp/a", "oslo.config");
        project(&root, "/tmp/b", "oslo_config");
        let mut findings = Findings::default();
        let mapping = NameMapping::default();
        find(&root, &["/tmp".to_owned()], "", &mapping, &mut findings);
        assert_eq!(
            findings.problems[0].text(),
            "/tmp/a and /tmp/b are both sources of oslo-config; remove one of them"
        );
    }

    #[test]
    fn a_mapping_of_other_lines_is_refused() {
        assert_eq!(
            NameMapping::parse("m.txt", "a b\n").expect_err("refused"),
            ["m.txt:1: a line has three words: FOLDER PYPI_NAME PACKAGE_NAME"]
        );
    }
}
