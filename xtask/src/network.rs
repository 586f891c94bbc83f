//! What the environment of this machine says of the network, for containers and
//! builds, which are other machines.

use std::ffi::OsString;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::process::quote;
use crate::workspace;

/// What pip is told.
const ENVIRONMENT: &[&str] = &[
    "PIP_DEFAULT_TIMEOUT",
    "PIP_EXTRA_INDEX_URL",
    "PIP_INDEX_URL",
    "PIP_TRUSTED_HOST",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
];

/// Less what the stock Dockerfile has no argument for.
const NO_ARGUMENTS: &[&str] = &["PIP_DEFAULT_TIMEOUT"];

/// A directory that is `/in` in a container, and removed in the end: the address of an
/// index, which may hold a password, is in a file of it and on no command line.
pub struct Input {
    /// Where it is on this machine.
    pub path: PathBuf,
}

impl Input {
    /// An empty one but for `environment`, shell assignments, and a bundle of certificates.
    pub fn new(name: &str) -> Result<Self> {
        let input = Self {
            path: workspace::fresh(name)?,
        };
        let assignments = assignments(&input.path)?;
        workspace::write(&input.path.join("environment"), &assignments)?;
        Ok(input)
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.path).ok();
    }
}

fn assignments(input: &Path) -> Result<String> {
    let mut told: Vec<(&str, OsString)> = ENVIRONMENT
        .iter()
        .filter_map(|name| Some((*name, set(name)?)))
        .collect();
    if let Some(from) = bundle() {
        fs::copy(&from, input.join("ca-bundle")).map_err(Error::io("copy", &from))?;
        let names = ["PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"];
        told.extend(names.map(|name| (name, OsString::from("/in/ca-bundle"))));
    }
    let lines = told
        .iter()
        .map(|(name, value)| format!("export {name}={}\n", quote(value)));
    Ok(lines.collect())
}

/// For a build by the stock Dockerfile: arguments without values, which the
/// engine takes from its own environment and no log shows, and a bundle of
/// certificates as the secret that the Dockerfile mounts.
pub fn arguments(build: &mut Command) {
    let served = ENVIRONMENT
        .iter()
        .filter(|name| !NO_ARGUMENTS.contains(name) && set(name).is_some());
    for name in served {
        build.args(["--build-arg", name]);
    }
    if let Some(bundle) = bundle() {
        let mut secret = OsString::from("id=ca-bundle,src=");
        secret.push(bundle);
        build.arg("--secret").arg(secret);
        for name in ["PIP_CERT", "SSL_CERT_FILE"] {
            build.arg(format!("--build-arg={name}=/run/secrets/ca-bundle"));
        }
    }
}

/// The certificates that this machine trusts, when it does not trust the usual.
fn bundle() -> Option<PathBuf> {
    set("PIP_CERT")
        .or_else(|| set("SSL_CERT_FILE"))
        .map(Into::into)
}

/// A port that nobody listens on.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0));
    let address = listener.and_then(|listener| listener.local_addr());
    let address =
        address.map_err(|error| Error::Io("cannot find a free port".to_owned(), error))?;
    Ok(address.port())
}

/// Whether somebody listens on a port of this machine, or begins to within five seconds.
pub fn answers(port: u16) -> bool {
    (0..100).any(|_| {
        let listens = TcpStream::connect(("127.0.0.1", port)).is_ok();
        if !listens {
            thread::sleep(Duration::from_millis(50));
        }
        listens
    })
}

fn set(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
