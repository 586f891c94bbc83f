//! The bindep language: which distribution packages a project needs.
//!
//! A [`File`] is a list of [`Rule`]s, one a line: a package name, a
//! [`Selector`] that says for which profiles and platforms it is meant, and
//! [`Constraint`]s on the installed version. A [`Distribution`] gives the
//! platform's [`Atoms`]; together with the user's profiles they are the
//! [`Active`] names, which select the rules that count here.
//!
//! ```
//! use loci_install::bindep::{Active, Distribution, File};
//!
//! let file = File::parse("git\nlibpq-dev [platform:dpkg db]\nlibpq-devel [platform:rpm db]\n").unwrap();
//! let atoms = Distribution::named("ubuntu-noble").unwrap().atoms();
//! let active = Active::new(["db"], &atoms);
//! let names: Vec<_> = file.active(&active).map(|rule| rule.name.as_str()).collect();
//! assert_eq!(names, ["git", "libpq-dev"]);
//! ```
//!
//! This is a library of its own: it knows no other module of this crate and
//! touches the machine only through [`command::Surroundings`]. The language
//! is that of [bindep](https://docs.opendev.org/opendev/bindep/latest/) 2.14;
//! `docs/bindep.md` says where this evaluator differs on purpose.

pub mod check;
pub mod command;
mod constraint;
mod cursor;
mod error;
pub mod installed;
mod parser;
mod platform;
mod selector;
mod target;
mod version;
mod warning;

use std::collections::BTreeSet;

pub use constraint::{Constraint, Operator};
pub use error::{SyntaxError, render};
pub use platform::{Atoms, Backend, Distribution, PLATFORM};
pub use selector::{Active, DEFAULT_PROFILE, Item, Selector, Term};
pub use target::UnknownPlatform;
pub use version::{InvalidVersion, Version};
pub use warning::Warning;

/// The rules of one file, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct File {
    rules: Vec<Rule>,
}

/// One line: a package and when it is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// As the package manager, or pip for a pydep file, knows it.
    pub name: String,
    /// When it is wanted.
    pub selector: Selector,
    /// What its installed version must satisfy; says nothing about selection.
    pub constraints: Vec<Constraint>,
    /// 1-based.
    pub line: usize,
}

impl File {
    /// Reads the text of a file, or reports all of its bad lines.
    ///
    /// Lines end in LF. A reader of files translates other line ends first,
    /// see [`universal_newlines`].
    pub fn parse(text: &str) -> Result<Self, Vec<SyntaxError>> {
        parser::parse(text).map(|rules| Self { rules })
    }

    /// All rules, in the order of the file.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rules that `active` selects, in the order of the file, duplicates
    /// kept.
    pub fn active<'a>(&'a self, active: &'a Active) -> impl Iterator<Item = &'a Rule> {
        let rules = self.rules.iter();
        rules.filter(|rule| rule.selector.is_active(active))
    }

    /// Every profile the file mentions, group members included: the names a
    /// user may sensibly ask for. Platform atoms are left out.
    #[must_use]
    pub fn profiles(&self) -> BTreeSet<&str> {
        let terms = self.rules.iter().flat_map(|rule| rule.selector.terms());
        terms
            .map(|term| term.name.as_str())
            .filter(|name| !name.starts_with(PLATFORM))
            .collect()
    }

    /// What `--profiles` lists as configuration profiles: the names of every
    /// user part, in which a group may hold platform atoms too.
    #[must_use]
    pub fn user_profiles(&self) -> BTreeSet<&str> {
        let rules = self.rules.iter();
        rules
            .flat_map(|rule| rule.selector.user_profiles())
            .collect()
    }

    /// Selectors that can never match, on any distribution.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        warning::warnings(&self.rules)
    }
}

/// `text` with every CRLF and every lone CR made an LF, as the reference reads
/// files (but not its standard input).
#[must_use]
pub fn universal_newlines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn selects_in_file_order_and_keeps_duplicates() {
        let file = File::parse("zlib\nacl [x]\ngit [y]\nzlib >=9\n").unwrap();
        let active = Active::exactly(["x"]);
        let names: Vec<_> = file.active(&active).map(|rule| &rule.name[..]).collect();
        assert_eq!(names, ["zlib", "acl", "zlib"]);
    }

    #[test]
    fn mentions_profiles_wherever_they_stand() {
        let file = File::parse("aa [x !y (z platform:rpm) platform:dpkg]\n").unwrap();
        assert_eq!(file.profiles(), BTreeSet::from(["x", "y", "z"]));
        assert_eq!(
            file.user_profiles(),
            BTreeSet::from(["platform:rpm", "x", "y", "z"])
        );
    }

    /// `benches/bindep.rs` has the figure; this notices a loss of orders of
    /// magnitude, unoptimized and on a busy machine too.
    #[test]
    fn a_large_file_takes_no_time() {
        let line = "some-package [platform:dpkg (nova libvirt) !slim] >=1:2.3-4,<3 # why\n";
        let text = line.repeat(120);
        let active = Active::exactly(["platform:dpkg", "nova", "libvirt"]);
        let mut times = [0; 11].map(|_| {
            let start = std::time::Instant::now();
            assert_eq!(File::parse(&text).unwrap().active(&active).count(), 120);
            start.elapsed()
        });
        times.sort_unstable();
        assert!(times[5].as_millis() < 50, "{times:?}");
    }

    #[test]
    fn line_ends_are_translated_on_request() {
        assert!(File::parse("aa\r\n").is_err());
        assert_eq!(universal_newlines("aa\r\n\rbb\r"), "aa\n\nbb\n");
    }
}
