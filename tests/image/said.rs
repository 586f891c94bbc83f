//! What a command said and how it ended.

use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::LazyLock;

use regex::Regex;

/// The end of a command.
pub struct Said {
    /// Its exit status.
    pub status: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

static TIMES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(?:\d+ min )?\d+(?:\.\d)? s\b").expect("constant"));

static WHEELS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\bholds \d+ wheels\b").expect("constant"));

static UV: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(uv |loci-install/uv/)0\.[0-9]+\.[0-9]+").expect("constant"));

impl Said {
    /// What a finished child left.
    pub fn by(output: &Output) -> Self {
        Self::new(output.status, &output.stdout, &output.stderr)
    }

    /// An end and two texts.
    pub fn new(status: ExitStatus, stdout: &[u8], stderr: &[u8]) -> Self {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Self {
            status: status.code(),
            stdout: text(stdout),
            stderr: text(stderr)
                .lines()
                .filter(|line| !HEARTBEAT.is_match(line))
                .flat_map(|line| [line, "\n"])
                .collect(),
        }
    }

    /// Insists on success.
    pub fn succeeded(&self) -> &Self {
        assert_eq!(self.status, Some(0), "{}{}", self.stdout, self.stderr);
        self
    }

    /// Insists that the build failed in this step and said how to repeat it.
    pub fn failed_in(&self, step: &str) -> &Self {
        assert_eq!(self.status, Some(1), "{}{}", self.stdout, self.stderr);
        self.says(&format!("\nerror: {step}: "));
        self.says(&format!("loci-install step {step};"))
    }

    /// The error that a failed build ends with, scrubbed: it does not depend on what
    /// ran beside it.
    pub fn complaint(&self) -> String {
        assert_eq!(self.status, Some(1), "{}{}", self.stdout, self.stderr);
        let text = self.scrubbed();
        let (_, error) = text.rsplit_once("\nerror: ").expect("an error");
        error.to_owned()
    }

    /// Insists that standard error has this text.
    pub fn says(&self, text: &str) -> &Self {
        assert!(
            self.stderr.contains(text),
            "no {text:?} in:\n{}",
            self.stderr
        );
        self
    }

    /// Standard error less what differs from run to run, and spaces at ends of lines.
    pub fn scrubbed(&self) -> String {
        let text = TIMES.replace_all(&self.stderr, "N s");
        let text = WHEELS.replace_all(&text, "holds N wheels");
        let text = UV.replace_all(&text, "${1}0.N.N");
        text.lines()
            .flat_map(|line| [line.trim_end(), "\n"])
            .collect()
    }
}

/// What a command of this machine answers, which has to succeed.
pub fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a step says that takes long on a busy machine.
static HEARTBEAT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[a-z-]+: \d+ s, ").expect("constant"));
