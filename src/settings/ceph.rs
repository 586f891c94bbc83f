//! Ceph's archive: `CEPH_REPO` and `CEPH_KEY`.

use std::str::FromStr;

use url::Url;

use super::pinned::{Place, digest_of};
use super::values::Refused;

/// The file of the archive stays in the image.
const PASSWORD: &str = "a password in it would stay in the image; give the URL without, and the \
     login in a file of /etc/apt/auth.conf.d, or of dnf's or zypper's own, that is mounted as a secret";

fn has_password(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// Ceph's archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CephRepository {
    /// A line of sources.list(5), for apt.
    Line(SourceLine),
    /// The address below which `repodata` is, for dnf and zypper.
    Address(Url),
}

impl FromStr for CephRepository {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        if text.split_whitespace().count() == 1 {
            let url = Url::parse(text).ok();
            let url = url.filter(|url| ["http", "https", "file"].contains(&url.scheme()));
            if url.as_ref().is_some_and(has_password) {
                return Err(Refused(PASSWORD.to_owned()));
            }
            return url.map(Self::Address).ok_or_else(|| {
                Refused(
                    "neither a line of sources.list(5), `deb URI SUITE COMPONENT...`, \
                     nor the URL of a repository of RPMs"
                        .to_owned(),
                )
            });
        }
        text.parse().map(Self::Line)
    }
}

/// `deb [OPTION=VALUE...] URI SUITE COMPONENT...`, sources.list(5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceLine {
    options: Vec<(String, String)>,
    /// URI, suite and components.
    rest: String,
}

/// The options of sources.list(5); apt passes over others, and over their mistakes.
const OPTIONS: [&str; 19] = [
    "allow-downgrade-to-insecure",
    "allow-insecure",
    "allow-weak",
    "arch",
    "by-hash",
    "check-date",
    "check-valid-until",
    "date-max-future",
    "exclude",
    "include",
    "inrelease-path",
    "lang",
    "pdiffs",
    SIGNED_BY,
    "snapshot",
    "target",
    "trusted",
    "valid-until-max",
    "valid-until-min",
];

/// Names the key of a source.
const SIGNED_BY: &str = "signed-by";

impl SourceLine {
    /// Whether it names its key itself.
    #[must_use]
    pub fn names_key(&self) -> bool {
        self.options.iter().any(|(name, _)| name == SIGNED_BY)
    }

    /// The option with which it is taken without a valid signature.
    #[must_use]
    pub fn insecure(&self) -> Option<String> {
        let insecure = ["trusted", "allow-insecure", "allow-downgrade-to-insecure"];
        let mut options = self.options.iter();
        let (name, value) = options.find(|(name, value)| {
            insecure.contains(&name.as_str()) && !["no", "false", "0", "off"].contains(&&**value)
        })?;
        Some(format!("{name}={value}"))
    }

    /// The line, with the key at this path unless it names one itself.
    #[must_use]
    pub fn signed_by(&self, key: Option<&str>) -> String {
        let own = self.options.iter();
        let own = own.map(|(name, value)| format!("{name}={value}"));
        let key = key.filter(|_| !self.names_key());
        let key = key.map(|path| format!("{SIGNED_BY}={path}"));
        let options: Vec<String> = own.chain(key).collect();
        if options.is_empty() {
            format!("deb {}", self.rest)
        } else {
            format!("deb [{}] {}", options.join(" "), self.rest)
        }
    }
}

impl FromStr for SourceLine {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        let refused = |why: &str| {
            Refused(format!(
                "not a line of sources.list(5): {why}; \
                 for example deb https://download.ceph.com/debian-squid bookworm main"
            ))
        };
        if text.contains(['\n', '\r', '#', '"']) {
            return Err(refused("it is one line, without comments and quotes"));
        }
        let after = text.strip_prefix("deb").unwrap_or_default();
        if !after.starts_with(char::is_whitespace) {
            return Err(refused("it does not begin with `deb`"));
        }
        let after = after.trim_start();
        let (options, rest) = match after.strip_prefix('[') {
            None => ("", after),
            Some(inner) => inner
                .split_once(']')
                .ok_or_else(|| refused("`[` is not closed"))?,
        };
        let mut parsed = Vec::new();
        for option in options.split_whitespace() {
            let (name, value) = option
                .split_once('=')
                .ok_or_else(|| refused(&format!("the option `{option}` has no value")))?;
            let bare = name.trim_end_matches(['+', '-']);
            if !OPTIONS.contains(&bare) {
                return Err(refused(&format!("there is no option `{bare}`")));
            }
            parsed.push((name.to_owned(), value.to_owned()));
        }
        let words: Vec<&str> = rest.split_whitespace().collect();
        let [uri, suite, components @ ..] = &words[..] else {
            return Err(refused("it has no URI and no suite"));
        };
        let url = Url::parse(uri).map_err(|error| refused(&format!("`{uri}`: {error}")))?;
        if has_password(&url) {
            return Err(Refused(PASSWORD.to_owned()));
        }
        if !["http", "https", "file"].contains(&url.scheme()) {
            return Err(refused(&format!("`{uri}` is neither http, https nor file")));
        }
        // An exact path is a suite that ends so, and it has no components.
        match (suite.ends_with('/'), components.is_empty()) {
            (true, false) => Err(refused(&format!("`{suite}` has no components"))),
            (false, true) => Err(refused(&format!("the suite `{suite}` needs a component"))),
            _ => Ok(Self {
                options: parsed,
                rest: words.join(" "),
            }),
        }
    }
}

/// A key that signatures are verified with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    /// Where it is.
    pub place: Place,
    /// Its SHA-256 digest in lower-case hexadecimal digits, where the user pins it.
    pub sha256: Option<String>,
}

impl FromStr for KeyFile {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        let (place, sha256) = match text.rsplit_once("#sha256=") {
            None => (text, None),
            Some((place, hex)) => (place, Some(digest_of(text, hex)?)),
        };
        if place.contains(char::is_whitespace) {
            return Err(Refused("not one URL or path".to_owned()));
        }
        let place: Place = place.parse()?;
        match &place {
            // Whoever is between could send a key of his own.
            Place::Url(url) if url.scheme() == "http" && sha256.is_none() => Err(Refused(
                "a key that comes by http can be anybody's; use https, \
                 or write #sha256= behind it, and what sha256sum says of the file"
                    .to_owned(),
            )),
            _ => Ok(Self { place, sha256 }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_gets_its_key_where_it_names_none() {
        for (text, line) in [
            (
                "deb https://h/debian-squid  bookworm main",
                "deb [signed-by=/k] https://h/debian-squid bookworm main",
            ),
            (
                "deb [ arch=amd64,arm64 by-hash=no ] https://h x main y",
                "deb [arch=amd64,arm64 by-hash=no signed-by=/k] https://h x main y",
            ),
            ("deb file:///srv ./", "deb [signed-by=/k] file:///srv ./"),
            (
                "deb [signed-by=/other] https://h x main",
                "deb [signed-by=/other] https://h x main",
            ),
        ] {
            let parsed: SourceLine = text.parse().expect(text);
            assert_eq!(parsed.signed_by(Some("/k")), line);
        }
        let line: SourceLine = "deb https://h x main".parse().expect("a line");
        assert_eq!(line.signed_by(None), "deb https://h x main");
    }

    #[test]
    fn other_lines_are_refused_and_told_why() {
        for (text, why) in [
            ("deb-src https://h x main", "it does not begin with `deb`"),
            ("https://h x main", "it does not begin with `deb`"),
            ("deb [arch=amd64 https://h x main", "`[` is not closed"),
            (
                "deb [arch] https://h x main",
                "the option `arch` has no value",
            ),
            (
                "deb [sigend-by=/k] https://h x main",
                "there is no option `sigend-by`",
            ),
            ("deb https://h", "it has no URI and no suite"),
            ("deb https://u:p@h x main", "a password in it would stay"),
            ("deb h x main", "`h`: relative URL without a base"),
            (
                "deb ftp://h x main",
                "`ftp://h` is neither http, https nor file",
            ),
            ("deb https://h x", "the suite `x` needs a component"),
            ("deb https://h x/ main", "`x/` has no components"),
            (
                "deb https://h x main\ndeb https://h y main",
                "it is one line",
            ),
        ] {
            let Refused(said) = text.parse::<SourceLine>().expect_err(text);
            assert!(said.contains(why), "{said}");
        }
    }

    #[test]
    fn a_key_by_http_has_a_digest() {
        let hex = "0123456789abcdef".repeat(4);
        for text in [
            "https://h/release.asc".to_owned(),
            format!("http://h/release.asc#sha256={hex}"),
            "/srv/key.gpg".to_owned(),
            format!("key.asc#sha256={hex}"),
        ] {
            text.parse::<KeyFile>().expect(&text);
        }
        for text in [
            "http://h/release.asc",
            "ftp://h/k",
            "https://h/k#sha256=12",
            "a b",
        ] {
            text.parse::<KeyFile>().expect_err(text);
        }
    }
}
