//! A place in one line of text.

/// Reads one line from left to right.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'line> {
    line: &'line str,
    at: usize,
}

/// Where reading stopped, and what would have let it go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failure {
    /// Offset in bytes.
    pub(super) at: usize,
    /// Completes the sentence "expected ...".
    pub(super) expected: &'static str,
}

impl<'line> Cursor<'line> {
    pub(super) fn new(line: &'line str) -> Self {
        Self { line, at: 0 }
    }

    /// Offset in bytes of the next character.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Where the next character is: 1-based, in characters.
    pub(super) fn column(&self) -> usize {
        column_of(self.line, self.at)
    }

    pub(super) fn rest(&self) -> &'line str {
        &self.line[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Steps over `wanted` if it comes next.
    pub(super) fn eat(&mut self, wanted: &str) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }

    /// Steps over all characters that satisfy `wanted`.
    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'line str {
        let rest = self.rest();
        let end = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Steps over `bytes` bytes that the caller has examined.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// The failure to find `expected` here.
    pub(super) fn fail(&self, expected: &'static str) -> Failure {
        Failure {
            at: self.at,
            expected,
        }
    }
}

/// The 1-based column, in characters, of a byte offset.
pub(super) fn column_of(line: &str, at: usize) -> usize {
    line[..at].chars().count() + 1
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn steps_over_what_it_took() {
        let mut cursor = Cursor::new("été [x]");
        assert_eq!(cursor.take_while(char::is_alphabetic), "été");
        assert_eq!((cursor.at(), cursor.column()), (5, 4));
        assert!(!cursor.eat("["));
        assert!(cursor.eat(" ["));
        assert_eq!(cursor.peek(), Some('x'));
        assert_eq!(cursor.rest(), "x]");
    }

    #[test]
    fn ends_quietly() {
        let mut cursor = Cursor::new("");
        assert_eq!(cursor.peek(), None);
        assert_eq!(cursor.take_while(|_| true), "");
        assert!(!cursor.eat("a"));
    }
}
