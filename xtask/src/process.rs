//! Running other programs: seen while they run, quoted when they fail.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Instant;

use crate::error::{Error, Result};

/// As many lines as explain most failures and still fit a screen.
const TAIL: usize = 20;

/// Announces a piece of work, does it, and says how long it took.
pub fn stage<T>(title: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("==> {title}");
    let start = Instant::now();
    let result = work()?;
    eprintln!("    {title}: {:.1} s", start.elapsed().as_secs_f64());
    Ok(result)
}

/// Runs a command, showing it and all it says.
pub fn run(command: Command) -> Result<()> {
    told(command).map(drop)
}

/// The same, and what it said.
pub fn told(mut command: Command) -> Result<String> {
    let line = literal(&command);
    eprintln!("  + {line}");
    let spoken = |error| Error::Io(format!("cannot run {line}"), error);
    // One pipe for both, so that the lines keep their order.
    let (reader, writer) = io::pipe().map_err(spoken)?;
    let spoken = |error| Error::Io(format!("cannot run {line}"), error);
    let errors = writer.try_clone().map_err(spoken)?;
    command.stdout(writer).stderr(errors);
    let spoken = |error| Error::Io(format!("cannot run {line}"), error);
    let mut child = command.spawn().map_err(spoken)?;
    // It holds the writing ends: the reader would wait for them for ever.
    drop(command);
    let said = echo(reader);
    let spoken = |error| Error::Io(format!("cannot wait for {line}"), error);
    let status = child.wait().map_err(spoken)?;
    judge(line, status, last_lines(&said))?;
    Ok(said)
}

/// Runs a command whose output belongs to whoever called us.
pub fn inherit(mut command: Command) -> Result<()> {
    let line = literal(&command);
    eprintln!("  + {line}");
    let status = command
        .status()
        .map_err(|error| Error::Io(format!("cannot run {line}"), error))?;
    judge(line, status, Vec::new())
}

/// What a command says on stdout.
pub fn read(mut command: Command) -> Result<String> {
    command.stdin(Stdio::null());
    answer(command)
}

/// The same of a command that has its own stdin.
pub fn answer(mut command: Command) -> Result<String> {
    let line = literal(&command);
    let output = command
        .output()
        .map_err(|error| Error::Io(format!("cannot run {line}"), error))?;
    let said = String::from_utf8_lossy(&output.stderr);
    judge(line, output.status, last_lines(&said))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a command exists and ends well, whatever it says.
pub fn succeeds(mut command: Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// A command with its arguments.
pub fn command<A: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    command
}

/// A command as one would type it into a shell, the variables it sets included.
pub fn literal(command: &Command) -> String {
    let set = command
        .get_envs()
        .filter_map(|(name, value)| Some((name, value?)));
    let variables = set.map(|(name, value)| format!("{}={}", name.display(), quote(value)));
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    variables
        .chain(words.map(quote))
        .collect::<Vec<_>>()
        .join(" ")
}

/// One word for a shell.
pub fn quote(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.into_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn echo(reader: impl io::Read) -> String {
    let mut all = String::new();
    for bytes in BufReader::new(reader)
        .split(b'\n')
        .map_while(io::Result::ok)
    {
        let said = String::from_utf8_lossy(&bytes);
        // A counter that redraws itself: what it came to is enough.
        let shown = said.trim_end().rsplit('\r').next().unwrap_or_default();
        eprintln!("    {shown}");
        all.push_str(shown);
        all.push('\n');
    }
    all
}

fn judge(line: String, status: ExitStatus, tail: Vec<String>) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    let how = status.to_string();
    Err(Error::Command { line, how, tail })
}

/// The last lines of a text, as many as an error shows.
pub fn last_lines(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(TAIL);
    lines[from..].iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_can_be_pasted() {
        let mut it = command("sh", ["-c", "echo it's", ""]);
        it.env("A", "b c");
        assert_eq!(literal(&it), r"A='b c' sh -c 'echo it'\''s' ''");
    }

    #[test]
    fn a_failure_tells_command_status_and_last_words() {
        let error = run(command("sh", ["-c", "echo one; echo two >&2; exit 3"])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a command failed (exit status: 3):\n    sh -c 'echo one; echo two >&2; exit 3'\n\
             Its last lines:\n    one\n    two"
        );
    }

    #[test]
    fn only_the_last_lines_are_kept() {
        let error = run(command("sh", ["-c", "seq 50; exit 1"])).unwrap_err();
        let Error::Command { tail, .. } = error else {
            panic!("{error}");
        };
        assert_eq!((tail.len(), tail[0].as_str()), (TAIL, "31"));
    }
}
