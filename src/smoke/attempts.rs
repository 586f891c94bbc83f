//! Imports and loads in processes that may be lost, by `attempts.py`.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Subject;
use super::imports::Import;
use super::libraries::Library;
use crate::accounts::Accounts;
use crate::command::{Command, Ending};
use crate::context::file;
use crate::failure::{FailedChild, Failure};
use crate::layout::PYTHON;

/// The program that makes the attempts, to be written to a file.
const SCRIPT: &str = include_str!("attempts.py");

/// How long an attempt may take, in seconds. An import that compiles hundreds of modules
/// takes ten, and many times that on a machine that is emulated.
const LIMIT: u32 = 180;

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// What was wanted.
    Done,
    /// An exception.
    Failed {
        /// Its class.
        error: String,
        /// Its text.
        text: String,
        /// The module that is missing, of a `ModuleNotFoundError`.
        missing: Option<String>,
        /// The file and the line that raised it.
        place: Option<String>,
        /// The last lines that were said before.
        said: Vec<String>,
    },
    /// The module is there, and these attributes are not.
    Lacks(Vec<String>),
    /// Its process went away, so.
    Lost(String, Vec<String>),
}

#[derive(Serialize)]
struct Tasks<'a> {
    /// Those of a share are made by one process.
    shares: Vec<Vec<usize>>,
    attempts: Vec<Task<'a>>,
    jobs: usize,
    seconds: u32,
    account: Option<(u32, u32)>,
    bytecode: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Task<'a> {
    Library(&'a str),
    #[serde(untagged)]
    Module {
        module: &'a str,
        attributes: Vec<&'a str>,
    },
}

#[derive(Debug, Deserialize)]
struct Failed {
    attempt: usize,
    said: Vec<String>,
    #[serde(default)]
    error: String,
    #[serde(default)]
    text: String,
    name: Option<String>,
    place: Option<String>,
    signal: Option<i32>,
    exit: Option<i32>,
    timeout: Option<u32>,
    lacks: Option<Vec<String>>,
}

impl From<Failed> for Outcome {
    fn from(failed: Failed) -> Self {
        let said = failed.said;
        if let Some(seconds) = failed.timeout {
            return Self::Lost(format!("not ended within {seconds} s"), said);
        }
        if let Some(number) = failed.signal {
            return Self::Lost(Ending::Killed(number).to_string(), said);
        }
        if let Some(status) = failed.exit {
            return Self::Lost(format!("it ended the process with status {status}"), said);
        }
        if let Some(lacks) = failed.lacks {
            return Self::Lacks(lacks);
        }
        Self::Failed {
            missing: failed
                .name
                .filter(|_| failed.error == "ModuleNotFoundError"),
            error: failed.error,
            text: failed.text,
            place: failed.place,
            said,
        }
    }
}

/// Makes the attempts: what came of the imports, then of the libraries.
pub(super) fn make(
    subject: &Subject<'_>,
    imports: &[Import<'_>],
    libraries: &[Library],
) -> Result<Vec<Outcome>, Failure> {
    let modules = imports.iter().map(|import| Task::Module {
        module: import.module,
        attributes: import.attributes(),
    });
    let paths = libraries.iter().map(|library| Task::Library(&library.path));
    let attempts: Vec<Task<'_>> = modules.chain(paths).collect();
    let number = attempts.len();
    let all: Vec<usize> = (0..number).collect();
    let (of_modules, of_libraries) = all.split_at(imports.len());
    let shares = vec![of_modules.to_vec(), of_libraries.to_vec()];
    let account = account(subject);
    let place = Place::new(account)?;
    let tasks = Tasks {
        shares,
        attempts,
        jobs: subject.image.jobs,
        seconds: LIMIT,
        account,
        bytecode: (!has_bytecode(subject)).then(|| place.path("bytecode")),
    };
    let (script, input) = (place.path("attempts.py"), place.path("tasks.json"));
    write(&script, SCRIPT)?;
    write(&input, &serde_json::to_string(&tasks).unwrap_or_default())?;
    let command = Command::new(PYTHON)
        .args(["-I", "-B", &script, &input])
        .directory(place.path(""))
        .variable("HOME", place.path("home"))
        .variable("TMPDIR", place.path("home"))
        // Of processes that an import starts.
        .variable("PYTHONDONTWRITEBYTECODE", "1");
    let output = subject.image.runner.ask(&command);
    let failed = serde_json::from_str::<Vec<Failed>>(&output.stdout);
    let Some(failed) = failed.ok().filter(|_| output.ending.success()) else {
        let child = FailedChild::new(&command, &output);
        return Err(Failure::command("import what is installed")(child));
    };
    let mut outcomes = vec![Outcome::Done; number];
    for failed in failed {
        let attempt = failed.attempt;
        outcomes[attempt] = failed.into();
    }
    Ok(outcomes)
}

/// The service's account, if there is one and this process may take it: its permissions
/// are those that count.
fn account(subject: &Subject<'_>) -> Option<(u32, u32)> {
    if uzers::get_effective_uid() != 0 {
        return None;
    }
    let accounts = Accounts::read(subject.image.root);
    let mut generations = subject.image.record.generations();
    generations.find_map(|record| {
        let user = accounts.user(&record.project)?;
        Some((user.uid, user.gid))
    })
}

/// Whether the virtualenv has bytecode. Where it has none every module is compiled, and the
/// processes of the test share what comes of that.
fn has_bytecode(subject: &Subject<'_>) -> bool {
    let root = subject.image.root;
    subject
        .site_packages()
        .any(|directory| !root.glob(&format!("{directory}/*/__pycache__")).is_empty())
}

/// How the names of such directories begin.
const PREFIX: &str = "loci-install-smoke-";

/// What tests that were killed left, as a pattern.
pub(crate) fn leftovers() -> String {
    format!("{}/{PREFIX}*", std::env::temp_dir().display())
}

/// A directory for the time of the test.
struct Place(tempfile::TempDir);

impl Place {
    fn new(account: Option<(u32, u32)>) -> Result<Self, Failure> {
        let made = tempfile::Builder::new().prefix(PREFIX).tempdir();
        let made =
            made.map_err(|error| file("make a directory in", &std::env::temp_dir(), &error))?;
        let path = made.path().to_owned();
        let set_up = || -> std::io::Result<()> {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
            for below in ["home", "bytecode"] {
                let below = path.join(below);
                fs::create_dir(&below)?;
                if let Some((uid, gid)) = account {
                    chown(&below, Some(uid), Some(gid))?;
                }
            }
            Ok(())
        };
        set_up().map_err(|error| file("set up the directory", &path, &error))?;
        Ok(Self(made))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_string_lossy().into_owned()
    }
}

fn write(path: &str, text: &str) -> Result<(), Failure> {
    let path = Path::new(path);
    fs::write(path, text).map_err(|error| file("write", path, &error))
}
