//! The streams around an archive.

use std::io::{self, BufRead, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

/// How far back a frame of zstd may refer: 2^27 bytes, as much as zstd(1) allows without
/// being asked. So much is kept in memory, of an archive that was compressed so; up to
/// level 19 it is 2^23.
const WINDOW: u32 = 27;

/// What is often given for an archive, by its first bytes.
const OTHERS: [(&[u8], &str); 4] = [
    (b"\xfd7zX", "compressed by xz"),
    (b"BZh", "compressed by bzip2"),
    (b"PK", "a zip"),
    (b"<", "a page of a website"),
];

/// The archive itself, told by its first bytes: gzip (RFC 1952, 2.3.1), zstd (RFC 8878,
/// 3.1.1), else plain.
pub fn decompressed<'a>(mut stream: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut start = Vec::new();
    stream.by_ref().take(4).read_to_end(&mut start)?;
    let other = OTHERS.iter().find(|(magic, _)| start.starts_with(magic));
    if let Some(what) = other.map_or(start.is_empty().then_some("empty"), |(_, what)| Some(*what)) {
        let why = format!("it is {what}, and no tar archive, plain or compressed by gzip or zstd");
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    let is_gzip = start.starts_with(&[0x1f, 0x8b]);
    let is_zstd = start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
    let stream = Cursor::new(start).chain(stream);
    Ok(if is_gzip {
        Box::new(MultiGzDecoder::new(stream))
    } else if is_zstd {
        let mut decoder = zstd::Decoder::with_buffer(stream)?;
        decoder.window_log_max(WINDOW)?;
        Box::new(decoder)
    } else {
        Box::new(stream)
    })
}

/// Counts what was read.
pub struct Counted<R> {
    inner: R,
    /// Bytes.
    pub read: u64,
}

impl<R: Read> Counted<R> {
    /// Around a stream that is at its start.
    pub fn new(inner: R) -> Self {
        Self { inner, read: 0 }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a byte at a time.
    struct Slow<'a>(&'a [u8]);

    impl BufRead for Slow<'_> {
        fn fill_buf(&mut self) -> io::Result<&[u8]> {
            Ok(&self.0[..self.0.len().min(1)])
        }

        fn consume(&mut self, amount: usize) {
            self.0.consume(amount);
        }
    }

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let read = self.fill_buf()?.read(buffer)?;
            self.consume(read);
            Ok(read)
        }
    }

    #[test]
    fn three_kinds_of_streams_are_told_by_their_start() {
        let text = b"what is compressed";
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        io::Write::write_all(&mut gzip, text).expect("written");
        let gzip = gzip.finish().expect("compressed");
        let zstd = zstd::encode_all(&text[..], 3).expect("compressed");
        // Two streams behind each other are one, as for gzip(1) and zstd(1).
        let doubled = |bytes: &[u8]| [bytes, bytes].concat();
        for bytes in [doubled(&gzip), doubled(&zstd), doubled(text)] {
            let mut read = Vec::new();
            let mut stream = decompressed(Slow(&bytes)).expect("a stream");
            stream.read_to_end(&mut read).expect("read");
            assert_eq!(read, doubled(text));
        }
    }

    #[test]
    fn other_kinds_of_archives_are_named() {
        for (bytes, what) in [
            (&b"\xfd7zXZ\0"[..], "it is compressed by xz, and no tar"),
            (b"PK\x03\x04", "it is a zip, and no tar"),
            (b"<!DOCTYPE html>", "it is a page of a website, and no tar"),
            (b"", "it is empty, and no tar"),
        ] {
            let error = decompressed(bytes).err().expect(what).to_string();
            assert!(error.starts_with(what), "{error}");
        }
    }

    #[test]
    fn zstd_that_needs_much_memory_is_refused() {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
        encoder.window_log(28).expect("set");
        io::Write::write_all(&mut encoder, &[7; 100]).expect("written");
        let bytes = encoder.finish().expect("compressed");
        let mut stream = decompressed(&bytes[..]).expect("a stream");
        let error = stream.read(&mut [0; 10]).expect_err("refused");
        assert!(error.to_string().contains("memory"), "{error}");
    }
}
