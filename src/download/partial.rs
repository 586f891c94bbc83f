//! A file that is being written: hashed on its way, in place only when whole.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::{self, DownloadError};
use super::{Fetched, Wanted};
use crate::words::hex;

/// Bytes that are read at a time.
pub const BUFFER: usize = 64 * 1024;

/// A file of which some bytes are there. Unless it is finished it is removed.
pub struct Partial<'a> {
    wanted: &'a Wanted,
    /// The URL as it may be shown.
    url: &'a str,
    heard: &'a (dyn Fn(u64) + Sync),
    path: PathBuf,
    file: File,
    hasher: Sha256,
    written: u64,
    /// The most bytes that ever were written: those after a restart are no news.
    announced: u64,
    finished: bool,
}

impl<'a> Partial<'a> {
    /// Begins `PATH.partial`, in place of one that was cut off.
    pub fn create(
        wanted: &'a Wanted,
        url: &'a str,
        heard: &'a (dyn Fn(u64) + Sync),
    ) -> Result<Self, DownloadError> {
        let directory = wanted.path.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(directory)
            .map_err(|cause| error::file("make the directory", directory, &cause))?;
        let mut name = wanted.path.as_os_str().to_owned();
        name.push(".partial");
        let path = PathBuf::from(name);
        let file = File::create(&path).map_err(|cause| error::file("write", &path, &cause))?;
        Ok(Self {
            wanted,
            url,
            heard,
            path,
            file,
            hasher: Sha256::new(),
            written: 0,
            announced: 0,
            finished: false,
        })
    }

    /// Bytes that are there.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// The URL as it may be shown.
    pub fn url(&self) -> &'a str {
        self.url
    }

    /// Whether fewer bytes are there than are known to be wanted.
    pub fn is_short(&self) -> bool {
        self.wanted.size.is_some_and(|size| self.written < size)
    }

    /// Adds bytes; more than are wanted are an error, so that no server fills the disk.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), DownloadError> {
        self.file
            .write_all(bytes)
            .map_err(|cause| error::file("write", &self.path, &cause))?;
        self.hasher.update(bytes);
        self.written += bytes.len() as u64;
        if let Some(news) = self.written.checked_sub(self.announced)
            && news > 0
        {
            self.announced = self.written;
            (self.heard)(news);
        }
        match self.wanted.size {
            Some(size) if self.written > size => Err(self.wrong_size(size)),
            _ => Ok(()),
        }
    }

    /// Begins again.
    pub fn restart(&mut self) -> Result<(), DownloadError> {
        self.file
            .set_len(0)
            .and_then(|()| self.file.rewind())
            .map_err(|cause| error::file("write", &self.path, &cause))?;
        self.hasher = Sha256::new();
        self.written = 0;
        Ok(())
    }

    /// Verifies what was written and renames it into place.
    pub fn finish(mut self) -> Result<Fetched, DownloadError> {
        if let Some(size) = self.wanted.size
            && size != self.written
        {
            return Err(self.wrong_size(size));
        }
        let got = hex(&self.hasher.finalize_reset());
        if got != self.wanted.sha256 {
            return Err(DownloadError::WrongDigest {
                url: self.url.to_owned(),
                wanted: self.wanted.sha256.clone(),
                got,
            });
        }
        fs::rename(&self.path, &self.wanted.path)
            .map_err(|cause| error::file("write", &self.wanted.path, &cause))?;
        self.finished = true;
        Ok(Fetched::Downloaded(self.written))
    }

    fn wrong_size(&self, wanted: u64) -> DownloadError {
        DownloadError::WrongSize {
            url: self.url.to_owned(),
            wanted,
            got: self.written,
        }
    }
}

impl Drop for Partial<'_> {
    fn drop(&mut self) {
        if !self.finished {
            // What went wrong is said already; the next run begins it anew.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whether the file is there with the digest that is wanted.
pub fn is_present(wanted: &Wanted) -> Result<bool, DownloadError> {
    let failed = |cause: io::Error| error::file("read", &wanted.path, &cause);
    // Whatever else is wrong with the directory is said when it is written to.
    let Ok(mut file) = File::open(&wanted.path) else {
        return Ok(false);
    };
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hex(&hasher.finalize()) == wanted.sha256),
            Ok(read) => hasher.update(&buffer[..read]),
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(failed(cause)),
        }
    }
}
