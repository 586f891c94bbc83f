//! A server in front of a registry that spoils what a test says.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::TcpStream;

use crate::answer::Answer;
use crate::server::{Request, Server};

/// A request on its way to the registry.
pub struct Asked<'a> {
    request: &'a Request,
    port: u16,
    /// Whether it may ask for a part.
    ranges: bool,
}

impl std::ops::Deref for Asked<'_> {
    type Target = Request;

    fn deref(&self) -> &Request {
        self.request
    }
}

/// Starts one in front of the registry at this port.
pub fn before(port: u16, respond: impl Fn(&Asked<'_>) -> Answer + Send + Sync + 'static) -> Server {
    Server::start(move |request| {
        let ranges = true;
        respond(&Asked {
            request,
            port,
            ranges,
        })
    })
}

impl Asked<'_> {
    /// What the registry answers.
    pub fn pass(&self) -> Answer {
        self.answer()
            .unwrap_or_else(|error| Answer::with(error.to_string()).header("X-Error", "here"))
    }

    /// What it answers to a client that does not ask for a part.
    pub fn pass_whole(&self) -> Answer {
        let asked = Asked {
            request: self.request,
            port: self.port,
            ranges: false,
        };
        asked.pass()
    }

    fn answer(&self) -> io::Result<Answer> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        // As HTTP/1.0, in which a body has no chunks.
        let mut head = format!("{} {} HTTP/1.0\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            let is_part = matches!(name.as_str(), "range" | "if-range");
            if name != "connection" && (self.ranges || !is_part) {
                let _ = write!(head, "{name}: {value}\r\n");
            }
        }
        stream.write_all(format!("{head}\r\n").as_bytes())?;
        stream.write_all(&self.body)?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        parsed(&bytes).ok_or_else(|| io::Error::other("the registry does not talk HTTP"))
    }
}

fn parsed(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut answer = Answer::with(&bytes[end + 4..]);
    answer.status = status;
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        if !name.eq_ignore_ascii_case("connection") {
            answer = answer.header(name, value);
        }
    }
    Some(answer)
}
