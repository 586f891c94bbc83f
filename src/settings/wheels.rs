//! `WHEELS` and the arguments beside it: where wheels are, and where they are fetched from.

use std::fmt;
use std::str::FromStr;

use url::Url;

use super::reader::Reader;
use super::values::Refused;
use super::{Given, SettingError};
use crate::root::Root;
use crate::wheels::Digest;
use crate::wheels::registry::{Protocol, Reference};

/// Where wheels come from.
#[derive(Debug, Clone)]
pub struct WheelsSettings {
    /// What is fetched, the first one first; the mounted directory when none.
    pub sources: Vec<WheelsSource>,
    /// What is mounted, as far as it is known.
    pub mounted: Option<WheelsSource>,
    /// How servers of those are talked to.
    pub registry: RegistrySettings,
    /// The mounted directory.
    pub path: String,
    /// Where fetched wheels go.
    pub destination: String,
    /// The set of wheels is complete: a project's build asks no index, and a
    /// release's build leaves nothing out.
    pub complete: bool,
}

impl WheelsSettings {
    /// The directory that holds the wheels once the step `wheels` is done.
    #[must_use]
    pub fn directory(&self) -> &str {
        if self.sources.is_empty() {
            &self.path
        } else {
            &self.destination
        }
    }

    /// Notes that the one image that `WHEELS` names is mounted: its builder has fetched
    /// it, as the stock Dockerfile tells it to. Whatever is mounted is meant, and is told
    /// when it is wrong: another image of the same name may be anybody's.
    pub fn use_mounted(&mut self, root: &Root) {
        if let [WheelsSource::Image(_)] = self.sources[..]
            && root.is_mounted(&self.path)
            && !root.is_empty(&self.path)
        {
            self.mounted = self.sources.pop();
        }
    }

    /// Parses what `fetch-wheels` needs; `WHEELS_PATH` is a name of the destination, too.
    ///
    /// # Errors
    /// Every wrong value at once.
    pub fn parse(given: &Given) -> Result<Self, Vec<SettingError>> {
        let mut read = Reader {
            given,
            errors: Vec::new(),
        };
        let mut settings = read.wheels();
        if given.get("WHEELS").is_none() {
            read.refuse("WHEELS", "required; what is to be fetched");
        }
        if given.get("WHEELS_DEST").is_none() {
            settings.destination.clone_from(&settings.path);
        }
        if read.errors.is_empty() {
            Ok(settings)
        } else {
            Err(read.errors)
        }
    }
}

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
    /// A tarball behind a URL, of this digest where its fragment has one:
    /// `#sha256=...`, as pip reads it
    /// (<https://packaging.python.org/en/latest/specifications/simple-repository-api/>).
    Url(Url, Option<Digest>),
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
            let refused = |why: String| Refused(format!("`{text}` is no URL of wheels: {why}"));
            let url = Url::parse(text).map_err(|error| refused(error.to_string()))?;
            let digest = url.fragment().map(|fragment| {
                let digest = fragment.to_ascii_lowercase().replacen('=', ":", 1);
                digest.parse().map_err(refused)
            });
            let digest = digest.transpose()?;
            Ok(Self::Url(url, digest))
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
        let Self::Url(url, _) = self else {
            return self.to_string();
        };
        let mut url = url.clone();
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
            Self::Url(url, _) => url.scheme() == "https",
            Self::Image(_) => settings.protocol != Protocol::Http,
        }
    }
}

impl fmt::Display for WheelsSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(text) => formatter.write_str(text),
            Self::Url(url, _) => url.fmt(formatter),
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
            Ok(WheelsSource::Url(
                "https://h/w.tar".parse().expect("a URL"),
                None
            ))
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
    fn a_url_may_pin_what_is_behind_it() {
        let hex = "0123456789abcdef".repeat(4);
        let digest = |fragment: &str| match format!("https://h/w.tar{fragment}").parse() {
            Ok(WheelsSource::Url(_, digest)) => Ok(digest.map(|digest| digest.to_string())),
            other => Err(format!("{other:?}")),
        };
        assert_eq!(digest(""), Ok(None));
        for name in ["sha256", "SHA256"] {
            let fragment = format!("#{name}={}", hex.to_uppercase());
            assert_eq!(digest(&fragment), Ok(Some(format!("sha256:{hex}"))));
        }
        assert!(digest(&format!("#sha512={hex}{hex}")).is_ok_and(|digest| digest.is_some()));
        for fragment in ["#sha256=12", "#md5=0", "#", "#egg=wheels"] {
            digest(fragment).expect_err(fragment);
        }
        for text in ["https://", "https://h:99999/w.tar"] {
            text.parse::<WheelsSource>().expect_err(text);
        }
    }

    #[test]
    fn credentials_are_not_remembered() {
        for (text, remembered) in [
            ("https://u:p@h/w.tar?sig=s", "https://h/w.tar"),
            ("https://h/w.tar", "https://h/w.tar"),
            ("/w.tar", "/w.tar"),
            ("h/x", "docker.io/h/x"),
        ] {
            let source: WheelsSource = text.parse().expect("a source");
            assert_eq!(source.without_credentials(), remembered);
        }
    }
}
