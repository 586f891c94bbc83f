//! Child processes: every one is a value first, printed by `plan` and started
//! by a [`Runner`], which is one of the two doors to the machine (the other is
//! [`crate::root::Root`]).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::children::Children;
use crate::network::Isolation;
use crate::variables::of_children;

/// A command line with what it changes in the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The program, searched for in `PATH` when it has no slash.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables set for it.
    pub variables: BTreeMap<String, String>,
    /// Those of them that are shown before the program.
    pub shown: Vec<String>,
    /// Variables of ours that it does not get.
    pub withheld: Vec<String>,
    /// Its working directory; ours when none.
    pub directory: Option<PathBuf>,
    /// What it reads from its standard input, if anything.
    pub input: Option<String>,
    /// Whether it asks servers: in a hermetic build others have no network.
    pub online: bool,
}

impl Command {
    /// A command without arguments.
    #[must_use]
    pub fn new(program: impl Into<String>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            variables: BTreeMap::new(),
            shown: Vec::new(),
            withheld: Vec::new(),
            directory: None,
            input: None,
            online: false,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<I: IntoIterator<Item: Into<String>>>(mut self, arguments: I) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Sets a variable that stands in the place of an argument, and is shown with them.
    #[must_use]
    pub fn told(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into();
        self.shown.push(name.clone());
        self.variable(name, value)
    }

    /// Takes a variable out of its environment.
    #[must_use]
    pub fn without(mut self, name: impl Into<String>) -> Self {
        self.withheld.push(name.into());
        self
    }

    /// Gives it something to read.
    #[must_use]
    pub fn input(mut self, text: impl Into<String>) -> Self {
        self.input = Some(text.into());
        self
    }

    /// Lets it reach the network, if it needs to.
    #[must_use]
    pub fn online(mut self, needed: bool) -> Self {
        self.online = needed;
        self
    }

    /// Sets its working directory.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }
}

/// The line a person would type in a shell. Without most variables, which would
/// hide it: a hook has fifty.
impl fmt::Display for Command {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in &self.shown {
            let value = self.variables.get(name).map_or("", String::as_str);
            write!(formatter, "{name}={} ", quoted(value))?;
        }
        formatter.write_str(&quoted(&self.program))?;
        for argument in &self.arguments {
            write!(formatter, " {}", quoted(argument))?;
        }
        Ok(())
    }
}

fn quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), std::borrow::Cow::into_owned)
}

/// How a child ended and what it said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// How it ended.
    pub ending: Ending,
    /// Its standard output; with [`Runner::run`] its standard error too, as they came.
    pub stdout: String,
    /// Its standard error; empty with [`Runner::run`].
    pub stderr: String,
}

/// Every way in which a child can end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// It returned this status; 0 is success.
    Exited(i32),
    /// A signal ended it.
    Killed(i32),
    /// It could not be started.
    NotStarted(String),
}

impl Ending {
    /// Whether the child did what it was asked to.
    #[must_use]
    pub fn success(&self) -> bool {
        *self == Self::Exited(0)
    }
}

impl From<ExitStatus> for Ending {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exited(code),
            (None, Some(signal)) => Self::Killed(signal),
            (None, None) => Self::Exited(-1),
        }
    }
}

impl From<io::Error> for Ending {
    fn from(error: io::Error) -> Self {
        Self::NotStarted(match error.kind() {
            io::ErrorKind::NotFound => "there is no such program".to_owned(),
            _ => error.to_string(),
        })
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(status) => write!(formatter, "exit status {status}"),
            Self::Killed(number) => {
                let name = nix::sys::signal::Signal::try_from(*number).map_or_else(
                    |_| "unknown".to_owned(),
                    |signal| signal.as_str().to_owned(),
                );
                write!(formatter, "killed by signal {number} ({name})")?;
                if *number == nix::libc::SIGKILL {
                    formatter.write_str("; the kernel does this when memory runs out")?;
                }
                Ok(())
            }
            Self::NotStarted(why) => write!(formatter, "not started: {why}"),
        }
    }
}

/// Starts children.
pub trait Runner: Sync + fmt::Debug {
    /// Runs a command, handing on each line that it says on either stream.
    fn run(&self, command: &Command, line: &mut dyn FnMut(&str)) -> Output;

    /// Runs a command that is asked for its standard output.
    fn ask(&self, command: &Command) -> Output;

    /// Whether everything is being stopped, so that no child starts any more.
    fn stopping(&self) -> bool {
        false
    }

    /// What keeps its children from the network.
    fn isolation(&self) -> Isolation {
        Isolation::None
    }

    /// Hears that this program itself fetches something.
    fn fetches(&self) {}
}

/// Starts children on this machine, with the environment we were started in
/// less what is ours alone.
#[derive(Debug, Clone)]
pub struct System {
    environment: Vec<(OsString, OsString)>,
    children: Arc<Children>,
    isolation: Isolation,
}

impl System {
    /// Takes over our environment, as [`of_children`] changes it.
    #[must_use]
    pub fn new(environment: &[(String, String)]) -> Self {
        Self {
            environment: of_children(environment),
            children: Arc::default(),
            isolation: Isolation::None,
        }
    }

    /// Keeps children from the network that do not need it.
    #[must_use]
    pub fn isolated(mut self, isolation: Isolation) -> Self {
        self.isolation = isolation;
        self
    }

    fn is_cut_off(&self, command: &Command) -> bool {
        self.isolation == Isolation::Namespaces && !command.online
    }

    /// The children that run now.
    #[must_use]
    pub fn children(&self) -> &Arc<Children> {
        &self.children
    }

    /// Runs a command to its end, handing on its lines as they come.
    fn follow(&self, command: &Command, hear: &mut dyn FnMut(String)) -> io::Result<Ending> {
        let (mut reader, writer) = io::pipe()?;
        // The writer must be closed here once the child has it, or its end is never seen.
        let (handle, _running) = {
            let expression = self.expression(command).stderr_to_stdout();
            let expression = expression.stdout_file(writer);
            self.children.start(&expression, self.is_cut_off(command))?
        };
        let mut lines = Lines::default();
        let mut buffer = vec![0; 1 << 16];
        let mut ended: Option<Instant> = None;
        let mut looked = Instant::now();
        loop {
            if says_something(&reader)? {
                match reader.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(read) => lines.add(&buffer[..read], hear),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            if looked.elapsed() < GLANCE {
                continue;
            }
            looked = Instant::now();
            if ended.is_none() && handle.try_wait()?.is_some() {
                ended = Some(Instant::now());
            }
            if ended.is_some_and(|ended| ended.elapsed() > GRACE) {
                lines.end(hear);
                hear("(a process that it left behind still holds its output)".to_owned());
                break;
            }
        }
        lines.end(hear);
        Ok(handle.wait()?.status.into())
    }

    fn expression(&self, command: &Command) -> duct::Expression {
        let mut environment: BTreeMap<OsString, OsString> =
            self.environment.iter().cloned().collect();
        for name in &command.withheld {
            environment.remove(OsString::from(name).as_os_str());
        }
        for (name, value) in &command.variables {
            environment.insert(name.into(), value.into());
        }
        let mut expression = duct::cmd(&command.program, &command.arguments)
            .full_env(environment)
            .unchecked();
        expression = match &command.input {
            Some(input) => expression.stdin_bytes(input.as_bytes()),
            None => expression.stdin_null(),
        };
        if let Some(directory) = &command.directory {
            expression = expression.dir(directory);
        }
        expression
    }
}

/// How long a child's output is waited for once the child itself has ended: a
/// daemon that it started may hold it for ever.
const GRACE: Duration = Duration::from_secs(2);

/// How often a silent child is looked at.
const GLANCE: Duration = Duration::from_millis(50);

/// Whether there is something to read, its end included, within a [`GLANCE`].
fn says_something(stream: &impl AsFd) -> io::Result<bool> {
    let mut streams = [PollFd::new(stream.as_fd(), PollFlags::POLLIN)];
    let timeout = PollTimeout::try_from(GLANCE).unwrap_or(PollTimeout::ZERO);
    match poll(&mut streams, timeout) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::EINTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The lines of what comes in pieces. A progress bar rewrites its line; only its last
/// state is worth keeping.
#[derive(Debug, Default)]
struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    fn add(&mut self, bytes: &[u8], hear: &mut dyn FnMut(String)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.begun.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                self.end(hear);
            }
        }
    }

    fn end(&mut self, hear: &mut dyn FnMut(String)) {
        if self.begun.is_empty() {
            return;
        }
        let text = String::from_utf8_lossy(&self.begun);
        let line = text.trim_end_matches(['\r', '\n']).rsplit('\r').next();
        hear(line.unwrap_or_default().to_owned());
        self.begun.clear();
    }
}

impl Runner for System {
    fn run(&self, command: &Command, line: &mut dyn FnMut(&str)) -> Output {
        let mut said = String::new();
        let mut hear = |text: String| {
            line(&text);
            said.push_str(&text);
            said.push('\n');
        };
        let ending = self.follow(command, &mut hear).unwrap_or_else(Ending::from);
        Output {
            ending,
            stdout: said,
            stderr: String::new(),
        }
    }

    fn ask(&self, command: &Command) -> Output {
        let expression = self.expression(command).stdout_capture().stderr_capture();
        let answered = self
            .children
            .start(&expression, self.is_cut_off(command))
            .and_then(|(handle, running)| {
                let output = handle.into_output();
                drop(running);
                output
            });
        match answered {
            Ok(output) => Output {
                ending: output.status.into(),
                stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
                stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            },
            Err(error) => Output {
                ending: error.into(),
                stdout: String::new(),
                stderr: String::new(),
            },
        }
    }

    fn stopping(&self) -> bool {
        self.children.stopping()
    }

    fn isolation(&self) -> Isolation {
        self.isolation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system() -> System {
        System::new(&[
            ("PATH".into(), "/usr/bin:/bin".into()),
            ("PIP_CONSTRAINT".into(), "<26".into()),
            ("PIP_INDEX_URL".into(), String::new()),
        ])
    }

    #[test]
    fn a_command_prints_as_it_would_be_typed() {
        let command = Command::new("pip")
            .args(["install", "setuptools<81", "a b"])
            .variable("X", "1");
        assert_eq!(command.to_string(), "pip install 'setuptools<81' 'a b'");
        assert_eq!(
            command.told("Y", "a b").to_string(),
            "Y='a b' pip install 'setuptools<81' 'a b'"
        );
    }

    #[test]
    fn both_streams_come_line_by_line_and_bars_leave_their_last_state() {
        let mut lines = Vec::new();
        let script = "echo one; echo two >&2; printf '10%%\\r99%%\\r\\n'; exit 3";
        let output = system().run(&Command::new("sh").args(["-c", script]), &mut |line| {
            lines.push(line.to_owned());
        });
        assert_eq!(lines, ["one", "two", "99%"]);
        assert_eq!(output.ending, Ending::Exited(3));
    }

    #[test]
    fn a_daemon_that_a_child_leaves_behind_is_not_waited_for() {
        let start = Instant::now();
        let script = "echo started; sleep 60 & echo $!";
        let output = system().run(&Command::new("sh").args(["-c", script]), &mut |_| {});
        assert!(output.ending.success());
        assert!(start.elapsed() < Duration::from_secs(30));
        let lines: Vec<_> = output.stdout.lines().collect();
        assert_eq!((lines.len(), lines[0]), (3, "started"));
        let stopped = system().ask(&Command::new("sh").args(["-c", &format!("kill {}", lines[1])]));
        assert!(stopped.ending.success());
    }

    #[test]
    fn every_ending_has_a_sentence() {
        let killed = system().ask(&Command::new("sh").args(["-c", "kill -9 $$"]));
        assert_eq!(
            killed.ending.to_string(),
            "killed by signal 9 (SIGKILL); the kernel does this when memory runs out"
        );
        let absent = system().ask(&Command::new("no-such-program"));
        assert_eq!(
            absent.ending.to_string(),
            "not started: there is no such program"
        );
        assert_eq!(Ending::Exited(2).to_string(), "exit status 2");
    }

    #[test]
    fn the_childs_environment_has_the_virtualenv_first_and_no_misread_constraint() {
        let output = system().ask(&Command::new("/usr/bin/env").variable("HERE", "1"));
        assert!(
            output
                .stdout
                .contains("PATH=/var/lib/openstack/bin:/usr/bin:/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin\n")
        );
        assert!(output.stdout.contains("HERE=1\n"));
        assert!(!output.stdout.contains("PIP_CONSTRAINT"));
        assert!(!output.stdout.contains("PIP_INDEX_URL"));
    }
}
