//! Who we say we are to registries, as docker and podman keep it: `config.json`, `auth.json`.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

use super::reference::{self, Reference};

/// Logins by registry, as `docker login` writes them
/// (<https://docs.docker.com/reference/cli/docker/login/>); keys may also name a part of a
/// registry (containers-auth.json(5)).
#[derive(Clone, Default)]
pub struct Logins {
    /// By `registry` or `registry/part/of/a/name`.
    logins: BTreeMap<String, Login>,
    /// The helper that has all others.
    store: Option<String>,
}

/// How a registry is told who we are.
#[derive(Clone, PartialEq, Eq)]
pub enum Login {
    /// A name and a password, or a token in its place.
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: String,
    },
    /// A token that the registry's token server takes for others (OAuth 2, RFC 6749, 6).
    Identity(String),
    /// A token for the registry itself.
    Bearer(String),
    /// The program `docker-credential-NAME` knows it.
    Helper(String),
}

impl Logins {
    /// Reads a file.
    ///
    /// # Errors
    /// Why it is none, as a sentence about it, without what may be secret.
    pub fn parse(text: &str) -> Result<Self, String> {
        // serde's own words have the text that it did not expect, a password perhaps.
        let raw: Raw = serde_json::from_str(text).map_err(|error| {
            format!(
                "it is no configuration of docker or podman: line {}, column {}",
                error.line(),
                error.column()
            )
        })?;
        let mut logins = BTreeMap::new();
        for (key, entry) in raw.auths {
            // Of what a helper knows docker writes an empty entry.
            if let Some(login) = entry.login().map_err(|why| format!("{why} for {key}"))? {
                logins.insert(place(&key), login);
            }
        }
        for (key, helper) in raw.cred_helpers {
            logins.insert(place(&key), Login::Helper(helper));
        }
        Ok(Self {
            logins,
            store: raw.creds_store.filter(|store| !store.is_empty()),
        })
    }

    /// The login for an image: that of the longest part of its name, else the helper's for
    /// all registries.
    #[must_use]
    pub fn of(&self, reference: &Reference) -> Option<Login> {
        let name = format!("{}/{}", reference.registry(), reference.repository());
        let mut part = name.as_str();
        loop {
            if let Some(login) = self.logins.get(part) {
                return Some(login.clone());
            }
            match part.rsplit_once('/') {
                Some((start, _)) => part = start,
                None => return self.store.clone().map(Login::Helper),
            }
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Basic { .. } => "Basic(...)",
            Self::Identity(_) => "Identity(...)",
            Self::Bearer(_) => "Bearer(...)",
            Self::Helper(name) => name,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
    creds_store: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    auth: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    identitytoken: String,
    #[serde(default)]
    registrytoken: String,
}

impl Entry {
    fn login(self) -> Result<Option<Login>, &'static str> {
        if !self.identitytoken.is_empty() {
            return Ok(Some(Login::Identity(self.identitytoken)));
        }
        if !self.registrytoken.is_empty() {
            return Ok(Some(Login::Bearer(self.registrytoken)));
        }
        if self.auth.is_empty() {
            let (user, password) = (self.username, self.password);
            return Ok((!user.is_empty()).then_some(Login::Basic { user, password }));
        }
        let wrong = "its auth is not a name and a password in base64";
        let decoded = BASE64_STANDARD
            .decode(self.auth.trim())
            .map_err(|_| wrong)?;
        let text = String::from_utf8(decoded).map_err(|_| wrong)?;
        let (user, password) = text.split_once(':').ok_or(wrong)?;
        Ok(Some(Login::Basic {
            user: user.to_owned(),
            // Old dockers filled it up with zeros.
            password: password.trim_end_matches('\0').to_owned(),
        }))
    }
}

/// What a key names: without a scheme, and without the version of a registry's interface,
/// which docker's own keys have.
fn place(key: &str) -> String {
    let key = key.split_once("://").map_or(key, |(_, rest)| rest);
    let key = key.trim_end_matches('/');
    let key = ["/v1", "/v2"]
        .iter()
        .find_map(|version| key.strip_suffix(version))
        .unwrap_or(key);
    let (host, rest) = key.split_at(key.find('/').unwrap_or(key.len()));
    format!("{}{rest}", reference::canonical(host))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(logins: &Logins, reference: &str) -> Option<Login> {
        logins.of(&reference.parse().expect("a reference"))
    }

    fn basic(user: &str, password: &str) -> Login {
        Login::Basic {
            user: user.to_owned(),
            password: password.to_owned(),
        }
    }

    #[test]
    fn what_docker_and_podman_write_is_found() {
        let encoded = |text: &str| BASE64_STANDARD.encode(text);
        let text = json!({
            "auths": {
                "https://index.docker.io/v1/": {"auth": encoded("hub:a:b")},
                "r.example:5000": {"auth": encoded("user:word\0\0")},
                "r.example:5000/ns": {"username": "ns", "password": "w"},
                "r.example:5000/ns/one": {"identitytoken": "it"},
                "http://plain.example/v2/": {"registrytoken": "rt"},
                "kept.example": {},
            },
            "credHelpers": {"cloud.example": "cloud"},
            "credsStore": "pass",
            "HttpHeaders": {"User-Agent": "docker"},
        });
        let logins = Logins::parse(&text.to_string()).expect("logins");
        assert_eq!(of(&logins, "alpine"), Some(basic("hub", "a:b")));
        assert_eq!(of(&logins, "r.example:5000/x"), Some(basic("user", "word")));
        assert_eq!(
            of(&logins, "r.example:5000/ns/two:1"),
            Some(basic("ns", "w"))
        );
        assert_eq!(
            of(&logins, "r.example:5000/nsx"),
            Some(basic("user", "word"))
        );
        assert_eq!(
            of(&logins, "r.example:5000/ns/one"),
            Some(Login::Identity("it".into()))
        );
        assert_eq!(
            of(&logins, "plain.example/x"),
            Some(Login::Bearer("rt".into()))
        );
        assert_eq!(
            of(&logins, "cloud.example/x"),
            Some(Login::Helper("cloud".into()))
        );
        assert_eq!(
            of(&logins, "kept.example/x"),
            Some(Login::Helper("pass".into()))
        );
        // Another port is another server.
        assert_eq!(
            of(&logins, "r.example/x"),
            Some(Login::Helper("pass".into()))
        );
        assert_eq!(of(&Logins::parse("{}").expect("none"), "alpine"), None);
    }

    #[test]
    fn what_is_wrong_is_told_without_a_secret() {
        for (text, why) in [
            ("{\"auths\": {\"r\": \"S3cret\"}}", "line 1, column 24"),
            ("S3cret", "line 1, column 1"),
            (
                "{\"auths\": {\"r.example\": {\"auth\": \"S3cret!\"}}}",
                "its auth is not a name and a password in base64 for r.example",
            ),
        ] {
            let Err(error) = Logins::parse(text) else {
                panic!("{text}")
            };
            assert!(error.contains(why) && !error.contains("S3cret"), "{error}");
        }
        let shown = format!(
            "{:?} {:?}",
            basic("user", "S3cret"),
            Login::Bearer("S3cret".into())
        );
        assert!(!shown.contains("S3cret"), "{shown}");
    }
}
