//! Where distribution packages come from: mirrors, `DIST_REPOS`, Ceph's archive.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

use super::pinned::{Place, digest_of};
use super::reader::Reader;
use super::values::{Refused, words};
use crate::step::Mode;

/// Where the distribution's packages come from.
#[derive(Debug, Clone, Default)]
pub struct RepositorySettings {
    /// `APT_MIRROR_HOST`, else `APT_MIRROR`.
    pub apt_mirror: Option<Mirror>,
    /// `PACKAGE_MIRROR`, for every package manager.
    pub package_mirror: Option<Mirror>,
    /// `DIST_REPOS`.
    pub switches: Vec<Switch>,
    /// `CEPH_REPO`.
    pub ceph: Option<CephRepository>,
    /// `CEPH_KEY`; none when `CEPH_REPO` needs none.
    pub ceph_key: Option<KeyFile>,
    /// `ALLOW_UNAUTHENTICATED`.
    pub allow_unauthenticated: bool,
}

/// A server that has what the distribution's own archive has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// The argument that names it.
    pub argument: &'static str,
    /// `http` or `https`, where the user says which.
    scheme: Option<&'static str>,
    /// `host[:port][/prefix]`, without a slash at its end.
    place: String,
}

impl Mirror {
    fn parse(argument: &'static str, text: &str) -> Result<Self, Refused> {
        let refused = || {
            Refused(
                "not a mirror; host, host:port or host/prefix, each also behind http:// or https://"
                    .to_owned(),
            )
        };
        let (scheme, place) = ["https", "http"]
            .into_iter()
            .find_map(|scheme| Some((scheme, text.strip_prefix(scheme)?.strip_prefix("://")?)))
            .map_or((None, text), |(scheme, place)| (Some(scheme), place));
        let place = place.trim_end_matches('/');
        let url = Url::parse(&format!("http://{place}/")).map_err(|_| refused())?;
        let is_host = match url.host() {
            // What is no name is none of a file by mistake either: `/srv/mirror`.
            Some(Host::Domain(name)) => name.chars().all(is_of_name),
            Some(_) => true,
            None => false,
        };
        let is_plain = place
            .chars()
            .all(|c| c.is_ascii_graphic() && !"\"'#?".contains(c))
            && !place.starts_with('/')
            && !place.contains("//");
        if is_host && is_plain {
            Ok(Self {
                argument,
                scheme,
                place: place.to_owned(),
            })
        } else {
            Err(refused())
        }
    }

    /// Its address, without a slash at its end: by https where certificates can be
    /// checked, by http elsewhere, unless the user says which. Packages are signed.
    #[must_use]
    pub fn address(&self, has_certificates: bool) -> String {
        let usual = if has_certificates { "https" } else { "http" };
        format!("{}://{}", self.scheme.unwrap_or(usual), self.place)
    }
}

/// As the user wrote it, with its argument.
impl fmt::Display for Mirror {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}=", self.argument)?;
        if let Some(scheme) = self.scheme {
            write!(formatter, "{scheme}://")?;
        }
        formatter.write_str(&self.place)
    }
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-".contains(c)
}

/// A repository that is switched on or off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    /// The name of a repository, or of a file of repositories without its ending.
    pub name: String,
    /// Whether it is to be on.
    pub on: bool,
}

impl FromStr for Switch {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        let (on, name) = match text.split_at_checked(1) {
            Some(("+", name)) => (true, name),
            Some(("-", name)) => (false, name),
            _ => (true, text),
        };
        let is_inner = |c: char| c.is_ascii_alphanumeric() || "._:@+-".contains(c);
        if name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(is_inner) {
            Ok(Self {
                name: name.to_owned(),
                on,
            })
        } else {
            Err(Refused(format!(
                "`{text}` is not the name of a repository; NAME or +NAME switch one on, -NAME off"
            )))
        }
    }
}

impl fmt::Display for Switch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}{}",
            if self.on { '+' } else { '-' },
            self.name
        )
    }
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
    fn insecure(&self) -> Option<String> {
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

/// What LOCI's own Dockerfile has in `APT_MIRROR`: the archive itself.
const ARCHIVE: &str = "https://archive.ubuntu.com/ubuntu/";

/// The directories that archives have below the address of a mirror.
const BELOW: [&str; 3] = ["/ubuntu", "/ubuntu-ports", "/debian"];

impl Reader<'_> {
    /// What the arguments say of repositories.
    pub fn repositories(&mut self, mode: Mode) -> RepositorySettings {
        let host = self.optional("APT_MIRROR_HOST", |text| {
            Mirror::parse("APT_MIRROR_HOST", text)
        });
        let whole = self.optional("APT_MIRROR", |text| {
            let below = BELOW.iter();
            let text = text.trim_end_matches('/');
            let mut bare = below.filter_map(|name| text.strip_suffix(name));
            Mirror::parse("APT_MIRROR", bare.next().unwrap_or(text))
        });
        let whole = whole.filter(|_| self.in_force("APT_MIRROR") != ARCHIVE);
        let package_mirror = self.optional("PACKAGE_MIRROR", |text| {
            Mirror::parse("PACKAGE_MIRROR", text)
        });
        let allow_unauthenticated = self.boolean("ALLOW_UNAUTHENTICATED");
        let ceph: Option<CephRepository> = self.optional("CEPH_REPO", str::parse);
        let chosen = self.is_chosen("CEPH_KEY");
        let names_key = matches!(&ceph, Some(CephRepository::Line(line)) if line.names_key());
        if let Some(CephRepository::Line(line)) = &ceph
            && let Some(option) = line.insecure().filter(|_| !allow_unauthenticated)
        {
            self.refuse(
                "CEPH_REPO",
                format!(
                    "{option} switches the check of signatures off; \
                     leave it out and give CEPH_KEY, or set ALLOW_UNAUTHENTICATED=True"
                ),
            );
        }
        if names_key && chosen {
            self.refuse(
                "CEPH_KEY",
                "CEPH_REPO names its key with signed-by; name it in one place",
            );
        }
        let key = self.with("CEPH_KEY", str::parse);
        // Nobody has to have a key whose signatures nobody asks for.
        let key_is_wanted = ceph.is_some() && !names_key && (chosen || !allow_unauthenticated);
        if mode != Mode::Base {
            for (name, is_set) in [
                ("CEPH_REPO", ceph.is_some()),
                ("CEPH_KEY", chosen),
                ("ALLOW_UNAUTHENTICATED", allow_unauthenticated),
            ] {
                if is_set {
                    self.refuse(name, "for the base image only: loci-install base");
                }
            }
        }
        RepositorySettings {
            apt_mirror: host.or(whole),
            package_mirror,
            switches: self.switches(),
            ceph,
            ceph_key: key.filter(|_| key_is_wanted),
            allow_unauthenticated,
        }
    }

    fn switches(&mut self) -> Vec<Switch> {
        let mut switches: Vec<Switch> = Vec::new();
        for word in words(self.in_force("DIST_REPOS"), true) {
            match word.parse::<Switch>() {
                Err(Refused(why)) => self.refuse("DIST_REPOS", why),
                Ok(switch) => {
                    let same = switches.iter().find(|other| other.name == switch.name);
                    match same {
                        Some(other) if other.on != switch.on => {
                            let why = format!("both {other} and {switch}");
                            self.refuse("DIST_REPOS", why);
                        }
                        Some(_) => {}
                        None => switches.push(switch),
                    }
                }
            }
        }
        switches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mirror(text: &str) -> Result<Mirror, Refused> {
        Mirror::parse("APT_MIRROR_HOST", text)
    }

    #[test]
    fn mirrors_are_hosts_with_what_may_stand_around_them() {
        for (text, with, without) in [
            ("mirror", "https://mirror", "http://mirror"),
            (
                "h.example:8080/x/",
                "https://h.example:8080/x",
                "http://h.example:8080/x",
            ),
            ("http://h", "http://h", "http://h"),
            (
                "https://u:p@h/a/b",
                "https://u:p@h/a/b",
                "https://u:p@h/a/b",
            ),
            ("[::1]:80", "https://[::1]:80", "http://[::1]:80"),
        ] {
            let mirror = mirror(text).expect(text);
            assert_eq!(mirror.address(true), with);
            assert_eq!(mirror.address(false), without);
        }
        for text in [
            "ftp://h",
            "/srv/mirror",
            "http://",
            "h h",
            "h:99999",
            "h?x=1",
            "h#x",
            "h\"",
            "a//b",
        ] {
            mirror(text).expect_err(text);
        }
    }

    #[test]
    fn a_switch_is_a_name_with_or_without_a_sign() {
        for (text, shown) in [("epel", "+epel"), ("+epel", "+epel"), ("-epel", "-epel")] {
            let switch: Switch = text.parse().expect(text);
            assert_eq!(switch.to_string(), shown);
        }
        for text in ["", "-", "+-x", "a/b", "*"] {
            text.parse::<Switch>().expect_err(text);
        }
    }

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
