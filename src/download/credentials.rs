//! Who we say we are, and to whom.

use std::fs;
use std::io;
use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use url::Url;

use super::error::{self, DownloadError};
use super::netrc::{self, Entry};
use crate::variables::variable;

/// Users and passwords, and where they are used.
pub struct Credentials {
    known: Vec<Url>,
    netrc: Vec<Entry>,
}

impl Credentials {
    /// Those in the URLs of indexes, and those of netrc: the file that `NETRC` names,
    /// else `~/.netrc`, as pip has it
    /// (<https://pip.pypa.io/en/stable/topics/authentication/#netrc-support>).
    ///
    /// A known URL that is none cannot be used by pip either and is passed over.
    pub fn new(environment: &[(String, String)], known: &[String]) -> Result<Self, DownloadError> {
        let known = known
            .iter()
            .filter_map(|text| Url::parse(text).ok())
            .filter(|url| from_userinfo(url).is_some())
            .collect();
        Ok(Self {
            known,
            netrc: read_netrc(environment)?,
        })
    }

    /// The value of `Authorization` for a URL, sent without being asked for: its own,
    /// else that of the known URL of the same scheme, host and port whose path has
    /// most in common with it, else netrc's.
    ///
    /// A redirect's target gets netrc's only on the `first` URL's own scheme, host and
    /// port: `default` means every host, and a redirect may lead to any.
    pub fn of(&self, url: &Url, first: &Url) -> Option<String> {
        from_userinfo(url)
            .or_else(|| self.of_known(url))
            .or_else(|| {
                let (user, password) = self.of_netrc(url.host_str()?)?;
                (url.origin() == first.origin()).then(|| basic(user, password))
            })
    }

    /// Those that netrc has for a host.
    pub fn of_netrc(&self, host: &str) -> Option<(&str, &str)> {
        let entry = netrc::of(&self.netrc, host)?;
        Some((&entry.login, &entry.password))
    }

    fn of_known(&self, url: &Url) -> Option<String> {
        // Of equals the first, and max_by_key takes the last.
        let best = self
            .known
            .iter()
            .rev()
            .filter(|known| known.origin() == url.origin())
            .max_by_key(|known| in_common(known.path(), url.path()))?;
        from_userinfo(best)
    }
}

/// How many segments two paths have in common.
fn in_common(one: &str, other: &str) -> usize {
    one.split('/')
        .zip(other.split('/'))
        .take_while(|(one, other)| one == other)
        .count()
}

/// `Basic` as RFC 7617 has it, from a URL whose userinfo is percent-decoded.
fn from_userinfo(url: &Url) -> Option<String> {
    let password = url.password();
    if url.username().is_empty() && password.is_none() {
        return None;
    }
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    Some(basic(
        &decoded(url.username()),
        &decoded(password.unwrap_or_default()),
    ))
}

/// A name and a password, as `Authorization` has them.
#[must_use]
pub fn basic(user: &str, password: &str) -> String {
    format!(
        "Basic {}",
        BASE64_STANDARD.encode(format!("{user}:{password}"))
    )
}

fn read_netrc(environment: &[(String, String)]) -> Result<Vec<Entry>, DownloadError> {
    let named = variable(environment, "NETRC");
    let path = match (named, variable(environment, "HOME")) {
        (Some(path), _) => PathBuf::from(path),
        (None, Some(home)) => PathBuf::from(home).join(".netrc"),
        (None, None) => return Ok(Vec::new()),
    };
    match fs::read(&path) {
        Ok(bytes) => Ok(netrc::parse(&String::from_utf8_lossy(&bytes))),
        // Only a file that somebody named has to be there.
        Err(cause) if named.is_none() && cause.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(cause) => Err(error::file("read", &path, &cause)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(known: &[&str], netrc: &str, url: &str, first: &str) -> Option<String> {
        let known: Vec<_> = known.iter().map(|url| (*url).to_owned()).collect();
        let mut credentials = Credentials::new(&[], &known).unwrap();
        credentials.netrc = netrc::parse(netrc);
        let value = credentials.of(&Url::parse(url).unwrap(), &Url::parse(first).unwrap())?;
        let decoded = BASE64_STANDARD.decode(value.strip_prefix("Basic ").unwrap());
        Some(String::from_utf8(decoded.unwrap()).unwrap())
    }

    #[test]
    fn the_urls_own_come_first_then_the_known_ones_then_netrc() {
        let known = ["https://k:1@h/simple"];
        let netrc = "machine h login n password 2";
        let of = |known: &[&str], url: &str| sent(known, netrc, url, "https://h/a");
        assert_eq!(
            of(&known, "https://u%40x:p%3A%2F@h/a"),
            Some("u@x:p:/".into())
        );
        assert_eq!(of(&known, "https://token@h/a"), Some("token:".into()));
        assert_eq!(of(&known, "https://h/a"), Some("k:1".into()));
        assert_eq!(of(&known, "https://h:443/a"), Some("k:1".into()));
        assert_eq!(of(&[], "https://h/a"), Some("n:2".into()));
        assert_eq!(of(&known, "https://other/a"), None);
    }

    #[test]
    fn another_scheme_or_port_is_another_server() {
        let known = ["https://k:1@h/simple"];
        for url in ["http://h/a", "https://h:8443/a"] {
            assert_eq!(sent(&known, "", url, url), None, "{url}");
        }
        // A redirect away from the server that was asked.
        assert_eq!(
            sent(&[], "default login d", "https://cdn/a", "https://h/a"),
            None
        );
        assert_eq!(
            sent(&[], "machine h login d", "http://h/a", "https://h/a"),
            None
        );
    }

    #[test]
    fn of_several_indexes_on_a_host_the_one_that_is_nearest_counts() {
        let known = [
            "https://one:1@h/projects/1/simple",
            "https://two:2@h/projects/2/simple",
        ];
        let of = |url: &str| sent(&known, "", url, url);
        assert_eq!(of("https://h/projects/2/files/a.whl"), Some("two:2".into()));
        assert_eq!(of("https://h/files/a.whl"), Some("one:1".into()));
    }

    #[test]
    fn netrc_is_found_at_home_or_by_name() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().display().to_string();
        let of = |name: &str, value: String| {
            Credentials::new(&[(name.to_owned(), value)], &[])
                .map(|credentials| credentials.netrc.len())
                .map_err(|error| error.to_string())
        };
        assert_eq!(of("HOME", path.clone()), Ok(0));
        fs::write(home.path().join(".netrc"), "machine a login b").unwrap();
        assert_eq!(of("HOME", path.clone()), Ok(1));
        assert_eq!(of("NETRC", format!("{path}/.netrc")), Ok(1));
        assert_eq!(
            of("NETRC", format!("{path}/none")),
            Err(format!("could not read {path}/none: it does not exist"))
        );
    }
}
