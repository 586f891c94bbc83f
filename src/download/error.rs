//! How a download can fail, in words for whoever runs the build.

use std::io;
use std::path::{Path, PathBuf};

use url::Url;

use crate::words::reason;

/// Why a file could not be had. URLs are without user and password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DownloadError {
    /// The server wants other credentials, or any: 401 or 403.
    #[error("the server refuses {url}, status {status}; {}", advice.refused)]
    Refused {
        /// The file.
        url: String,
        /// What the server answered.
        status: u16,
        /// What to do.
        advice: &'static Advice,
    },
    /// The server has no such file, or the directory of a `file://` URL has none.
    #[error("there is no {url}; {}", advice.absent)]
    NotFound {
        /// The file.
        url: String,
        /// What to do.
        advice: &'static Advice,
    },
    /// Any other answer that brings no file.
    #[error(
        "the server answers status {status} for {url} (tries: {tries}); \
         look at the server's log, or try later"
    )]
    Status {
        /// The file.
        url: String,
        /// What the server answered last.
        status: u16,
        /// How often it was asked.
        tries: u32,
    },
    /// No connection, no answer or no more bytes for too long.
    #[error(
        "nothing came from {host} for {seconds} s, {url} (tries: {tries}); \
         check the network, or raise PIP_DEFAULT_TIMEOUT"
    )]
    Timeout {
        /// The file.
        url: String,
        /// Who was silent.
        host: String,
        /// `PIP_DEFAULT_TIMEOUT`, in seconds.
        seconds: String,
        /// How often it was asked.
        tries: u32,
    },
    /// The name is not known, or the connection is refused, dropped, or no HTTP.
    #[error(
        "cannot talk to {host} for {url}: {reason} (tries: {tries}); \
         check the name, the network and the proxy"
    )]
    Connect {
        /// The file.
        url: String,
        /// Whom: the host of the file or of a redirect.
        host: String,
        /// What the system says.
        reason: String,
        /// How often it was tried.
        tries: u32,
    },
    /// The server's certificate is not trusted, or TLS failed otherwise.
    #[error("no TLS with {host} for {url}: {reason}; {}", advice.certificate)]
    Tls {
        /// The file.
        url: String,
        /// With whom.
        host: String,
        /// What is wrong.
        reason: String,
        /// What to do.
        advice: &'static Advice,
    },
    /// The server answers something else than TLS.
    #[error("{host} does not talk TLS, {url}; {}", advice.plain)]
    NoTls {
        /// The file.
        url: String,
        /// Who.
        host: String,
        /// What to do.
        advice: &'static Advice,
    },
    /// There is nothing to check a certificate with.
    #[error("no certificate authorities are known, so {url} cannot be trusted; {}", advice.authorities)]
    NoRoots {
        /// The file.
        url: String,
        /// What to do.
        advice: &'static Advice,
    },
    /// The connection broke before the end.
    #[error(
        "{url} broke off after {got} bytes (tries: {tries}); \
         check the network, the proxy and the server"
    )]
    Short {
        /// The file.
        url: String,
        /// Bytes that were there at last.
        got: u64,
        /// How often it was tried.
        tries: u32,
    },
    /// The connection broke, and nothing tells whether the rest is of the same file.
    #[error(
        "{url} broke off, and cannot be gone on with: it was replaced, or its server tells \
         no version of it; try again"
    )]
    Changed {
        /// The file.
        url: String,
    },
    /// The server sends one on and on.
    #[error("{url} is redirected more than {limit} times; check the server")]
    Redirects {
        /// The file.
        url: String,
        /// How many are followed.
        limit: usize,
    },
    /// It is another file than the one that was locked.
    #[error(
        "{url} has the SHA-256 digest {got}, but {wanted} was locked; \
         the file was replaced or changed on its way: do not use it before you know why"
    )]
    WrongDigest {
        /// The file.
        url: String,
        /// The digest that was asked for.
        wanted: String,
        /// The digest of what came.
        got: String,
    },
    /// It is whole, and not of the size that was locked.
    #[error(
        "{url} has {got} bytes or more, but {wanted} were locked; \
         the file was replaced, or something else was sent in its place"
    )]
    WrongSize {
        /// The file.
        url: String,
        /// The size that was asked for, in bytes.
        wanted: u64,
        /// Bytes that came.
        got: u64,
    },
    /// A file of this machine could not be read or written.
    #[error("could not {doing} {}: {reason}", path.display())]
    File {
        /// read, write, make ...
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The server's answer is of no use.
    #[error("{url}: {reason}; check the server")]
    Unfit {
        /// The file.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// It is no URL, or one of an unknown kind.
    #[error("{url} is no URL to download from: {reason}")]
    BadUrl {
        /// The text.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// A CA bundle that was named is of no use.
    #[error("{variable}: the CA bundle {} cannot be used: {reason}", path.display())]
    Bundle {
        /// Who names it.
        variable: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A variable has a value that cannot be used.
    #[error("{variable}: {reason}")]
    Setting {
        /// The variable.
        variable: &'static str,
        /// What is wrong, and what is wanted; no value that may hold a password.
        reason: String,
    },
}

/// What to do about an error, which depends on what the file is for.
#[derive(Debug, PartialEq, Eq)]
pub struct Advice {
    /// The server wants other credentials, or any.
    pub refused: &'static str,
    /// The server has no such file.
    pub absent: &'static str,
    /// The server's certificate is not trusted.
    pub certificate: &'static str,
    /// The server does not talk TLS.
    pub plain: &'static str,
    /// No authority is known.
    pub authorities: &'static str,
}

/// For files of a package index.
pub const INDEX: Advice = Advice {
    refused: "check the credentials: in the index's URL, or netrc's entry for the host",
    absent: "check that the index still has the file that was locked",
    certificate: "name the right CA bundle in PIP_CERT, or the host in PIP_TRUSTED_HOST",
    plain: "check the index's URL: it may be http, or another port",
    authorities: "install ca-certificates, or name a CA bundle in PIP_CERT",
};

/// For a file that the user names by its URL.
pub const FILE: Advice = Advice {
    refused: "check the credentials: in the URL, or netrc's entry for the host",
    absent: "check the URL",
    certificate: "name the right CA bundle in SSL_CERT_FILE or PIP_CERT",
    plain: "check the URL: it may be http, or another port",
    authorities: "install ca-certificates, or name a CA bundle in SSL_CERT_FILE",
};

/// A file error, in the words that the rest of the program has for it.
pub(super) fn file(doing: &'static str, path: &Path, error: &io::Error) -> DownloadError {
    DownloadError::File {
        doing,
        path: path.to_owned(),
        reason: reason(error),
    }
}

/// A URL as it may be shown: without user and password.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // They fail where there is no host, and so no user either.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

/// A text that is no URL, as it may be shown: without anything that may be a password.
pub(super) fn shown_text(text: &str) -> String {
    // To the last at sign, because an unescaped `/` in a password is what
    // makes many a URL a bad one.
    match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        (None, Some((_, host))) => host.to_owned(),
        (_, None) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_url_has_no_user_and_no_password() {
        let url = Url::parse("https://user:secret@example.org:8443/a@b?c#d").unwrap();
        assert_eq!(shown(&url), "https://example.org:8443/a@b?c#d");
        assert_eq!(
            shown_text("https://user:sec/ret@example.org/simple"),
            "https://example.org/simple"
        );
        assert_eq!(shown_text("user:secret@proxy:99999"), "proxy:99999");
        assert_eq!(shown_text("https://"), "https://");
    }

    #[test]
    fn file_errors_have_words_that_one_can_act_on() {
        let text = |kind: io::ErrorKind| {
            file("write", Path::new("/w/a.whl"), &io::Error::from(kind)).to_string()
        };
        assert_eq!(
            text(io::ErrorKind::StorageFull),
            "could not write /w/a.whl: no space left on the device"
        );
        assert_eq!(
            text(io::ErrorKind::PermissionDenied),
            "could not write /w/a.whl: permission denied"
        );
        assert_eq!(
            text(io::ErrorKind::ReadOnlyFilesystem),
            "could not write /w/a.whl: the filesystem is read-only"
        );
    }
}
