//! `hashes.txt`: the digests of the files that each version may be installed from.
//!
//! A requirements file of pinned versions with hashes
//! (<https://pip.pypa.io/en/stable/topics/secure-installs/#hash-checking-mode>). A name may
//! stand there in one version only; a further version is a comment that is read here.

use std::collections::BTreeMap;
use std::str::FromStr;

use pep508_rs::pep440_rs::Version;

use super::Name;
use super::requirement_file::{Line, LineError, RequirementFile};

/// What a line begins with that is a comment to pip and uv.
const FURTHER: &str = "# for builds: ";

/// Digits of a SHA-256 digest.
const DIGITS: usize = 64;

/// The digests of a set of wheels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hashes {
    entries: BTreeMap<(Name, Version), Entry>,
}

/// A version with the digests of its files.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// Its name, as it is spelt.
    name: String,
    /// Its version, as it is spelt.
    version: String,
    /// SHA-256 digests, in lower-case hexadecimal digits.
    sha256: Vec<String>,
    /// Whether the line may be a comment.
    further: bool,
}

impl Hashes {
    /// Reads the file's text; `file` is its name in errors.
    ///
    /// # Errors
    /// Every line that is no version with a SHA-256 digest.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<LineError>> {
        let uncommented: Vec<(bool, &str)> = text
            .lines()
            .map(|line| match line.strip_prefix(FURTHER) {
                Some(line) => (true, line),
                None => (false, line),
            })
            .collect();
        let lines: Vec<&str> = uncommented.iter().map(|(_, line)| *line).collect();
        let parsed = RequirementFile::parse(file, &lines.join("\n"))?;
        let mut hashes = Self::default();
        let mut errors = Vec::new();
        for line in parsed.lines {
            let further = uncommented
                .get(line.number - 1)
                .is_some_and(|(further, _)| *further);
            match entry(&line) {
                Ok((name, version, sha256)) => {
                    for digest in &sha256 {
                        hashes.add_as(&name, &version, digest, further);
                    }
                }
                Err(why) => errors.push(LineError {
                    file: file.to_owned(),
                    line: line.number,
                    column: 1,
                    text: line.text,
                    why,
                }),
            }
        }
        if errors.is_empty() {
            Ok(hashes)
        } else {
            Err(errors)
        }
    }

    /// Adds a file's digest. A version of a name that has another one is a comment in the
    /// text; what is no version is passed over, for no wheel is called by it.
    pub fn add(&mut self, name: &str, version: &str, sha256: &str) {
        let further = self.versions_of(&Name::new(name)).next().is_some();
        self.add_as(name, version, sha256, further);
    }

    fn add_as(&mut self, name: &str, version: &str, sha256: &str, further: bool) {
        let Ok(key) = Version::from_str(version) else {
            return;
        };
        let entry = self
            .entries
            .entry((Name::new(name), key))
            .or_insert_with(|| Entry {
                name: name.to_owned(),
                version: version.to_owned(),
                sha256: Vec::new(),
                further,
            });
        if !entry.sha256.iter().any(|known| known == sha256) {
            entry.sha256.push(sha256.to_owned());
        }
    }

    /// The digests that a file of this version may have; none when the version is not named.
    #[must_use]
    pub fn of(&self, name: &Name, version: &str) -> Option<&[String]> {
        let version = Version::from_str(version).ok()?;
        let entry = self.entries.get(&(name.clone(), version))?;
        Some(&entry.sha256)
    }

    fn versions_of(&self, name: &Name) -> impl Iterator<Item = &Entry> {
        let entries = self.entries.iter();
        entries
            .filter(move |((known, _), _)| known == name)
            .map(|(_, entry)| entry)
    }

    /// The file's text, names in the order of the alphabet.
    #[must_use]
    pub fn text(&self) -> String {
        let mut entries: Vec<&Entry> = self.entries.values().collect();
        entries.sort_by_key(|entry| (entry.name.to_lowercase(), entry.further));
        let lines = entries.into_iter().map(|entry| {
            if entry.further {
                let digests = entry.sha256.iter();
                let digests = digests.map(|digest| format!(" --hash=sha256:{digest}"));
                let digests: String = digests.collect();
                format!("{FURTHER}{}=={}{digests}\n", entry.name, entry.version)
            } else {
                line(&entry.name, &entry.version, &entry.sha256)
            }
        });
        lines.collect()
    }
}

/// A version's line, as pip and uv read it.
#[must_use]
pub fn line(name: &str, version: &str, sha256: &[String]) -> String {
    let mut text = format!("{name}=={version}");
    for digest in sha256 {
        text.push_str(" \\\n    --hash=sha256:");
        text.push_str(digest);
    }
    text.push('\n');
    text
}

/// Name, version and digests of a line.
fn entry(line: &Line) -> Result<(String, String, Vec<String>), String> {
    let unpinned = || "no version is pinned here, as in `six==1.17.0 --hash=sha256:...`".to_owned();
    let version = line.pinned().ok_or_else(unpinned)?;
    Version::from_str(version).map_err(|error| format!("{version}: {error}"))?;
    let end = line
        .text
        .find(|c: char| "=[; (".contains(c))
        .ok_or_else(unpinned)?;
    let name = line.text[..end].trim();
    let mut digests = Vec::new();
    for hash in &line.hashes {
        // Others may stand beside it.
        let Some(digest) = hash.strip_prefix("sha256:") else {
            continue;
        };
        let digest = digest.to_ascii_lowercase();
        if digest.len() != DIGITS || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(format!(
                "{hash} is no digest: sha256 has {DIGITS} hexadecimal digits"
            ));
        }
        digests.push(digest);
    }
    if digests.is_empty() {
        return Err(format!("{name}=={version} has no --hash=sha256:..."));
    }
    Ok((name.to_owned(), version.to_owned(), digests))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(digit: &str) -> String {
        digit.repeat(DIGITS)
    }

    #[test]
    fn versions_compare_as_python_has_it_and_further_ones_are_comments() {
        let (a, b, c) = (digest("a"), digest("b"), digest("c"));
        let text = format!(
            "cython==3.2.1 \\\n    --hash=sha256:{a}\n\
             # for builds: cython==3.2.4 --hash=sha256:{b} --hash=sha256:{c}\n\
             PyMySQL==1.1 \\\n    --hash=sha256:{a} \\\n    --hash=sha256:{b}\n"
        );
        let hashes = Hashes::parse("hashes.txt", &text).expect("hashes");
        let of = |name: &str, version: &str| hashes.of(&Name::new(name), version);
        assert_eq!(of("Cython", "3.2.1"), Some(&[a.clone()][..]));
        assert_eq!(of("cython", "3.2.4"), Some(&[b.clone(), c][..]));
        assert_eq!(of("pymysql", "1.1.0"), Some(&[a, b][..]));
        assert_eq!(of("pymysql", "1.2"), None);
        assert_eq!(of("six", "1.1"), None);
        assert_eq!(hashes.text(), text);
    }

    #[test]
    fn what_is_added_makes_one_file_of_two() {
        let mut hashes = Hashes::default();
        hashes.add("six", "1.17.0", &digest("b"));
        hashes.add("six", "1.17", &digest("a"));
        hashes.add("Six", "1.18", &digest("c"));
        assert_eq!(
            hashes.text(),
            format!(
                "six==1.17.0 \\\n    --hash=sha256:{} \\\n    --hash=sha256:{}\n\
                 # for builds: Six==1.18 --hash=sha256:{}\n",
                digest("b"),
                digest("a"),
                digest("c")
            )
        );
    }

    #[test]
    fn a_damaged_line_is_told_with_its_number() {
        let fine = format!("six==1.0 --hash=sha256:{}\n", digest("a"));
        for (bad, error) in [
            (
                "attrs==1.0",
                "hashes.txt:2:1: attrs==1.0 has no --hash=sha256:...\n  attrs==1.0\n  ^",
            ),
            (
                "attrs==1.0 --hash=sha256:12",
                "hashes.txt:2:1: sha256:12 is no digest: sha256 has 64 hexadecimal digits\n  attrs==1.0\n  ^",
            ),
            (
                "attrs>=1.0 --hash=sha512:12",
                "hashes.txt:2:1: no version is pinned here, as in `six==1.17.0 --hash=sha256:...`\n  attrs>=1.0\n  ^",
            ),
        ] {
            let errors = Hashes::parse("hashes.txt", &format!("{fine}{bad}\n")).expect_err(bad);
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            assert_eq!(errors, [error]);
        }
        // What was cut off, and a broken line that follows.
        let errors = Hashes::parse("h", "six==1.0 \\\n    --ha\nno version").expect_err("damaged");
        let lines: Vec<usize> = errors.iter().map(|error| error.line).collect();
        assert_eq!(lines, [1, 3]);
    }
}
