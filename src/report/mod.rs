//! Everything that people and programs read.

mod bars;
mod errors;
mod plain;
mod plan;
mod table;

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

pub use errors::{explain, explain_alone, interrupted, problems, refused_settings};
pub use plan::{Format, render as render_plan};

use crate::reporter::Reporter;
use crate::secrets::Secrets;

/// Bars on a terminal, plain lines anywhere else; all that children say when `verbose`.
#[must_use]
pub fn reporter(verbose: bool, secrets: Secrets) -> Box<dyn Reporter> {
    if std::io::stderr().is_terminal() && !verbose {
        Box::new(bars::Bars::new(secrets))
    } else {
        Box::new(plain::Plain::new(verbose, secrets))
    }
}

/// Says something to people, on standard error. Nobody may be listening any
/// more (`2>&1 | head`), which is no reason to end a build in the middle.
pub fn say(text: &str) {
    if !text.is_empty() {
        let line = text.strip_suffix('\n').unwrap_or(text);
        let _ = writeln!(io::stderr().lock(), "{line}");
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
