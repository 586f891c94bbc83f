//! Package URLs, which tell components apart across tools
//! (<https://github.com/package-url/purl-spec>).

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but what the specification leaves as it is ("Character encoding"): in a segment
/// and in a version.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':');

/// A package URL of a distribution's package, of one of Python's, or of nobody's.
#[derive(Debug, Clone, Default)]
pub struct Purl<'a> {
    /// `deb`, `rpm`, `pypi`, `generic`.
    pub kind: &'a str,
    /// The distribution.
    pub namespace: Option<&'a str>,
    /// As the kind wants it.
    pub name: &'a str,
    /// As the kind wants it; without one when it is empty.
    pub version: &'a str,
    /// Sorted by their keys; what is empty is left out.
    pub qualifiers: &'a [(&'a str, &'a str)],
}

impl fmt::Display for Purl<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = |text| utf8_percent_encode(text, ENCODED);
        write!(formatter, "pkg:{}/", self.kind)?;
        if let Some(namespace) = self.namespace {
            write!(formatter, "{}/", encoded(namespace))?;
        }
        write!(formatter, "{}", encoded(self.name))?;
        if !self.version.is_empty() {
            write!(formatter, "@{}", encoded(self.version))?;
        }
        let given = self
            .qualifiers
            .iter()
            .filter(|(_, value)| !value.is_empty());
        for (number, (key, value)) in given.enumerate() {
            let separator = if number == 0 { '?' } else { '&' };
            write!(formatter, "{separator}{key}={}", encoded(value))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_specification_leaves_alone_is_left_alone() {
        let purl = Purl {
            kind: "deb",
            namespace: Some("debian"),
            name: "libstdc++6",
            version: "1:14.2.0-19~x+b1",
            qualifiers: &[
                ("arch", "amd64"),
                ("distro", "debian-13"),
                ("epoch", ""),
                ("upstream", "gcc-14@1:14"),
            ],
        };
        assert_eq!(
            purl.to_string(),
            "pkg:deb/debian/libstdc%2B%2B6@1:14.2.0-19~x%2Bb1?arch=amd64&distro=debian-13&upstream=gcc-14%401:14"
        );
    }

    #[test]
    fn what_is_not_there_is_left_out() {
        let purl = Purl {
            kind: "pypi",
            name: "six",
            ..Purl::default()
        };
        assert_eq!(purl.to_string(), "pkg:pypi/six");
    }
}
