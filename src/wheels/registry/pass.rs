//! Who we are to a registry: answers its challenges
//! (<https://distribution.github.io/distribution/spec/auth/token/>).

use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use url::Url;
use url::form_urlencoded;

use super::challenge::{Challenge, challenges};
use super::logins::Login;
use crate::download::{Authority, Client, DownloadError, Fixed, Request, basic};

/// A token is not longer than this, with all that is said of it: bytes.
const LONGEST: u64 = 1 << 20;

/// What we call ourselves to token servers.
const CLIENT: &str = "loci-install";

/// What a registry is told, and what it is told when it wants something else.
pub struct Pass<'a> {
    client: &'a Client,
    login: Option<Login>,
    /// What is wanted, where the registry does not say: `repository:NAME:pull`.
    scope: String,
    /// Whether nobody can listen on the way to the registry.
    is_private: bool,
    /// The value of `Authorization` as it is now.
    told: Mutex<Option<String>>,
}

impl<'a> Pass<'a> {
    /// For a repository, behind a URL that begins so.
    pub fn new(client: &'a Client, login: Option<Login>, base: &str, repository: &str) -> Self {
        let told = match &login {
            Some(Login::Bearer(token)) => Some(bearer(token)),
            _ => None,
        };
        Self {
            client,
            login,
            scope: format!("repository:{repository}:pull"),
            is_private: base.starts_with("https:"),
            told: Mutex::new(told),
        }
    }

    /// A token of the server that the registry names.
    fn token(&self, challenge: &Challenge) -> Result<Option<String>, DownloadError> {
        let Some(realm) = challenge.parameter("realm") else {
            return Ok(None);
        };
        let unfit = |reason: &str| DownloadError::Unfit {
            url: format!("the token server {realm}"),
            reason: reason.to_owned(),
        };
        let mut url = Url::parse(realm).map_err(|error| unfit(&error.to_string()))?;
        if self.is_private && url.scheme() != "https" && self.login.is_some() {
            return Err(unfit("it does not talk TLS, and is told no login"));
        }
        let service = challenge.parameter("service");
        let scope = challenge.parameter("scope").unwrap_or(&self.scope);
        let pairs = |with: &[(&str, &str)]| {
            let mut pairs = form_urlencoded::Serializer::new(String::new());
            pairs.extend_pairs(service.map(|service| ("service", service)));
            pairs.append_pair("scope", scope);
            pairs.extend_pairs(with);
            pairs.finish()
        };
        let basic = Fixed(match &self.login {
            Some(Login::Basic { user, password }) => Some(basic(user, password)),
            _ => None,
        });
        let form = match &self.login {
            Some(Login::Identity(token)) => Some(pairs(&[
                ("grant_type", "refresh_token"),
                ("client_id", CLIENT),
                ("refresh_token", token),
            ])),
            _ => None,
        };
        if form.is_none() {
            let query = match url.query() {
                Some(query) if !query.is_empty() => format!("{query}&{}", pairs(&[])),
                _ => pairs(&[]),
            };
            url.set_query(Some(&query));
        }
        let request = Request {
            form,
            // Also where there is nothing to tell: netrc is not for servers that others name.
            authority: Some(&basic),
            ..Request::of(url)
        };
        let no_token = || unfit("what it answers is no token");
        let bytes = self.client.open(request, &|_| ())?.bytes(LONGEST)?;
        // Not serde's own words, which may have a part of a token.
        let answer: Answer = serde_json::from_slice(&bytes).map_err(|_| no_token())?;
        let tokens = [answer.token, answer.access_token];
        let mut tokens = tokens.into_iter().flatten();
        let token = tokens.find(|token| !token.is_empty());
        // RFC 6750, 2.1.
        let is_told = |token: &String| token.bytes().all(|byte| byte.is_ascii_graphic());
        let token = token.filter(is_told).ok_or_else(no_token)?;
        Ok(Some(bearer(&token)))
    }

    /// What would be told to whom challenges us so.
    fn answer(&self, challenge: &Challenge) -> Result<Option<String>, DownloadError> {
        Ok(match (challenge.scheme.as_str(), &self.login) {
            ("bearer", Some(Login::Bearer(token))) => Some(bearer(token)),
            ("bearer", _) => self.token(challenge)?,
            ("basic", Some(Login::Basic { user, password })) => Some(basic(user, password)),
            _ => None,
        })
    }
}

impl Authority for Pass<'_> {
    fn authorization(&self) -> Option<String> {
        let told = self.told.lock();
        told.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn challenged(&self, told: Option<&str>, values: &[&str]) -> Result<bool, DownloadError> {
        // Whoever comes while a token is being fetched waits for it.
        let mut now = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if now.as_deref() != told {
            return Ok(true);
        }
        let mut all: Vec<Challenge> = values.iter().flat_map(|value| challenges(value)).collect();
        // A token says less to the registry than a password does.
        all.sort_by_key(|challenge| challenge.scheme != "bearer");
        let mut first = Ok(false);
        for challenge in &all {
            match self.answer(challenge) {
                Ok(answer) if answer.is_some() && answer != *now => {
                    *now = answer;
                    return Ok(true);
                }
                Ok(_) => {}
                Err(error) => first = first.and(Err(error)),
            }
        }
        first
    }
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
}
