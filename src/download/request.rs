//! What a server is asked for, and who answers when it wants to know who asks.

use super::error::DownloadError;

/// What a server is asked for.
#[derive(Clone)]
pub struct Request<'a> {
    /// Where it is: `https://` or `http://`.
    pub url: String,
    /// What kinds of it are of use (RFC 9110, 12.5.1).
    pub accept: Option<&'a str>,
    /// A form to send; without one nothing is sent.
    pub form: Option<String>,
    /// Only one content is taken for it, by its digest: a rest needs no proof to be one,
    /// and it may come by any way.
    pub immutable: bool,
    /// No answer is an answer, too: it is asked for once.
    pub once: bool,
    /// Who says who we are, in the place of the credentials that the client knows.
    pub authority: Option<&'a dyn Authority>,
    /// Who knows that nobody wants it any more.
    pub patience: Option<&'a dyn Patience>,
}

impl Request<'_> {
    /// A file, and nothing special about it.
    #[must_use]
    pub fn of(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            accept: None,
            form: None,
            immutable: false,
            once: false,
            authority: None,
            patience: None,
        }
    }
}

/// Knows whether to go on waiting.
pub trait Patience: Sync {
    /// Whether nobody waits any more.
    fn is_lost(&self) -> bool;
}

/// Tells the same whatever is said; nothing when there is none.
pub struct Fixed(pub Option<String>);

impl Authority for Fixed {
    fn authorization(&self) -> Option<String> {
        self.0.clone()
    }

    fn challenged(&self, _: Option<&str>, _: &[&str]) -> Result<bool, DownloadError> {
        Ok(false)
    }
}

/// Says who we are to one server, and learns from its refusals.
///
/// Only the server of a [`Request`]'s own URL is told. One that it redirects to is not,
/// and its refusals do not count.
pub trait Authority: Sync {
    /// The value of `Authorization` as far as it is known; none is sent otherwise.
    fn authorization(&self) -> Option<String>;

    /// The server did not take `told`, and says by these values of `WWW-Authenticate` what
    /// it would take. Whether there is something else to tell it now.
    ///
    /// # Errors
    /// Why that could not be had.
    fn challenged(&self, told: Option<&str>, challenges: &[&str]) -> Result<bool, DownloadError>;
}
