//! The streams around an archive.

use std::io::{self, BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

/// How far back a frame of zstd may refer: 2^24 bytes, which are kept in memory. RFC 8878
/// asks for 8 MiB; what is compressed with more was made for other uses (`zstd --long`).
const WINDOW: u32 = 24;

/// The archive itself, told by its first bytes: gzip (RFC 1952, 2.3.1), zstd (RFC 8878,
/// 3.1.1), else plain.
pub fn decompressed<'a>(mut stream: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut start = Vec::new();
    stream.by_ref().take(4).read_to_end(&mut start)?;
    let is_gzip = start.starts_with(&[0x1f, 0x8b]);
    let is_zstd = start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
    let stream = BufReader::with_capacity(super::BUFFER, Cursor::new(start).chain(stream));
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

/// Knows whether what was read ended in a block of zeros, as an archive does
/// (tar(5)); one that was cut off between two members looks whole otherwise.
pub struct Ending<R> {
    inner: R,
    zeros: u64,
}

impl<R: Read> Ending<R> {
    /// Around a stream that is at its start.
    pub fn new(inner: R) -> Self {
        Self { inner, zeros: 0 }
    }

    /// Whether that block was the last of what has been read.
    pub fn is_marked(&self) -> bool {
        self.zeros >= 512
    }
}

impl<R: Read> Read for Ending<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let zeros = buffer[..read]
            .iter()
            .rev()
            .take_while(|byte| **byte == 0)
            .count();
        self.zeros = zeros as u64 + if zeros == read { self.zeros } else { 0 };
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a byte at a time.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let one = buffer.len().min(1);
            self.0.read(&mut buffer[..one])
        }
    }

    #[test]
    fn a_mark_is_seen_however_it_is_read() {
        let mut marked = vec![1; 100];
        marked.extend([0; 512]);
        for (bytes, is_marked) in [
            (&marked[..], true),
            (&marked[..611], false),
            (&[0; 1024], true),
            (&[], false),
        ] {
            let mut slow = Ending::new(Slow(bytes));
            let mut whole = Ending::new(bytes);
            io::copy(&mut slow, &mut io::sink()).expect("read");
            io::copy(&mut whole, &mut io::sink()).expect("read");
            assert_eq!(
                (slow.is_marked(), whole.is_marked()),
                (is_marked, is_marked)
            );
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
    fn zstd_that_needs_much_memory_is_refused() {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
        encoder.window_log(25).expect("set");
        io::Write::write_all(&mut encoder, &[7; 100]).expect("written");
        let bytes = encoder.finish().expect("compressed");
        let mut stream = decompressed(&bytes[..]).expect("a stream");
        let error = stream.read(&mut [0; 10]).expect_err("refused");
        assert!(error.to_string().contains("memory"), "{error}");
    }
}
