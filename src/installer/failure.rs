//! What the failure of an installation or a build means.

use super::Installer;
use super::pip;
use super::refusal::{Refusal, unwrapped};
use crate::command::{Command, Output};
use crate::failure::{FailedChild, Failure};
use crate::settings::Settings;

/// What a failed command of an engine means.
#[must_use]
pub fn understood(
    installer: &Installer,
    doing: &str,
    command: &Command,
    output: &Output,
    settings: &Settings,
) -> Failure {
    let child = FailedChild::new(command, output);
    let cause = match installer {
        Installer::Pip { .. } => pip::cause(&output.stdout),
        Installer::Uv { .. } => uv_cause(&output.stdout),
    };
    match cause {
        Some(Cause::Conflict(sides)) => Failure::Conflict { sides, child },
        Some(Cause::NoDistribution(requirement)) => Failure::NoDistribution {
            requirement,
            wheels: settings.wheels.directory().to_owned(),
            index: !settings.wheels.complete,
            child,
        },
        Some(Cause::Unreachable(why)) => Failure::IndexUnreachable { why, child },
        Some(Cause::AnotherFile(fault)) => Failure::AnotherFile {
            faults: vec![fault],
            child: Some(child),
        },
        None => Failure::Command {
            doing: doing.to_owned(),
            child,
        },
    }
}

/// Why there is no solution.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Each side of a contradiction.
    Conflict(Vec<String>),
    /// The requirement that nothing satisfies, with who has it.
    NoDistribution(String),
    /// Who says what.
    Unreachable(String),
    /// What is not the file that it was to be.
    AnotherFile(String),
}

/// Reads uv's derivation, the first sentence of which is the contradiction itself:
/// `Because FACT and FACT, we can conclude that ...`.
fn uv_cause(said: &str) -> Option<Cause> {
    if let Refusal::Unreachable(why) = Refusal::read(said) {
        return Some(Cause::Unreachable(why));
    }
    if let Some(fault) = another_file(said) {
        return Some(Cause::AnotherFile(fault));
    }
    let lines = unwrapped(said);
    let because = lines
        .iter()
        .find_map(|line| line.strip_prefix("cause: Because "))?
        .replace(" And because ", " and ");
    let (facts, _) = because.split_once(", we can conclude ")?;
    let facts: Vec<&str> = facts.split(" and ").collect();
    if let Some(missing) = facts.iter().find_map(|fact| missing(fact)) {
        let wants = because
            .split(", we can conclude ")
            .flat_map(|sentence| sentence.split(" and "))
            .find_map(|fact| wanted(fact, missing));
        return Some(Cause::NoDistribution(
            wants.unwrap_or_else(|| missing.to_owned()),
        ));
    }
    Some(Cause::Conflict(facts.into_iter().map(side).collect()))
}

/// Reads what uv says of a file whose digest is not among those that it was told:
/// "Hash mismatch for `NAME==VERSION`", then the digests of both sides in lines of their own.
fn another_file(said: &str) -> Option<String> {
    let (_, said) = said.split_once("Hash mismatch for `")?;
    let (version, digests) = said.split_once('`')?;
    let (expected, computed) = digests.split_once("Computed:")?;
    let of = |text: &str| -> Vec<String> {
        let words = text.split_whitespace();
        let digests = words.filter_map(|word| word.strip_prefix("sha256:"));
        digests.map(str::to_owned).collect()
    };
    Some(another(version, &of(expected), of(computed).first()?))
}

/// What is said of such a file.
#[must_use]
pub fn another(version: &str, expected: &[String], found: &str) -> String {
    let expected = match expected.len() {
        0..=2 => expected.join(" or "),
        many => format!("one of {many} others"),
    };
    format!("{version} has the sha256 {found}, but is to have {expected}")
}

/// A constraint is a requirement of nobody's: `six==1.0`.
fn side(fact: &str) -> String {
    if fact.contains(' ') {
        fact.to_owned()
    } else {
        format!("a constraint asks for {fact}")
    }
}

/// The name, or `NAME==VERSION`, of which a fact says that it cannot be had.
fn missing(fact: &str) -> Option<&str> {
    if let Some(rest) = fact.strip_prefix("there is no version of ") {
        return Some(rest);
    }
    if let Some(rest) = fact.strip_prefix("only ") {
        return rest
            .split_once(" is available")
            .or_else(|| rest.split_once(" are available"))
            .map(|(versions, _)| versions);
    }
    for end in [
        " was not found in ",
        " has no wheels with a matching ",
        " has no usable wheels",
        " has no publicly available version",
    ] {
        if let Some((name, _)) = fact.split_once(end) {
            return Some(name);
        }
    }
    None
}

/// The requirement of a fact that is about the same distribution as `missing`.
fn wanted(fact: &str, missing: &str) -> Option<String> {
    let name = |text: &str| crate::python::Name::of_requirement(text);
    let (who, requirement) = fact
        .strip_prefix("you require ")
        .map(|requirement| (None, requirement))
        .or_else(|| {
            let (who, requirement) = fact.split_once(" depends on ")?;
            Some((Some(who), requirement))
        })?;
    if name(requirement) != name(missing) {
        return None;
    }
    Some(who.map_or_else(
        || requirement.to_owned(),
        |who| format!("{requirement} (from {who})"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(first: &str) -> Option<Cause> {
        uv_cause(&format!(
            "Using Python 3.13.5 environment at: /var/lib/openstack\n\
             error: No solution found when resolving dependencies\n\
             \x20 cause: Because {first}, we can conclude that tiny==1.0 cannot be used.\n\
             \x20        And because only tiny==1.0 is available and you require tiny, we can conclude that your requirements are unsatisfiable.\n"
        ))
    }

    #[test]
    fn both_sides_of_a_conflict_are_found() {
        assert_eq!(
            cause("tiny==1.0 depends on six>=1.10 and six==1.0"),
            Some(Cause::Conflict(vec![
                "tiny==1.0 depends on six>=1.10".to_owned(),
                "a constraint asks for six==1.0".to_owned()
            ]))
        );
    }

    #[test]
    fn a_requirement_without_a_wheel_is_found_with_who_has_it() {
        for (first, requirement) in [
            (
                "no-such was not found in the provided package locations and tiny==1.0 depends on no-such>=2",
                "no-such>=2 (from tiny==1.0)",
            ),
            (
                "there is no version of six==1.25.0 and tiny==1.0 depends on six==1.25.0",
                "six==1.25.0 (from tiny==1.0)",
            ),
            (
                "only six==1.17.0 is available and tiny==1.0 depends on six>=2",
                "six>=2 (from tiny==1.0)",
            ),
            (
                "nosuch was not found in the provided package locations and you require nosuch",
                "nosuch",
            ),
            (
                "six==1.17.0 has no wheels with a matching Python implementation tag (e.g., `cp313`) and only six==1.17.0 is available",
                "six==1.17.0",
            ),
        ] {
            assert_eq!(
                cause(first),
                Some(Cause::NoDistribution(requirement.to_owned()))
            );
        }
    }

    #[test]
    fn a_wheel_of_another_python_is_none() {
        let said = "error: No solution found when resolving dependencies\n  \
                    cause: Because abc==1.0 has no usable wheels and only abc==1.0 is available, we can conclude that all versions of abc cannot be used.\n         \
                    And because you require abc, we can conclude that your requirements are unsatisfiable.\n";
        assert_eq!(
            uv_cause(said),
            Some(Cause::NoDistribution("abc".to_owned()))
        );
    }

    #[test]
    fn a_file_of_another_digest_is_named_with_both() {
        let said = "Resolved 2 packages in 29ms\nerror: Failed to download `six==1.17.0`\n  cause: Hash mismatch for `six==1.17.0`\n\n         Expected:\n           sha256:0a\n\n         Computed:\n           sha256:47\n";
        assert_eq!(
            uv_cause(said),
            Some(Cause::AnotherFile(
                "six==1.17.0 has the sha256 47, but is to have 0a".to_owned()
            ))
        );
    }

    #[test]
    fn an_index_that_does_not_answer_is_no_missing_wheel() {
        let said = "error: Failed to fetch: http://127.0.0.1:1/simple/six/\n  cause: error sending request for url (http://127.0.0.1:1/simple/six/)\n  cause: Connection refused (os error 111)\n";
        assert_eq!(
            uv_cause(said),
            Some(Cause::Unreachable(
                "http://127.0.0.1:1/simple/six/: Connection refused (os error 111)".to_owned()
            ))
        );
        assert_eq!(uv_cause("Segmentation fault"), None);
    }
}
