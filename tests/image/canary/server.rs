//! A server of files, and a proxy, that want a login.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::search::{CANARY, ENCODED, USER};

/// A server in threads of the test, which end with it.
pub struct Guarded {
    /// Its port of this machine.
    pub port: u16,
    /// What is below this is refused, whoever asks.
    refused: Arc<Mutex<String>>,
    /// What was given, by its path.
    given: Arc<Mutex<Vec<String>>>,
}

impl Guarded {
    /// Serves a directory; of a directory in it, `index.html`.
    pub fn of(directory: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let server = Self {
            port: listener.local_addr().expect("an address").port(),
            refused: Arc::new(Mutex::new("/nothing".to_owned())),
            given: Arc::default(),
        };
        let directory = directory.to_owned();
        let (refused, given) = (Arc::clone(&server.refused), Arc::clone(&server.given));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let directory = directory.clone();
                let (refused, given) = (Arc::clone(&refused), Arc::clone(&given));
                thread::spawn(move || {
                    let refused = refused.lock().expect("a path").clone();
                    serve(stream, &directory, &refused, &given)
                });
            }
        });
        server
    }

    /// Refuses what is below a path, from now on, and nothing else.
    pub fn refuse(&self, path: &str) {
        path.clone_into(&mut self.refused.lock().expect("a path"));
    }

    /// What was given to those who had the password.
    pub fn given(&self) -> Vec<String> {
        let given = self.given.lock();
        given.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// An address with the login in it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{USER}:{ENCODED}@127.0.0.1:{}{path}", self.port)
    }
}

/// One request, after which the connection ends. A client that is gone is no matter.
fn serve(
    stream: TcpStream,
    directory: &Path,
    refused: &str,
    given: &Mutex<Vec<String>>,
) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let target = line.split(' ').nth(1)?.to_owned();
    let mut login = String::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim().split_once(": ") else {
            break;
        };
        if ["authorization", "proxy-authorization"].contains(&name.to_lowercase().as_str()) {
            value.clone_into(&mut login);
        }
    }
    // A proxy is asked for whole addresses.
    let is_proxy = target.starts_with("http://");
    let path = target.trim_start_matches("http://");
    let path = path[path.find('/')?..].trim_end_matches('/');
    let basic = |password| {
        format!(
            "Basic {}",
            BASE64_STANDARD.encode(format!("{USER}:{password}"))
        )
    };
    // apt hands a password on as the proxy's URL has it.
    let knows = [basic(CANARY), basic(ENCODED)].contains(&login);
    let file = file(directory, path);
    let (status, header, body) = if !knows && is_proxy {
        (
            "407 Proxy Authentication Required",
            "Proxy-Authenticate: Basic realm=\"p\"\r\n",
            Vec::new(),
        )
    } else if !knows {
        (
            "401 Unauthorized",
            "WWW-Authenticate: Basic realm=\"s\"\r\n",
            Vec::new(),
        )
    } else if path.starts_with(refused) {
        ("403 Forbidden", "", Vec::new())
    } else if let Ok(body) = fs::read(file) {
        let mut all = given.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(path.to_owned());
        ("200 OK", "", body)
    } else {
        ("404 Not Found", "", Vec::new())
    };
    let kind = if Path::new(path).extension().is_some_and(|end| end == "whl") {
        "application/octet-stream"
    } else {
        "text/html"
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nContent-Type: {kind}\r\n{header}Connection: close\r\n\r\n",
        body.len()
    );
    let mut stream = reader.into_inner();
    stream.write_all(head.as_bytes()).ok()?;
    if !line.starts_with("HEAD") {
        stream.write_all(&body).ok()?;
    }
    Some(())
}

fn file(directory: &Path, path: &str) -> PathBuf {
    let file = directory.join(path.trim_start_matches('/'));
    if file.is_dir() {
        file.join("index.html")
    } else {
        file
    }
}
