//! Bars: what a person at a terminal sees.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::duration;
use super::table::closing_table;
use crate::record::StepRecord;
use crate::reporter::{Progress, Reporter};
use crate::secrets::Secrets;
use crate::step::StepName;

/// Draws a moving line for every running step and leaves one for every ended.
pub struct Bars {
    secrets: Secrets,
    lines: MultiProgress,
    running: Mutex<BTreeMap<StepName, Running>>,
}

/// A running step: its moving line, and below it a bar for whatever it counts.
struct Running {
    spinner: ProgressBar,
    counts: BTreeMap<String, ProgressBar>,
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

    fn running(&self) -> MutexGuard<'_, BTreeMap<StepName, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, step: StepName, text: &str) {
        // A terminal that goes away in mid-build is no reason to fail it.
        let _ = self
            .lines
            .println(format!("{step}: {}", self.secrets.mask(text)));
    }

    fn end(&self, step: StepName, text: &str) {
        if let Some(running) = self.running().remove(&step) {
            for bar in running.counts.values() {
                bar.finish_and_clear();
            }
            running.spinner.finish_and_clear();
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
        self.running().insert(
            step,
            Running {
                spinner: bar,
                counts: BTreeMap::new(),
            },
        );
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

    fn stopped(&self, step: StepName, took: Duration) {
        self.end(step, &format!("stopped after {}", duration(took)));
    }

    fn note(&self, step: StepName, text: &str) {
        self.say(step, text);
    }

    fn command(&self, step: StepName, command: &str) {
        self.line(step, command);
    }

    fn line(&self, step: StepName, line: &str) {
        if let Some(running) = self.running().get(&step) {
            running.spinner.set_message(self.secrets.mask(line.trim()));
        }
    }

    fn progress(&self, step: StepName, progress: &Progress) {
        let mut running = self.running();
        let Some(Running { spinner, counts }) = running.get_mut(&step) else {
            return;
        };
        let bar = counts.entry(progress.what.clone()).or_insert_with(|| {
            let style =
                ProgressStyle::with_template("  {prefix} {bar:24} {pos} of {len} {wide_msg}")
                    .unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = ProgressBar::new(progress.total).with_style(style);
            self.lines
                .insert_after(spinner, bar.with_prefix(progress.what.clone()))
        });
        bar.set_length(progress.total);
        bar.set_position(progress.done);
        bar.set_message(self.secrets.mask(&progress.detail));
    }

    fn ended(&self, steps: &[StepRecord], took: Duration) {
        let _ = self.lines.println(closing_table(steps, took));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_bar_while_its_step_runs() {
        let bars = Bars::new(Secrets::default());
        let count = |what: &str, done, total| {
            let progress = Progress {
                what: what.to_owned(),
                done,
                total,
                detail: "krb5".to_owned(),
            };
            bars.progress(StepName::Wheels, &progress);
        };
        count("builds", 1, 27);
        assert!(bars.running().is_empty());
        bars.started(StepName::Wheels, "");
        count("files", 3, 575);
        count("builds", 1, 27);
        count("builds", 2, 28);
        let drawn: Vec<_> = bars.running()[&StepName::Wheels]
            .counts
            .iter()
            .map(|(what, bar)| (what.clone(), bar.position(), bar.length(), bar.message()))
            .collect();
        assert_eq!(
            drawn,
            [
                ("builds".to_owned(), 2, Some(28), "krb5".to_owned()),
                ("files".to_owned(), 3, Some(575), "krb5".to_owned())
            ]
        );
        bars.done(StepName::Wheels, Duration::ZERO);
        assert!(bars.running().is_empty());
    }
}
