//! One question to a server and what the answer means.

use std::io;
use std::time::{Duration, SystemTime};

use ureq::Body;
use ureq::http::{self, HeaderMap, Response};
use url::Url;

use super::credentials::Credentials;
use super::error::{self, Advice, DownloadError};
use super::request::Request;
use super::routes::Routes;

/// In the place of what rustls says: RFC 5280, 4.2.1.9, as OpenSSL does not have it.
const A_CA: &str = "its certificate is that of an authority (CA:TRUE), and no server's, \
                    whoever trusts it";

/// Redirects that are followed, at most; requests, which pip uses, follows 30.
const REDIRECTS: usize = 30;

/// The longest time that a server may ask us to wait.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// What a form is sent as (<https://url.spec.whatwg.org/#application/x-www-form-urlencoded>).
const FORM: &str = "application/x-www-form-urlencoded";

/// What of a file is still wanted.
#[derive(Debug, Clone, Copy)]
pub struct Resume<'a> {
    /// The bytes that are there.
    pub from: u64,
    /// Which file they are of.
    pub validator: Option<&'a str>,
}

/// An answer that is no redirect.
pub struct Answered {
    /// Itself.
    pub response: Response<Body>,
    /// Who gave it, when that is another server than was asked.
    pub elsewhere: Option<String>,
}

/// Why one try did not bring the file.
#[derive(Debug)]
pub enum Trouble {
    /// Another try would not bring it either.
    Lasting(DownloadError),
    /// Another try may.
    Passing {
        /// What is said when there is no other try.
        error: DownloadError,
        /// How long the server wants us to wait.
        wait: Option<Duration>,
    },
}

impl Trouble {
    /// One that may pass at any time.
    pub fn passing(error: DownloadError) -> Self {
        Self::Passing { error, wait: None }
    }
}

impl From<DownloadError> for Trouble {
    fn from(error: DownloadError) -> Self {
        Self::Lasting(error)
    }
}

/// One try for one file.
pub struct Exchange<'a> {
    /// The ways to servers.
    pub routes: &'a Routes,
    /// Who we are.
    pub credentials: &'a Credentials,
    /// How long a server may say nothing.
    pub silence: Duration,
    /// What is said about errors.
    pub advice: &'static Advice,
    /// What is asked for.
    pub request: &'a Request<'a>,
    /// Its URL.
    pub url: &'a Url,
    /// Its URL as it may be shown.
    pub shown: &'a str,
    /// Which try this is, from 1.
    pub tries: u32,
}

impl Exchange<'_> {
    /// Asks for the file, or for what is behind some bytes of it, if it is still the one
    /// that a validator names where there is one (RFC 9110, 13.1.5 and 14.2). Follows
    /// redirects, and answers once when the server wants to know who asks.
    pub fn get(&self, resume: Option<Resume<'_>>) -> Result<Answered, Trouble> {
        let Some(authority) = self.request.authority else {
            return self.follow(resume, None);
        };
        let told = authority.authorization();
        let answered = self.follow(resume, told.as_deref())?;
        if answered.response.status() != 401 || answered.elsewhere.is_some() {
            return Ok(answered);
        }
        let headers = answered.response.headers();
        let values = headers.get_all("www-authenticate").iter();
        let challenges: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
        if !authority.challenged(told.as_deref(), &challenges)? {
            return Ok(answered);
        }
        self.follow(resume, authority.authorization().as_deref())
    }

    /// Follows redirects.
    fn follow(
        &self,
        resume: Option<Resume<'_>>,
        authorization: Option<&str>,
    ) -> Result<Answered, Trouble> {
        let mut url = self.url.clone();
        for _ in 0..=REDIRECTS {
            let response = self.ask(&url, resume, authorization)?;
            match target(&url, &response) {
                Some(Ok(next)) => {
                    self.check_way(&url, &next)?;
                    url = next;
                }
                Some(Err(reason)) => return Err(self.unfit(reason).into()),
                None => {
                    let is_elsewhere = url.origin() != self.url.origin();
                    let elsewhere = is_elsewhere.then(|| self.routes.name(&url));
                    return Ok(Answered {
                        response,
                        elsewhere,
                    });
                }
            }
        }
        Err(DownloadError::Redirects {
            url: self.shown.to_owned(),
            limit: REDIRECTS,
        }
        .into())
    }

    /// Refuses ways on which others could listen, or answer.
    fn check_way(&self, from: &Url, to: &Url) -> Result<(), DownloadError> {
        let host = self.routes.name(to);
        if self.request.form.is_some() && to.origin() != self.url.origin() {
            return Err(self.unfit(format!("it is redirected to {host}, which is told nothing")));
        }
        if from.scheme() == "https" && to.scheme() == "http" && !self.request.immutable {
            return Err(self.unfit(format!("it is redirected to {host} without TLS")));
        }
        Ok(())
    }

    fn ask(
        &self,
        url: &Url,
        resume: Option<Resume<'_>>,
        authorization: Option<&str>,
    ) -> Result<Response<Body>, Trouble> {
        let agent = self.routes.to(url).ok_or_else(|| DownloadError::NoRoots {
            url: self.shown.to_owned(),
            advice: self.advice,
        })?;
        let known;
        let authorization = if self.request.authority.is_some() {
            authorization.filter(|_| url.origin() == self.url.origin())
        } else {
            known = self.credentials.of(url, self.url);
            known.as_deref()
        };
        let range = resume.map(|resume| format!("bytes={}-", resume.from));
        let form = self.request.form.as_deref();
        let headers = [
            ("accept", self.request.accept),
            ("authorization", authorization),
            ("range", range.as_deref()),
            ("if-range", resume.and_then(|resume| resume.validator)),
            ("content-type", form.map(|_| FORM)),
        ];
        let mut bare = url.clone();
        bare.set_fragment(None);
        let mut asked = http::Request::builder().uri(error::shown(&bare));
        for (name, value) in headers {
            if let Some(value) = value {
                asked = asked.header(name, value);
            }
        }
        let answered = match form {
            Some(form) => asked
                .method(http::Method::POST)
                .body(form)
                .map_err(ureq::Error::Http)
                .and_then(|request| agent.run(request)),
            None => asked
                .body(())
                .map_err(ureq::Error::Http)
                .and_then(|request| agent.run(request)),
        };
        answered.map_err(|cause| self.trouble(url, cause))
    }

    /// What an answer means that brings no file.
    pub fn refusal(&self, answered: &Answered) -> Trouble {
        let url = self.shown.to_owned();
        let status = answered.response.status().as_u16();
        let advice = self.advice;
        let headers = answered.response.headers();
        match status {
            401 | 403 if answered.elsewhere.is_none() => DownloadError::Refused {
                url,
                status,
                advice,
            }
            .into(),
            404 | 410 if answered.elsewhere.is_none() => {
                DownloadError::NotFound { url, advice }.into()
            }
            _ => {
                let error = self.status(answered);
                if matches!(status, 408 | 425 | 429 | 500..=599) {
                    let wait = retry_after(headers, SystemTime::now());
                    Trouble::Passing { error, wait }
                } else {
                    error.into()
                }
            }
        }
    }

    /// An answer that brings no file.
    pub fn status(&self, answered: &Answered) -> DownloadError {
        let url = self.shown;
        DownloadError::Status {
            // Not its whole URL, which may have a signature that lets anybody in.
            url: match &answered.elsewhere {
                Some(host) => format!("{url}, which is redirected to {host}"),
                None => url.to_owned(),
            },
            status: answered.response.status().as_u16(),
            tries: self.tries,
        }
    }

    /// What it means that the body could not be read to its end.
    pub fn broken(&self, got: u64, cause: io::Error) -> Trouble {
        // ureq wraps its own errors where a reader can only have an io::Error.
        match ureq::Error::from(cause) {
            cause @ ureq::Error::Timeout(_) => self.trouble(self.url, cause),
            _ => Trouble::passing(self.short(got)),
        }
    }

    /// A body that ended too early.
    pub fn short(&self, got: u64) -> DownloadError {
        DownloadError::Short {
            url: self.shown.to_owned(),
            got,
            tries: self.tries,
        }
    }

    /// Another file than the one that was begun.
    pub fn changed(&self) -> DownloadError {
        DownloadError::Changed {
            url: self.shown.to_owned(),
        }
    }

    fn trouble(&self, asked: &Url, cause: ureq::Error) -> Trouble {
        let url = self.shown.to_owned();
        let host = self.routes.name(asked);
        let advice = self.advice;
        let tls = |url, host, reason: String| {
            let reason = if reason.contains("CaUsedAsEndEntity") {
                A_CA.to_owned()
            } else {
                reason
            };
            DownloadError::Tls {
                url,
                host,
                reason,
                advice,
            }
            .into()
        };
        let unreachable = |reason: String| {
            Trouble::passing(DownloadError::Connect {
                url: url.clone(),
                host: host.clone(),
                reason,
                tries: self.tries,
            })
        };
        match cause {
            ureq::Error::Timeout(_) => Trouble::passing(DownloadError::Timeout {
                url,
                host,
                seconds: self.silence.as_secs_f64().to_string(),
                tries: self.tries,
            }),
            // So rustls wraps its errors of a handshake: no other try helps.
            ureq::Error::Io(cause) if cause.kind() == io::ErrorKind::InvalidData => {
                if is_no_tls(&cause) {
                    return DownloadError::NoTls { url, host, advice }.into();
                }
                tls(url, host, cause.to_string())
            }
            ureq::Error::Tls(reason) => tls(url, host, reason.to_owned()),
            ureq::Error::Rustls(reason) => tls(url, host, reason.to_string()),
            ureq::Error::BadUri(reason) => self.bad_url(&reason).into(),
            ureq::Error::Http(reason) => self.bad_url(&reason.to_string()).into(),
            ureq::Error::Io(cause) => unreachable(cause.to_string()),
            // "proxy server responded 403/403"
            ureq::Error::ConnectProxyFailed(reason) => {
                unreachable(reason.split('/').next().unwrap_or_default().to_owned())
            }
            cause => unreachable(cause.to_string()),
        }
    }

    fn unfit(&self, reason: String) -> DownloadError {
        DownloadError::Unfit {
            url: self.shown.to_owned(),
            reason,
        }
    }

    fn bad_url(&self, reason: &str) -> DownloadError {
        DownloadError::BadUrl {
            url: self.shown.to_owned(),
            reason: reason.to_owned(),
        }
    }
}

/// A time to wait: seconds or a date (RFC 9110, 10.2.3).
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = text(headers, "retry-after")?;
    let wait = match value.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(value)
            .ok()?
            // One that is past is now.
            .duration_since(now)
            .unwrap_or_default(),
    };
    Some(wait.min(LONGEST_WAIT))
}

/// What `If-Range` may hold: a strong entity tag or a date (RFC 9110, 13.1.5).
pub fn validator(headers: &HeaderMap) -> Option<String> {
    text(headers, "etag")
        .filter(|tag| !tag.starts_with("W/"))
        .or_else(|| text(headers, "last-modified"))
        .map(str::to_owned)
}

/// Whether a partial answer begins where we are (RFC 9110, 14.4).
pub fn continues(headers: &HeaderMap, from: u64) -> bool {
    text(headers, "content-range").is_some_and(|range| {
        range
            .strip_prefix("bytes ")
            .and_then(|range| range.split_once('-'))
            .is_some_and(|(first, _)| first.parse() == Ok(from))
    })
}

/// Whether the end of a body is told by its framing, and not by the end of the connection.
pub fn is_framed(headers: &HeaderMap) -> bool {
    headers.contains_key("content-length") || headers.contains_key("transfer-encoding")
}

/// The bytes of a body, as its server says.
pub fn length(headers: &HeaderMap) -> Option<u64> {
    text(headers, "content-length")?.parse().ok()
}

/// Where a redirect leads.
fn target(url: &Url, response: &Response<Body>) -> Option<Result<Url, String>> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = text(response.headers(), "location")?;
    Some(match url.join(location) {
        Ok(next) if matches!(next.scheme(), "http" | "https") => Ok(next),
        _ => Err(format!(
            "it is redirected to {}",
            error::shown_text(location)
        )),
    })
}

/// A header's value.
pub fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// Whether what came is no part of TLS at all.
fn is_no_tls(cause: &io::Error) -> bool {
    let inner = cause.get_ref().and_then(|inner| inner.downcast_ref());
    matches!(
        inner,
        Some(rustls::Error::InvalidMessage(
            rustls::InvalidMessage::InvalidContentType
        ))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_never_too_long() {
        let now = httpdate::parse_http_date("Wed, 21 Oct 2015 07:28:00 GMT").unwrap();
        let wait = |value: &str| {
            retry_after(&headers("retry-after", value), now).map(|wait| wait.as_secs())
        };
        assert_eq!(wait("0"), Some(0));
        assert_eq!(wait("7"), Some(7));
        assert_eq!(wait("3600"), Some(60));
        assert_eq!(wait("Wed, 21 Oct 2015 07:28:30 GMT"), Some(30));
        assert_eq!(wait("Wed, 21 Oct 2015 09:28:30 GMT"), Some(60));
        assert_eq!(wait("Wed, 21 Oct 2015 07:00:00 GMT"), Some(0));
        assert_eq!(wait("soon"), None);
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn only_strong_tags_and_dates_can_resume() {
        assert_eq!(validator(&headers("etag", "\"a\"")), Some("\"a\"".into()));
        assert_eq!(validator(&headers("etag", "W/\"a\"")), None);
        assert_eq!(
            validator(&headers("last-modified", "Wed, 21 Oct 2015 07:28:00 GMT")),
            Some("Wed, 21 Oct 2015 07:28:00 GMT".into())
        );
    }

    #[test]
    fn a_range_must_begin_where_we_are() {
        let range = headers("content-range", "bytes 5-9/10");
        assert!(continues(&range, 5));
        assert!(!continues(&range, 4));
        assert!(!continues(&headers("content-range", "bytes */10"), 5));
        assert!(!continues(&HeaderMap::new(), 0));
    }
}
