//! A stream that is what it has to be, or an error at its end.

use std::io::{self, Read};

use super::{Algorithm, Digest, Hasher};

/// What is known of a stream before it is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    /// Its digest.
    pub digest: Option<Digest>,
    /// Its bytes. What a server sends behind them is not read.
    pub size: Option<u64>,
}

/// A stream whose digest is made while it is read, and compared at its end.
pub struct Verified<R> {
    inner: R,
    expected: Expected,
    /// None when the end was reached.
    hasher: Option<Hasher>,
    read: u64,
    digest: Option<Digest>,
}

/// Another content came than was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{expected} expected, and {got} came")]
pub struct Mismatch {
    expected: String,
    got: String,
}

impl<R: Read> Verified<R> {
    /// Around a stream that is at its start.
    pub fn new(inner: R, expected: Expected) -> Self {
        let algorithm = expected.digest.as_ref().map(Digest::algorithm);
        Self {
            inner,
            hasher: Some(algorithm.unwrap_or(Algorithm::Sha256).hasher()),
            expected,
            read: 0,
            digest: None,
        }
    }

    /// The digest of the whole, once it was read to its end and was right.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    fn end(&mut self) -> Result<(), Mismatch> {
        let Some(hasher) = self.hasher.take() else {
            return Ok(());
        };
        if let Some(size) = self.expected.size.filter(|size| *size != self.read) {
            return Err(Mismatch {
                expected: format!("{size} bytes were"),
                got: self.read.to_string(),
            });
        }
        let digest = hasher.finish();
        match &self.expected.digest {
            Some(expected) if *expected != digest => Err(Mismatch {
                expected: format!("the digest {expected} was"),
                got: digest.to_string(),
            }),
            _ => {
                self.digest = Some(digest);
                Ok(())
            }
        }
    }
}

impl<R: Read> Read for Verified<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.expected.size.map_or(u64::MAX, |size| size - self.read);
        let most = usize::try_from(left).unwrap_or(usize::MAX);
        let most = most.min(buffer.len());
        let read = match (&self.hasher, most) {
            (None, _) | (_, 0) => 0,
            _ => self.inner.read(&mut buffer[..most])?,
        };
        self.read += read as u64;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&buffer[..read]);
        }
        // With the last byte, and not with a read more that may never be made.
        if !buffer.is_empty() && (read == 0 || Some(self.read) == self.expected.size) {
            self.end()
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], expected: Expected) -> Result<(Vec<u8>, Option<Digest>), String> {
        let mut stream = Verified::new(bytes, expected);
        let mut all = Vec::new();
        stream
            .read_to_end(&mut all)
            .map_err(|error| error.to_string())?;
        assert_eq!(stream.read(&mut [0]).expect("the end stays"), 0);
        Ok((all, stream.digest().cloned()))
    }

    #[test]
    fn what_is_expected_is_read_and_nothing_behind_it() {
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            let digest = Digest::of(algorithm, b"wheel");
            let expected = Expected {
                digest: Some(digest.clone()),
                size: Some(5),
            };
            let whole = Ok((b"wheel".to_vec(), Some(digest)));
            assert_eq!(read(b"wheel", expected.clone()), whole);
            assert_eq!(read(b"wheels and more", expected), whole);
        }
        let own = Digest::of(Algorithm::Sha256, b"");
        assert_eq!(read(b"", Expected::default()), Ok((vec![], Some(own))));
    }

    #[test]
    fn anything_else_is_told_with_what_came() {
        let digest = Digest::of(Algorithm::Sha256, b"wheel");
        let expected = |size| Expected {
            digest: Some(digest.clone()),
            size,
        };
        let other = Digest::of(Algorithm::Sha256, b"whale");
        assert_eq!(
            read(b"whale", expected(Some(5))),
            Err(format!(
                "the digest {digest} was expected, and {other} came"
            ))
        );
        assert_eq!(
            read(b"whee", expected(Some(5))),
            Err("5 bytes were expected, and 4 came".to_owned())
        );
        assert!(read(b"wheel!", expected(None)).is_err());
    }
}
