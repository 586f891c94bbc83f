//! Where distribution packages come from: mirrors, `DIST_REPOS`; Ceph's archive is told
//! in `ceph.rs`.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

use super::ceph::{CephRepository, KeyFile};
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
        if scheme.is_none() && place.contains('@') {
            return Err(Refused(
                "write https:// before the login: it would be sent in the clear where the image \
                 has no certificates"
                    .to_owned(),
            ));
        }
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
            "u:p@h",
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
}
