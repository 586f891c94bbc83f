//! pip's argument lists, and what its errors mean.

use super::failure::Cause;
use crate::command::Command;
use crate::settings::Settings;

/// Options of `pip install` that `pip wheel` does not know, with whether they take a value.
/// Where the user gave no `PIP_WHEEL_ARGS` of their own, `PIP_ARGS` less these are used.
const INSTALL_ONLY: &[(&str, bool)] = &[
    ("--break-system-packages", false),
    ("--compile", false),
    ("--dry-run", false),
    ("--force-reinstall", false),
    ("--ignore-installed", false),
    ("-I", false),
    ("--no-compile", false),
    ("--no-warn-conflicts", false),
    ("--no-warn-script-location", false),
    ("--prefix", true),
    ("--report", true),
    ("--root", true),
    ("--root-user-action", true),
    ("--target", true),
    ("-t", true),
    ("--upgrade", false),
    ("-U", false),
    ("--upgrade-strategy", true),
    ("--user", false),
    // Would keep the project itself from being built.
    ("--only-binary", true),
];

/// `python -m pip COMMAND` with what every call of ours says.
#[must_use]
pub fn pip(python: &str, command: &str) -> Command {
    Command::new(python).args(["-m", "pip", command])
}

/// Where packages come from, in every step alike: the wheels and, unless they
/// are said to be complete, the index.
#[must_use]
pub fn origins(settings: &Settings) -> Vec<String> {
    let mut arguments = vec![
        "--find-links".to_owned(),
        settings.wheels.directory().to_owned(),
    ];
    if settings.wheels.complete {
        arguments.push("--no-index".to_owned());
    }
    arguments
}

/// The user's arguments for `pip wheel`.
#[must_use]
pub fn wheel_arguments(settings: &Settings) -> Vec<String> {
    settings
        .pip
        .wheel_arguments
        .clone()
        .unwrap_or_else(|| without_install_only(&settings.pip.arguments))
}

fn without_install_only(arguments: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let name = argument
            .split_once('=')
            .map_or(argument.as_str(), |(name, _)| name);
        match INSTALL_ONLY.iter().find(|(option, _)| *option == name) {
            Some((_, true)) if !argument.contains('=') => {
                rest.next();
            }
            Some(_) => {}
            None => kept.push(argument.clone()),
        }
    }
    kept
}

/// What a failed pip said.
pub(super) fn cause(said: &str) -> Option<Cause> {
    let sides = conflict(said);
    if sides.is_empty() {
        no_distribution(said).map(Cause::NoDistribution)
    } else {
        Some(Cause::Conflict(sides))
    }
}

/// Both sides of a conflict: the indented lines under pip's "The conflict is caused by:".
fn conflict(said: &str) -> Vec<String> {
    said.lines()
        .skip_while(|line| !line.starts_with("The conflict is caused by:"))
        .skip(1)
        .take_while(|line| line.starts_with("    "))
        .map(|line| line.trim().to_owned())
        .collect()
}

/// The requirement that nothing satisfies.
fn no_distribution(said: &str) -> Option<String> {
    said.lines()
        .find_map(|line| line.strip_prefix("ERROR: No matching distribution found for "))
        .map(|requirement| requirement.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_wheel_build_gets_no_option_of_an_installation() {
        assert_eq!(
            without_install_only(&words(
                "--no-compile --index-url https://h/simple --root-user-action ignore -U --upgrade-strategy=eager --pre"
            )),
            words("--index-url https://h/simple --pre")
        );
    }

    #[test]
    fn both_sides_of_a_conflict_are_found() {
        let said = "ERROR: Cannot install keystone 30.0.0 because these package versions have conflicting dependencies.\n\n\
                    The conflict is caused by:\n    keystone 30.0.0 depends on pbr>=6\n    The user requested (constraint) pbr===1.0\n\n\
                    To fix this you could try to:\n";
        assert_eq!(
            conflict(said),
            [
                "keystone 30.0.0 depends on pbr>=6",
                "The user requested (constraint) pbr===1.0"
            ]
        );
    }

    #[test]
    fn a_requirement_without_a_wheel_is_found() {
        assert_eq!(
            no_distribution("ERROR: Could not find a version that satisfies the requirement uwsgi (from versions: none)\nERROR: No matching distribution found for uwsgi\n").as_deref(),
            Some("uwsgi")
        );
    }
}
