//! Fetches one file: as often as it takes, from where it broke off.

use std::fs::File;
use std::io::{self, Read};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use url::Url;

use super::credentials::Credentials;
use super::error::{self, Advice, DownloadError, INDEX};
use super::exchange::{self, Exchange, Resume, Trouble};
use super::partial::{self, Partial};
use super::request::Request;
use super::routes::{Routes, Trust};
use super::{Fetched, Wanted};
use crate::variables::variable;

/// pip's defaults (<https://pip.pypa.io/en/stable/cli/pip/#cmdoption-timeout>,
/// <https://pip.pypa.io/en/stable/cli/pip/#cmdoption-retries>).
const SILENCE: Duration = Duration::from_secs(15);
const RETRIES: u32 = 5;

/// The pause before the second try, doubled before each one after it, at most the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// How files are fetched; made once from the environment that children get.
pub struct Client {
    pub(super) routes: Routes,
    pub(super) credentials: Credentials,
    pub(super) silence: Duration,
    pub(super) retries: u32,
    pub(super) advice: &'static Advice,
    /// Waits; tests do not.
    pub(super) pause: Box<dyn Fn(Duration) + Send + Sync>,
}

impl Client {
    /// `environment` is the whole environment as (name, value) pairs, and nothing else
    /// counts; unset and empty are the same. What is read of it:
    ///
    /// - `PIP_DEFAULT_TIMEOUT` (seconds without a byte) and `PIP_RETRIES`;
    /// - `PIP_CERT`, `REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`, `SSL_CERT_FILE` and
    ///   `SSL_CERT_DIR`, and `PIP_TRUSTED_HOST`;
    /// - `PIP_PROXY`, `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, the last
    ///   four in capitals, too;
    /// - `NETRC` and `HOME`.
    ///
    /// `known` are URLs that may carry credentials
    /// (`https://user:password@host/simple`), which are used for files on the same
    /// scheme, host and port.
    ///
    /// # Errors
    /// A variable's value that cannot be used, or a file it names that cannot be read.
    pub fn new(
        environment: &[(String, String)],
        known: &[String],
    ) -> Result<Client, DownloadError> {
        Self::trusting(environment, known, &Trust::default(), &INDEX)
    }

    /// The same for servers that are trusted otherwise, and with what is to be said about
    /// errors of theirs.
    ///
    /// # Errors
    /// Likewise.
    pub fn trusting(
        environment: &[(String, String)],
        known: &[String],
        trust: &Trust<'_>,
        advice: &'static Advice,
    ) -> Result<Client, DownloadError> {
        let silence = silence(environment)?;
        Ok(Self {
            routes: Routes::new(environment, silence, trust)?,
            credentials: Credentials::new(environment, known)?,
            silence,
            retries: retries(environment)?,
            advice,
            pause: Box::new(thread::sleep),
        })
    }

    /// The name and the password that netrc has for a host.
    #[must_use]
    pub fn login(&self, host: &str) -> Option<(&str, &str)> {
        self.credentials.of_netrc(host)
    }

    /// Fetches one file; `heard` gets the number of bytes each time some arrive. A file
    /// that is there with the right digest is left alone, any other is replaced when the
    /// new one is whole.
    ///
    /// # Errors
    /// Whatever [`DownloadError`] names; nothing is left behind.
    pub fn fetch(
        &self,
        wanted: &Wanted,
        heard: &(dyn Fn(u64) + Sync),
    ) -> Result<Fetched, DownloadError> {
        self.fetch_and_count(wanted, heard, &AtomicUsize::new(0))
    }

    /// The same; `retries` counts the tries after the first.
    pub(super) fn fetch_and_count(
        &self,
        wanted: &Wanted,
        heard: &(dyn Fn(u64) + Sync),
        retries: &AtomicUsize,
    ) -> Result<Fetched, DownloadError> {
        let url = parse(&wanted.url)?;
        if partial::is_present(wanted)? {
            return Ok(Fetched::Present);
        }
        let shown = error::shown(&url);
        let mut partial = Partial::create(wanted, &shown, heard)?;
        if url.scheme() == "file" {
            copy(&url, &mut partial, self.advice)?;
        } else {
            self.download(&url, &mut partial, retries)?;
        }
        partial.finish()
    }

    fn download(
        &self,
        url: &Url,
        partial: &mut Partial,
        retries: &AtomicUsize,
    ) -> Result<(), DownloadError> {
        let request = Request {
            immutable: true,
            ..Request::of(url.as_str())
        };
        let mut validator = None;
        let mut tries = 1;
        loop {
            let exchange = Exchange {
                routes: &self.routes,
                credentials: &self.credentials,
                silence: self.silence,
                advice: self.advice,
                request: &request,
                url,
                shown: partial.url(),
                tries,
            };
            match attempt(&exchange, partial, &mut validator) {
                Ok(()) => return Ok(()),
                Err(Trouble::Lasting(error)) => return Err(error),
                Err(Trouble::Passing { error, .. }) if tries > self.retries => return Err(error),
                Err(Trouble::Passing { wait, .. }) => {
                    (self.pause)(wait.unwrap_or_else(|| back_off(tries)));
                }
            }
            retries.fetch_add(1, Ordering::Relaxed);
            tries += 1;
        }
    }
}

/// One try. What it got stays, and `validator` says which file that is a part of.
fn attempt(
    exchange: &Exchange,
    partial: &mut Partial,
    validator: &mut Option<String>,
) -> Result<(), Trouble> {
    let from = partial.written();
    let resume = validator.as_deref().filter(|_| from > 0);
    let resumes = resume.is_some();
    let answered = exchange.get(resume.map(|validator| Resume {
        from,
        validator: Some(validator),
    }))?;
    let response = &answered.response;
    match response.status().as_u16() {
        // Also the answer of a server that knows no ranges, or has another file now.
        200 => {
            if from > 0 {
                partial.restart()?;
            }
            *validator = exchange::validator(response.headers());
        }
        206 if resumes && exchange::continues(response.headers(), from) => {}
        // Another range than we asked for, or none behind what we have.
        206 | 416 if resumes => {
            *validator = None;
            return Err(Trouble::passing(exchange.status(&answered)));
        }
        _ => return Err(exchange.refusal(&answered)),
    }
    let is_framed = exchange::is_framed(response.headers());
    let mut body = answered.response.into_body().into_reader();
    let mut buffer = vec![0; partial::BUFFER];
    loop {
        match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => partial.write(&buffer[..read])?,
            Err(cause) => return Err(exchange.broken(partial.written(), cause)),
        }
    }
    // Without a frame a cut and an end look the same.
    if !is_framed && partial.is_short() {
        return Err(Trouble::passing(exchange.short(partial.written())));
    }
    Ok(())
}

/// Copies a file of this machine.
fn copy(url: &Url, partial: &mut Partial, advice: &'static Advice) -> Result<(), DownloadError> {
    let path = url.to_file_path().map_err(|()| DownloadError::BadUrl {
        url: partial.url().to_owned(),
        reason: "it names no file of this machine".to_owned(),
    })?;
    let failed = |cause: io::Error| error::file("read", &path, &cause);
    let mut file = match File::open(&path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
            return Err(DownloadError::NotFound {
                url: partial.url().to_owned(),
                advice,
            });
        }
        opened => opened.map_err(failed)?,
    };
    let mut buffer = vec![0; partial::BUFFER];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => partial.write(&buffer[..read])?,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(failed(cause)),
        }
    }
}

pub(super) fn parse(text: &str) -> Result<Url, DownloadError> {
    let bad = |reason: String| DownloadError::BadUrl {
        url: error::shown_text(text),
        reason,
    };
    let url = Url::parse(text).map_err(|cause| bad(cause.to_string()))?;
    match url.scheme() {
        "https" | "http" | "file" => Ok(url),
        scheme => Err(bad(format!("{scheme} is not one of https, http and file"))),
    }
}

/// The pause after a try, counted from 1.
pub(crate) fn back_off(tries: u32) -> Duration {
    let factor = 1 << (tries - 1).min(4);
    (FIRST_PAUSE * factor).min(LONGEST_PAUSE)
}

fn silence(environment: &[(String, String)]) -> Result<Duration, DownloadError> {
    let Some(value) = variable(environment, "PIP_DEFAULT_TIMEOUT") else {
        return Ok(SILENCE);
    };
    let seconds = value.trim().parse().ok().filter(|seconds| *seconds > 0.0);
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| DownloadError::Setting {
            variable: "PIP_DEFAULT_TIMEOUT",
            reason: format!("\"{value}\" is no time; wanted are seconds, more than 0"),
        })
}

/// How often something is tried again, by `PIP_RETRIES`.
pub(crate) fn retries(environment: &[(String, String)]) -> Result<u32, DownloadError> {
    let Some(value) = variable(environment, "PIP_RETRIES") else {
        return Ok(RETRIES);
    };
    value.trim().parse().map_err(|_| DownloadError::Setting {
        variable: "PIP_RETRIES",
        reason: format!("\"{value}\" is no number of tries; wanted is 0 or more"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_eight_seconds() {
        let pauses: Vec<_> = (1..=7).map(|tries| back_off(tries).as_millis()).collect();
        assert_eq!(pauses, [500, 1000, 2000, 4000, 8000, 8000, 8000]);
    }

    #[test]
    fn settings_have_pips_defaults_and_bad_ones_are_named() {
        let with = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        assert_eq!(silence(&[]), Ok(Duration::from_secs(15)));
        assert_eq!(
            silence(&with("PIP_DEFAULT_TIMEOUT", "2.5")),
            Ok(Duration::from_millis(2500))
        );
        assert_eq!(retries(&with("PIP_RETRIES", "")), Ok(5));
        assert_eq!(retries(&with("PIP_RETRIES", "0")), Ok(0));
        for value in ["0", "-1", "NaN", "inf", "soon"] {
            assert_eq!(
                silence(&with("PIP_DEFAULT_TIMEOUT", value)).map_err(|error| error.to_string()),
                Err(format!(
                    "PIP_DEFAULT_TIMEOUT: \"{value}\" is no time; wanted are seconds, more than 0"
                ))
            );
        }
        assert_eq!(
            retries(&with("PIP_RETRIES", "-1")).map_err(|error| error.to_string()),
            Err("PIP_RETRIES: \"-1\" is no number of tries; wanted is 0 or more".to_owned())
        );
    }
}
