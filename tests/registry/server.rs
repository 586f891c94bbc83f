//! A small HTTP/1.1 server on this machine, which remembers what it was asked.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use crate::answer::Answer;

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// GET, HEAD, POST, CONNECT.
    pub method: String,
    /// With the query, without a host.
    pub path: String,
    /// The host that a proxy is asked for.
    pub authority: Option<String>,
    /// In lower-case letters before the colon.
    pub headers: Vec<(String, String)>,
    /// What came with it.
    pub body: Vec<u8>,
    /// How many requests for this path there were before.
    pub nth: usize,
    /// When it came.
    pub at: Instant,
}

impl Request {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether it is for a blob of a registry.
    pub fn is_blob(&self) -> bool {
        self.path.contains("/blobs/")
    }

    /// Whether it is for a manifest of a registry.
    pub fn is_manifest(&self) -> bool {
        self.path.contains("/manifests/")
    }
}

/// The server; it closes a connection after one answer.
pub struct Server {
    /// Its port of 127.0.0.1.
    pub port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Starts one. It ends with the test's process, as do the connections that it holds.
    pub fn start(respond: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let respond = Arc::new(respond);
        thread::spawn(move || {
            let counts = Arc::new(Mutex::new(BTreeMap::new()));
            for stream in listener.incoming().flatten() {
                let (seen, counts) = (Arc::clone(&seen), Arc::clone(&counts));
                let respond = Arc::clone(&respond);
                thread::spawn(move || serve(&stream, &seen, &counts, &*respond));
            }
        });
        Self { port, requests }
    }

    /// Host and port.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// A URL on it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.host())
    }

    /// All requests until now.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no panic").clone()
    }

    /// The requests for blobs.
    pub fn blobs(&self) -> Vec<Request> {
        let mut requests = self.requests();
        requests.retain(Request::is_blob);
        requests
    }
}

fn serve(
    stream: &TcpStream,
    seen: &Mutex<Vec<Request>>,
    counts: &Mutex<BTreeMap<String, usize>>,
    respond: &dyn Fn(&Request) -> Answer,
) {
    let mut reader = BufReader::new(stream);
    while let Some(mut request) = read(&mut reader) {
        {
            let mut counts = counts.lock().expect("no panic");
            let count = counts.entry(request.path.clone()).or_default();
            request.nth = *count;
            *count += 1;
        }
        seen.lock().expect("no panic").push(request.clone());
        if request.method == "CONNECT" {
            // What comes through the tunnel is served here, too.
            Answer::of(200).opened(stream);
            continue;
        }
        respond(&request).send(stream, request.method == "HEAD");
        return;
    }
}

/// The next request; none when the client leaves, or begins to talk TLS.
fn read(reader: &mut impl BufRead) -> Option<Request> {
    if reader.fill_buf().ok()?.first() == Some(&0x16) {
        return None;
    }
    let first = line(reader)?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let header = line(reader)?;
        let Some((name, value)) = header.split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    // A proxy is asked for a whole URL (RFC 9112, 3.2.2).
    let (authority, path) = match target.strip_prefix("http://") {
        Some(rest) => {
            let (authority, _) = rest.split_once('/').unwrap_or((rest, ""));
            (
                Some(authority.to_owned()),
                rest[authority.len()..].to_owned(),
            )
        }
        None => (None, target),
    };
    let mut request = Request {
        method,
        path,
        authority,
        headers,
        body: Vec::new(),
        nth: 0,
        at: Instant::now(),
    };
    let length = request.header("content-length");
    let length = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    reader.take(length).read_to_end(&mut request.body).ok()?;
    Some(request)
}

/// A line without its end.
fn line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    let read = reader.read_line(&mut line).ok()?;
    (read > 0).then(|| line.trim_end().to_owned())
}
