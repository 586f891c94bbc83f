//! What a request gets, and all that goes wrong with it on its way.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// A name, and a value.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
    way: Way,
}

/// How a body is sent.
#[derive(Clone, Debug)]
enum Way {
    Whole,
    /// The connection ends before the answer begins.
    Dropped,
    /// The connection ends after so many bytes.
    Cut(usize),
    /// Nothing comes any more after so many bytes.
    Stall(usize),
    /// So many bytes at a time, and a pause.
    Slow(usize, Duration),
}

impl Answer {
    /// One without a body.
    pub fn of(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            way: Way::Whole,
        }
    }

    /// One with a body.
    pub fn with(body: impl Into<Vec<u8>>) -> Self {
        Self::of(200).body(body)
    }

    /// A redirect.
    pub fn redirect(location: &str) -> Self {
        Self::of(307).header("Location", location)
    }

    /// A header's value.
    pub fn value(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Sets a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Removes a header.
    pub fn without(mut self, name: &str) -> Self {
        self.headers
            .retain(|(header, _)| !header.eq_ignore_ascii_case(name));
        self
    }

    /// Another body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.without("Content-Length")
    }

    /// The connection ends before the answer begins.
    pub fn dropped(mut self) -> Self {
        self.way = Way::Dropped;
        self
    }

    /// The connection ends after so many bytes of the body.
    pub fn cut(mut self, bytes: usize) -> Self {
        self.way = Way::Cut(bytes);
        self
    }

    /// Nothing comes any more after so many bytes of the body.
    pub fn stall(mut self, bytes: usize) -> Self {
        self.way = Way::Stall(bytes);
        self
    }

    /// So many bytes of the body come at a time, with a pause between them.
    pub fn slow(mut self, bytes: usize, pause: Duration) -> Self {
        self.way = Way::Slow(bytes, pause);
        self
    }

    /// One byte of the body is another one.
    pub fn flip(mut self, at: usize) -> Self {
        let at = at % self.body.len().max(1);
        if let Some(byte) = self.body.get_mut(at) {
            *byte ^= 1;
        }
        self
    }

    /// The header says another length than the body has.
    pub fn claim(self, more: isize) -> Self {
        let length = self.body.len().saturating_add_signed(more);
        self.header("Content-Length", &length.to_string())
    }

    /// Sends it and ends the connection. A client that leaves early is one of the cases.
    pub fn send(&self, stream: &TcpStream, head_only: bool) {
        if !matches!(self.way, Way::Dropped) {
            let _ = self.head(stream);
            if !head_only {
                let _ = self.content(stream);
            }
        }
        let _ = stream.shutdown(Shutdown::Write);
        // A connection closed with something unread in it takes back what was sent.
        let _ = stream.set_read_timeout(Some(Duration::from_mins(1)));
        let mut stream = stream;
        let _ = io::copy(&mut stream, &mut io::sink());
    }

    /// Opens a tunnel: no body, and the connection goes on.
    pub fn opened(&self, mut stream: &TcpStream) {
        let _ = write!(stream, "HTTP/1.1 {} Opened\r\n\r\n", self.status);
    }

    fn head(&self, mut stream: &TcpStream) -> io::Result<()> {
        let mut text = format!("HTTP/1.1 {} Status\r\nConnection: close\r\n", self.status);
        if self.value("Content-Length").is_none() {
            let _ = write!(text, "Content-Length: {}\r\n", self.body.len());
        }
        for (name, value) in &self.headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        text += "\r\n";
        stream.write_all(text.as_bytes())
    }

    fn content(&self, mut stream: &TcpStream) -> io::Result<()> {
        let start = |bytes: usize| &self.body[..bytes.min(self.body.len())];
        match self.way {
            Way::Whole => stream.write_all(&self.body),
            Way::Dropped => Ok(()),
            Way::Cut(bytes) => stream.write_all(start(bytes)),
            Way::Stall(bytes) => {
                stream.write_all(start(bytes))?;
                stream.set_read_timeout(Some(Duration::from_mins(1)))?;
                // Until the client leaves.
                stream.read(&mut [0]).map(drop)
            }
            Way::Slow(bytes, pause) => self.body.chunks(bytes).try_for_each(|part| {
                stream.write_all(part)?;
                thread::sleep(pause);
                Ok(())
            }),
        }
    }
}
