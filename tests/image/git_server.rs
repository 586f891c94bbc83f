//! A git server over HTTP: `git http-backend`, or plain files.

use std::fs;
use std::io::Write;
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

use crate::http::{self, Answer, Request};
use crate::repository::Repository;
use crate::said::run;

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
pub struct GitServer {
    /// The repository's address, without a login.
    pub url: String,
    requests: Arc<Mutex<Vec<String>>>,
    /// Its certificate, which is its own authority, and the key.
    identity: Option<TempDir>,
    repository: Option<Repository>,
}

impl GitServer {
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
        let requests = Arc::default();
        let seen = Arc::clone(&requests);
        let identity = manners.tls.then(identity);
        let tls = identity.as_ref().map(|files| configuration(files.path()));
        let scheme = if manners.tls { "https" } else { "http" };
        let directory = repository.path().join(".git");
        let respond = move |request: &Request| answer(request, &manners, &directory, &seen);
        let address = http::listen(move |stream| match &tls {
            None => http::serve_one(stream, &respond),
            Some(tls) => {
                let connection = ServerConnection::new(Arc::clone(tls)).expect("a connection");
                http::serve_one(StreamOwned::new(connection, stream), &respond)
            }
        });
        Self {
            url: format!("{scheme}://{address}/tiny"),
            requests,
            identity,
            repository: None,
        }
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
    run(Command::new("openssl")
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
        .args(["-out", "server.pem", "-keyout", "server-key.pem"]));
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

fn answer(
    request: &Request,
    manners: &Manners,
    directory: &Path,
    requests: &Mutex<Vec<String>>,
) -> Option<Answer> {
    let Request { method, target, .. } = request;
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
    if number <= manners.failures {
        return Some(Answer::of("503 Service Unavailable").body("later"));
    }
    if wanted.is_some() && request.header("authorization") != wanted.as_deref() {
        let refused = Answer::of("401 Unauthorized").body("who is it?");
        return Some(refused.header("WWW-Authenticate", "Basic realm=\"tiny\""));
    }
    let Some(path) = target.strip_prefix("/tiny") else {
        return Some(Answer::of("404 Not Found").body("no such repository"));
    };
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    if manners.dumb {
        let file = fs::read(directory.join(path.trim_start_matches('/')));
        let absent = |_| Answer::of("404 Not Found").body("no such file");
        return Some(file.map_or_else(absent, Answer::with));
    }
    let header = |name| request.header(name).unwrap_or_default();
    let protocol = if manners.old {
        ""
    } else {
        header("git-protocol")
    };
    let variables = [
        ("REQUEST_METHOD", method.as_str()),
        ("PATH_INFO", path),
        ("QUERY_STRING", query),
        ("CONTENT_TYPE", header("content-type")),
        ("HTTP_CONTENT_ENCODING", header("content-encoding")),
        ("HTTP_GIT_PROTOCOL", protocol),
    ];
    backend(directory, &variables, &request.body)
}

/// git-http-backend(1), a CGI program.
fn backend(directory: &Path, variables: &[(&str, &str)], body: &[u8]) -> Option<Answer> {
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
    let (head, body) = (&output[..end], &output[end + 4..]);
    let head = String::from_utf8_lossy(head);
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    let (status, headers): (Vec<_>, Vec<_>) = headers.partition(|(name, _)| *name == "Status");
    let status = status.first().map_or("200 OK", |&(_, status)| status);
    let answer = Answer::of(status).body(body);
    let headers = headers.into_iter();
    Some(headers.fold(answer, |answer, (name, value)| answer.header(name, value)))
}
