//! How far the reading of archives has come, for all that read at the same time.

use std::io::{self, Read};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::download::Patience;

/// How often it is told, at most.
const INTERVAL: Duration = Duration::from_millis(200);

/// Counts bytes, and can stop who reads them.
pub struct Meter<'a> {
    read: AtomicU64,
    expected: AtomicU64,
    stopped: AtomicBool,
    told: Mutex<Instant>,
    tell: &'a (dyn Fn(u64, u64) + Sync),
    /// Whether the program is told to stop.
    stopping: &'a (dyn Fn() -> bool + Sync),
}

impl<'a> Meter<'a> {
    /// At nought; `tell` gets the bytes that were read and those that are known to come,
    /// about five times a second. Nothing more is read once `stopping` says so.
    pub fn new(
        tell: &'a (dyn Fn(u64, u64) + Sync),
        stopping: &'a (dyn Fn() -> bool + Sync),
    ) -> Self {
        Self {
            read: AtomicU64::new(0),
            expected: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
            told: Mutex::new(Instant::now()),
            tell,
            stopping,
        }
    }

    /// So many bytes more are going to be read.
    pub fn expect(&self, bytes: u64) {
        // It may be said to be anything.
        let add = |expected: u64| Some(expected.saturating_add(bytes));
        let _ = self
            .expected
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// Ends all reading: something went wrong elsewhere.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether that was said.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed) || (self.stopping)()
    }

    /// Counts what is read of a stream.
    pub fn over<R: Read>(&'a self, inner: R) -> Metered<'a, R> {
        Metered { inner, meter: self }
    }

    fn add(&self, bytes: usize) {
        let read = self.read.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        let Ok(mut told) = self.told.try_lock() else {
            return;
        };
        if told.elapsed() >= INTERVAL {
            (self.tell)(read, self.expected.load(Ordering::Relaxed));
            *told = Instant::now();
        }
    }
}

impl Patience for Meter<'_> {
    fn is_lost(&self) -> bool {
        self.is_stopped()
    }
}

/// A stream whose bytes are counted.
pub struct Metered<'a, R> {
    inner: R,
    meter: &'a Meter<'a>,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.meter.is_stopped() {
            return Err(io::Error::other("stopped"));
        }
        let read = self.inner.read(buffer)?;
        self.meter.add(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_tells_and_stops() {
        let last = Mutex::new((0, 0));
        let tell = |read, expected| *last.lock().expect("one thread") = (read, expected);
        let meter = Meter::new(&tell, &|| false);
        meter.expect(10);
        let mut stream = meter.over(&[7_u8; 10][..]);
        stream.read_exact(&mut [0; 4]).expect("read");
        assert_eq!(*last.lock().expect("one thread"), (0, 0), "too early");
        std::thread::sleep(INTERVAL);
        stream.read_exact(&mut [0; 4]).expect("read");
        assert_eq!(*last.lock().expect("one thread"), (8, 10));
        meter.expect(u64::MAX);
        std::thread::sleep(INTERVAL);
        stream.read_exact(&mut [0]).expect("read");
        assert_eq!(*last.lock().expect("one thread"), (9, u64::MAX));
        meter.stop();
        assert!(meter.is_lost());
        stream.read_exact(&mut [0]).expect_err("stopped");
    }
}
