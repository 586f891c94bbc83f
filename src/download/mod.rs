//! Files from the network: streamed, verified, renamed into place.
//!
//! pip decides what is to be had; this fetches it as pip would: with pip's
//! time-outs and tries, its proxies, credentials and certificates, all taken
//! from the environment that pip itself is given.

mod client;
mod credentials;
mod error;
mod exchange;
mod many;
mod netrc;
mod partial;
mod proxies;
mod request;
mod roots;
mod routes;
mod stream;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use client::Client;
pub(crate) use client::{back_off, retries};
pub use credentials::basic;
pub use error::{Advice, DownloadError, FILE};
pub use request::{Authority, Fixed, Patience, Request};
pub use roots::{BUNDLES, SYSTEM};
pub use routes::Trust;
pub use stream::Stream;

/// A file that is to be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Where it comes from: `https://`, `http://` or `file://`.
    pub url: String,
    /// Where it goes; its directory is made. No two of one call may be the same.
    pub path: PathBuf,
    /// Its SHA-256 digest, in lower-case hexadecimal digits.
    pub sha256: String,
    /// Its size in bytes, when that is known.
    pub size: Option<u64>,
}

/// How a file came to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// It was fetched; its size in bytes.
    Downloaded(u64),
    /// It was there already, with that digest.
    Present,
}

/// How far many transfers are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Files that are there, or that failed.
    pub done: usize,
    /// All files.
    pub total: usize,
    /// Bytes that are there, those of files that were there before included.
    pub bytes: u64,
    /// Bytes of all files, as far as their sizes are known.
    pub total_bytes: u64,
}

/// What many transfers came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Files that were fetched.
    pub downloaded: usize,
    /// Files that were there before.
    pub present: usize,
    /// Bytes of the files that were fetched.
    pub bytes: u64,
    /// Tries after the first one, of all files.
    pub retries: usize,
}
