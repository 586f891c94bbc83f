//! The report in words and as JSON.

use std::fmt::Write;

use clap::ValueEnum;

use super::{Compared, Difference, Report};
use crate::words::count;

/// How the report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A line for each difference.
    Text,
    /// One object, for programs.
    Json,
}

/// The report, for standard output.
#[must_use]
pub fn render(report: &Report, format: Format) -> String {
    match format {
        Format::Text => report.differences.iter().map(line).collect(),
        Format::Json => {
            let mut text = serde_json::to_string_pretty(report).unwrap_or_default();
            text.push('\n');
            text
        }
    }
}

pub(super) fn line(difference: &Difference) -> String {
    let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".to_owned());
    let mut line = format!(
        "{} {}: {} -> {}",
        difference.kind,
        difference.subject,
        side(&difference.recorded),
        side(&difference.found)
    );
    if let Some(of) = &difference.of {
        let _ = write!(line, " ({of})");
    }
    line.push('\n');
    line
}

/// What was not compared, and how much was: for standard error.
#[must_use]
pub fn summary(report: &Report) -> String {
    let mut text = String::new();
    for unseen in &report.unseen {
        let _ = writeln!(text, "not looked at: {}: {}", unseen.what, unseen.why);
    }
    let Compared {
        files,
        packages,
        distributions,
        accounts,
    } = report.compared;
    let differences = match report.differences.len() {
        0 => "no differences".to_owned(),
        number => count(number, "difference"),
    };
    let _ = writeln!(
        text,
        "{}: {differences} in {}, {}, {} and {}",
        report.project,
        count(files, "file"),
        count(packages, "package"),
        count(distributions, "distribution"),
        count(accounts, "account")
    );
    text
}
