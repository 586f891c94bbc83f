//! Constraint files, edited by name.

use super::Name;

/// A change of what a file says of one distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The distribution, however the file spells it.
    pub name: Name,
    /// What stands for it from now on; nothing when its lines are dropped.
    pub line: Option<String>,
    /// Why, as the end of a sentence.
    pub why: String,
}

/// The names that a file constrains, in its order.
pub fn names(text: &str) -> impl Iterator<Item = Name> {
    text.lines().filter_map(Name::of_requirement)
}

/// A file's text after an edit of each name at most, and what was changed, a line each.
///
/// Everything else stays as it is, markers and comments included. A name of several
/// lines, for several versions of Python, has one afterwards.
#[must_use]
pub fn edited(file: &str, text: &str, edits: &[Edit]) -> (String, Vec<String>) {
    let mut kept = String::with_capacity(text.len());
    let mut changes = Vec::new();
    let mut written: Vec<&Name> = Vec::new();
    for line in text.lines() {
        let name = Name::of_requirement(line);
        let edit = edits.iter().find(|edit| name.as_ref() == Some(&edit.name));
        let stays = match edit {
            None => Some(line),
            Some(edit) => {
                let first = !written.contains(&&edit.name);
                written.push(&edit.name);
                let after = edit.line.as_deref().filter(|_| first);
                let line = line.trim();
                match after {
                    Some(after) if after == line => {}
                    Some(after) => changes.push(format!(
                        "{line} gives way to {after} in {file}: {}",
                        edit.why
                    )),
                    None => changes.push(format!("{line} dropped from {file}: {}", edit.why)),
                }
                after
            }
        };
        if let Some(line) = stays {
            // A return at the end of the text would become one half of an end of line.
            kept.push_str(line.trim_end_matches('\r'));
            kept.push('\n');
        }
    }
    (kept, changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_that_are_made_change_nothing_more() {
        for text in ["six===1\r", "\0\r\r\n", "six===1\r\n"] {
            let (after, _) = edited("f", text, &[]);
            assert_eq!(edited("f", &after, &[]).0, after, "{text:?}");
        }
    }

    fn edit(name: &str, line: Option<&str>) -> Edit {
        Edit {
            name: Name::new(name),
            line: line.map(str::to_owned),
            why: "so".to_owned(),
        }
    }

    #[test]
    fn only_the_named_are_dropped_however_they_are_spelt() {
        let (kept, changes) = edited(
            "uc.txt",
            "# comment\noslo.config===9.0\nosloXconfig===1\noslo_config===9.0;python_version<'3.11'\nsetuptools===80\ntypes-setuptools===1\n",
            &[edit("oslo-config", None), edit("setuptools", None)],
        );
        assert_eq!(kept, "# comment\nosloXconfig===1\ntypes-setuptools===1\n");
        assert_eq!(
            changes,
            [
                "oslo.config===9.0 dropped from uc.txt: so",
                "oslo_config===9.0;python_version<'3.11' dropped from uc.txt: so",
                "setuptools===80 dropped from uc.txt: so",
            ]
        );
    }

    #[test]
    fn one_line_stands_for_all_of_a_name() {
        let (kept, changes) = edited(
            "uc.txt",
            "a===1;python_version<'3.11'\nb===2\nA===3;python_version>='3.11'\nc===4\n",
            &[edit("a", Some("a===9")), edit("c", Some("c===4"))],
        );
        assert_eq!(kept, "a===9\nb===2\nc===4\n");
        assert_eq!(
            changes,
            [
                "a===1;python_version<'3.11' gives way to a===9 in uc.txt: so",
                "A===3;python_version>='3.11' dropped from uc.txt: so",
            ]
        );
    }
}
