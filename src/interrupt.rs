//! The signals that tell this program to stop.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag::register_usize;

/// How often it is looked whether a signal has come, and how long what is going on may
/// take to end by itself.
const GLANCE: Duration = Duration::from_millis(50);
const GRACE: Duration = Duration::from_secs(2);

/// The signal that came, if one has come.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicUsize>);

impl Interrupt {
    /// Notes signals from now on, in the place of ending this process at once: it
    /// has children to end first. As a container's first process it would not even
    /// be ended by a signal that it does not handle (`pid_namespaces(7)`).
    ///
    /// # Errors
    /// The kernel does not let it.
    pub fn watch() -> io::Result<Self> {
        let interrupt = Self::default();
        for signal in [SIGTERM, SIGINT, SIGHUP] {
            let number = usize::try_from(signal).unwrap_or_default();
            register_usize(signal, Arc::clone(&interrupt.0), number)?;
        }
        Ok(interrupt)
    }

    /// The last one that came.
    #[must_use]
    pub fn signal(&self) -> Option<Signal> {
        let number = i32::try_from(self.0.load(Ordering::Relaxed)).ok()?;
        Signal::try_from(number).ok()
    }

    /// When a signal comes, asks what is going on to end, and does the last thing when it has
    /// not ended after two seconds: who waits for a server does not look for signals.
    pub fn when_told(
        &self,
        ask: impl FnOnce() + Send + 'static,
        at_last: impl FnOnce(Signal) + Send + 'static,
    ) {
        let interrupt = self.clone();
        thread::spawn(move || {
            let signal = loop {
                match interrupt.signal() {
                    Some(signal) => break signal,
                    None => thread::sleep(GLANCE),
                }
            };
            ask();
            thread::sleep(GRACE);
            at_last(signal);
        });
    }

    /// As if this signal had come.
    #[cfg(test)]
    pub(crate) fn pretend(&self, signal: Signal) {
        self.0.store(signal as usize, Ordering::Relaxed);
    }
}
