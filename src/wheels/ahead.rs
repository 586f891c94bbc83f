//! A stream that is read ahead: what comes from the network is hashed by one thread while
//! another unpacks what came before.

use std::io::{self, BufRead, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes of a piece, and how many pieces there are: all memory that this takes.
const PIECE: usize = 256 * 1024;
const PIECES: usize = 6;

/// How long a piece is filled.
const LONGEST: Duration = Duration::from_millis(50);

/// The side that is read.
pub struct Ahead {
    full: Receiver<io::Result<Piece>>,
    empty: SyncSender<Piece>,
    piece: Piece,
    position: usize,
    failure: Option<String>,
}

/// A part of the stream.
#[derive(Default)]
struct Piece {
    buffer: Vec<u8>,
    /// How much of that is filled.
    length: usize,
}

/// Reads `stream` in a thread of its own while `read` reads what it brings. Returns what
/// that returns, and the stream.
pub fn ahead<S: Read + Send, T>(stream: S, read: impl FnOnce(&mut Ahead) -> T) -> (T, S) {
    let (full, filled) = sync_channel(PIECES);
    let (empty, emptied) = sync_channel(PIECES);
    for _ in 0..PIECES {
        // There is room for all.
        let _ = empty.send(Piece::default());
    }
    thread::scope(|scope| {
        let reader = scope.spawn(move || fill(stream, &emptied, &full));
        let mut side = Ahead {
            full: filled,
            empty,
            piece: Piece::default(),
            position: 0,
            failure: None,
        };
        let result = read(&mut side);
        // Whoever waits for room waits for nobody now.
        drop(side);
        let stream = reader.join();
        (
            result,
            stream.unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
        )
    })
}

/// Fills piece after piece, until the end or until nobody reads.
fn fill<S: Read>(
    mut stream: S,
    empty: &Receiver<Piece>,
    full: &SyncSender<io::Result<Piece>>,
) -> S {
    while let Ok(mut piece) = empty.recv() {
        let end = piece.fill(&mut stream);
        if piece.length > 0 && full.send(Ok(piece)).is_err() {
            break;
        }
        match end {
            Ok(false) => {}
            Ok(true) => break,
            Err(error) => {
                let _ = full.send(Err(error));
                break;
            }
        }
    }
    stream
}

impl Piece {
    /// Whole pieces, so that the threads seldom wait for each other; but of a slow stream
    /// what there is. Returns whether the stream is at its end.
    fn fill(&mut self, stream: &mut impl Read) -> io::Result<bool> {
        self.buffer.resize(PIECE, 0);
        self.length = 0;
        let start = Instant::now();
        while self.length < PIECE && (self.length == 0 || start.elapsed() < LONGEST) {
            match stream.read(&mut self.buffer[self.length..]) {
                Ok(0) => return Ok(true),
                Ok(read) => self.length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }
}

impl Ahead {
    /// Why the stream could not be read to its end, whatever was made of that since.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }
}

impl BufRead for Ahead {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.position == self.piece.length {
            let spent = std::mem::take(&mut self.piece);
            self.position = 0;
            // At the end nobody takes it any more.
            let _ = self.empty.try_send(spent);
            match self.full.recv() {
                Ok(Ok(piece)) => self.piece = piece,
                Ok(Err(error)) => {
                    self.failure = Some(error.to_string());
                    return Err(error);
                }
                // The end.
                Err(_) => {}
            }
        }
        Ok(&self.piece.buffer[self.position..self.piece.length])
    }

    fn consume(&mut self, amount: usize) {
        self.position += amount;
    }
}

impl Read for Ahead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A few bytes, then an error.
    struct Broken(usize);

    impl Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(io::Error::other("the line is cut"));
            }
            self.0 -= 1;
            buffer[0] = 7;
            Ok(1)
        }
    }

    #[test]
    fn all_of_it_comes_in_order() {
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(4 * PIECES * PIECE + 7).collect();
        let mut read = Vec::new();
        let (result, rest) = ahead(&bytes[..], |stream| stream.read_to_end(&mut read));
        assert_eq!(result.expect("read"), bytes.len());
        assert_eq!(read, bytes);
        assert!(rest.is_empty());
    }

    #[test]
    fn an_error_comes_behind_what_was_read_and_is_remembered() {
        let (text, _) = ahead(Broken(20), |stream| {
            let mut read = Vec::new();
            assert!(stream.read_to_end(&mut read).is_err());
            assert_eq!(read, [7; 20]);
            stream.failure().map(str::to_owned)
        });
        assert_eq!(text.as_deref(), Some("the line is cut"));
    }

    #[test]
    fn what_comes_slowly_is_read_soon() {
        struct Slow;
        impl Read for Slow {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                thread::sleep(LONGEST);
                buffer[0] = 1;
                Ok(1)
            }
        }
        let start = Instant::now();
        let ((), _) = ahead(Slow, |stream| {
            stream.read_exact(&mut [0; 3]).expect("read");
        });
        assert!(start.elapsed() < 20 * LONGEST);
    }

    #[test]
    fn who_stops_reading_is_not_waited_for() {
        let ((), _) = ahead(io::repeat(1), |stream| {
            stream.read_exact(&mut [0; 10]).expect("read");
        });
    }
}
