//! The signals that tell this program to stop.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nix::sys::signal::Signal;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag::register_usize;

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

    /// As if this signal had come.
    #[cfg(test)]
    pub(crate) fn pretend(&self, signal: Signal) {
        self.0.store(signal as usize, Ordering::Relaxed);
    }
}
