//! Plain lines: what a `RUN` in a container build shows.
//!
//! A step is a line at its start and one at its end; in between, one every ten
//! seconds, so that nobody takes a long step for a hanging one.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::{duration, say};
use crate::reporter::Reporter;
use crate::secrets::Secrets;
use crate::step::StepName;

const HEARTBEAT: Duration = Duration::from_secs(10);

/// Writes lines to standard error.
pub struct Plain {
    verbose: bool,
    secrets: Secrets,
    running: Mutex<BTreeMap<StepName, Running>>,
}

/// A running step: its last line, and the end of its heart.
struct Running {
    last: Arc<Mutex<String>>,
    _heart: Sender<()>,
}

impl Plain {
    /// Says all that children say when `verbose`.
    #[must_use]
    pub fn new(verbose: bool, secrets: Secrets) -> Self {
        Self {
            verbose,
            secrets,
            running: Mutex::default(),
        }
    }

    fn say(&self, step: StepName, text: &str) {
        say(&format!("{step}: {}", self.secrets.mask(text)));
    }

    fn running(&self) -> std::sync::MutexGuard<'_, BTreeMap<StepName, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, step: StepName, text: &str) {
        if let Some(running) = self.running().get(&step) {
            let mut last = running.last.lock().unwrap_or_else(PoisonError::into_inner);
            *last = self.secrets.mask(text);
        }
    }
}

/// Says every ten seconds that the step goes on, until its sender is dropped.
fn heart(step: StepName, last: Arc<Mutex<String>>) -> Sender<()> {
    let (sender, ended) = mpsc::channel::<()>();
    thread::spawn(move || {
        let start = Instant::now();
        while ended.recv_timeout(HEARTBEAT) == Err(RecvTimeoutError::Timeout) {
            let last = last.lock().unwrap_or_else(PoisonError::into_inner);
            say(&format!(
                "{step}: {:.0} s, {last}",
                start.elapsed().as_secs_f64()
            ));
        }
    });
    sender
}

impl Reporter for Plain {
    fn started(&self, step: StepName, why: &str) {
        self.say(step, why);
        if !self.verbose {
            let last = Arc::new(Mutex::new("working".to_owned()));
            let heart = heart(step, Arc::clone(&last));
            self.running().insert(
                step,
                Running {
                    last,
                    _heart: heart,
                },
            );
        }
    }

    fn done(&self, step: StepName, took: Duration) {
        self.running().remove(&step);
        self.say(step, &format!("done in {}", duration(took)));
    }

    fn skipped(&self, step: StepName, reason: &str) {
        self.say(step, &format!("nothing to do: {reason}"));
    }

    fn failed(&self, step: StepName, took: Duration) {
        self.running().remove(&step);
        self.say(step, &format!("failed after {}", duration(took)));
    }

    fn note(&self, step: StepName, text: &str) {
        self.say(step, text);
    }

    fn command(&self, step: StepName, command: &str) {
        if self.verbose {
            self.say(step, &format!("$ {command}"));
        }
    }

    fn line(&self, step: StepName, line: &str) {
        if self.verbose {
            self.say(step, &format!("  {line}"));
        } else if !line.trim().is_empty() {
            self.remember(step, line.trim());
        }
    }
}
