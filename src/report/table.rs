//! The closing table: what each step of a run took and left.

use std::fmt::Write;
use std::time::Duration;

use crate::record::StepRecord;

/// A line for each step, in the order in which they ended, and one for the run. As
/// steps run beside each other, theirs add up to more than its seconds.
pub(super) fn closing_table(steps: &[StepRecord], took: Duration) -> String {
    let mut out = format!("{:<12} {:>8} {:>13}\n", "step", "seconds", "bytes");
    for step in steps {
        let seconds = step.seconds.unwrap_or_default();
        row(&mut out, &step.name, seconds, step.bytes);
    }
    let bytes = steps.iter().filter_map(|step| step.bytes).sum();
    row(&mut out, "all", took.as_secs_f64(), Some(bytes));
    out
}

fn row(out: &mut String, name: &str, seconds: f64, bytes: Option<i64>) {
    let bytes = bytes.map_or("-".to_owned(), grouped);
    let _ = writeln!(out, "{name:<12} {seconds:>8.1} {bytes:>13}");
}

/// `12,345,678`.
fn grouped(bytes: i64) -> String {
    let digits = bytes.unsigned_abs().to_string();
    let mut out = String::from(if bytes < 0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_line_for_each_step_and_one_for_all() {
        let step = |name: &str, seconds, bytes| StepRecord {
            name: name.to_owned(),
            started: Some(0.0),
            seconds: Some(seconds),
            bytes,
            network: None,
        };
        let steps = [
            step("pip", 6.04, Some(123_456_789)),
            step("packages", 14.0, Some(999)),
            step("hooks", 0.0, None),
            step("cleanup", 0.5, Some(-23_456_789)),
        ];
        assert_eq!(
            closing_table(&steps, Duration::from_millis(14_760)),
            "\
step          seconds         bytes
pip               6.0   123,456,789
packages         14.0           999
hooks             0.0             -
cleanup           0.5   -23,456,789
all              14.8   100,000,999
"
        );
    }
}
