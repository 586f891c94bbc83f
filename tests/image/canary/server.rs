//! A server of files, and a proxy, that want a login.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::search::{CANARY, ENCODED, USER};
use crate::http::{self, Answer, Request};

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
        let refused = Arc::new(Mutex::new("/nothing".to_owned()));
        let given = Arc::default();
        let (refuse, give) = (Arc::clone(&refused), Arc::clone(&given));
        let directory = directory.to_owned();
        let address = http::serve(move |request| {
            let refused = refuse.lock().expect("a path").clone();
            answer(request, &directory, &refused, &give)
        });
        Self {
            port: address.port(),
            refused,
            given,
        }
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

fn answer(
    request: &Request,
    directory: &Path,
    refused: &str,
    given: &Mutex<Vec<String>>,
) -> Option<Answer> {
    let mut headers = request.headers.iter();
    let login = headers
        .rfind(|(name, _)| ["authorization", "proxy-authorization"].contains(&name.as_str()))
        .map(|(_, value)| value);
    // A proxy is asked for whole addresses.
    let is_proxy = request.target.starts_with("http://");
    let path = request.target.trim_start_matches("http://");
    let path = path[path.find('/')?..].trim_end_matches('/');
    let basic = |password| {
        format!(
            "Basic {}",
            BASE64_STANDARD.encode(format!("{USER}:{password}"))
        )
    };
    // apt hands a password on as the proxy's URL has it.
    let knows = login.is_some_and(|login| [basic(CANARY), basic(ENCODED)].contains(login));
    let answer = if !knows && is_proxy {
        Answer::of("407 Proxy Authentication Required")
            .header("Proxy-Authenticate", "Basic realm=\"p\"")
    } else if !knows {
        Answer::of("401 Unauthorized").header("WWW-Authenticate", "Basic realm=\"s\"")
    } else if path.starts_with(refused) {
        Answer::of("403 Forbidden")
    } else if let Ok(body) = fs::read(file(directory, path)) {
        let mut all = given.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(path.to_owned());
        Answer::with(body)
    } else {
        Answer::of("404 Not Found")
    };
    let kind = if Path::new(path).extension().is_some_and(|end| end == "whl") {
        "application/octet-stream"
    } else {
        "text/html"
    };
    Some(answer.header("Content-Type", kind))
}

fn file(directory: &Path, path: &str) -> PathBuf {
    let file = directory.join(path.trim_start_matches('/'));
    if file.is_dir() {
        file.join("index.html")
    } else {
        file
    }
}
