//! A small HTTP/1.1 server on this machine. What it answers is its user's affair.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// A request.
pub struct Request {
    /// `GET`, `HEAD`, `POST`.
    pub method: String,
    /// The path with its query; a proxy is asked for a whole URL.
    pub target: String,
    /// Names in lower-case letters, and values.
    pub headers: Vec<(String, String)>,
    /// What came with it.
    pub body: Vec<u8>,
}

impl Request {
    /// Reads one; none when the client leaves before its end.
    fn read(reader: &mut impl BufRead) -> Option<Self> {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let mut words = line.split(' ');
        let mut request = Self {
            method: words.next()?.to_owned(),
            target: words.next()?.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            let header = (name.to_ascii_lowercase(), value.trim().to_owned());
            request.headers.push(header);
        }
        let length = request.header("content-length");
        let length = length.and_then(|length| length.parse().ok());
        request.body.resize(length.unwrap_or_default(), 0);
        reader.read_exact(&mut request.body).ok()?;
        Some(request)
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// An answer.
pub struct Answer {
    status: String,
    /// Whole lines.
    headers: String,
    body: Vec<u8>,
    /// How much of the body is sent.
    sent: usize,
}

impl Answer {
    /// One without a body: `404 Not Found`.
    pub fn of(status: &str) -> Self {
        Self {
            status: status.to_owned(),
            headers: String::new(),
            body: Vec::new(),
            sent: 0,
        }
    }

    /// What was asked for.
    pub fn with(body: impl Into<Vec<u8>>) -> Self {
        Self::of("200 OK").body(body)
    }

    /// Another body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.sent = self.body.len();
        self
    }

    /// One more header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.extend([name, ": ", value, "\r\n"]);
        self
    }

    /// The connection ends after half of the body.
    pub fn cut(mut self) -> Self {
        self.sent = self.body.len() / 2;
        self
    }

    /// Sends it.
    pub fn send(&self, mut stream: impl Write, head_only: bool) -> io::Result<()> {
        let head = format!(
            "HTTP/1.1 {}\r\nContent-Length: {}\r\nConnection: close\r\n{}\r\n",
            self.status,
            self.body.len(),
            self.headers
        );
        let sent = if head_only { 0 } else { self.sent };
        stream.write_all(&[head.as_bytes(), &self.body[..sent]].concat())?;
        stream.flush()
    }
}

/// Serves every connection to a free port in a thread of its own. It ends with the process.
pub fn listen(serve: impl Fn(TcpStream) -> Option<()> + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
            thread::spawn(move || serve(stream));
        }
    });
    address
}

/// Answers every request to a free port, or hangs up where there is no answer.
pub fn serve(respond: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static) -> SocketAddr {
    listen(move |stream| serve_one(stream, &respond))
}

/// One request, after which the connection ends. A client that is gone is no matter.
pub fn serve_one(
    stream: impl Read + Write,
    respond: impl Fn(&Request) -> Option<Answer>,
) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let request = Request::read(&mut reader)?;
    let answer = respond(&request)?;
    answer.send(reader.get_mut(), request.method == "HEAD").ok()
}
