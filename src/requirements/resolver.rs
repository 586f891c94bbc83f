//! Asks the index which files there are: by uv, all at once, or by pip where uv
//! cannot be had. Neither is asked for anything but the answer: what is fetched,
//! and from where, is this program's business.

use serde::Deserialize;

use super::index::Index;
use crate::command::Command;
use crate::python::lock::{Artifact, Lock, Package, Source};
use crate::python::url::file_name;
use crate::python::{Name, WheelName};

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The file of requirements.
    pub requirements: &'a str,
    /// A file of constraints.
    pub constraints: Option<&'a str>,
    /// Whether what the requirements require is wanted, too.
    pub dependencies: bool,
    /// The file that the answer is written to.
    pub answer: &'a str,
}

/// Who is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolver {
    /// uv, by its path: it reads hundreds of index pages at once.
    Uv(String),
    /// pip, which prepares the metadata of every sdist for its answer.
    Pip,
}

impl Resolver {
    /// The question as a command.
    #[must_use]
    pub fn ask(&self, question: &Question<'_>, index: &Index, python: &str) -> Command {
        match self {
            Self::Uv(program) => {
                let mut command =
                    Command::new(program.as_str()).args(["pip", "compile", "--quiet"]);
                if !question.dependencies {
                    command = command.arg("--no-deps");
                }
                // --no-header: it names the command, which may hold a password.
                command =
                    command.args(["--format", "pylock.toml", "--no-header", "--python", python]);
                if let Some(constraints) = question.constraints {
                    command = command.args(["--constraints", constraints]);
                }
                command = command.args(["--output-file", question.answer]);
                index.tell_uv(command).arg(question.requirements)
            }
            Self::Pip => {
                let mut command = Command::new(python).args(["-m", "pip", "install", "--quiet"]);
                if !question.dependencies {
                    command = command.arg("--no-deps");
                }
                command = command.args([
                    "--dry-run",
                    "--ignore-installed",
                    "--report",
                    question.answer,
                ]);
                if let Some(constraints) = question.constraints {
                    command = command.args(["--constraint", constraints]);
                }
                index
                    .tell_pip(command)
                    .args(["--requirement", question.requirements])
            }
        }
    }

    /// Reads the answer.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(&self, file: &str, text: &str) -> Result<Lock, String> {
        match self {
            Self::Uv(_) => Lock::parse(file, text).map_err(|error| error.to_string()),
            Self::Pip => report(text).map_err(|error| format!("{file}: {error}")),
        }
    }
}

/// pip's installation report
/// (<https://pip.pypa.io/en/stable/reference/installation-report/>).
#[derive(Deserialize)]
struct Report {
    install: Vec<Installed>,
}

#[derive(Deserialize)]
struct Installed {
    download_info: DownloadInfo,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct DownloadInfo {
    url: String,
    archive_info: Option<ArchiveInfo>,
}

#[derive(Deserialize)]
struct ArchiveInfo {
    #[serde(default)]
    hashes: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    version: String,
}

fn report(text: &str) -> Result<Lock, String> {
    let report: Report = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let packages = report.install.into_iter().map(|installed| {
        let name = installed.metadata.name;
        let hashes = installed.download_info.archive_info.map(|info| info.hashes);
        let sha256 = hashes
            .and_then(|hashes| hashes.get("sha256").cloned())
            .ok_or_else(|| format!("there is no sha256 of {name}"))?;
        let url = installed.download_info.url;
        let file_name = file_name(&url).unwrap_or_default();
        let wheel = WheelName::parse(&file_name).is_some();
        let artifact = Artifact {
            file_name,
            url,
            size: None,
            sha256,
        };
        let (sdist, wheels) = if wheel {
            (None, vec![artifact])
        } else {
            (Some(artifact), Vec::new())
        };
        Ok(Package {
            name: Name::new(&name),
            version: Some(installed.metadata.version),
            marker: None,
            source: Source::Files { sdist, wheels },
        })
    });
    Ok(Lock {
        packages: packages.collect::<Result<_, String>>()?,
        ..Lock::default()
    })
}

/// What is said when only directories may be asked and none is named.
pub const SWITCHED_OFF: &str = "there is no index: it is switched off (--no-index or PIP_NO_INDEX)";

/// Why the index has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It does not have this package, or not this version.
    Unknown {
        /// The package.
        name: Name,
        /// As the resolver words it.
        why: String,
    },
    /// It cannot be read: who says what.
    Unreachable(String),
    /// The requirements contradict each other.
    Conflict(String),
    /// What the resolver said is not understood.
    Other,
}

impl Refusal {
    /// Reads what a resolver said when it failed.
    #[must_use]
    pub fn read(said: &str) -> Self {
        let said = unwrapped(said);
        if let Some(why) = unsent(&said) {
            return Self::Unreachable(why);
        }
        for line in &said {
            if let Some(why) = refused(line) {
                return Self::Unreachable(why);
            }
        }
        for line in &said {
            if let Some((name, why)) = unknown(line) {
                return Self::Unknown { name, why };
            }
        }
        said.iter()
            .find_map(|line| line.strip_prefix("cause: Because "))
            .map_or(Self::Other, |why| Self::Conflict(why.to_owned()))
    }
}

/// The lines, those that continue another joined to it.
fn unwrapped(said: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in said.lines() {
        let text = line.trim();
        match lines.last_mut() {
            Some(last) if text.starts_with("And ") => {
                last.push(' ');
                last.push_str(text);
            }
            _ => lines.push(text.to_owned()),
        }
    }
    lines
}

/// A request of uv's that did not reach the server, or whose answer did not come:
/// where to, and the last of its causes.
fn unsent(said: &[String]) -> Option<String> {
    // `cause: error sending request for url (...)`, or `decoding response body`.
    let url = |line: &String| {
        let (_, url) = line
            .strip_prefix("cause: error ")?
            .split_once(" for url (")?;
        Some(url.trim_end_matches(')').to_owned())
    };
    let (at, url) = said
        .iter()
        .enumerate()
        .find_map(|(at, line)| Some((at, url(line)?)))?;
    let causes = said[at + 1..].iter();
    let why = causes.map_while(|line| line.strip_prefix("cause: ")).last();
    Some(format!("{url}: {}", why.unwrap_or("the request failed")))
}

/// The server's or the network's refusal, as uv and pip word it.
fn refused(line: &str) -> Option<String> {
    if let Some(hint) = line.strip_prefix("hint: An index")
        && (hint.contains("403 Forbidden") || hint.contains("401 Unauthorized"))
    {
        return Some(format!("an index{}", hint.trim_end_matches('.')));
    }
    for sign in [
        "HTTP status server error (",
        "HTTP status client error (",
        "operation timed out",
        "dns error",
        "Connection refused",
        "invalid peer certificate",
        "403 Client Error",
        "401 Client Error",
        "500 Server Error",
        "Failed to establish a new connection",
        "Read timed out",
        "CERTIFICATE_VERIFY_FAILED",
    ] {
        if line.contains(sign) {
            return Some(line.trim_start_matches("cause: ").to_owned());
        }
    }
    line.contains("index lookups were disabled")
        .then(|| SWITCHED_OFF.to_owned())
}

fn unknown(line: &str) -> Option<(Name, String)> {
    if let Some(rest) = line.split("there is no version of ").nth(1) {
        let requirement = rest.split_whitespace().next()?.trim_end_matches(',');
        let name = Name::of_requirement(requirement)?;
        return Some((name, "the index has no such version".to_owned()));
    }
    if let Some(rest) = line.strip_prefix("cause: Because ")
        && let Some((name, _)) = rest.split_once(" was not found in ")
        && !name.contains(' ')
    {
        return Some((Name::new(name), "the index has no such package".to_owned()));
    }
    if line.contains(" does not satisfy Python") {
        let rest = line.split(" and ").nth(1)?;
        let (requirement, needs) = rest.split_once(" depends on ")?;
        let needs = needs.split(',').next().unwrap_or(needs);
        return Some((
            Name::of_requirement(requirement)?,
            format!("it needs {needs}"),
        ));
    }
    let requirement = line.strip_prefix("ERROR: No matching distribution found for ")?;
    Some((
        Name::of_requirement(requirement)?,
        "the index has no such version".to_owned(),
    ))
}

/// The requirements that a build asked for in vain: what an sdist's build script
/// wants is known only once it runs.
#[must_use]
pub fn missing(said: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in said.lines().map(str::trim) {
        let pip = "ERROR: Could not find a version that satisfies the requirement ";
        if let Some(rest) = line.strip_prefix(pip) {
            let requirement = rest.split(" (from ").next().unwrap_or(rest);
            found.push(requirement.to_owned());
        } else if let Some((_, list)) = line.split_once("No solution found when resolving: ") {
            let words = list.split('`').skip(1).step_by(2);
            found.extend(words.map(str::to_owned));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown_name(said: &str) -> Option<(String, String)> {
        match Refusal::read(said) {
            Refusal::Unknown { name, why } => Some((name.to_string(), why)),
            _ => None,
        }
    }

    #[test]
    fn versions_and_packages_that_there_are_not() {
        let no_version = "error: No solution found when resolving dependencies\n  cause: Because there is no version of six==1.99 and you require six==1.99, we can conclude that your requirements are unsatisfiable.\n";
        assert_eq!(
            unknown_name(no_version),
            Some(("six".into(), "the index has no such version".into()))
        );
        let no_package = "error: No solution found when resolving dependencies\n  cause: Because nosuch was not found in the package registry and you require nosuch==1, we can conclude that your requirements are unsatisfiable.\n";
        assert_eq!(
            unknown_name(no_package),
            Some(("nosuch".into(), "the index has no such package".into()))
        );
        let python = "  cause: Because the requested Python version (>=3.9) does not satisfy Python>=3.11 and networkx==3.5 depends on Python>=3.11, we can conclude that networkx==3.5 cannot be used.\n         And because you require networkx==3.5, we can conclude that your requirements are unsatisfiable.\n";
        assert_eq!(
            unknown_name(python),
            Some(("networkx".into(), "it needs Python>=3.11".into()))
        );
        let pip = "ERROR: No matching distribution found for six===1.99\n";
        assert_eq!(
            unknown_name(pip),
            Some(("six".into(), "the index has no such version".into()))
        );
    }

    #[test]
    fn a_server_that_refuses_is_no_missing_package() {
        let forbidden = "error: No solution found when resolving dependencies\n  cause: Because six was not found in the package registry and you require six==1.17.0, we can conclude that your requirements are unsatisfiable.\n\nhint: An index (http://h/simple) returned a 403 Forbidden error. Check that the index URL is correct and the credentials are valid.\n";
        assert_eq!(
            Refusal::read(forbidden),
            Refusal::Unreachable(
                "an index (http://h/simple) returned a 403 Forbidden error. Check that the index URL is correct and the credentials are valid".into()
            )
        );
        let broken = "error: Request failed after 1 retry in 1.2s\n  cause: Failed to fetch: http://h/simple/six/\n  cause: HTTP status server error (500 Internal Server Error) for url (http://h/simple/six/)\n";
        assert_eq!(
            Refusal::read(broken),
            Refusal::Unreachable(
                "HTTP status server error (500 Internal Server Error) for url (http://h/simple/six/)".into()
            )
        );
    }

    #[test]
    fn a_request_that_failed_is_told_with_its_address_and_last_cause() {
        let said = "error: Failed to fetch: http://h/simple/six/\n  cause: error sending request for url (http://h/simple/six/)\n  cause: client error (Connect)\n  cause: tcp connect error\n  cause: Connection refused (os error 111)\n";
        assert_eq!(
            Refusal::read(said),
            Refusal::Unreachable("http://h/simple/six/: Connection refused (os error 111)".into())
        );
    }

    #[test]
    fn a_contradiction_is_told_as_it_is() {
        let said = "error: No solution found when resolving dependencies\n  cause: Because you require six==1.17.0 and six==1.16, we can conclude that your requirements are unsatisfiable.\n";
        assert_eq!(
            Refusal::read(said),
            Refusal::Conflict("you require six==1.17.0 and six==1.16, we can conclude that your requirements are unsatisfiable.".into())
        );
        assert_eq!(Refusal::read("Segmentation fault"), Refusal::Other);
    }

    #[test]
    fn what_a_build_lacks_is_read_from_either_tool() {
        let uv = "error: Failed to build `x.tar.gz`\n  cause: Failed to resolve requirements from `build-system.requires`\n  cause: No solution found when resolving: `setuptools>=64.0`, `looseversion`\n";
        assert_eq!(missing(uv), ["setuptools>=64.0", "looseversion"]);
        let pip = "ERROR: Could not find a version that satisfies the requirement hatchling>=1.21 (from versions: none)\n";
        assert_eq!(missing(pip), ["hatchling>=1.21"]);
    }

    #[test]
    fn pips_report_is_a_lock_with_one_file_each() {
        let lock = report(
            r#"{"version": "1", "install": [{"download_info": {"url": "https://h/a/six-1.17.0-py2.py3-none-any.whl",
            "archive_info": {"hash": "sha256=ab", "hashes": {"sha256": "ab"}}}, "is_direct": false,
            "metadata": {"name": "six", "version": "1.17.0"}}], "environment": {}}"#,
        )
        .expect("a lock");
        let Source::Files { sdist, wheels } = &lock.packages[0].source else {
            panic!("files")
        };
        assert!(sdist.is_none());
        assert_eq!(wheels[0].file_name, "six-1.17.0-py2.py3-none-any.whl");
    }
}
