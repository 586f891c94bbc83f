//! `WHEELS`: where wheels are fetched from.

use std::fmt;
use std::str::FromStr;

use super::values::Refused;
use crate::wheels::registry::Reference;

/// A source of wheels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WheelsSource {
    /// A tarball on this machine: plain, gzip or zstd.
    Tarball(String),
    /// A tarball behind a URL.
    Url(String),
    /// An image in a registry. A file called `http-wheels` is one of these and no URL.
    Image(Reference),
}

impl FromStr for WheelsSource {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        let text = text.trim();
        if text.starts_with('/') {
            Ok(Self::Tarball(text.to_owned()))
        } else if text.starts_with("http://") || text.starts_with("https://") {
            Ok(Self::Url(text.to_owned()))
        } else if text.contains("://") || text.contains(char::is_whitespace) {
            Err(Refused(
                "not a source of wheels; a tarball's absolute path, an http(s) URL or an image reference".to_owned(),
            ))
        } else {
            text.parse().map(Self::Image).map_err(|why: String| {
                Refused(format!(
                    "neither a tarball's absolute path nor an http(s) URL, and no image: {why}"
                ))
            })
        }
    }
}

impl fmt::Display for WheelsSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tarball(text) | Self::Url(text) => formatter.write_str(text),
            Self::Image(reference) => reference.fmt(formatter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_kinds_are_told_apart() {
        assert_eq!(
            "/w.tar.gz".parse(),
            Ok(WheelsSource::Tarball("/w.tar.gz".into()))
        );
        assert_eq!(
            "https://h/w.tar".parse(),
            Ok(WheelsSource::Url("https://h/w.tar".into()))
        );
        assert_eq!(
            "http-wheels".parse(),
            Ok(WheelsSource::Image(
                "docker.io/library/http-wheels"
                    .parse()
                    .expect("a reference")
            ))
        );
        assert_eq!(
            "localhost:5000/loci/requirements:master".parse(),
            Ok(WheelsSource::Image(
                "localhost:5000/loci/requirements:master"
                    .parse()
                    .expect("a reference")
            ))
        );
        assert!("ftp://h/w.tar".parse::<WheelsSource>().is_err());
        let Refused(why) = "r.example/X".parse::<WheelsSource>().expect_err("refused");
        assert!(why.contains("\"X\" is no image's name"), "{why}");
    }
}
