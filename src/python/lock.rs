//! Lock files (PEP 751).
//!
//! <https://packaging.python.org/en/latest/specifications/pylock-toml/>

mod raw;

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use pep508_rs::{MarkerEnvironment, MarkerTree};
use toml::{Table, Value};

use self::raw::{Head, RawLock, RawPackage};
use super::{Name, requirement};

/// What a release's requirements were resolved to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    /// The versions of Python that it was made for: `>=3.11`.
    pub requires_python: Option<String>,
    /// What is installed. A name comes twice only with markers that tell which one is meant.
    pub packages: Vec<Package>,
    /// What is needed only to build others; may hold several versions of one name. Written
    /// as `[[tool.loci-install.build-packages]]`, because PEP 751 lets one name match only once.
    pub build_packages: Vec<Package>,
}

/// One version of a distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: Name,
    /// Its version; sources need not have one.
    pub version: Option<String>,
    /// Where it applies, as it is spelt.
    pub marker: Option<String>,
    /// Where it comes from.
    pub source: Source,
}

/// Where a package comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// An sdist, wheels, or both.
    Files {
        /// The sdist.
        sdist: Option<Artifact>,
        /// The wheels, in the lock's order.
        wheels: Vec<Artifact>,
    },
    /// A commit of a git repository.
    Vcs {
        /// The repository's URL.
        repository: String,
        /// The branch or tag that was asked for.
        reference: Option<String>,
        /// The commit that it was.
        commit: String,
        /// The project's directory in the repository.
        subdirectory: Option<String>,
    },
    /// A source tree on this machine.
    Directory {
        /// Its absolute path.
        path: String,
    },
}

/// A file of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Its name.
    pub file_name: String,
    /// Where it is: `https://` or `file://`.
    pub url: String,
    /// Its size in bytes; pip's locks do not tell.
    pub size: Option<u64>,
    /// Its SHA-256 in lower-case hexadecimal digits.
    pub sha256: String,
}

impl Package {
    /// Whether it is meant for an interpreter. A marker that cannot be read is
    /// left to whoever installs.
    #[must_use]
    pub fn holds(&self, environment: &MarkerEnvironment) -> bool {
        let marker = self.marker.as_deref().unwrap_or_default();
        if requirement::marker_is_ascii(marker, 0).is_err() {
            return true;
        }
        MarkerTree::from_str(marker).map_or(true, |marker| marker.evaluate(environment, &[]))
    }
}

impl Lock {
    /// Reads a lock of ours, of pip or of uv. `file` is its absolute path: the paths in
    /// a lock are relative to its directory, and errors name it.
    pub fn parse(file: &str, text: &str) -> Result<Self, LockError> {
        let failed = |why: String| LockError {
            file: file.to_owned(),
            line: None,
            why,
        };
        let not_read = |error: toml::de::Error| LockError {
            file: file.to_owned(),
            line: error
                .span()
                .and_then(|span| Some(text.get(..span.start)?.matches('\n').count() + 1)),
            why: error.message().to_owned(),
        };
        // First: another version of the format may have another shape.
        let head: Head = toml::from_str(text).map_err(not_read)?;
        match head.lock_version.as_deref() {
            Some(version) if version.split('.').next() == Some("1") => {}
            Some(version) => {
                return Err(failed(format!(
                    "lock-version is {version}; only 1.x is understood"
                )));
            }
            None => return Err(failed("no lock-version: not a lock file".to_owned())),
        }
        let raw: RawLock = toml::from_str(text).map_err(not_read)?;
        let directory = Path::new(file).parent().unwrap_or(Path::new(""));
        let read = |packages: Vec<RawPackage>| -> Result<Vec<Package>, LockError> {
            packages
                .into_iter()
                .map(|package| {
                    let name = package.name.clone();
                    package
                        .read(directory)
                        .map_err(|why| failed(format!("package {name}: {why}")))
                })
                .collect()
        };
        let lock = Self {
            requires_python: raw.requires_python,
            packages: read(raw.packages)?,
            build_packages: read(raw.tool.ours.build_packages)?,
        };
        match lock.ambiguous() {
            Some(name) => Err(failed(format!(
                "package {name}: two entries, and no markers that tell which one is meant"
            ))),
            None => Ok(lock),
        }
    }

    /// The first entry of a name among those that are installed.
    #[must_use]
    pub fn package(&self, name: &Name) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == *name)
    }

    /// The text of a lock file: sorted by name and version, so that equal locks are equal texts.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = "lock-version = \"1.0\"\ncreated-by = \"loci-install\"\n".to_owned();
        put(
            &mut text,
            "requires-python",
            self.requires_python.as_deref(),
        );
        for (heading, packages) in [
            ("packages", &self.packages),
            ("tool.loci-install.build-packages", &self.build_packages),
        ] {
            let mut packages: Vec<_> = packages.iter().collect();
            packages.sort_by_key(|package| (&package.name, &package.version, &package.marker));
            for package in packages {
                text.push_str("\n[[");
                text.push_str(heading);
                text.push_str("]]\n");
                package.write(&mut text);
            }
        }
        text
    }

    fn ambiguous(&self) -> Option<&Name> {
        let mut seen: HashMap<&Name, &Package> = HashMap::new();
        self.packages
            .iter()
            .find(|package| {
                seen.insert(&package.name, package)
                    .is_some_and(|other| other.marker.is_none() || package.marker.is_none())
            })
            .map(|package| &package.name)
    }
}

impl Package {
    fn write(&self, text: &mut String) {
        put(text, "name", Some(self.name.as_str()));
        put(text, "version", self.version.as_deref());
        put(text, "marker", self.marker.as_deref());
        match &self.source {
            Source::Files { sdist, wheels } => {
                put(text, "sdist", sdist.as_ref().map(Artifact::to_value));
                if !wheels.is_empty() {
                    text.push_str("wheels = [\n");
                    for wheel in wheels {
                        text.push_str("    ");
                        text.push_str(&wheel.to_value().to_string());
                        text.push_str(",\n");
                    }
                    text.push_str("]\n");
                }
            }
            Source::Vcs {
                repository,
                reference,
                commit,
                subdirectory,
            } => {
                let vcs = table([
                    ("type", Some("git".into())),
                    ("url", Some(repository.as_str().into())),
                    ("requested-revision", reference.as_deref().map(Value::from)),
                    ("commit-id", Some(commit.as_str().into())),
                    ("subdirectory", subdirectory.as_deref().map(Value::from)),
                ]);
                put(text, "vcs", Some(vcs));
            }
            Source::Directory { path } => {
                let directory = table([("path", Some(path.as_str().into()))]);
                put(text, "directory", Some(directory));
            }
        }
    }
}

impl Artifact {
    fn to_value(&self) -> Value {
        let hashes = table([("sha256", Some(self.sha256.as_str().into()))]);
        table([
            ("name", Some(self.file_name.as_str().into())),
            ("url", Some(self.url.as_str().into())),
            // TOML's integers have a sign.
            (
                "size",
                self.size
                    .and_then(|size| i64::try_from(size).ok())
                    .map(Value::from),
            ),
            ("hashes", Some(hashes)),
        ])
    }
}

/// An inline table of what there is.
fn table<const N: usize>(pairs: [(&str, Option<Value>); N]) -> Value {
    let pairs = pairs.into_iter();
    let there = pairs.filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Value::Table(there.collect::<Table>())
}

fn put(text: &mut String, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        let value: Value = value.into();
        text.push_str(key);
        text.push_str(" = ");
        text.push_str(&value.to_string());
        text.push('\n');
    }
}

/// A lock file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct LockError {
    /// The file, as it was named to [`Lock::parse`].
    pub file: String,
    /// The line, from 1, where the file is not understood at all.
    pub line: Option<usize>,
    /// What is wrong.
    pub why: String,
}

impl fmt::Display for LockError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(formatter, "{}:{line}: {}", self.file, self.why),
            None => write!(formatter, "{}: {}", self.file, self.why),
        }
    }
}

#[cfg(test)]
mod tests;
