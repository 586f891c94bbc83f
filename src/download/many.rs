//! Fetches many files, some at a time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::error::DownloadError;
use super::{Client, Fetched, Progress, Tally, Wanted};

/// How often progress is told, at most.
const INTERVAL: Duration = Duration::from_millis(200);

impl Client {
    /// Fetches all, `at_once` at a time (none is one), and goes on after failures.
    /// Returns the tally and every failure with its index into `wanted`, in order of
    /// index. `heard` is called from any thread, one call at a time, about five times a
    /// second while bytes come, and at the end.
    pub fn fetch_all(
        &self,
        wanted: &[Wanted],
        at_once: usize,
        heard: &(dyn Fn(&Progress) + Sync),
    ) -> (Tally, Vec<(usize, DownloadError)>) {
        let work = Work {
            client: self,
            wanted,
            next: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
            total_bytes: wanted.iter().filter_map(|file| file.size).sum(),
            retries: AtomicUsize::new(0),
            told: Mutex::new(Instant::now()),
            heard,
        };
        let workers = at_once.clamp(1, wanted.len().max(1));
        let mut tally = Tally::default();
        let mut failures = Vec::new();
        thread::scope(|scope| {
            let threads: Vec<_> = (0..workers).map(|_| scope.spawn(|| work.run())).collect();
            for thread in threads {
                // A panic goes on as if there were no threads.
                let (part, failed) = thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                tally.downloaded += part.downloaded;
                tally.present += part.present;
                tally.bytes += part.bytes;
                failures.extend(failed);
            }
        });
        tally.retries = work.retries.load(Ordering::Relaxed);
        failures.sort_by_key(|(index, _)| *index);
        heard(&work.progress());
        (tally, failures)
    }
}

/// What the threads share.
struct Work<'a> {
    client: &'a Client,
    wanted: &'a [Wanted],
    next: AtomicUsize,
    done: AtomicUsize,
    bytes: AtomicU64,
    total_bytes: u64,
    retries: AtomicUsize,
    /// When progress was told last.
    told: Mutex<Instant>,
    heard: &'a (dyn Fn(&Progress) + Sync),
}

impl Work<'_> {
    /// Takes one file after another until there are no more.
    fn run(&self) -> (Tally, Vec<(usize, DownloadError)>) {
        let mut tally = Tally::default();
        let mut failures = Vec::new();
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(wanted) = self.wanted.get(index) else {
                return (tally, failures);
            };
            let heard = |bytes| {
                self.bytes.fetch_add(bytes, Ordering::Relaxed);
                self.tell();
            };
            match self.client.fetch_and_count(wanted, &heard, &self.retries) {
                Ok(Fetched::Downloaded(bytes)) => {
                    tally.downloaded += 1;
                    tally.bytes += bytes;
                }
                Ok(Fetched::Present) => {
                    tally.present += 1;
                    self.bytes
                        .fetch_add(wanted.size.unwrap_or_default(), Ordering::Relaxed);
                }
                Err(error) => failures.push((index, error)),
            }
            self.done.fetch_add(1, Ordering::Relaxed);
            self.tell();
        }
    }

    /// Tells the progress unless that was done just now, or is being done.
    fn tell(&self) {
        let Ok(mut told) = self.told.try_lock() else {
            return;
        };
        if told.elapsed() >= INTERVAL {
            (self.heard)(&self.progress());
            *told = Instant::now();
        }
    }

    fn progress(&self) -> Progress {
        Progress {
            done: self.done.load(Ordering::Relaxed),
            total: self.wanted.len(),
            bytes: self.bytes.load(Ordering::Relaxed),
            total_bytes: self.total_bytes,
        }
    }
}
