//! Everything that people and programs read.

mod bars;
mod errors;
mod plain;
mod plan;

use std::io::IsTerminal;
use std::time::Duration;

pub use errors::{explain, problems, refused_settings};
pub use plan::{Format, render as render_plan};

use crate::secrets::Secrets;
use crate::steps::StepName;

/// Hears what a run does. Every text is masked by the reporter, not by who speaks.
pub trait Reporter: Sync {
    /// A step starts, for this reason.
    fn started(&self, step: StepName, why: &str);
    /// A step ended well.
    fn done(&self, step: StepName, took: Duration);
    /// A step had nothing to do.
    fn skipped(&self, step: StepName, reason: &str);
    /// A step failed; the error itself comes later.
    fn failed(&self, step: StepName, took: Duration);
    /// A step says something worth reading.
    fn note(&self, step: StepName, text: &str);
    /// A step starts a child.
    fn command(&self, step: StepName, command: &str);
    /// A child says a line.
    fn line(&self, step: StepName, line: &str);
}

/// Bars on a terminal, plain lines anywhere else; all that children say when `verbose`.
#[must_use]
pub fn reporter(verbose: bool, secrets: Secrets) -> Box<dyn Reporter> {
    if std::io::stderr().is_terminal() && !verbose {
        Box::new(bars::Bars::new(secrets))
    } else {
        Box::new(plain::Plain::new(verbose, secrets))
    }
}

/// `4.2 s`, `1 min 12 s`.
fn duration(took: Duration) -> String {
    if took.as_secs() < 60 {
        format!("{:.1} s", took.as_secs_f64())
    } else {
        format!("{} min {} s", took.as_secs() / 60, took.as_secs() % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        assert_eq!(duration(Duration::from_millis(4210)), "4.2 s");
        assert_eq!(duration(Duration::from_secs(72)), "1 min 12 s");
    }
}
