//! What the user gave, flag or environment, before it is understood.

use std::collections::BTreeMap;

use super::arguments::{ARGUMENTS, Argument, OLD_SPELLINGS, by_name};

/// Argument values as given. Unset and empty are the same: some builders hand
/// an empty `ARG` on as an empty variable (`BuildKit`), some drop it (buildah).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    values: BTreeMap<&'static str, String>,
    /// What was understood differently from how it was written.
    pub notes: Vec<String>,
}

impl Given {
    /// Merges flags over the environment.
    ///
    /// `own_uid` is the user id of this process: shells such as zsh export a
    /// variable `UID` of their own, which says who is typing and not what the
    /// image should get, so an environment `UID` of that value is left out.
    pub fn new(
        environment: impl IntoIterator<Item = (String, String)>,
        flags: impl IntoIterator<Item = (&'static str, String)>,
        own_uid: u32,
        is_file: impl Fn(&str) -> bool,
    ) -> Self {
        let mut given = Self::default();
        let mut old = Vec::new();
        for (name, value) in environment {
            if value.trim().is_empty() {
                continue;
            }
            if let Some(argument) = by_name(&name) {
                if argument.name == "UID" && value.trim() == own_uid.to_string() {
                    given.notes.push(format!(
                        "UID={value} in the environment is the shell's own and was left out; --uid {value} means it"
                    ));
                    continue;
                }
                given.values.insert(argument.name, value);
            } else if let Some((spelling, new)) = OLD_SPELLINGS.iter().find(|(old, _)| *old == name)
            {
                if *spelling == "PIP_CONSTRAINT" && is_file(&value) {
                    continue;
                }
                old.push((*spelling, *new, value));
            }
        }
        for (name, value) in flags {
            if value.trim().is_empty() {
                given.values.remove(name);
            } else {
                given.values.insert(name, value);
            }
        }
        for (spelling, new, value) in old {
            given
                .notes
                .push(format!("{spelling} is an old spelling of {new}"));
            given.values.entry(new).or_insert(value);
        }
        given
    }

    /// The value that was given for an argument.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        debug_assert!(by_name(name).is_some(), "{name} is not in the catalogue");
        self.values.get(name).map(String::as_str)
    }

    /// Every argument that was given, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.values
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
    }

    /// Every argument with the value in force, as a hook script sees it.
    pub fn in_force(&self) -> impl Iterator<Item = (&'static Argument, &str)> {
        ARGUMENTS.iter().map(|argument| {
            (
                argument,
                self.get(argument.name).unwrap_or(argument.default),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(environment: &[(&str, &str)], flags: &[(&'static str, &str)]) -> Given {
        Given::new(
            environment
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
            flags
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
            1000,
            |path| path == "/etc/pip/constraints.txt",
        )
    }

    #[test]
    fn a_flag_wins_and_an_empty_one_unsets() {
        let given = given(
            &[("PROJECT", "nova"), ("PROFILES", "ceph"), ("HOME", "/root")],
            &[("PROJECT", "keystone"), ("PROFILES", "")],
        );
        assert_eq!(given.get("PROJECT"), Some("keystone"));
        assert_eq!(given.get("PROFILES"), None);
    }

    #[test]
    fn empty_is_unset() {
        assert_eq!(given(&[("WHEELS", "  ")], &[]).get("WHEELS"), None);
    }

    #[test]
    fn the_shells_uid_is_left_out_with_a_note() {
        let given = given(&[("UID", "1000")], &[]);
        assert_eq!(given.get("UID"), None);
        assert_eq!(
            given.notes,
            [
                "UID=1000 in the environment is the shell's own and was left out; --uid 1000 means it"
            ]
        );
    }

    #[test]
    fn an_old_spelling_counts_unless_it_is_pips_own_or_the_new_one_is_there() {
        assert_eq!(
            given(&[("PIP_CONSTRAINT", "<26")], &[]).get("PIP_VERSION_CONSTRAINT"),
            Some("<26")
        );
        assert_eq!(
            given(&[("PIP_CONSTRAINT", "/etc/pip/constraints.txt")], &[])
                .get("PIP_VERSION_CONSTRAINT"),
            None
        );
        assert_eq!(
            given(
                &[("WHEEL_CONSTRAIN", "<1"), ("WHEEL_CONSTRAINT", "<2")],
                &[]
            )
            .get("WHEEL_CONSTRAINT"),
            Some("<2")
        );
    }
}
