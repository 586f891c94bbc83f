//! A git server over HTTP: `git http-backend`, or plain files.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

use crate::repository::Repository;

/// How it behaves.
#[derive(Clone, Default)]
pub struct Manners {
    /// The user and the password that it wants.
    pub login: Option<(&'static str, &'static str)>,
    /// Serves the repository's files and nothing else: the "dumb" protocol.
    pub dumb: bool,
    /// How many requests it first answers with 503.
    pub failures: usize,
    /// How many requests it first leaves without an answer.
    pub silences: usize,
    /// Does not know git's protocol 2.
    pub old: bool,
    /// Talks TLS, with the certificate that `authority` trusts.
    pub tls: bool,
}

/// A server in threads of the test, which end with it.
pub struct HttpServer {
    /// The repository's address, without a login.
    pub url: String,
    requests: Arc<Mutex<Vec<String>>>,
    /// Its certificate, which is its own authority, and the key.
    identity: Option<TempDir>,
    repository: Option<Repository>,
}

impl HttpServer {
    /// Serves a repository that nobody else needs.
    pub fn lasting(repository: Repository, manners: Manners) -> Self {
        let mut server = Self::of(&repository, manners);
        server.repository = Some(repository);
        server
    }

    /// Serves a repository on this machine.
    pub fn of(repository: &Repository, manners: Manners) -> Self {
        if manners.dumb {
            repository.git("update-server-info");
        }
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let requests = Arc::default();
        let identity = manners.tls.then(identity);
        let tls = identity.as_ref().map(|files| configuration(files.path()));
        let scheme = if manners.tls { "https" } else { "http" };
        let server = Self {
            url: format!("{scheme}://127.0.0.1:{port}/tiny"),
            requests: Arc::clone(&requests),
            identity,
            repository: None,
        };
        let directory = repository.path().join(".git");
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (manners, directory) = (manners.clone(), directory.clone());
                let requests = Arc::clone(&requests);
                let tls = tls.clone();
                thread::spawn(move || match tls {
                    None => serve(stream, &manners, &directory, &requests),
                    Some(tls) => {
                        let connection = ServerConnection::new(tls).expect("a connection");
                        let stream = StreamOwned::new(connection, stream);
                        serve(stream, &manners, &directory, &requests)
                    }
                });
            }
        });
        server
    }

    /// The address with a login in it.
    pub fn url_of(&self, user: &str) -> String {
        self.url.replacen("http://", &format!("http://{user}@"), 1)
    }

    /// The certificate that a client has to trust.
    pub fn authority(&self) -> PathBuf {
        let files = self.identity.as_ref().expect("a server with TLS");
        files.path().join("server.pem")
    }

    /// The requests so far, `GET /tiny/info/refs?service=git-upload-pack`.
    pub fn requests(&self) -> Vec<String> {
        let requests = self.requests.lock();
        requests.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A certificate for 127.0.0.1, and its key.
fn identity() -> TempDir {
    let files = tempfile::tempdir().expect("a directory");
    let made = Command::new("openssl")
        .current_dir(files.path())
        .args(
            "req -x509 -nodes -days 2 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1".split(' '),
        )
        .args([
            "-subj",
            "/CN=A git server",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ])
        .args(["-out", "server.pem", "-keyout", "server-key.pem"])
        .stderr(Stdio::null())
        .status();
    assert!(made.is_ok_and(|status| status.success()), "openssl");
    files
}

fn configuration(files: &Path) -> Arc<ServerConfig> {
    let certificate = CertificateDer::from_pem_file(files.join("server.pem"));
    let key = PrivateKeyDer::from_pem_file(files.join("server-key.pem"));
    let provider = Arc::new(ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.expect("protocols").with_no_client_auth();
    let chain = vec![certificate.expect("a certificate")];
    let made = builder.with_single_cert(chain, key.expect("a key"));
    Arc::new(made.expect("they belong together"))
}

/// One request, after which the connection ends. A client that is gone is no matter.
fn serve(
    stream: impl Read + Write,
    manners: &Manners,
    directory: &Path,
    requests: &Mutex<Vec<String>>,
) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let (method, rest) = line.split_once(' ')?;
    let target = rest.split(' ').next()?.to_owned();
    let mut headers: Vec<(String, String)> = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else {
            break;
        };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let header = |name: &str| {
        let mut headers = headers.iter();
        headers.find(|(key, _)| key == name).map(|(_, value)| value)
    };
    let length = header("content-length").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or_default()];
    reader.read_exact(&mut body).ok()?;

    let number = {
        let mut requests = requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.push(format!("{method} {target}"));
        requests.len()
    };
    if number <= manners.silences {
        thread::sleep(Duration::from_mins(10));
    }
    let wanted = manners.login.map(|(user, password)| {
        let login = BASE64_STANDARD.encode(format!("{user}:{password}"));
        format!("Basic {login}")
    });
    let answer = if number <= manners.failures {
        plain("503 Service Unavailable", "", b"later")
    } else if wanted.is_some() && header("authorization") != wanted.as_ref() {
        let ask = "WWW-Authenticate: Basic realm=\"tiny\"\r\n";
        plain("401 Unauthorized", ask, b"who is it?")
    } else if let Some(path) = target.strip_prefix("/tiny") {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        if manners.dumb {
            match fs::read(directory.join(path.trim_start_matches('/'))) {
                Ok(bytes) => plain("200 OK", "", &bytes),
                Err(_) => plain("404 Not Found", "", b"no such file"),
            }
        } else {
            let protocol = header("git-protocol").filter(|_| !manners.old);
            let variables = [
                ("REQUEST_METHOD", method),
                ("PATH_INFO", path),
                ("QUERY_STRING", query),
                (
                    "CONTENT_TYPE",
                    header("content-type").map_or("", |text| text),
                ),
                (
                    "HTTP_CONTENT_ENCODING",
                    header("content-encoding").map_or("", |text| text),
                ),
                ("HTTP_GIT_PROTOCOL", protocol.map_or("", |text| text)),
            ];
            backend(directory.to_owned(), &variables, &body)?
        }
    } else {
        plain("404 Not Found", "", b"no such repository")
    };
    let stream = reader.get_mut();
    stream.write_all(&answer).ok()?;
    stream.flush().ok()
}

fn plain(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// git-http-backend(1), a CGI program.
fn backend(directory: PathBuf, variables: &[(&str, &str)], body: &[u8]) -> Option<Vec<u8>> {
    let mut child = Command::new("git")
        .arg("http-backend")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_PROJECT_ROOT", directory)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REMOTE_ADDR", "127.0.0.1")
        .env("CONTENT_LENGTH", body.len().to_string())
        .envs(
            variables
                .iter()
                .filter(|(_, value)| !value.is_empty())
                .copied(),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut input = child.stdin.take()?;
    let body = body.to_owned();
    let writer = thread::spawn(move || input.write_all(&body));
    let output = child.wait_with_output().ok()?.stdout;
    let _ = writer.join();
    let end = output.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let (head, body) = (&output[..end + 2], &output[end + 4..]);
    let head = String::from_utf8_lossy(head).into_owned();
    let status = head.lines().find_map(|line| line.strip_prefix("Status: "));
    let headers: String = head
        .split_inclusive("\r\n")
        .filter(|line| !line.starts_with("Status: "))
        .collect();
    Some(plain(status.unwrap_or("200 OK"), &headers, body))
}
