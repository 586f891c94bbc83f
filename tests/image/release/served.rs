//! A package index on this machine, which counts who asks for what.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use loci_install::python::{Name, WheelName};
use tempfile::TempDir;

use super::packages::{Sdist, metadata_of, wheel};
use crate::assets::assets;
use crate::files::{digest_of, name_of};
use crate::http::{self, Answer, Request};

/// An index with the wheels of the assets and whatever a test adds. It ends with the process.
pub struct Served {
    /// Its address, `http://127.0.0.1:PORT/simple`.
    pub url: String,
    shared: Arc<Shared>,
}

struct Shared {
    own: TempDir,
    /// By file name, how often it was asked for.
    requests: Mutex<BTreeMap<String, usize>>,
    /// The `Authorization` without which nothing is told.
    password: Option<String>,
    /// Names that it does not have after all.
    hidden: Mutex<Vec<Name>>,
}

/// Digests by path: the assets' wheels do not change, and uv's is large.
static DIGESTS: LazyLock<Mutex<BTreeMap<PathBuf, String>>> = LazyLock::new(Mutex::default);

impl Served {
    /// An index for everyone.
    pub fn new() -> Self {
        Self::start(None)
    }

    /// An index that demands this header: `Basic ...`.
    pub fn guarded(authorization: &str) -> Self {
        Self::start(Some(authorization.to_owned()))
    }

    fn start(password: Option<String>) -> Self {
        let shared = Arc::new(Shared {
            own: tempfile::tempdir().expect("a directory"),
            requests: Mutex::default(),
            password,
            hidden: Mutex::default(),
        });
        let answering = Arc::clone(&shared);
        let address = http::serve(move |request| Some(answering.answer(request)));
        Self {
            url: format!("http://{address}/simple"),
            shared,
        }
    }

    /// Adds an sdist.
    pub fn sdist(&self, sdist: &Sdist) -> &Self {
        self.file(&sdist.file_name(), &sdist.bytes())
    }

    /// Adds a wheel for every machine.
    pub fn wheel(&self, name: &str, version: &str, requires: &[&str]) -> &Self {
        let file_name = format!("{name}-{version}-py3-none-any.whl");
        self.file(&file_name, &wheel(name, version, requires))
    }

    /// Adds a file as it is.
    pub fn file(&self, name: &str, bytes: &[u8]) -> &Self {
        fs::write(self.shared.own.path().join(name), bytes).expect("written");
        self
    }

    /// Has nothing of this name any more.
    pub fn hide(&self, name: &str) {
        lock(&self.shared.hidden).push(Name::new(name));
    }

    /// The digest of a file.
    pub fn digest(&self, name: &str) -> String {
        let files = self.shared.files();
        let path = files.iter().find(|path| name_of(path) == name);
        digest(path.expect("a file of the index"))
    }

    /// The files that were asked for since the last call, and how often.
    pub fn requests(&self) -> BTreeMap<String, usize> {
        std::mem::take(&mut lock(&self.shared.requests))
    }
}

impl Shared {
    fn answer(&self, request: &Request) -> Answer {
        let authorized = match self.password.as_deref() {
            Some(password) => request.header("authorization") == Some(password),
            None => true,
        };
        if !authorized {
            return Answer::of("401 Unauthorized").header("WWW-Authenticate", "Basic realm=\"x\"");
        }
        let path = request.target.as_str();
        let found = if let Some(name) = path.strip_prefix("/simple/") {
            self.page(&Name::new(name.trim_end_matches('/')))
        } else {
            path.strip_prefix("/files/")
                .and_then(|name| self.contents(name))
        };
        let Some((kind, body)) = found else {
            return Answer::of("404 Not Found");
        };
        let range = request.header("range").unwrap_or_default();
        let start = range.trim_start_matches("bytes=").split('-').next();
        let first = start.and_then(|start| start.parse().ok()).unwrap_or(0);
        let status = if first == 0 {
            "200 OK"
        } else {
            "206 Partial Content"
        };
        Answer::of(status)
            .header("Content-Type", kind)
            .body(&body[first.min(body.len())..])
    }

    /// All files, the test's own first.
    fn files(&self) -> Vec<PathBuf> {
        [self.own.path(), &assets().wheels]
            .into_iter()
            .flat_map(|directory| fs::read_dir(directory).expect("a directory").flatten())
            .map(|entry| entry.path())
            .collect()
    }

    /// The page of a project (PEP 503), with metadata beside wheels (PEP 658) as
    /// the public index has it: nobody need read a wheel to know what it requires.
    fn page(&self, name: &Name) -> Option<(&'static str, Vec<u8>)> {
        if lock(&self.hidden).contains(name) {
            return None;
        }
        let mut page = "<!DOCTYPE html>\n".to_owned();
        let mut some = false;
        for path in self.files() {
            let file = name_of(&path);
            if project_of(&file).as_ref() != Some(name) {
                continue;
            }
            some = true;
            let metadata = if WheelName::parse(&file).is_some() {
                " data-core-metadata=\"true\""
            } else {
                ""
            };
            let digest = digest(&path);
            writeln!(
                page,
                "<a href=\"/files/{file}#sha256={digest}\"{metadata}>{file}</a><br>"
            )
            .expect("a string");
        }
        some.then(|| ("text/html", page.into_bytes()))
    }

    fn contents(&self, name: &str) -> Option<(&'static str, Vec<u8>)> {
        let of = name.strip_suffix(".metadata").unwrap_or(name);
        let path = self.files().into_iter().find(|path| name_of(path) == of)?;
        if of != name {
            return Some(("text/plain", metadata_of(&path)));
        }
        *lock(&self.requests).entry(name.to_owned()).or_default() += 1;
        Some(("application/octet-stream", fs::read(path).ok()?))
    }
}

fn project_of(file: &str) -> Option<Name> {
    if let Some(stem) = file.strip_suffix(".tar.gz") {
        return Some(Name::new(stem.rsplit_once('-')?.0));
    }
    WheelName::parse(file).map(|wheel| wheel.name)
}

fn digest(path: &Path) -> String {
    if let Some(digest) = lock(&DIGESTS).get(path) {
        return digest.clone();
    }
    let digest = digest_of(path);
    lock(&DIGESTS).insert(path.to_owned(), digest.clone());
    digest
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
