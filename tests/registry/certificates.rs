//! Certificates of the tests' own, made by openssl.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::tools::run;

/// A certificate and its key.
pub struct Certificate {
    directory: TempDir,
}

impl Certificate {
    /// One for `localhost` and 127.0.0.1, and its authority.
    pub fn of_server() -> Self {
        let made = Self::begin();
        let (ca, ca_key) = (made.path("ca.pem"), made.path("ca-key.pem"));
        openssl(
            &made.requested("ca", "/CN=An authority", EC),
            &["basicConstraints=critical,CA:TRUE"],
            &[],
        );
        openssl(
            &made.requested("server", "/CN=A registry", EC),
            &[
                "basicConstraints=CA:FALSE",
                "extendedKeyUsage=serverAuth",
                "subjectAltName=DNS:localhost,IP:127.0.0.1",
            ],
            &["-CA", &shown(&ca), "-CAkey", &shown(&ca_key)],
        );
        made
    }

    /// One that signs tokens, and is its own authority.
    pub fn of_signer() -> Self {
        let made = Self::begin();
        openssl(
            &made.requested("signer", "/CN=A token server", RSA),
            &["basicConstraints=critical,CA:TRUE"],
            &[],
        );
        made
    }

    /// One of the files that were made: `ca.pem`, `server-key.pem`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn begin() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        Self { directory }
    }

    fn requested(&self, name: &str, subject: &str, key: &[&str]) -> Vec<String> {
        let mut arguments: Vec<String> = ["req", "-x509", "-nodes", "-days", "2", "-subj"]
            .map(str::to_owned)
            .to_vec();
        arguments.push(subject.to_owned());
        arguments.extend(key.iter().map(|&word| word.to_owned()));
        for (option, file) in [("-out", ".pem"), ("-keyout", "-key.pem")] {
            arguments.push(option.to_owned());
            arguments.push(shown(&self.path(&format!("{name}{file}"))));
        }
        arguments
    }
}

/// Quick to make.
const EC: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];

/// What RS256 needs (RFC 7518, 3.3).
const RSA: &[&str] = &["-newkey", "rsa:2048"];

fn openssl(request: &[String], extensions: &[&str], signed: &[&str]) {
    let mut arguments = request.to_vec();
    for extension in extensions {
        arguments.push("-addext".to_owned());
        arguments.push((*extension).to_owned());
    }
    arguments.extend(signed.iter().map(|&word| word.to_owned()));
    run("openssl", arguments);
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
