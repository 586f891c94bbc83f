//! Whole transfers, from a server on this machine.

mod again;
mod many;
mod redirects;
mod server;
mod streams;
mod ways;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use self::server::{Server, answer};
use crate::words::hex;

use super::{Client, DownloadError, Fetched, Request, Wanted};

const BODY: &str = "the bytes of a wheel";

const DOWNLOADED: Result<Fetched, String> = Ok(Fetched::Downloaded(BODY.len() as u64));

/// A client, a directory for what it fetches, and what happened.
struct Bench {
    client: Client,
    directory: TempDir,
    pauses: Arc<Mutex<Vec<Duration>>>,
    heard: AtomicU64,
}

impl Bench {
    fn new(environment: &[(&str, &str)], known: &[&str]) -> Self {
        let mut pairs: Vec<_> = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        // A test that hangs is worse than one that fails.
        pairs.push(("PIP_DEFAULT_TIMEOUT".to_owned(), "1".to_owned()));
        let known: Vec<_> = known.iter().map(|url| (*url).to_owned()).collect();
        let mut client = Client::new(&pairs, &known).unwrap();
        let pauses = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&pauses);
        client.pause = Box::new(move |pause| noted.lock().unwrap().push(pause));
        Self {
            client,
            directory: tempfile::tempdir().unwrap(),
            pauses,
            heard: AtomicU64::new(0),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn wanted(&self, url: &str) -> Wanted {
        Wanted {
            url: url.to_owned(),
            path: self.path("a.whl"),
            sha256: digest(BODY),
            size: None,
        }
    }

    fn fetch(&self, wanted: &Wanted) -> Result<Fetched, String> {
        let heard = |bytes| {
            self.heard.fetch_add(bytes, Ordering::Relaxed);
        };
        let fetched = self.client.fetch(wanted, &heard);
        fetched.map_err(|error| error.to_string())
    }

    /// Fetches a URL to `a.whl`.
    fn get(&self, url: &str) -> Result<Fetched, String> {
        self.fetch(&self.wanted(url))
    }

    /// The same with the size known.
    fn get_sized(&self, url: &str) -> Result<Fetched, String> {
        let size = Some(BODY.len() as u64);
        self.fetch(&Wanted {
            size,
            ..self.wanted(url)
        })
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn pauses(&self) -> Vec<u128> {
        let pauses = self.pauses.lock().unwrap();
        pauses.iter().map(Duration::as_millis).collect()
    }

    fn heard(&self) -> u64 {
        self.heard.load(Ordering::Relaxed)
    }
}

fn digest(text: &str) -> String {
    hex(&Sha256::digest(text))
}

#[test]
fn a_file_is_streamed_verified_and_put_in_place() {
    let server = Server::script(vec![answer(200, &[], BODY)]);
    let bench = Bench::new(&[], &[]);
    let wanted = Wanted {
        path: bench.path("new/directory/a.whl"),
        ..bench.wanted(&server.url("a.whl#sha256=0"))
    };
    assert_eq!(bench.fetch(&wanted), DOWNLOADED);
    assert_eq!(fs::read_to_string(&wanted.path).unwrap(), BODY);
    assert_eq!(bench.heard(), BODY.len() as u64);
    let request = &server.requests()[0];
    assert!(request.starts_with("get /a.whl http/1.1\r\n"), "{request}");
    assert!(request.contains("accept-encoding: identity\r\n"));
    assert!(request.contains("user-agent: loci-install/"));
    assert_eq!(server.header("authorization"), [None]);
    assert_eq!(server.header("range"), [None]);
}

#[test]
fn a_file_that_is_there_is_fetched_only_when_it_is_another() {
    let server = Server::script(vec![answer(200, &[], BODY)]);
    let bench = Bench::new(&[], &[]);
    fs::write(bench.path("a.whl"), BODY).unwrap();
    assert_eq!(bench.get(&server.url("a.whl")), Ok(Fetched::Present));
    assert!(server.requests().is_empty());

    fs::write(bench.path("a.whl"), "another").unwrap();
    fs::write(
        bench.path("a.whl.partial"),
        "left by a run that was killed, longer",
    )
    .unwrap();
    assert_eq!(bench.get(&server.url("a.whl")), DOWNLOADED);
    assert_eq!(fs::read_to_string(bench.path("a.whl")).unwrap(), BODY);
    assert_eq!(bench.files(), ["a.whl"]);
}

#[test]
fn a_wrong_digest_is_an_error_at_once_and_leaves_nothing() {
    let server = Server::script(vec![answer(200, &[], "something else")]);
    let bench = Bench::new(&[], &[]);
    let port = server.port;
    assert_eq!(
        bench.get(&format!("http://me:secret@127.0.0.1:{port}/a.whl")),
        Err(format!(
            "http://127.0.0.1:{port}/a.whl has the SHA-256 digest {}, but {} was locked; \
             the file was replaced or changed on its way: do not use it before you know why",
            digest("something else"),
            digest(BODY)
        ))
    );
    assert!(bench.files().is_empty());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_wrong_size_is_an_error_at_once() {
    for body in ["short", "much longer than the bytes of a wheel"] {
        let server = Server::script(vec![answer(200, &[], body)]);
        let bench = Bench::new(&[], &[]);
        let url = server.url("a.whl");
        assert_eq!(
            bench.get_sized(&url),
            Err(format!(
                "{url} has {} bytes or more, but 20 were locked; \
                 the file was replaced, or something else was sent in its place",
                body.len()
            ))
        );
        assert!(bench.files().is_empty());
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn refusals_and_missing_files_are_not_asked_for_again() {
    let cases = [
        (
            401,
            "the server refuses {url}, status 401; check the credentials: in the index's URL, or netrc's entry for the host",
        ),
        (
            403,
            "the server refuses {url}, status 403; check the credentials: in the index's URL, or netrc's entry for the host",
        ),
        (
            404,
            "there is no {url}; check that the index still has the file that was locked",
        ),
        (
            418,
            "the server answers status 418 for {url} (tries: 1); look at the server's log, or try later",
        ),
        (
            206,
            "the server answers status 206 for {url} (tries: 1); look at the server's log, or try later",
        ),
    ];
    for (status, wanted) in cases {
        let server = Server::script(vec![answer(status, &[], BODY)]);
        let bench = Bench::new(&[], &[]);
        let url = server.url("a.whl");
        assert_eq!(bench.get(&url), Err(wanted.replace("{url}", &url)));
        assert!(bench.files().is_empty());
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn a_local_file_is_verified_as_any_other() {
    let bench = Bench::new(&[], &[]);
    fs::write(bench.path("a b.whl"), BODY).unwrap();
    let directory = bench.directory.path().display().to_string();
    assert_eq!(
        bench.get_sized(&format!("file://{directory}/a%20b.whl")),
        DOWNLOADED
    );
    assert_eq!(bench.files(), ["a b.whl", "a.whl"]);
    assert_eq!(bench.heard(), 20);

    fs::remove_file(bench.path("a.whl")).unwrap();
    let missing = format!("file://{directory}/missing.whl");
    assert_eq!(
        bench.get(&missing),
        Err(format!(
            "there is no {missing}; check that the index still has the file that was locked"
        ))
    );
    assert_eq!(
        bench.get(&format!("file://{directory}")),
        Err(format!(
            "could not read {directory}: Is a directory (os error 21)"
        ))
    );
    assert_eq!(bench.files(), ["a b.whl"]);
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let server = Server::script(vec![answer(200, &[], BODY)]);
    let bench = Bench::new(&[], &[]);
    fs::write(bench.path("file"), "").unwrap();
    let wanted = Wanted {
        path: bench.path("file/a.whl"),
        ..bench.wanted(&server.url("a.whl"))
    };
    assert_eq!(
        bench.fetch(&wanted),
        Err(format!(
            "could not make the directory {}: File exists (os error 17)",
            bench.path("file").display()
        ))
    );
    // Nothing is asked for that has no place to go.
    assert!(server.requests().is_empty());
}

#[test]
fn a_full_disk_is_said_so() {
    let server = Server::script(vec![answer(200, &[], BODY)]);
    let bench = Bench::new(&[], &[]);
    // Every write to this device fails as one to a full disk does: full(4).
    std::os::unix::fs::symlink("/dev/full", bench.path("a.whl.partial")).unwrap();
    assert_eq!(
        bench.get(&server.url("a.whl")),
        Err(format!(
            "could not write {}: no space left on the device",
            bench.path("a.whl.partial").display()
        ))
    );
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn what_is_no_url_is_said_without_its_password() {
    let bench = Bench::new(&[], &[]);
    for (url, wanted) in [
        (
            "https://me:sec/ret@h/a.whl",
            "https://h/a.whl is no URL to download from: invalid port number",
        ),
        (
            "ftp://me:secret@h/a.whl",
            "ftp://h/a.whl is no URL to download from: ftp is not one of https, http and file",
        ),
        (
            "a.whl",
            "a.whl is no URL to download from: relative URL without a base",
        ),
    ] {
        assert_eq!(bench.get(url), Err(wanted.to_owned()));
    }
}
