//! A file from anywhere that is taken only as what its digest says it is.

use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use url::Url;

use super::values::Refused;
use crate::wheels::Digest;

/// A file and its digest: `PLACE#sha256=HEX`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedFile {
    /// Where it is.
    pub place: Place,
    /// Its SHA-256 digest, in lower-case hexadecimal digits.
    pub sha256: String,
}

/// Where a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Behind `http://` or `https://`.
    Url(Url),
    /// Here: an absolute path, or a name in an input directory.
    Path(String),
}

impl PinnedFile {
    /// What the file is called, without its directories.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.place {
            Place::Url(url) => {
                let last = url.path().rsplit('/').next().unwrap_or_default();
                percent_decode_str(last).decode_utf8_lossy().into_owned()
            }
            Place::Path(path) => path.rsplit('/').next().unwrap_or_default().to_owned(),
        }
    }

    /// Where it is, as it may be remembered.
    #[must_use]
    pub fn without_credentials(&self) -> String {
        self.place.without_credentials()
    }
}

impl Place {
    /// The place as it may be remembered: without what only the build may know.
    #[must_use]
    pub fn without_credentials(&self) -> String {
        let Self::Url(url) = self else {
            return self.to_string();
        };
        let mut url = url.clone();
        let _ = url.set_username("");
        let _ = url.set_password(None);
        // Signed addresses have them here.
        url.set_query(None);
        url.into()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => url.fmt(formatter),
            Self::Path(path) => formatter.write_str(path),
        }
    }
}

impl FromStr for PinnedFile {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        let refused = |why: &str| Refused(format!("`{text}` {why}"));
        let no_digest =
            "has no digest; write #sha256= behind it, and what sha256sum says of the file";
        let (place, fragment) = text.rsplit_once('#').ok_or_else(|| refused(no_digest))?;
        let hex = fragment.strip_prefix("sha256=");
        let hex = hex.ok_or_else(|| refused(no_digest))?;
        Ok(Self {
            sha256: digest_of(text, hex)?,
            place: place.parse()?,
        })
    }
}

/// The digest that stands behind `#sha256=` in a text, in lower-case digits.
pub(super) fn digest_of(text: &str, hex: &str) -> Result<String, Refused> {
    let digest = format!("sha256:{}", hex.to_ascii_lowercase());
    let digest: Digest = digest
        .parse()
        .map_err(|why: String| Refused(format!("`{text}`: {why}")))?;
    Ok(digest.hex().to_owned())
}

impl FromStr for Place {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        let refused = |why: &str| Refused(format!("`{text}` {why}"));
        if text.starts_with("http://") || text.starts_with("https://") {
            let url = Url::parse(text).map_err(|error| refused(&format!("is no URL: {error}")))?;
            Ok(Self::Url(url))
        } else if text.contains("://") {
            Err(refused("is neither an http(s) URL nor a path"))
        } else {
            Ok(Self::Path(text.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn parsed(place: &str) -> PinnedFile {
        format!("{place}#sha256={HEX}").parse().expect("a file")
    }

    #[test]
    fn files_are_called_by_the_end_of_their_place() {
        for (place, name) in [
            ("https://u:p@h/x%2B1.deb?token=abc", "x+1.deb"),
            ("/srv/y.deb", "y.deb"),
            ("data/z.deb", "z.deb"),
            ("z.deb", "z.deb"),
        ] {
            assert_eq!(parsed(place).name(), name);
            assert_eq!(parsed(place).sha256, HEX);
        }
    }

    #[test]
    fn what_is_remembered_has_no_credentials() {
        let file = parsed("https://u:p@h/x.deb?token=abc");
        assert_eq!(file.without_credentials(), "https://h/x.deb");
    }

    #[test]
    fn nothing_is_taken_without_a_digest() {
        for (text, why) in [
            ("x.deb", "has no digest; write #sha256= behind it"),
            ("x.deb#md5=00", "has no digest"),
            ("x.deb#sha256=00", "sha256 has 64 hexadecimal digits"),
            (
                &format!("ftp://h/x#sha256={HEX}"),
                "is neither an http(s) URL nor a path",
            ),
            (&format!("https://#sha256={HEX}"), "is no URL: "),
        ] {
            let error = text.parse::<PinnedFile>().expect_err(why).to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
