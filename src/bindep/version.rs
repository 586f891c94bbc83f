//! Debian package versions: their grammar and their order.
//!
//! The order is that of
//! [Debian policy 5.6.12](https://www.debian.org/doc/debian-policy/ch-controlfields.html#version):
//! epochs as numbers, then the upstream versions, then the revisions, where a
//! missing revision equals `0`, `~` comes before everything and even before
//! the end, and letters come before other characters.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// `[epoch:]upstream[-revision]`.
///
/// Two versions are equal when neither is newer, so `1.0` equals `1.00`; their
/// texts may differ.
#[derive(Debug, Clone)]
pub struct Version {
    text: String,
    /// Where the upstream part starts; the epoch and its `:` come before it.
    upstream: usize,
    /// Where the upstream part ends; `-` and the revision may follow.
    upstream_end: usize,
}

impl Version {
    /// The version that `text` starts with, as long as it goes; otherwise the
    /// offset at which a digit was wanted.
    ///
    /// An epoch is taken whenever digits and `:` are there, and the upstream
    /// part must then begin with a digit. The revision begins at the last
    /// hyphen that has something to its right that can be one.
    pub(super) fn prefix(text: &str) -> Result<Self, usize> {
        let upstream = epoch_length(text);
        let rest = &text[upstream..];
        if !rest.starts_with(is_digit) {
            return Err(upstream);
        }
        let mut upstream_end = upstream + length_of(rest, is_upstream);
        let mut end = upstream_end;
        while let Some(piece) = text[upstream_end..].strip_prefix('-') {
            let piece_end = upstream_end + 1 + length_of(piece, is_upstream);
            let later = text[piece_end..].strip_prefix('-').unwrap_or_default();
            if !later.starts_with(is_revision) {
                let revision = length_of(piece, is_revision);
                end = upstream_end + if revision > 0 { 1 + revision } else { 0 };
                break;
            }
            upstream_end = piece_end;
        }
        Ok(Self {
            text: text[..end].to_owned(),
            upstream,
            upstream_end,
        })
    }

    /// The version as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn epoch(&self) -> &str {
        self.text[..self.upstream].trim_end_matches(':')
    }

    fn upstream(&self) -> &str {
        &self.text[self.upstream..self.upstream_end]
    }

    fn revision(&self) -> &str {
        self.text[self.upstream_end..]
            .strip_prefix('-')
            .unwrap_or_default()
    }
}

/// A text that is no version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a Debian version")]
pub struct InvalidVersion;

impl FromStr for Version {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        match Self::prefix(text) {
            Ok(version) if version.text.len() == text.len() => Ok(version),
            _ => Err(InvalidVersion),
        }
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_numbers(self.epoch(), other.epoch())
            .then_with(|| compare_parts(self.upstream(), other.upstream()))
            .then_with(|| compare_parts(self.revision(), other.revision()))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The length of `digits:`, or zero.
fn epoch_length(text: &str) -> usize {
    let digits = length_of(text, is_digit);
    if digits > 0 && text[digits..].starts_with(':') {
        digits + 1
    } else {
        0
    }
}

fn length_of(text: &str, wanted: impl Fn(char) -> bool) -> usize {
    text.find(|c| !wanted(c)).unwrap_or(text.len())
}

fn is_upstream(c: char) -> bool {
    is_revision(c) || c == ':'
}

fn is_revision(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '+' | '~')
}

/// A digit as the grammar means it, which is any script's.
pub(super) fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || (!c.is_ascii() && c.is_numeric())
}

/// Alternating runs of other characters and of digits, until one differs.
fn compare_parts(mut left: &str, mut right: &str) -> Ordering {
    while !left.is_empty() || !right.is_empty() {
        let (left_text, left_rest) = split_run(left, |c| !c.is_ascii_digit());
        let (right_text, right_rest) = split_run(right, |c| !c.is_ascii_digit());
        let (left_number, left_rest) = split_run(left_rest, |c| c.is_ascii_digit());
        let (right_number, right_rest) = split_run(right_rest, |c| c.is_ascii_digit());
        let ordering = compare_texts(left_text, right_text)
            .then_with(|| compare_numbers(left_number, right_number));
        if ordering != Ordering::Equal {
            return ordering;
        }
        (left, right) = (left_rest, right_rest);
    }
    Ordering::Equal
}

fn split_run(text: &str, wanted: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(length_of(text, wanted))
}

/// Compares unbounded numbers: epochs and dates as versions exceed 64 bits in
/// the wild. No digits at all is zero.
fn compare_numbers(left: &str, right: &str) -> Ordering {
    let (left, right) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

fn compare_texts(left: &str, right: &str) -> Ordering {
    let longest = left.chars().count().max(right.chars().count());
    let ranks = |text: &str| -> Vec<u32> {
        let ends = std::iter::repeat(RANK_OF_END);
        text.chars().map(rank).chain(ends).take(longest).collect()
    };
    ranks(left).cmp(&ranks(right))
}

const RANK_OF_END: u32 = 1;

fn rank(c: char) -> u32 {
    match c {
        '~' => 0,
        c if c.is_alphabetic() => 1 + u32::from(c),
        c => 2 + u32::from(char::MAX) + u32::from(c),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn orders_as_debian_does() {
        let ascending = [
            "0~~",
            "0~~a",
            "0~",
            "0",
            "0a",
            "0+",
            "0.",
            "1-a~",
            "1-a",
            "1-aa",
            "1.2-1~deb12u1",
            "1.2-1",
            "1.2-1+b1",
            "1.2-1.1",
            "1.9",
            "1.10",
            "1.18446744073709551617",
            "1:0",
            "2:0~",
        ];
        for (i, left) in ascending.iter().enumerate() {
            for (j, right) in ascending.iter().enumerate() {
                assert_eq!(
                    version(left).cmp(&version(right)),
                    i.cmp(&j),
                    "{left} {right}"
                );
            }
        }
    }

    #[test]
    fn leading_zeros_and_a_missing_revision_change_nothing() {
        for (left, right) in [("1.0", "1.00"), ("0:1", "1"), ("1", "1-0"), ("00:1", "1")] {
            assert_eq!(version(left), version(right));
        }
    }

    #[test]
    fn splits_at_the_last_hyphen_that_begins_a_revision() {
        for (text, epoch, upstream, revision) in [
            ("3:1.5-2-4", "3", "1.5-2", "4"),
            ("1--2", "", "1-", "2"),
            ("1.5:2", "", "1.5:2", ""),
            ("1-2:3-4", "", "1-2:3", "4"),
            ("7", "", "7", ""),
        ] {
            let version = version(text);
            assert_eq!(
                (version.epoch(), version.upstream(), version.revision()),
                (epoch, upstream, revision)
            );
        }
    }

    #[test]
    fn refuses_what_is_no_version() {
        for text in [
            "", "a", "v1", "1:", "1::2", "1:a", "1-", "1--", "1-2-", "1-2:3", "1_2", "1.*", "1 ",
            "1^git", "~1", "1\n",
        ] {
            assert_eq!(text.parse::<Version>(), Err(InvalidVersion), "{text:?}");
        }
    }

    #[test]
    fn a_prefix_stops_before_what_cannot_belong() {
        assert_eq!(Version::prefix("1-2:3").unwrap().as_str(), "1-2");
        assert_eq!(Version::prefix("1-,<2").unwrap().as_str(), "1");
        assert_eq!(Version::prefix("12:x").unwrap_err(), 3);
    }

    fn versions() -> impl Strategy<Value = Version> {
        "([0-2]:)?[0-9][0-2a-bA.+~]{0,5}(-[01a~.]{1,3})?"
            .prop_filter_map("an epoch's digits were eaten", |text| text.parse().ok())
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,12}") {
            let _ = text.parse::<Version>();
        }

        #[test]
        fn is_a_total_order(a in versions(), b in versions(), c in versions()) {
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            if a <= b && b <= c {
                prop_assert!(a <= c, "{} {} {}", a, b, c);
            }
            if a == b {
                prop_assert_eq!(a.cmp(&c), b.cmp(&c));
            }
        }
    }
}
