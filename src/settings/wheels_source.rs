//! `WHEELS`: where wheels are fetched from.

use std::fmt;
use std::str::FromStr;

use url::Url;

use super::values::Refused;
use crate::wheels::registry::{Protocol, Reference};

/// How registries, and servers of tarballs, are talked to.
#[derive(Debug, Clone, Default)]
pub struct RegistrySettings {
    /// By https or by http; of registries.
    pub protocol: Protocol,
    /// Any certificate will do.
    pub insecure: bool,
    /// A bundle of authorities beside the system's.
    pub authorities: Option<String>,
    /// A file of logins as docker and podman write it.
    pub logins: Option<String>,
}

/// A source of wheels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WheelsSource {
    /// A tarball, an OCI layout or a directory of wheels on this machine.
    Path(String),
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
            Ok(Self::Path(text.to_owned()))
        } else if text.starts_with("http://") || text.starts_with("https://") {
            Ok(Self::Url(text.to_owned()))
        } else if text.contains("://") {
            Err(Refused(format!(
                "`{text}` is no source of wheels; an absolute path, an http(s) URL or an image reference"
            )))
        } else {
            text.parse().map(Self::Image).map_err(|why: String| {
                Refused(format!(
                    "`{text}` is neither an absolute path nor an http(s) URL, and no image: {why}"
                ))
            })
        }
    }
}

impl WheelsSource {
    /// The source as it may be remembered: without what only the build may know.
    #[must_use]
    pub fn without_credentials(&self) -> String {
        let Self::Url(text) = self else {
            return self.to_string();
        };
        let Ok(mut url) = Url::parse(text) else {
            return String::new();
        };
        let _ = url.set_username("");
        let _ = url.set_password(None);
        // Signed addresses have them here.
        url.set_query(None);
        url.into()
    }

    /// Whether it comes from a server that may talk TLS.
    #[must_use]
    pub fn needs_trust(&self, settings: &RegistrySettings) -> bool {
        match self {
            Self::Path(_) => false,
            _ if settings.insecure => false,
            Self::Url(url) => url.starts_with("https:"),
            Self::Image(_) => settings.protocol != Protocol::Http,
        }
    }
}

impl fmt::Display for WheelsSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(text) | Self::Url(text) => formatter.write_str(text),
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
            Ok(WheelsSource::Path("/w.tar.gz".into()))
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

    #[test]
    fn credentials_are_not_remembered() {
        for (text, remembered) in [
            (
                "https://u:p@h/w.tar?sig=s#sha256=0",
                "https://h/w.tar#sha256=0",
            ),
            ("https://h/w.tar", "https://h/w.tar"),
            ("/w.tar", "/w.tar"),
            ("h/x", "docker.io/h/x"),
        ] {
            let source: WheelsSource = text.parse().expect("a source");
            assert_eq!(source.without_credentials(), remembered);
        }
    }
}
