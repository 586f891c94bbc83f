//! Text to rules. Lines do not depend on each other, so every bad one is
//! reported.

use super::cursor::{Cursor, Failure};
use super::selector::{Item, Selector, Term};
use super::version::{Version, is_digit};
use super::{Constraint, Operator, Rule, SyntaxError};

/// The rules of `text`, or all of its bad lines.
pub(super) fn parse(text: &str) -> Result<Vec<Rule>, Vec<SyntaxError>> {
    let mut rules = Vec::new();
    let mut errors = Vec::new();
    // `str::lines` would also swallow a carriage return, which is an error here.
    for (index, line) in text.split('\n').enumerate() {
        match parse_line(line, index + 1) {
            Ok(rule) => rules.extend(rule),
            Err(failure) => errors.push(SyntaxError::new(line, index + 1, failure)),
        }
    }
    if errors.is_empty() {
        Ok(rules)
    } else {
        Err(errors)
    }
}

fn parse_line(line: &str, number: usize) -> Result<Option<Rule>, Failure> {
    let mut cursor = Cursor::new(line);
    cursor.take_while(is_space);
    match cursor.peek() {
        None | Some('#') => return Ok(None),
        Some(_) if cursor.at() > 0 => {
            return Err(cursor.fail("a comment or nothing: a rule is not indented"));
        }
        Some(_) => {}
    }
    let name = name(&mut cursor)?;
    let mut next = "`[`, a version constraint, a comment or the end of the line";
    let mut rule = Rule {
        name: name.to_owned(),
        selector: Selector::default(),
        constraints: Vec::new(),
        line: number,
    };
    if space_then(&mut cursor, |c| c == '[')? {
        rule.selector = selector(&mut cursor)?;
        next = "a version constraint, a comment or the end of the line";
    }
    if space_then(&mut cursor, starts_operator)? {
        rule.constraints = constraints(&mut cursor)?;
        next = "`,` and another constraint, a comment or the end of the line";
    }
    let end = cursor.clone();
    let spaces = cursor.take_while(is_space);
    match cursor.peek() {
        Some('#') => {}
        None if spaces.is_empty() => {}
        None => return Err(end.fail("the end of the line: remove the trailing space")),
        Some(_) => return Err(cursor.fail(next)),
    }
    Ok(Some(rule))
}

fn name<'line>(cursor: &mut Cursor<'line>) -> Result<&'line str, Failure> {
    if !cursor
        .peek()
        .is_some_and(|c| c.is_alphanumeric() || c == '/')
    {
        return Err(cursor.fail("a package name, a comment or an empty line"));
    }
    let name =
        cursor.take_while(|c| c.is_alphanumeric() || matches!(c, '.' | '+' | '-' | '_' | '/'));
    if name.chars().nth(1).is_none() {
        return Err(cursor.fail("a package name of at least two characters"));
    }
    Ok(name)
}

/// Steps over the spaces before something that starts as `wanted` says;
/// nothing moves when something else follows.
fn space_then(cursor: &mut Cursor, wanted: impl Fn(char) -> bool) -> Result<bool, Failure> {
    let mut ahead = cursor.clone();
    let spaces = ahead.take_while(is_space);
    if !ahead.peek().is_some_and(wanted) {
        return Ok(false);
    }
    if spaces.is_empty() {
        return Err(cursor.fail("a space"));
    }
    *cursor = ahead;
    Ok(true)
}

fn selector(cursor: &mut Cursor) -> Result<Selector, Failure> {
    cursor.eat("[");
    let mut items = Vec::new();
    loop {
        cursor.take_while(is_space);
        if cursor.eat("]") {
            return Ok(Selector { items });
        }
        items.push(if cursor.eat("(") {
            Item::Group(group(cursor)?)
        } else {
            Item::Term(term(cursor, "a profile name, `(` or `]`")?)
        });
    }
}

fn group(cursor: &mut Cursor) -> Result<Vec<Term>, Failure> {
    let mut terms = Vec::new();
    loop {
        cursor.take_while(is_space);
        if cursor.eat(")") {
            return Ok(terms);
        }
        terms.push(term(cursor, "a profile name or `)`")?);
    }
}

fn term(cursor: &mut Cursor, expected: &'static str) -> Result<Term, Failure> {
    let positive = !cursor.eat("!");
    let expected = if positive { expected } else { "a profile name" };
    let failure = cursor.fail(expected);
    let column = cursor.column();
    let name = cursor
        .take_while(|c| c.is_ascii_lowercase() || is_digit(c) || matches!(c, ':' | '-' | '.'));
    if name.is_empty() {
        return Err(failure);
    }
    Ok(Term {
        positive,
        name: name.to_owned(),
        column,
    })
}

fn constraints(cursor: &mut Cursor) -> Result<Vec<Constraint>, Failure> {
    let mut constraints = vec![constraint(cursor)?];
    while cursor.eat(",") {
        constraints.push(constraint(cursor)?);
    }
    Ok(constraints)
}

fn constraint(cursor: &mut Cursor) -> Result<Constraint, Failure> {
    let operator = Operator::ALL
        .into_iter()
        .find(|operator| cursor.eat(operator.as_str()))
        .ok_or_else(|| cursor.fail("`<`, `<=`, `==`, `!=`, `>=` or `>`"))?;
    match Version::prefix(cursor.rest()) {
        Ok(version) => {
            cursor.advance(version.as_str().len());
            Ok(Constraint { operator, version })
        }
        Err(offset) => {
            cursor.advance(offset);
            Err(cursor.fail("a version, which begins with a digit"))
        }
    }
}

/// Only this: a tab separates nothing in this language.
fn is_space(c: char) -> bool {
    c == ' '
}

fn starts_operator(c: char) -> bool {
    matches!(c, '<' | '>' | '=' | '!')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::super::File;
    use super::*;

    fn one(line: &str) -> Rule {
        let mut rules = parse(line).unwrap();
        assert_eq!(rules.len(), 1, "{line:?}");
        rules.remove(0)
    }

    #[test]
    fn reads_every_part_of_a_rule() {
        let rule = one("libpq-dev  [!slim (db !sqlite) platform:dpkg]  >=1:9.6-2,!=10 # why");
        assert_eq!(rule.name, "libpq-dev");
        let terms: Vec<_> = rule
            .selector
            .terms()
            .map(|t| (t.positive, t.name.as_str(), t.column))
            .collect();
        assert_eq!(
            terms,
            [
                (false, "slim", 14),
                (true, "db", 20),
                (false, "sqlite", 24),
                (true, "platform:dpkg", 32)
            ]
        );
        assert_eq!(rule.selector.items.len(), 3);
        let constraints: Vec<_> = rule.constraints.iter().map(ToString::to_string).collect();
        assert_eq!(constraints, [">=1:9.6-2", "!=10"]);
    }

    #[test]
    fn accepts() {
        for line in [
            "7z",
            "/usr/bin/git",
            "dev-vcs/git",
            "a+",
            "A_b",
            "pkg#c",
            "pkg [a]#c",
            "pkg []",
            "pkg [ ]",
            "pkg [()]",
            "pkg [a!b]",
            "pkg [(a)(b)]",
            "pkg [a(b)c]",
            "pkg [-a : 1]",
            "pkg <1",
            "pkg ==1~",
            "pkg [platform:!dpkg]",
            "éa",
        ] {
            one(line);
        }
        for blank in ["", "   ", "# c", "   # \t c", "#\r"] {
            assert_eq!(parse(blank).unwrap(), []);
        }
    }

    #[test]
    fn points_at_the_first_character_that_does_not_fit() {
        for (line, column, expected) in [
            ("x", 2, "a package name of at least two characters"),
            (" pkg", 2, "a comment or nothing: a rule is not indented"),
            ("pkg ", 4, "the end of the line: remove the trailing space"),
            (
                "pkg [a]  ",
                8,
                "the end of the line: remove the trailing space",
            ),
            ("pkg[a]", 4, "a space"),
            ("pkg [a]>1", 8, "a space"),
            (
                "pkg:i386",
                4,
                "`[`, a version constraint, a comment or the end of the line",
            ),
            (
                "pkg [] [a]",
                8,
                "a version constraint, a comment or the end of the line",
            ),
            (
                "pkg >1 [a]",
                8,
                "`,` and another constraint, a comment or the end of the line",
            ),
            ("pkg [a,b]", 7, "a profile name, `(` or `]`"),
            ("pkg [a", 7, "a profile name, `(` or `]`"),
            ("pkg [Web]", 6, "a profile name, `(` or `]`"),
            ("pkg [(a (b))]", 9, "a profile name or `)`"),
            ("pkg [!(a)]", 7, "a profile name"),
            ("pkg >=", 7, "a version, which begins with a digit"),
            ("pkg >1:a", 8, "a version, which begins with a digit"),
            ("pkg =1", 5, "`<`, `<=`, `==`, `!=`, `>=` or `>`"),
            (
                "pkg >1-",
                7,
                "`,` and another constraint, a comment or the end of the line",
            ),
            ("pkg\t[a]", 4, "a space: a tab is allowed only in comments"),
            ("\t", 1, "a space: a tab is allowed only in comments"),
            ("éé [é]", 5, "a profile name, `(` or `]`"),
        ] {
            let errors = parse(line).unwrap_err();
            let found: Vec<_> = errors.iter().map(|e| (e.column, e.expected)).collect();
            assert_eq!(found, [(column, expected)], "{line:?}");
        }
    }

    #[test]
    fn reports_every_bad_line() {
        let errors = File::parse("good\nbad \n\n[worse]\nfine\n").unwrap_err();
        let lines: Vec<_> = errors.iter().map(|e| (e.line, e.text.as_str())).collect();
        assert_eq!(lines, [(2, "bad "), (4, "[worse]")]);
    }

    proptest! {
        #[test]
        fn every_error_has_a_place_in_the_text(text in "[ab\\[\\]()!<=>,#0-9:.~\\-\t\r\né 'A]{0,40}") {
            if let Err(errors) = parse(&text) {
                for error in errors {
                    let line = text.split('\n').nth(error.line - 1).unwrap();
                    prop_assert_eq!(line, &error.text);
                    prop_assert!((1..=line.chars().count() + 1).contains(&error.column));
                    let rendered = error.render("f");
                    let caret = rendered.lines().last().unwrap();
                    prop_assert_eq!(caret.chars().count(), 6 + error.column);
                }
            }
        }

        #[test]
        fn never_panics(text in "\\PC*") {
            let _ = parse(&text);
        }
    }
}
