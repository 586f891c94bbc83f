//! The file `.netrc`: which user and password a host wants.

/// An entry: for one host, or for every other one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The host; none is `default`.
    pub machine: Option<String>,
    /// The user.
    pub login: String,
    /// The password.
    pub password: String,
}

/// Reads a text as Python's `netrc` does, which pip asks
/// (<https://docs.python.org/3/library/netrc.html>): words, a word in double quotes
/// may hold blanks, `#` begins a comment, `macdef` goes to the next empty line.
/// Words that mean nothing are passed over.
pub fn parse(text: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut rest = text;
    while let Some(word) = next(&mut rest) {
        let machine = match word.as_str() {
            "machine" => next(&mut rest),
            "default" => None,
            "macdef" => {
                rest = rest.split_once("\n\n").map_or("", |(_, after)| after);
                continue;
            }
            "login" | "user" | "password" | "account" => {
                let value = next(&mut rest).unwrap_or_default();
                if let Some(entry) = entries.last_mut() {
                    match word.as_str() {
                        "login" | "user" => entry.login = value,
                        "password" => entry.password = value,
                        _ => {}
                    }
                }
                continue;
            }
            comment => {
                if comment.starts_with('#') {
                    rest = rest.split_once('\n').map_or("", |(_, after)| after);
                }
                continue;
            }
        };
        entries.push(Entry {
            machine,
            login: String::new(),
            password: String::new(),
        });
    }
    entries
}

/// The entry of a host: its own, the last of several, else the default's.
pub fn of<'a>(entries: &'a [Entry], host: &str) -> Option<&'a Entry> {
    let last = |machine: Option<&str>| {
        entries
            .iter()
            .rev()
            .find(|entry| entry.machine.as_deref() == machine)
    };
    last(Some(host)).or_else(|| last(None))
}

/// Takes the next word; the newline behind it stays, so that the end of a comment
/// and of a macro is seen.
fn next(rest: &mut &str) -> Option<String> {
    *rest = rest.trim_start();
    let mut word = String::new();
    let mut letters = rest.char_indices().peekable();
    letters.peek()?;
    let quoted = letters.next_if(|(_, letter)| *letter == '"').is_some();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' if quoted => {
                *rest = &rest[at + 1..];
                return Some(word);
            }
            '\\' => word.extend(letters.next().map(|(_, escaped)| escaped)),
            _ if letter.is_whitespace() && !quoted => {
                *rest = &rest[at..];
                return Some(word);
            }
            _ => word.push(letter),
        }
    }
    *rest = "";
    Some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(machine: Option<&str>, login: &str, password: &str) -> Entry {
        Entry {
            machine: machine.map(str::to_owned),
            login: login.to_owned(),
            password: password.to_owned(),
        }
    }

    #[test]
    fn words_go_over_lines_and_comments_and_macros_are_passed_over() {
        let text = "# the mirror's\nmachine mirror.example login robot password #1\n\
                    macdef init\nmachine no login no\n\n\
                    machine b.example\n  login \"a b\"\n  account x\n  password p\\\"q\n\
                    default login anonymous password none";
        assert_eq!(
            parse(text),
            [
                entry(Some("mirror.example"), "robot", "#1"),
                entry(Some("b.example"), "a b", "p\"q"),
                entry(None, "anonymous", "none"),
            ]
        );
    }

    #[test]
    fn a_host_has_its_own_entry_or_the_default() {
        let entries = parse("default login d machine a login 1 machine a login 2");
        assert_eq!(
            of(&entries, "a").map(|entry| entry.login.as_str()),
            Some("2")
        );
        assert_eq!(
            of(&entries, "b").map(|entry| entry.login.as_str()),
            Some("d")
        );
        assert_eq!(of(&parse("machine a"), "b"), None);
        assert_eq!(parse(""), []);
    }
}
