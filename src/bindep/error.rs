//! A line that is not in the language, and how to show it.

use std::fmt;

use super::cursor::{Failure, column_of};

/// A line that is not in the language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters; one past the end when the line stops too early.
    pub column: usize,
    /// Completes the sentence "expected ...".
    pub expected: &'static str,
    /// The whole line.
    pub text: String,
}

impl std::error::Error for SyntaxError {}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            column,
            expected,
            ..
        } = self;
        write!(f, "line {line}, column {column}: expected {expected}")
    }
}

impl SyntaxError {
    pub(super) fn new(text: &str, line: usize, failure: Failure) -> Self {
        let expected = match text[failure.at..].chars().next() {
            Some('\t') => "a space: a tab is allowed only in comments",
            Some('\r') => "a line that ends in LF alone, without a carriage return",
            Some('\u{feff}') => "text without a byte order mark",
            _ => failure.expected,
        };
        Self {
            line,
            column: column_of(text, failure.at),
            expected,
            text: text.to_owned(),
        }
    }

    /// The error as three lines, with the place marked in the text:
    ///
    /// ```text
    /// bindep.txt:3:10: expected a profile name, `(` or `]`
    ///   3 | foo [test, doc]
    ///     |          ^
    /// ```
    #[must_use]
    pub fn render(&self, file_name: &str) -> String {
        let Self {
            line,
            column,
            expected,
            ..
        } = self;
        let place = format!("{file_name}:{line}:{column}: expected {expected}");
        mark(&place, *line, *column, &self.text)
    }
}

/// All errors of a file, one after the other.
#[must_use]
pub fn render(file_name: &str, errors: &[SyntaxError]) -> String {
    errors.iter().map(|error| error.render(file_name)).collect()
}

/// `headline`, the line's text, and a caret under its column.
fn mark(headline: &str, line: usize, column: usize, text: &str) -> String {
    let text: String = text.chars().map(visible).collect();
    format!("{headline}\n{line:>3} | {text}\n    | {:>column$}\n", '^')
}

/// One visible column for each character, so that the caret stands right and a
/// terminal obeys no file.
fn visible(c: char) -> char {
    match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        // Marks of direction and joiners move what is around them or take no room.
        '\u{7f}'..='\u{9f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::File;
    use super::*;

    fn rendered(text: &str) -> String {
        render("bindep.txt", &File::parse(text).unwrap_err())
    }

    #[test]
    fn a_caret_marks_the_place() {
        assert_eq!(
            rendered("git\n\nfoo [test, doc]\n"),
            "bindep.txt:3:10: expected a profile name, `(` or `]`\n\
             \x20 3 | foo [test, doc]\n\
             \x20   |          ^\n"
        );
    }

    #[test]
    fn what_cannot_be_seen_is_shown() {
        assert_eq!(
            rendered("\u{feff}git\nfoo\t\r\nbar\r\n"),
            "bindep.txt:1:1: expected text without a byte order mark\n\
             \x20 1 | \u{fffd}git\n\
             \x20   | ^\n\
             bindep.txt:2:4: expected a space: a tab is allowed only in comments\n\
             \x20 2 | foo␉␍\n\
             \x20   |    ^\n\
             bindep.txt:3:4: expected a line that ends in LF alone, without a carriage return\n\
             \x20 3 | bar␍\n\
             \x20   |    ^\n"
        );
    }

    #[test]
    fn display_is_one_line() {
        let errors = File::parse("git \n").unwrap_err();
        assert_eq!(
            errors[0].to_string(),
            "line 1, column 4: expected the end of the line: remove the trailing space"
        );
    }
}
