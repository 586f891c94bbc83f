//! Arguments of pip's that are not about indexes, as uv has them.

use super::index::split;

/// What becomes of an option.
#[derive(Clone, Copy)]
enum Told {
    /// It changes nothing here: flag.
    Nothing,
    /// It changes nothing here, and has a value.
    NothingWithValue,
    /// uv's flag of the same meaning.
    As(&'static str),
    /// uv's option of the same meaning, with the value.
    WithValue(&'static str),
}

/// Options of pip that install the same when they are left out: of messages, of a
/// virtualenv that is one, of bytecode that `cleanup` removes.
const BESIDE: &[(&str, Told)] = &[
    ("--break-system-packages", Told::Nothing),
    ("--compile", Told::Nothing),
    ("--disable-pip-version-check", Told::Nothing),
    ("--no-color", Told::Nothing),
    ("--no-compile", Told::Nothing),
    ("--no-input", Told::Nothing),
    ("--no-python-version-warning", Told::Nothing),
    ("--no-warn-conflicts", Told::Nothing),
    ("--no-warn-script-location", Told::Nothing),
    ("--exists-action", Told::NothingWithValue),
    ("--root-user-action", Told::NothingWithValue),
    // New code for the same results, certificates of the system among it.
    ("--use-feature", Told::NothingWithValue),
];

/// Options of `pip install`.
const INSTALLATION: &[(&str, Told)] = &[
    ("-c", Told::WithValue("--constraints")),
    ("--constraint", Told::WithValue("--constraints")),
    ("--force-reinstall", Told::As("--reinstall")),
    ("--require-hashes", Told::As("--require-hashes")),
];

/// Options of `pip wheel`, as the sources are built: one by one, without what they require.
const BUILD: &[(&str, Told)] = &[
    ("-c", Told::NothingWithValue),
    ("--constraint", Told::NothingWithValue),
    ("--no-deps", Told::Nothing),
];

/// Settings in pip's files and variables that are no options of [`super::index`] either
/// and change nothing here. Ours win over those about caches.
const SETTINGS: &[&str] = &["cache-dir", "config-file", "log", "no-deps", "src", "user"];

/// What uv is told in the place of these words; the error is one that it cannot be told.
pub(super) fn of_installation(words: &[String]) -> Result<Vec<String>, String> {
    translated(words, &[BESIDE, INSTALLATION])
}

/// The same for a build.
pub(super) fn of_build(words: &[String]) -> Result<Vec<String>, String> {
    translated(words, &[BESIDE, BUILD])
}

/// Whether a setting of pip's configuration changes nothing here.
pub(super) fn is_beside(key: &str) -> bool {
    let flag = format!("--{key}");
    SETTINGS.contains(&key) || BESIDE.iter().any(|(option, _)| *option == flag)
}

fn translated(words: &[String], tables: &[&[(&str, Told)]]) -> Result<Vec<String>, String> {
    let mut told = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (flag, inline) = split(word);
        let known = tables
            .iter()
            .copied()
            .flatten()
            .find(|(option, _)| *option == flag);
        let mut value = || {
            inline
                .map(str::to_owned)
                .or_else(|| words.next().cloned())
                .ok_or_else(|| flag.to_owned())
        };
        match known {
            Some((_, Told::Nothing)) => {}
            Some((_, Told::NothingWithValue)) => drop(value()?),
            Some((_, Told::As(name))) => told.push((*name).to_owned()),
            Some((_, Told::WithValue(name))) => told.extend([(*name).to_owned(), value()?]),
            None => return Err(flag.to_owned()),
        }
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn what_uv_knows_is_said_in_its_words() {
        assert_eq!(
            of_installation(&words(
                "--no-compile -c /c.txt --constraint=/d.txt -c/e.txt --root-user-action ignore --force-reinstall"
            )),
            Ok(words(
                "--constraints /c.txt --constraints /d.txt --constraints /e.txt --reinstall"
            ))
        );
        assert_eq!(of_build(&words("-c /c.txt --no-deps")), Ok(Vec::new()));
    }

    #[test]
    fn the_first_word_that_uv_does_not_know_is_named() {
        for (text, unknown) in [
            (
                "--no-input --use-deprecated=legacy-resolver",
                "--use-deprecated",
            ),
            ("-U", "-U"),
            ("six", "six"),
            ("-r /r.txt", "-r"),
            ("--constraint", "--constraint"),
        ] {
            assert_eq!(of_installation(&words(text)), Err(unknown.to_owned()));
        }
    }
}
