//! Bars: what a person at a terminal sees.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::duration;
use crate::reporter::Reporter;
use crate::secrets::Secrets;
use crate::step::StepName;

/// Draws a moving line for every running step and leaves one for every ended.
pub struct Bars {
    secrets: Secrets,
    lines: MultiProgress,
    running: Mutex<BTreeMap<StepName, ProgressBar>>,
}

impl Bars {
    /// Draws on standard error.
    #[must_use]
    pub fn new(secrets: Secrets) -> Self {
        Self {
            secrets,
            lines: MultiProgress::new(),
            running: Mutex::default(),
        }
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<StepName, ProgressBar>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, step: StepName, text: &str) {
        // A terminal that goes away in mid-build is no reason to fail it.
        let _ = self
            .lines
            .println(format!("{step}: {}", self.secrets.mask(text)));
    }

    fn end(&self, step: StepName, text: &str) {
        if let Some(bar) = self.running().remove(&step) {
            bar.finish_and_clear();
        }
        self.say(step, text);
    }
}

impl Reporter for Bars {
    fn started(&self, step: StepName, why: &str) {
        self.say(step, why);
        let style = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = self.lines.add(ProgressBar::new_spinner().with_style(style));
        bar.set_prefix(step.to_string());
        bar.enable_steady_tick(Duration::from_millis(120));
        self.running().insert(step, bar);
    }

    fn done(&self, step: StepName, took: Duration) {
        self.end(step, &format!("done in {}", duration(took)));
    }

    fn skipped(&self, step: StepName, reason: &str) {
        self.say(step, &format!("nothing to do: {reason}"));
    }

    fn failed(&self, step: StepName, took: Duration) {
        self.end(step, &format!("failed after {}", duration(took)));
    }

    fn note(&self, step: StepName, text: &str) {
        self.say(step, text);
    }

    fn command(&self, step: StepName, command: &str) {
        self.line(step, command);
    }

    fn line(&self, step: StepName, line: &str) {
        if let Some(bar) = self.running().get(&step) {
            bar.set_message(self.secrets.mask(line.trim()));
        }
    }
}
