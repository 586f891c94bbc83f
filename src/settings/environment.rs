//! The rest of the environment: what is refused, what is handed on.

/// Variables under which Python or pip would install into, or read from, another
/// place than the virtualenv. Set in a base image they break the build in ways
/// that are hard to see, so they are refused, all at once.
///
/// Sources: <https://docs.python.org/3/using/cmdline.html#environment-variables>,
/// <https://pip.pypa.io/en/stable/cli/pip_install/>.
pub const REFUSED: &[(&str, &str)] = &[
    ("PIP_TARGET", "makes pip install into another directory"),
    ("PIP_PREFIX", "makes pip install below another prefix"),
    ("PIP_ROOT", "makes pip install into another root directory"),
    ("PIP_USER", "makes pip install into the user's home"),
    ("PIP_PYTHON", "makes pip install for another interpreter"),
    ("PIP_NO_DEPS", "makes pip leave out dependencies"),
    ("PIP_DRY_RUN", "makes pip install nothing"),
    (
        "PIP_REQUIRE_VIRTUALENV",
        "makes pip refuse the commands that build the virtualenv",
    ),
    (
        "PIP_NO_BUILD_ISOLATION",
        "makes builds see whatever is installed",
    ),
    ("PYTHONHOME", "makes Python load another standard library"),
    (
        "PYTHONPATH",
        "makes modules outside the virtualenv shadow those inside",
    ),
    (
        "PYTHONUSERBASE",
        "moves the directory that user installations go to",
    ),
    (
        "PYTHONPLATLIBDIR",
        "moves the directory that libraries are installed in",
    ),
    ("PYTHONSAFEPATH", "changes where Python looks for modules"),
    ("VIRTUAL_ENV", "says that another virtualenv is active"),
    (
        "__PYVENV_LAUNCHER__",
        "makes Python take another program for itself",
    ),
];

/// Arguments of `pip install` that do the same.
pub const REFUSED_OPTIONS: &[(&str, &str)] = &[
    ("--target", "makes pip install into another directory"),
    ("-t", "makes pip install into another directory"),
    ("--prefix", "makes pip install below another prefix"),
    ("--root", "makes pip install into another root directory"),
    ("--user", "makes pip install into the user's home"),
    ("--python", "makes pip install for another interpreter"),
    ("--no-deps", "makes pip leave out dependencies"),
    ("--dry-run", "makes pip install nothing"),
];

/// Refused variables whose false values change nothing in pip's own reading.
/// `PIP_NO_BUILD_ISOLATION` is not one: pip reads its 0 as "no isolation"
/// (<https://github.com/pypa/pip/issues/5735>).
const SWITCHES: [&str; 4] = [
    "PIP_USER",
    "PIP_NO_DEPS",
    "PIP_DRY_RUN",
    "PIP_REQUIRE_VIRTUALENV",
];

/// The refused variables that are set (empty ones count as unset), with the reason.
pub fn refused(
    environment: &[(String, String)],
) -> impl Iterator<Item = (&'static str, &'static str)> {
    REFUSED.iter().copied().filter(|(name, _)| {
        environment.iter().any(|(set, value)| {
            set == name && !value.is_empty() && !(SWITCHES.contains(name) && is_false(value))
        })
    })
}

fn is_false(value: &str) -> bool {
    matches!(
        value.to_ascii_lowercase().as_str(),
        "0" | "no" | "false" | "off" | "n" | "f"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_ones_are_named_and_empty_or_false_ones_are_not() {
        let set = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect()
        };
        let environment = set(&[
            ("PIP_TARGET", "/x"),
            ("PYTHONHOME", ""),
            ("PIP_USER", "0"),
            ("PIP_NO_BUILD_ISOLATION", "0"),
            ("VIRTUAL_ENV", "/v"),
        ]);
        let names: Vec<_> = refused(&environment).map(|(name, _)| name).collect();
        assert_eq!(
            names,
            ["PIP_TARGET", "PIP_NO_BUILD_ISOLATION", "VIRTUAL_ENV"]
        );
    }
}
