//! Plain lines: what a `RUN` in a container build shows.
//!
//! A step is a line at its start and one at its end; in between, one every five
//! seconds that says how far it has come, or one every ten when it cannot tell,
//! so that nobody takes a long step for a hanging one.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::table::closing_table;
use super::{duration, say};
use crate::record::StepRecord;
use crate::reporter::{Progress, Reporter};
use crate::secrets::Secrets;
use crate::step::StepName;

/// The time between two beats of a step's heart; without progress every other one is silent.
const BEAT: Duration = Duration::from_secs(5);

/// Writes lines to standard error.
pub struct Plain {
    verbose: bool,
    secrets: Secrets,
    running: Mutex<BTreeMap<StepName, Running>>,
}

/// A running step: what it says when its heart beats, and the heart's end.
struct Running {
    pulse: Arc<Mutex<Pulse>>,
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

    fn change(&self, step: StepName, change: impl FnOnce(&mut Pulse)) {
        if let Some(running) = self.running().get(&step) {
            change(&mut running.pulse.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

/// Says at every beat what there is to say, until its sender is dropped.
fn heart(step: StepName, pulse: Arc<Mutex<Pulse>>) -> Sender<()> {
    let (sender, ended) = mpsc::channel::<()>();
    thread::spawn(move || {
        let start = Instant::now();
        while ended.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
            let text = pulse.lock().unwrap_or_else(PoisonError::into_inner).beat();
            if let Some(text) = text {
                say(&line(step, start.elapsed(), &text));
            }
        }
    });
    sender
}

/// `pip: 31 s, builds 12 of 27`.
fn line(step: StepName, elapsed: Duration, text: &str) -> String {
    format!("{step}: {:.0} s, {text}", elapsed.as_secs_f64())
}

/// What is known of a running step.
struct Pulse {
    /// The last line of a child; none when lines are said as they come.
    last: Option<String>,
    progress: BTreeMap<String, Progress>,
    silent: bool,
}

impl Pulse {
    fn new(verbose: bool) -> Self {
        Self {
            last: (!verbose).then(|| "working".to_owned()),
            progress: BTreeMap::new(),
            silent: false,
        }
    }

    /// What is said at this beat.
    fn beat(&mut self) -> Option<String> {
        if self.progress.is_empty() {
            self.silent = !self.silent;
            return self.last.clone().filter(|_| !self.silent);
        }
        self.silent = false;
        let text = told(self.progress.values());
        // What a step does after all that it counted is not in the count.
        if self.progress.values().all(|each| each.done >= each.total) {
            self.progress.clear();
        }
        Some(text)
    }
}

/// `builds 12 of 27 (krb5, gssapi), files 320 of 575 (210 MiB)`.
fn told<'a>(progress: impl Iterator<Item = &'a Progress>) -> String {
    let kinds: Vec<String> = progress
        .map(|each| {
            let detail = match each.detail.as_str() {
                "" => String::new(),
                detail => format!(" ({detail})"),
            };
            format!("{} {} of {}{detail}", each.what, each.done, each.total)
        })
        .collect();
    kinds.join(", ")
}

impl Reporter for Plain {
    fn started(&self, step: StepName, why: &str) {
        self.say(step, why);
        let pulse = Arc::new(Mutex::new(Pulse::new(self.verbose)));
        let heart = heart(step, Arc::clone(&pulse));
        self.running().insert(
            step,
            Running {
                pulse,
                _heart: heart,
            },
        );
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

    fn stopped(&self, step: StepName, took: Duration) {
        self.running().remove(&step);
        self.say(step, &format!("stopped after {}", duration(took)));
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
            let line = self.secrets.mask(line.trim());
            self.change(step, |pulse| pulse.last = Some(line));
        }
    }

    fn progress(&self, step: StepName, progress: &Progress) {
        let masked = Progress {
            detail: self.secrets.mask(&progress.detail),
            ..progress.clone()
        };
        self.change(step, |pulse| {
            pulse.progress.insert(masked.what.clone(), masked);
        });
    }

    fn ended(&self, steps: &[StepRecord], took: Duration) {
        say(&closing_table(steps, took));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(what: &str, done: u64, total: u64, detail: &str) -> Progress {
        Progress {
            what: what.to_owned(),
            done,
            total,
            detail: detail.to_owned(),
        }
    }

    /// A pulse that heard this.
    fn pulse(verbose: bool, heard: &[Progress]) -> Pulse {
        let mut pulse = Pulse::new(verbose);
        for each in heard {
            pulse.progress.insert(each.what.clone(), each.clone());
        }
        pulse
    }

    #[test]
    fn a_line_says_every_kind_and_its_detail() {
        let mut pulse = pulse(
            false,
            &[
                progress("files", 100, 575, "64 MiB"),
                progress("builds", 12, 27, "krb5, gssapi"),
                progress("files", 320, 575, "210 MiB"),
            ],
        );
        let text = pulse.beat().unwrap();
        assert_eq!(
            line(StepName::Wheels, Duration::from_millis(31_400), &text),
            "wheels: 31 s, builds 12 of 27 (krb5, gssapi), files 320 of 575 (210 MiB)"
        );
        assert_eq!(told([progress("files", 0, 3, "")].iter()), "files 0 of 3");
    }

    #[test]
    fn progress_is_said_at_every_beat_and_a_line_at_every_other() {
        let mut pulse = Pulse::new(false);
        assert_eq!(pulse.beat(), None);
        assert_eq!(pulse.beat().as_deref(), Some("working"));
        assert_eq!(pulse.beat(), None);
        pulse
            .progress
            .insert("files".to_owned(), progress("files", 1, 2, ""));
        assert_eq!(pulse.beat().as_deref(), Some("files 1 of 2"));
        assert_eq!(pulse.beat().as_deref(), Some("files 1 of 2"));
    }

    #[test]
    fn a_full_count_is_said_once() {
        let mut pulse = pulse(
            false,
            &[progress("files", 2, 2, ""), progress("builds", 1, 1, "")],
        );
        assert_eq!(pulse.beat().as_deref(), Some("builds 1 of 1, files 2 of 2"));
        assert_eq!(pulse.beat(), None);
        assert_eq!(pulse.beat().as_deref(), Some("working"));
    }

    #[test]
    fn who_hears_every_line_hears_progress_and_no_heartbeat() {
        let mut pulse = pulse(true, &[progress("files", 2, 2, "")]);
        assert_eq!(pulse.beat().as_deref(), Some("files 2 of 2"));
        assert_eq!(
            [pulse.beat(), pulse.beat(), pulse.beat()],
            [None, None, None]
        );
    }

    #[test]
    fn details_are_masked_and_a_step_that_does_not_run_has_no_progress() {
        let secrets = Secrets::gather(["https://me:hunter22@host/simple"]);
        let plain = Plain::new(false, secrets);
        let files = progress("files", 1, 2, "https://me:hunter22@host/simple");
        plain.progress(StepName::Pip, &files);
        assert!(plain.running().is_empty());
        plain.started(StepName::Pip, "");
        plain.progress(StepName::Pip, &files);
        plain.change(StepName::Pip, |pulse| {
            let text = pulse.beat().unwrap();
            assert!(text.starts_with("files 1 of 2 (https://"), "{text}");
            assert!(!text.contains("hunter22"), "{text}");
        });
    }
}
