//! Names of distributions.

use std::fmt;

/// A distribution's name, normalised: names compare as Python says and never as text.
///
/// <https://packaging.python.org/en/latest/specifications/name-normalization/> (PEP 503)
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// Normalises a name: lower case, and one hyphen for every run of `-`, `_` and `.`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut name = String::with_capacity(text.len());
        let mut separated = false;
        for c in text.trim().chars() {
            if matches!(c, '-' | '_' | '.') {
                separated = !name.is_empty();
            } else {
                if separated {
                    name.push('-');
                    separated = false;
                }
                name.push(c.to_ascii_lowercase());
            }
        }
        Self(name)
    }

    /// The name at the start of a requirement (PEP 508), or none when it has no name (a path or URL).
    #[must_use]
    pub fn of_requirement(requirement: &str) -> Option<Self> {
        let text = requirement.trim_start();
        let end = text
            .find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)))
            .unwrap_or(text.len());
        let rest = text[end..].trim_start();
        let starts = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        // `git+https://...`, `/path` and `./path` are no names.
        (starts && !rest.starts_with(['/', ':', '+'])).then(|| Self::new(&text[..end]))
    }

    /// The normalised name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_python_takes_for_equal_are() {
        for spelling in ["oslo.config", "oslo_config", "Oslo-Config", "oslo.-_config"] {
            assert_eq!(Name::new(spelling).as_str(), "oslo-config");
        }
        assert_ne!(Name::new("osloXconfig"), Name::new("oslo.config"));
        assert_ne!(Name::new("types-setuptools"), Name::new("setuptools"));
    }

    #[test]
    fn a_requirement_starts_with_its_name_unless_it_is_a_place() {
        let name = |text| Name::of_requirement(text).map(|name| name.as_str().to_owned());
        assert_eq!(name("PyMySQL>=1.0").as_deref(), Some("pymysql"));
        assert_eq!(name("keystone[ldap]===30.0.0").as_deref(), Some("keystone"));
        assert_eq!(
            name("uwsgi ; python_version < '3.13'").as_deref(),
            Some("uwsgi")
        );
        assert_eq!(name("name @ https://host/x").as_deref(), Some("name"));
        assert_eq!(name("git+https://host/x"), None);
        assert_eq!(name("/tmp/x"), None);
        assert_eq!(name("file:///x"), None);
    }
}
