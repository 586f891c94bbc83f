//! The types of argument values: made only by parsing, so that one that exists is right.

use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::platform::Family;

/// Why a value was refused: what it is not, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

fn refuse<T>(text: impl Into<String>) -> Result<T, Refused> {
    Err(Refused(text.into()))
}

/// The service to install. It names an account, so it has to be a name that
/// useradd(8) takes: `[a-z_][a-z0-9_-]*`, at most 32 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ProjectName(String);

impl FromStr for ProjectName {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        if RESERVED.contains(&text) {
            refuse("not a project name; it names something of the base image")
        } else if is_name(text) {
            Ok(Self(text.to_owned()))
        } else {
            refuse(
                "not a project name; lower-case letters, digits, `-` and `_`, at most 32, starting with a letter",
            )
        }
    }
}

impl ProjectName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProjectName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The name of an account, as useradd(8) takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountName(String);

impl FromStr for AccountName {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        if is_name(text) {
            Ok(Self(text.to_owned()))
        } else {
            refuse(
                "not the name of an account; lower-case letters, digits, `-` and `_`, at most 32, starting with a letter",
            )
        }
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// `[a-z_][a-z0-9_-]*`, at most 32 characters: useradd(8).
fn is_name(text: &str) -> bool {
    let starts = |c: char| c.is_ascii_lowercase() || c == '_';
    let follows = |c: char| starts(c) || c.is_ascii_digit() || c == '-';
    text.starts_with(starts) && text.chars().all(follows) && text.len() <= 32
}

/// A user or group id, 0 to 2^32-2: useradd(8) keeps 2^32-1 for "no id".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Id(pub u32);

impl FromStr for Id {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        match text.parse::<u32>() {
            Ok(id) if id < u32::MAX && text.starts_with(|c: char| c.is_ascii_digit()) => {
                Ok(Self(id))
            }
            _ => refuse("not an id; a whole number from 0 to 4294967294"),
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A number of things that are done at once.
pub fn jobs(text: &str) -> Result<NonZeroUsize, Refused> {
    match text.parse() {
        Ok(jobs) if text.starts_with(|c: char| c.is_ascii_digit()) => Ok(jobs),
        _ => refuse("not a number of jobs; a whole number from 1"),
    }
}

/// A time, in seconds since 1970. One in the future, such as milliseconds, is refused:
/// shadow's programs put the day of the build in its place (`gettime` in its
/// `lib/time/gettime.c`).
///
/// Source: <https://reproducible-builds.org/specs/source-date-epoch/>.
pub fn epoch(text: &str) -> Result<u64, Refused> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    match text.parse() {
        Ok(epoch) if text.starts_with(|c: char| c.is_ascii_digit()) => {
            if now.is_ok_and(|now| epoch <= now.as_secs()) {
                Ok(epoch)
            } else {
                refuse("a time in the future, which not every program takes; one that has passed")
            }
        }
        _ => refuse("not a time; whole seconds since 1970"),
    }
}

/// Reads a boolean in any of the spellings that LOCI's users have.
pub fn boolean(text: &str) -> Result<bool, Refused> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" | "on" => Ok(true),
        "false" | "no" | "0" | "off" => Ok(false),
        _ => refuse("not a boolean; True, yes, 1 or on, or False, no, 0 or off"),
    }
}

/// A git reference or commit, as git-check-ref-format(1) allows one and never
/// something that git would take for an option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GitRef(String);

impl FromStr for GitRef {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        let forbidden = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
        let bad = text.starts_with(['-', '/'])
            || text.ends_with(['/', '.'])
            || text.contains("..")
            || text.contains("//")
            || text.contains("@{")
            || text.contains(forbidden);
        if bad {
            refuse("not a git reference; a branch, a tag, a commit or refs/changes/NN/N/N")
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

impl GitRef {
    /// The reference as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GitRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Directories at the root whose content is the base image's (hier(7)).
const SYSTEM: [&str; 12] = [
    "bin", "boot", "dev", "etc", "lib", "lib64", "proc", "root", "sbin", "sys", "usr", "var",
];

/// Names that are accounts or directories of every base image or of this program.
const RESERVED: [&str; 7] = [
    "apt",
    "daemon",
    "dpkg",
    "loci-install",
    "openstack",
    "root",
    "systemd",
];

/// An absolute directory inside the image, in its shortest spelling.
pub fn directory(text: &str) -> Result<String, Refused> {
    if !text.starts_with('/') {
        return refuse("not an absolute path");
    }
    if text.split('/').any(|part| part == "..") {
        return refuse("`..` is not allowed in this path");
    }
    if text.contains(['*', '?', '[']) {
        return refuse("`*`, `?` and `[` are not allowed in this path");
    }
    let parts: Vec<&str> = text
        .split('/')
        .filter(|part| !matches!(*part, "" | "."))
        .collect();
    match parts[..] {
        [] => refuse("the root directory itself cannot be used"),
        [top] if SYSTEM.contains(&top) => refuse("a directory of the system itself cannot be used"),
        _ => Ok(format!("/{}", parts.join("/"))),
    }
}

/// An absolute path of a file.
pub fn file(text: &str) -> Result<String, Refused> {
    if text.starts_with('/') {
        Ok(text.to_owned())
    } else {
        refuse("not an absolute path")
    }
}

/// A directory of patches, absolute or below the build inputs.
pub fn patches(text: &str) -> Result<String, Refused> {
    if text.starts_with('/') {
        return directory(text);
    }
    directory(&format!("/{text}")).map(|path| path[1..].to_owned())
}

/// A distribution's `ID`, of a family that is known.
pub fn distribution(text: &str) -> Result<String, Refused> {
    let id = text.to_ascii_lowercase();
    if Family::of(&id).is_some() {
        Ok(id)
    } else {
        refuse(format!(
            "not a distribution that this program knows; {}",
            Family::listed()
        ))
    }
}

/// A version suffix for a requirement: `<81`, `>=24,<26`, `==25.1`.
pub fn version_suffix(text: &str) -> Result<String, Refused> {
    let compact: String = text.split_whitespace().collect();
    let clause = |clause: &str| {
        ["===", "==", "~=", "!=", "<=", ">=", "<", ">"]
            .iter()
            .find_map(|operator| clause.strip_prefix(operator))
            .is_some_and(|version| {
                !version.is_empty()
                    && version
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || ".*+!_-".contains(c))
            })
    };
    if compact.split(',').all(clause) {
        Ok(compact)
    } else {
        refuse("not a version constraint; for example <81 or ==25.1")
    }
}

/// The name of an interpreter as distributions have it: `python3`, `python3.12`.
pub fn python_program(text: &str) -> Result<String, Refused> {
    let minor = text.strip_prefix("python3");
    let is_one = minor.is_some_and(|minor| {
        minor.is_empty()
            || minor.strip_prefix('.').is_some_and(|minor| {
                !minor.is_empty() && minor.chars().all(|digit| digit.is_ascii_digit())
            })
    });
    if is_one {
        Ok(text.to_owned())
    } else {
        refuse("not the name of an interpreter; for example python3 or python3.12")
    }
}

/// Words separated by white space, commas too when `commas` is set; may span lines.
#[must_use]
pub fn words(text: &str, commas: bool) -> Vec<String> {
    text.split(|c: char| c.is_whitespace() || (commas && c == ','))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Distribution packages: names with an architecture, version or release where
/// the user wants one. apt-get(8) takes a hyphen at the end for a removal.
pub fn packages(text: &str) -> Result<Vec<String>, Refused> {
    let list = words(text, false);
    let bad = |word: &&String| {
        !word.starts_with(|c: char| c.is_ascii_alphanumeric())
            || word.ends_with('-')
            || !word
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || ".+_:~/=-".contains(c))
    };
    match list.iter().find(bad) {
        Some(word) => refuse(format!("`{word}` is not the name of a package")),
        None => Ok(list),
    }
}

/// Words with shell-like quoting, never expanded: `'uwsgi; python_version < "3.13"'` is one word.
pub fn shell_words(text: &str) -> Result<Vec<String>, Refused> {
    shlex::split(text).map_or_else(|| refuse("a quote is not closed"), Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_whole_numbers_below_the_reserved_one() {
        assert_eq!("42424".parse(), Ok(Id(42424)));
        assert_eq!("0".parse(), Ok(Id(0)));
        for bad in ["abc", "-1", "+1", "4294967295", "1.5", " 1"] {
            assert!(bad.parse::<Id>().is_err(), "{bad}");
        }
    }

    #[test]
    fn jobs_are_whole_numbers_from_one() {
        assert_eq!(jobs("16").map(NonZeroUsize::get), Ok(16));
        for bad in ["", "0", "-1", "+1", "1.5", "abc"] {
            assert!(jobs(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn booleans_have_many_spellings_and_no_guesses() {
        assert_eq!(boolean("True"), Ok(true));
        assert_eq!(boolean("OFF"), Ok(false));
        assert!(boolean("perhaps").is_err());
    }

    #[test]
    fn a_project_is_an_account_name() {
        assert!("skyline-apiserver".parse::<ProjectName>().is_ok());
        for bad in ["", "Keystone", "../etc", "a b", "-x"] {
            assert!(bad.parse::<ProjectName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_reference_is_never_an_option() {
        for good in [
            "master",
            "stable/2026.1",
            "refs/changes/45/12345/6",
            "30.0.0.0rc1",
        ] {
            assert!(good.parse::<GitRef>().is_ok(), "{good}");
        }
        for bad in ["--upload-pack=x", "a..b", "a b", "HEAD@{1}", "x:y"] {
            assert!(bad.parse::<GitRef>().is_err(), "{bad}");
        }
    }

    #[test]
    fn markers_survive_quoting() {
        assert_eq!(
            shell_words("pymysql 'uwsgi; python_version < \"3.13\"'"),
            Ok(vec![
                "pymysql".to_owned(),
                "uwsgi; python_version < \"3.13\"".to_owned()
            ])
        );
        assert!(shell_words("'open").is_err());
    }

    #[test]
    fn directories_are_absolute_and_nobody_elses() {
        assert_eq!(directory("//srv/./wheels/"), Ok("/srv/wheels".to_owned()));
        for bad in ["", "wheels", "/", "/.", "/usr/", "/srv/../etc", "/a*"] {
            assert!(directory(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn packages_are_names_and_no_options() {
        for good in [
            "git",
            "g++",
            "git=1:2.47-1",
            "git:amd64",
            "git/trixie-backports",
        ] {
            assert!(packages(good).is_ok(), "{good}");
        }
        for bad in ["passwd-", "-oDebug::x=1", "a;b"] {
            assert!(packages(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn suffixes_are_pep_440_specifiers() {
        assert_eq!(version_suffix(">=24, <26"), Ok(">=24,<26".to_owned()));
        for bad in ["81", "<", "<81;", "=1", "/etc/constraints"] {
            assert!(version_suffix(bad).is_err(), "{bad}");
        }
    }
}
