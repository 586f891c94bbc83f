//! Whether the files of a set of wheels are those that its `hashes.txt` names.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;

use super::{Directory, HASHES};
use crate::fingerprint::digests_of;
use crate::python::WheelName;
use crate::python::hashes::Hashes;
use crate::python::requirement_file::LineError;
use crate::words::reason;

/// Of so many digests each is told.
const TOLD: usize = 2;

/// A wheel that nobody vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is not what it was when the set was made.
    Changed {
        /// The file.
        file: String,
        /// `NAME==VERSION`.
        version: String,
        /// The digests that it may have.
        expected: Vec<String>,
        /// The digest that it has.
        found: String,
    },
    /// Its version is not named.
    Unnamed {
        /// The file.
        file: String,
        /// `NAME==VERSION`.
        version: String,
    },
    /// It is an sdist, which could be built in the place of a wheel.
    Sdist {
        /// The file.
        file: String,
    },
    /// It could not be read.
    Unread {
        /// The file.
        file: String,
        /// Why not.
        why: String,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed {
                file,
                version,
                expected,
                found,
            } => {
                write!(formatter, "{file} has the sha256 {found}, but {HASHES} ")?;
                if expected.len() > TOLD {
                    let count = expected.len();
                    write!(formatter, "has {count} others of {version}")
                } else {
                    write!(formatter, "says {}", expected.join(" or "))
                }
            }
            Self::Unnamed { file, version } => {
                write!(
                    formatter,
                    "{file} is not vouched for: {HASHES} has no {version}"
                )
            }
            Self::Sdist { file } => write!(
                formatter,
                "{file} is not vouched for: {HASHES} names wheels, and this is an sdist"
            ),
            Self::Unread { file, why } => write!(formatter, "{file} could not be read: {why}"),
        }
    }
}

/// Compares a file's digest with those of its version.
///
/// # Errors
/// The difference.
pub fn compare(hashes: &Hashes, file: &str, wheel: &WheelName, found: &str) -> Result<(), Fault> {
    let version = format!("{}=={}", wheel.name, wheel.version);
    let file = file.to_owned();
    match hashes.of(&wheel.name, &wheel.version) {
        None => Err(Fault::Unnamed { file, version }),
        Some(expected) if expected.iter().any(|digest| digest == found) => Ok(()),
        Some(expected) => Err(Fault::Changed {
            file,
            version,
            expected: expected.to_vec(),
            found: found.to_owned(),
        }),
    }
}

impl Directory {
    /// The digests that the wheels may have; none of a set that has no `hashes.txt`, as
    /// LOCI's have none.
    ///
    /// # Errors
    /// What is wrong with that file, in words.
    pub fn hashes(&self) -> Result<Option<Hashes>, String> {
        let path = format!("{}/{HASHES}", self.path);
        read_hashes(&self.real.join(HASHES), &path)
    }

    /// The wheels that `hashes.txt` does not name, as far as names tell, and sdists: whoever
    /// builds looks for them in the same directory.
    #[must_use]
    pub fn unnamed(&self, hashes: &Hashes) -> Vec<Fault> {
        let unnamed = self.wheels.iter().filter_map(|(wheel, path)| {
            let fault = compare(hashes, &file_name(path), wheel, "").err()?;
            matches!(fault, Fault::Unnamed { .. }).then_some(fault)
        });
        let entries = std::fs::read_dir(&self.real)
            .into_iter()
            .flatten()
            .flatten();
        let names = entries.map(|entry| file_name(&entry.path()));
        let mut sdists: Vec<String> = names.filter(|name| is_sdist(name)).collect();
        sdists.sort_unstable();
        let sdists = sdists.into_iter().map(|file| Fault::Sdist { file });
        unnamed.chain(sdists).collect()
    }

    /// Reads every wheel and compares it with `hashes`. Returns the SHA-256 digest of each
    /// file.
    ///
    /// # Errors
    /// All wheels that are not what they should be, in name order.
    pub fn verified(&self, hashes: &Hashes) -> Result<BTreeMap<String, String>, Vec<Fault>> {
        let paths: Vec<&Path> = self.wheels.iter().map(|(_, path)| path.as_path()).collect();
        let mut digests = BTreeMap::new();
        let mut faults = Vec::new();
        for ((wheel, path), digest) in self.wheels.iter().zip(digests_of(&paths)) {
            let file = file_name(path);
            let digest = match digest {
                Ok(digest) => digest,
                Err(error) => {
                    let why = reason(&error);
                    faults.push(Fault::Unread { file, why });
                    continue;
                }
            };
            match compare(hashes, &file, wheel, &digest) {
                Ok(()) => drop(digests.insert(file, digest)),
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() {
            Ok(digests)
        } else {
            Err(faults)
        }
    }
}

/// Reads a `hashes.txt`; none where there is none. `called` is its name in errors.
pub fn read_hashes(path: &Path, called: &str) -> Result<Option<Hashes>, String> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{called} could not be read: {}", reason(&error))),
    };
    let hashes = Hashes::parse(called, &text).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(LineError::to_string).collect();
        lines.join("\n")
    })?;
    Ok(Some(hashes))
}

/// By the endings that pip and uv look for.
fn is_sdist(name: &str) -> bool {
    [".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst", ".zip"]
        .iter()
        .any(|end| name.ends_with(end))
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;
    use crate::root::Root;
    use crate::wheels::Algorithm;

    const SIX: &str = "six-1.17.0-py2.py3-none-any.whl";

    /// A set of two wheels, with their digests.
    fn set() -> (TempDir, Hashes) {
        let set = tempfile::tempdir().expect("a directory");
        let mut hashes = Hashes::default();
        for (name, version) in [("six", "1.17.0"), ("oslo.log", "8.0")] {
            let file = match name {
                "six" => SIX.to_owned(),
                _ => "oslo_log-8.0-py3-none-any.whl".to_owned(),
            };
            fs::write(set.path().join(file), name).expect("written");
            let digest = crate::wheels::Digest::of(Algorithm::Sha256, name.as_bytes());
            hashes.add(name, version, digest.hex());
        }
        fs::write(set.path().join(HASHES), hashes.text()).expect("written");
        (set, hashes)
    }

    fn directory(set: &TempDir) -> Directory {
        Directory::new(&Root::new(set.path()), "/")
    }

    fn faults(set: &TempDir) -> Vec<String> {
        let directory = directory(set);
        let hashes = directory.hashes().expect("read").expect("there");
        let faults = directory.verified(&hashes).expect_err("faults");
        faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_set_as_it_was_made_is_whole() {
        let (set, hashes) = set();
        let digests = directory(&set).verified(&hashes).expect("whole");
        assert_eq!(digests.len(), 2);
        let six = crate::fingerprint::sha256_of(&set.path().join(SIX)).expect("read");
        assert_eq!(digests[SIX], six);
        assert!(directory(&set).unnamed(&hashes).is_empty());
    }

    #[test]
    fn a_changed_wheel_is_named_with_both_digests() {
        let (set, hashes) = set();
        let expected = &hashes
            .of(&crate::python::Name::new("six"), "1.17.0")
            .expect("there")[0];
        for content in ["sax", "si", "oslo.log"] {
            fs::write(set.path().join(SIX), content).expect("written");
            let found = crate::fingerprint::sha256_of(&set.path().join(SIX)).expect("read");
            assert_eq!(
                faults(&set),
                [format!(
                    "{SIX} has the sha256 {found}, but hashes.txt says {expected}"
                )]
            );
        }
    }

    #[test]
    fn of_many_digests_only_their_number_is_told() {
        let (set, mut hashes) = set();
        for digit in ["a", "b", "c"] {
            hashes.add("six", "1.17", &digit.repeat(64));
        }
        fs::write(set.path().join(HASHES), hashes.text()).expect("written");
        assert!(directory(&set).verified(&hashes).is_ok());
        fs::write(set.path().join(SIX), "changed").expect("written");
        let faults = faults(&set);
        let end = ", but hashes.txt has 4 others of six==1.17.0";
        assert!(faults[0].ends_with(end), "{faults:?}");
    }

    #[test]
    fn a_wheel_that_is_not_named_is_refused_by_its_name() {
        let (set, hashes) = set();
        let file = "six-1.18.0-py3-none-any.whl";
        fs::write(set.path().join(file), "six").expect("written");
        let text = format!("{file} is not vouched for: hashes.txt has no six==1.18.0");
        assert_eq!(faults(&set), std::slice::from_ref(&text));
        let sdist = "flit_core-99.0.tar.gz";
        fs::write(set.path().join(sdist), "sdist").expect("written");
        let unnamed = directory(&set).unnamed(&hashes);
        let told: Vec<String> = unnamed.iter().map(ToString::to_string).collect();
        let of_sdist =
            format!("{sdist} is not vouched for: hashes.txt names wheels, and this is an sdist");
        assert_eq!(told, [text, of_sdist]);
    }

    #[test]
    fn without_hashes_nothing_is_compared_and_a_broken_file_is_an_error() {
        let (set, _) = set();
        fs::write(set.path().join(HASHES), "six\n").expect("written");
        let error = directory(&set).hashes().expect_err("broken");
        assert_eq!(
            error,
            "//hashes.txt:1:1: no version is pinned here, as in `six==1.17.0 --hash=sha256:...`\n  six\n  ^"
        );
        fs::remove_file(set.path().join(HASHES)).expect("removed");
        assert_eq!(directory(&set).hashes(), Ok(None));
    }
}
