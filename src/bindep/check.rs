//! Whether what the rules want is installed.

use std::fmt::Write;

use super::Rule;
use super::installed::Versions;

/// What is wanted and not there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Sorted by code point, each name once.
    pub missing: Vec<String>,
    /// In the order of the rules and of the constraints in each.
    pub bad_versions: Vec<BadVersion>,
}

/// An installed version that does not satisfy a constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadVersion {
    /// The package.
    pub name: String,
    /// Its version.
    pub installed: String,
    /// `>=1.2`
    pub constraint: String,
    /// Why the two cannot be compared, if they cannot.
    pub reason: Option<String>,
}

impl Report {
    /// Compares the active `rules` with the `installed` versions.
    pub fn new<'a>(rules: impl IntoIterator<Item = &'a Rule>, installed: &Versions) -> Self {
        let mut report = Self::default();
        for rule in rules {
            match installed
                .get(&rule.name)
                .filter(|version| !version.is_empty())
            {
                None => report.missing.push(rule.name.clone()),
                Some(version) => report.bad_versions.extend(bad_versions(rule, version)),
            }
        }
        report.missing.sort_unstable();
        report.missing.dedup();
        report
    }

    /// Whether nothing is missing and no version is bad.
    #[must_use]
    pub fn is_satisfied(&self) -> bool {
        self.missing.is_empty() && self.bad_versions.is_empty()
    }

    /// The missing names, one a line; bad versions are not told.
    #[must_use]
    pub fn brief(&self) -> String {
        let lines = self.missing.iter().flat_map(|name| [name, "\n"]);
        lines.collect()
    }

    /// Everything, in words.
    #[must_use]
    pub fn verbose(&self) -> String {
        let mut text = String::new();
        if !self.missing.is_empty() {
            text = format!("Missing packages:\n    {}\n", self.missing.join(" "));
        }
        if !self.bad_versions.is_empty() {
            text.push_str("Bad versions of installed packages:\n");
        }
        for bad in &self.bad_versions {
            let BadVersion {
                name,
                installed,
                constraint,
                reason,
            } = bad;
            let reason = reason.as_ref().map(|reason| format!(" ({reason})"));
            let reason = reason.unwrap_or_default();
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "    {name} version {installed} does not match {constraint}{reason}"
            );
        }
        text
    }
}

fn bad_versions(rule: &Rule, installed: &str) -> impl Iterator<Item = BadVersion> {
    rule.constraints.iter().filter_map(move |constraint| {
        let reason = match constraint.admits(installed) {
            Ok(true) => return None,
            Ok(false) => None,
            Err(error) => Some(format!("{installed} is {error}")),
        };
        Some(BadVersion {
            name: rule.name.clone(),
            installed: installed.to_owned(),
            constraint: constraint.to_string(),
            reason,
        })
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::File;
    use super::*;

    fn report(text: &str, installed: &[(&str, &str)]) -> Report {
        let owned = |(name, version): &(&str, &str)| ((*name).to_owned(), (*version).to_owned());
        let file = File::parse(text).unwrap();
        Report::new(file.rules(), &installed.iter().map(owned).collect())
    }

    #[test]
    fn all_there_is_silence() {
        let report = report("git >=2,<3\ncurl\n", &[("git", "2.4"), ("curl", "8")]);
        assert!(report.is_satisfied());
        assert_eq!(report.verbose(), "");
    }

    #[test]
    fn tells_what_is_missing_and_what_is_bad() {
        let report = report(
            "zsh\nbash >=6,==5\nacl\nzsh\nfoo >=1\nfoo >=1\n",
            &[("bash", "5.2"), ("foo", "0.9-1.el9_4")],
        );
        assert!(!report.is_satisfied());
        assert_eq!(report.brief(), "acl\nzsh\n");
        assert_eq!(
            report.verbose(),
            "Missing packages:\n    acl zsh\n\
             Bad versions of installed packages:\n\
             \x20   bash version 5.2 does not match >=6\n\
             \x20   bash version 5.2 does not match ==5\n\
             \x20   foo version 0.9-1.el9_4 does not match >=1 (0.9-1.el9_4 is not a Debian version)\n\
             \x20   foo version 0.9-1.el9_4 does not match >=1 (0.9-1.el9_4 is not a Debian version)\n"
        );
    }
}
