//! What dnf and zypper say, less what differs from run to run and from machine to machine.

use std::sync::LazyLock;

use regex::Regex;

static SPEED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r" +[0-9.]+ +k?M?B/s \|.*").expect("constant"));

/// The packages are as large as this machine's rpmbuild makes them.
static SIZE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b[0-9.]+ (?:k|B|KiB|ms)\b").expect("constant"));

/// The text without times, speeds and sizes.
pub fn stable(text: &str) -> String {
    let text = SPEED.replace_all(text, "");
    let text = SIZE.replace_all(&text, "N");
    let lines = text.lines();
    let mut lines: Vec<&str> = lines
        .filter(|line| !line.contains("Last metadata expiration check: "))
        .collect();
    // curl tries again or not, by the time.
    lines.dedup();
    lines.join("\n")
}
