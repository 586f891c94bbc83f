//! Which distribution this is, from
//! [os-release(5)](https://www.freedesktop.org/software/systemd/man/latest/os-release.html).
//!
//! The fields are read as Python's `distro` reads them, on which bindep's
//! platform atoms stand. Unlike it this looks at no `/etc/*-release` and runs
//! no `lsb_release`: what they would add differs from image to image.

use std::collections::BTreeMap;
use std::io;

use regex::Regex;

use crate::bindep::Distribution;
use crate::root::Root;

/// Where os-release is, the better place first.
pub const PATHS: [&str; 2] = ["/etc/os-release", "/usr/lib/os-release"];

/// The fields of an os-release file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OsRelease {
    /// By names in lower case: shells would tell `ID` from `id`, the reference does not.
    fields: BTreeMap<String, String>,
}

/// What the fields say about the distribution.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// What bindep derives its platform atoms from.
    pub distribution: Distribution,
    /// `ID` as the file has it: Oracle Linux is `ol` here and `oracle` in
    /// [`Self::distribution`].
    pub raw_id: String,
    /// The words of `ID_LIKE`: closest relatives first.
    pub id_like: Vec<String>,
    /// `PRETTY_NAME`, for people; may be empty.
    pub pretty_name: String,
    /// The first line of `/etc/debian_version`; empty without one.
    pub debian_version: String,
    /// Everything that the file says.
    pub fields: OsRelease,
}

/// The distribution cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No os-release file.
    #[error(
        "cannot tell which distribution this is: neither {} nor {} is there; {ADVICE}",
        PATHS[0],
        PATHS[1]
    )]
    Missing,
    /// The file or `/etc/debian_version` cannot be read.
    #[error("cannot tell which distribution this is: cannot read {path}: {source}; {ADVICE}")]
    Read {
        /// Inside the image.
        path: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The file is malformed.
    #[error("cannot tell which distribution this is: {path}:{}: {}; {ADVICE}", source.line, source.problem)]
    Syntax {
        /// Inside the image.
        path: &'static str,
        /// Where and what.
        source: SyntaxError,
    },
    /// The file has no `ID`.
    #[error("cannot tell which distribution this is: {path} has no ID; {ADVICE}")]
    NoId {
        /// Inside the image.
        path: &'static str,
    },
}

/// `DISTRO` alone would not do: its version would then be looked for in the same file.
const ADVICE: &str = "repair the file in the base image, or set DISTRO and DISTRO_VERSION, \
     as in DISTRO=ubuntu DISTRO_VERSION=24.04";

/// A quotation or an escape that does not end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct SyntaxError {
    /// 1-based: where it begins.
    pub line: usize,
    /// In words.
    pub problem: &'static str,
}

/// Reads the identity of the distribution under `root`.
pub fn load(root: &Root) -> Result<Identity, Error> {
    let path = PATHS
        .into_iter()
        .find(|path| root.is_file(path))
        .ok_or(Error::Missing)?;
    let text = root
        .read(path)
        .map_err(|source| Error::Read { path, source })?;
    let os_release = parse(&text).map_err(|source| Error::Syntax { path, source })?;
    let debian_version = match root.read(DEBIAN_VERSION) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            let path = DEBIAN_VERSION;
            return Err(Error::Read {
                path,
                source: error,
            });
        }
        text => text.unwrap_or_default(),
    };
    os_release
        .identity(&debian_version)
        .ok_or(Error::NoId { path })
}

const DEBIAN_VERSION: &str = "/etc/debian_version";

/// Reads the text of an os-release file: words of a shell, of which those with
/// a `=` are assignments. The last assignment to a name counts.
///
/// As in Python's `shlex`, nothing is expanded, and a `#` begins a comment
/// even within a word.
pub fn parse(text: &str) -> Result<OsRelease, SyntaxError> {
    let mut fields = BTreeMap::new();
    for word in words(&text.replace("\r\n", "\n").replace('\r', "\n"))? {
        if let Some((name, value)) = word.split_once('=') {
            fields.insert(name.to_lowercase(), value.to_owned());
        }
    }
    Ok(OsRelease { fields })
}

impl OsRelease {
    /// The field called `name` in any case; empty when there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.field(name).unwrap_or_default()
    }

    /// Who this is, or nothing without an `ID`. `debian_version` is the text
    /// of `/etc/debian_version`, the last resort of Debian's relatives.
    #[must_use]
    pub fn identity(&self, debian_version: &str) -> Option<Identity> {
        let id = self.get("id").to_lowercase().replace(' ', "_");
        if id.is_empty() {
            return None;
        }
        let id_like: Vec<String> = self
            .get("id_like")
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        let is_debian = id == "debian" || id_like.iter().any(|like| like == "debian");
        // A space would end the name of a selector.
        let line = debian_version.lines().next().unwrap_or_default();
        let debian_version = line.split_whitespace().next().unwrap_or_default();
        let versions = [
            self.get("version_id").to_owned(),
            number_in(self.get("pretty_name")),
            if is_debian {
                debian_version.to_owned()
            } else {
                String::new()
            },
        ];
        let renamed = RENAMED.iter().find(|(from, _)| *from == id);
        Some(Identity {
            distribution: Distribution {
                id: renamed.map_or(id, |(_, to)| (*to).to_owned()),
                version: versions
                    .into_iter()
                    .find(|version| !version.is_empty())
                    .unwrap_or_default(),
                codename: self.codename(),
                name: self.get("name").to_owned(),
            },
            raw_id: self.get("id").to_owned(),
            id_like,
            pretty_name: self.get("pretty_name").to_owned(),
            debian_version: debian_version.to_owned(),
            fields: self.clone(),
        })
    }

    /// A `VERSION_CODENAME` that is there counts even when it is empty: that is
    /// how a distribution says that it has none. The plain `CODENAME` is in no
    /// standard, but the reference would take it.
    fn codename(&self) -> String {
        let stated = ["version_codename", "ubuntu_codename"];
        let stated = stated.into_iter().find_map(|name| self.field(name));
        stated
            .map(str::to_owned)
            .or_else(|| codename_in(self.get("version")))
            .unwrap_or_else(|| self.get("codename").to_owned())
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(&name.to_lowercase()).map(String::as_str)
    }
}

/// What `distro` calls the distributions whose ID is not their common name.
const RENAMED: &[(&str, &str)] = &[("ol", "oracle"), ("opensuse-leap", "opensuse")];

/// `Blue Onyx` in `9.5 (Blue Onyx)`, `Trusty Tahr` in `14.04 LTS, Trusty Tahr`.
fn codename_in(version: &str) -> Option<String> {
    let captures = compile(r"\((\D+)\)|,\s*(\D+)").captures(version)?;
    let found = captures.get(1).or(captures.get(2))?;
    Some(found.as_str().to_owned())
}

/// `12.1` in `Example 12.1 (Name)`. The pattern is that of `distro` for the
/// first line of `/etc/*-release` and reads backwards, as there the end is
/// more regular than the beginning.
fn number_in(pretty_name: &str) -> String {
    let backwards: String = pretty_name.trim().chars().rev().collect();
    let pattern = compile(r"^(?:[^)]*\).*\()? *(?:STL )?([\d.+\-a-z]*\d) *(?:esaeler *)?.+");
    let captures = pattern.captures(&backwards);
    captures.map_or_else(String::new, |captures| captures[1].chars().rev().collect())
}

fn compile(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is a constant")
}

/// The words of `text` by the rules of Python's `shlex` in its POSIX mode,
/// split at white space only.
fn words(text: &str) -> Result<Vec<String>, SyntaxError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = Characters {
        rest: text.chars(),
        line: 1,
    };
    while let Some(c) = characters.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '#' => {
                words.extend(word.take());
                characters.find(|&c| c == '\n');
            }
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                characters.quoted(c, word)?;
            }
            '\\' => word.get_or_insert_default().push(characters.escaped()?),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

struct Characters<'a> {
    rest: std::str::Chars<'a>,
    line: usize,
}

impl Iterator for Characters<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        self.line += usize::from(c == '\n');
        Some(c)
    }
}

impl Characters<'_> {
    /// What follows a backslash outside quotes: always itself, and a line end too.
    fn escaped(&mut self) -> Result<char, SyntaxError> {
        let line = self.line;
        self.next().ok_or(SyntaxError {
            line,
            problem: "the file ends in a backslash",
        })
    }

    /// Appends to `word` up to the closing `quote`. Within double quotes a
    /// backslash escapes them and itself, and is kept before all else.
    fn quoted(&mut self, quote: char, word: &mut String) -> Result<(), SyntaxError> {
        let open = SyntaxError {
            line: self.line,
            problem: "the quotation that begins here does not end",
        };
        loop {
            match self.next().ok_or_else(|| open.clone())? {
                c if c == quote => return Ok(()),
                '\\' if quote == '"' => {
                    let c = self.next().ok_or_else(|| open.clone())?;
                    if c != '"' && c != '\\' {
                        word.push('\\');
                    }
                    word.push(c);
                }
                c => word.push(c),
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    fn identity(text: &str) -> Identity {
        parse(text).unwrap().identity("").unwrap()
    }

    #[test]
    fn words_are_those_of_a_shell() {
        for (text, name, value) in [
            ("A=b", "a", "b"),
            ("A=\"b c\"", "A", "b c"),
            ("A='b \\ \"c'", "a", "b \\ \"c"),
            ("A=\"\\\"b\\\\ \\$c\"", "a", "\"b\\ \\$c"),
            ("A=b\\ c", "a", "b c"),
            ("A=b#c", "a", "b"),
            ("A=1\nA=2 # A=3\n#A=4", "a", "2"),
            ("A=b'c'\"d\"", "a", "bcd"),
            ("export A=b", "a", "b"),
            ("A=$HOME", "a", "$HOME"),
            ("A=b=c", "a", "b=c"),
            ("A=\"b\nc\"", "a", "b\nc"),
            ("A=b\r\nB=c\r\n", "a", "b"),
            ("=x", "", "x"),
            ("A=", "a", ""),
            ("nothing", "a", ""),
        ] {
            assert_eq!(parse(text).unwrap().get(name), value, "{text:?}");
        }
    }

    #[test]
    fn what_does_not_end_is_told_by_its_line() {
        for (text, line) in [
            ("\"", 1),
            ("A=b\nB='c\nd", 2),
            ("A=b\n\n\\", 3),
            ("A=\"b\\", 1),
        ] {
            assert_eq!(parse(text).unwrap_err().line, line, "{text:?}");
        }
    }

    #[test]
    fn the_codename_has_four_sources() {
        for (text, codename) in [
            (
                "VERSION_CODENAME=noble\nVERSION='24.04 (Noble Numbat)'",
                "noble",
            ),
            (
                "VERSION_CODENAME=\nVERSION='9 (Name)'\nUBUNTU_CODENAME=x",
                "",
            ),
            ("UBUNTU_CODENAME=jammy\nVERSION='21 (Vanessa)'", "jammy"),
            ("VERSION='9.5 (Blue Onyx)'", "Blue Onyx"),
            ("VERSION='14.04.6 LTS, Trusty Tahr'", "Trusty Tahr"),
            ("VERSION='15-SP6'", ""),
            ("CODENAME=plain\nVERSION='15-SP6'", "plain"),
            ("VERSION='10 (build 7)'", ""),
        ] {
            assert_eq!(
                identity(&format!("ID=x\n{text}")).distribution.codename,
                codename,
                "{text}"
            );
        }
    }

    #[test]
    fn the_version_has_three_sources() {
        let version = |text: &str, debian_version: &str| {
            let identity = parse(text).unwrap().identity(debian_version).unwrap();
            identity.distribution.version
        };
        assert_eq!(version("ID=debian\nVERSION_ID=12", "12.11\n"), "12");
        assert_eq!(version("ID=debian", "trixie/sid\n"), "trixie/sid");
        assert_eq!(version("ID=debian", "13.1\u{b}1\n"), "13.1");
        assert_eq!(version("ID=x\nID_LIKE='ubuntu debian'", "13.0\n"), "13.0");
        assert_eq!(version("ID=arch", "13.0\n"), "");
        assert_eq!(
            version("ID=x\nPRETTY_NAME='Example Linux 4.2 (Name)'", ""),
            "4.2"
        );
        assert_eq!(
            version("ID=x\nPRETTY_NAME='Example 14.04 LTS'", ""),
            "14.04"
        );
        assert_eq!(version("ID=x\nPRETTY_NAME='Example'", ""), "");
    }

    #[test]
    fn two_distributions_go_by_another_name() {
        let oracle =
            identity("ID=ol\nID_LIKE=fedora\nNAME='Oracle Linux Server'\nPRETTY_NAME='Oracle 9.5'");
        assert_eq!(
            (&oracle.distribution.id[..], &oracle.raw_id[..]),
            ("oracle", "ol")
        );
        assert_eq!(oracle.id_like, ["fedora"]);
        assert_eq!(oracle.pretty_name, "Oracle 9.5");
        assert_eq!(identity("ID='opensuse-leap'").distribution.id, "opensuse");
        assert_eq!(identity("ID='Two Words'").distribution.id, "two_words");
    }

    fn root(files: &[(&str, &str)]) -> (tempfile::TempDir, Root) {
        let directory = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let root = Root::new(directory.path());
        (directory, root)
    }

    #[test]
    fn etc_comes_before_usr_lib() {
        let (_guard, both) = root(&[("etc/os-release", "ID=a"), ("usr/lib/os-release", "ID=b")]);
        assert_eq!(load(&both).unwrap().raw_id, "a");
        let (_guard, one) = root(&[
            ("usr/lib/os-release", "ID=debian"),
            ("etc/debian_version", "14.1\n"),
        ]);
        assert_eq!(load(&one).unwrap().distribution.version, "14.1");
    }

    #[test]
    fn a_failure_names_the_path_and_the_way_out() {
        let (_guard, empty) = root(&[]);
        assert_eq!(
            load(&empty).unwrap_err().to_string(),
            "cannot tell which distribution this is: neither /etc/os-release nor /usr/lib/os-release is there; \
             repair the file in the base image, or set DISTRO and DISTRO_VERSION, \
             as in DISTRO=ubuntu DISTRO_VERSION=24.04"
        );
        let (_guard, quote) = root(&[("etc/os-release", "NAME=x\nID=\"")]);
        assert_eq!(
            load(&quote).unwrap_err().to_string(),
            "cannot tell which distribution this is: /etc/os-release:2: the quotation that begins here \
             does not end; repair the file in the base image, or set DISTRO and DISTRO_VERSION, \
             as in DISTRO=ubuntu DISTRO_VERSION=24.04"
        );
        let (_guard, no_id) = root(&[("usr/lib/os-release", "NAME=x")]);
        let text = load(&no_id).unwrap_err().to_string();
        assert!(text.contains("/usr/lib/os-release has no ID; "), "{text}");
    }

    proptest! {
        #[test]
        fn never_panics(text in "[A-D=\"'\\\\# \\n\\r1]{0,30}|\\PC*") {
            if let Ok(os_release) = parse(&text) {
                let _ = os_release.identity(&text);
            }
        }
    }
}
