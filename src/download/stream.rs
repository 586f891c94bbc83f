//! A file that is read while it comes, from where it broke off when it breaks off.

use std::io::{self, Read};
use std::time::Duration;

use ureq::Body;
use ureq::http::{HeaderMap, Response};
use url::Url;

use super::Client;
use super::client::{back_off, parse};
use super::error::{self, DownloadError};
use super::exchange::{self, Exchange, Resume, Trouble};
use super::request::Request;

/// How often it is looked, during a pause, whether it is still wanted.
const GLANCE: Duration = Duration::from_millis(100);

/// So many bytes are worth as many tries again: a long file on a bad line takes its time.
const WORTH: u64 = 1 << 20;

/// A file's bytes in their order. Reading tries as often and as long as
/// [`Client::fetch`] does; what it fails with holds a [`DownloadError`].
///
/// Whether they are the right ones is for the reader to know: of a file that the server
/// replaced in the meantime nothing more is read, where the server tells one from another.
pub struct Stream<'a> {
    client: &'a Client,
    request: Request<'a>,
    url: Url,
    shown: String,
    heard: &'a (dyn Fn(u64) + Sync),
    body: Option<Answer>,
    /// Which file it is, as the first answer had it.
    validator: Option<String>,
    /// Its bytes, as the first answer had them.
    length: Option<u64>,
    /// The other headers of that.
    headers: HeaderMap,
    read: u64,
    /// Bytes that were read when something went wrong last.
    before: u64,
    tries: u32,
}

/// A body that is being read.
struct Answer {
    body: Box<dyn Read + Send>,
    is_framed: bool,
    /// Bytes before those that are wanted: of a server that knows no ranges.
    ahead: u64,
}

impl Client {
    /// Opens a file over HTTP; `heard` gets the number of bytes each time some arrive.
    ///
    /// # Errors
    /// Whatever [`DownloadError`] names, of the first answer.
    pub fn open<'a>(
        &'a self,
        request: Request<'a>,
        heard: &'a (dyn Fn(u64) + Sync),
    ) -> Result<Stream<'a>, DownloadError> {
        let url = parse(&request.url)?;
        if url.scheme() == "file" {
            return Err(DownloadError::BadUrl {
                url: error::shown(&url),
                reason: "file is not one of https and http".to_owned(),
            });
        }
        let mut stream = Stream {
            client: self,
            request,
            shown: error::shown(&url),
            url,
            heard,
            body: None,
            validator: None,
            length: None,
            headers: HeaderMap::new(),
            read: 0,
            before: 0,
            tries: 1,
        };
        let first = stream.answer()?;
        stream.body = Some(first);
        Ok(stream)
    }
}

impl Stream<'_> {
    /// The bytes of the whole file, when its server says how many.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// A header of the first answer.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        exchange::text(&self.headers, name)
    }

    /// All of it, when these are not more than so many bytes.
    ///
    /// # Errors
    /// Why it cannot be had.
    pub fn bytes(mut self, most: u64) -> Result<Vec<u8>, DownloadError> {
        let mut bytes = Vec::new();
        let read = self.by_ref().take(most + 1).read_to_end(&mut bytes);
        let unfit = |reason| DownloadError::Unfit {
            url: self.shown.clone(),
            reason,
        };
        match read {
            Err(error) => {
                let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
                Err(inner.cloned().unwrap_or_else(|| unfit(error.to_string())))
            }
            Ok(read) if read as u64 > most => Err(unfit(format!("it has more than {most} bytes"))),
            Ok(_) => Ok(bytes),
        }
    }

    fn exchange(&self) -> Exchange<'_> {
        Exchange {
            routes: &self.client.routes,
            credentials: &self.client.credentials,
            silence: self.client.silence,
            advice: self.client.advice,
            request: &self.request,
            url: &self.url,
            shown: &self.shown,
            tries: self.tries,
        }
    }

    /// Asks until there is an answer that brings something.
    fn answer(&mut self) -> Result<Answer, DownloadError> {
        loop {
            match self.ask() {
                Ok(answer) => return Ok(answer),
                Err(trouble) => self.wait(trouble)?,
            }
        }
    }

    fn ask(&mut self) -> Result<Answer, Trouble> {
        let is_proven = self.request.immutable || self.validator.is_some();
        let resume = (self.read > 0 && is_proven).then_some(Resume {
            from: self.read,
            validator: self.validator.as_deref(),
        });
        let answered = self.exchange().get(resume)?;
        let response = &answered.response;
        let headers = response.headers();
        let is_same =
            is_proven && (self.request.immutable || exchange::validator(headers) == self.validator);
        let ahead = match response.status().as_u16() {
            200 if self.read == 0 => {
                self.validator = exchange::validator(headers);
                self.length = exchange::length(headers);
                self.headers = headers.clone();
                0
            }
            // It knows no ranges.
            200 if is_same => self.read,
            // It has another file now, or one of which nobody knows whether it is.
            200 => return Err(self.exchange().changed().into()),
            206 if resume.is_some() && exchange::continues(headers, self.read) => 0,
            _ => return Err(self.exchange().refusal(&answered)),
        };
        Ok(Answer::of(answered.response, ahead))
    }

    /// Waits for the next try, unless there is none.
    fn wait(&mut self, trouble: Trouble) -> Result<(), DownloadError> {
        if self.read - self.before >= WORTH {
            self.tries = 1;
        }
        self.before = self.read;
        match trouble {
            Trouble::Lasting(error) => Err(error),
            Trouble::Passing { error, .. }
                if self.request.once || self.tries > self.client.retries =>
            {
                Err(error)
            }
            Trouble::Passing { wait, error } => {
                self.pause(wait.unwrap_or_else(|| back_off(self.tries)), error)?;
                self.tries += 1;
                Ok(())
            }
        }
    }

    /// Pauses, unless nobody wants to know any more.
    fn pause(&self, mut pause: Duration, error: DownloadError) -> Result<(), DownloadError> {
        let Some(patience) = self.request.patience else {
            (self.client.pause)(pause);
            return Ok(());
        };
        while !pause.is_zero() {
            if patience.is_lost() {
                return Err(error);
            }
            let slice = pause.min(GLANCE);
            (self.client.pause)(slice);
            pause -= slice;
        }
        Ok(())
    }

    /// What a piece of a body means: bytes, the end, or trouble.
    fn piece(&mut self, buffer: &mut [u8], mut answer: Answer) -> Result<usize, Trouble> {
        let read = answer
            .read(buffer)
            .map_err(|cause| self.exchange().broken(self.read, cause))?;
        // Without a frame a cut and an end look the same.
        if read == 0 && !answer.is_framed && self.length.is_some_and(|length| self.read < length) {
            return Err(Trouble::passing(self.exchange().short(self.read)));
        }
        if read > 0 {
            self.read += read as u64;
            (self.heard)(read as u64);
        }
        self.body = Some(answer);
        Ok(read)
    }
}

impl Read for Stream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let answer = match self.body.take() {
                Some(answer) => answer,
                None => self.answer().map_err(io::Error::other)?,
            };
            match self.piece(buffer, answer) {
                Ok(read) => return Ok(read),
                Err(trouble) => self.wait(trouble).map_err(io::Error::other)?,
            }
        }
    }
}

impl Answer {
    fn of(response: Response<Body>, ahead: u64) -> Self {
        Self {
            is_framed: exchange::is_framed(response.headers()),
            body: Box::new(response.into_body().into_reader()),
            ahead,
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ahead > 0 {
            let passed = io::copy(&mut self.body.by_ref().take(self.ahead), &mut io::sink())?;
            if passed < self.ahead {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.ahead = 0;
        }
        self.body.read(buffer)
    }
}
