//! Asks the index which files there are: by uv, all at once, or by pip where uv
//! cannot be had. Neither is asked for anything but the answer: what is fetched,
//! and from where, is this program's business.

use serde::Deserialize;

use crate::command::Command;
use crate::installer::index::Index;
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
                index
                    .tell_uv(command)
                    .online(index.asks())
                    .arg(question.requirements)
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
                    .online(index.asks())
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
