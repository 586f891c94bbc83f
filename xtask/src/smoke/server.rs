//! A program that runs in a container, and what it answers and says.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::{process, workspace};

/// Tables of a database are made first, and an image has no bytecode: on a busy
/// machine a start has taken more than a minute.
const PATIENCE: Duration = Duration::from_mins(4);

/// A server in a container, ended when this is dropped.
pub struct Server {
    line: String,
    log: PathBuf,
    child: Child,
}

impl Server {
    /// Starts it; its log is called after `name`.
    pub fn start(name: &str, mut command: std::process::Command) -> Result<Self> {
        let log = workspace::work("smoke")?.join(format!("{name}.log"));
        let file = File::create(&log).map_err(Error::io("write", &log))?;
        let errors = file.try_clone().map_err(Error::io("write", &log))?;
        let line = process::literal(&command);
        eprintln!("  + {line}");
        command.stdin(Stdio::piped()).stdout(file).stderr(errors);
        let child = command
            .spawn()
            .map_err(|error| Error::Io(format!("cannot run {line}"), error))?;
        Ok(Self { line, log, child })
    }

    /// What the server answers as soon as it answers, which has to be by this status.
    pub fn answer(&mut self, port: u16, path: &str, status: u16) -> Result<String> {
        let answer = self.wait(&format!("GET {path}"), |_| get(port, path).ok())?;
        body(&answer, status).map_err(|what| self.failure(format!("GET {path}: {what}")))
    }

    /// Waits until there is a text in the log.
    pub fn says(&mut self, text: &str) -> Result<()> {
        self.wait(text, |log| {
            workspace::read(log).ok()?.contains(text).then_some(())
        })
    }

    /// Waits for something, as long as the program runs.
    fn wait<T>(&mut self, what: &str, look: impl Fn(&Path) -> Option<T>) -> Result<T> {
        let start = Instant::now();
        let mut told = 0;
        loop {
            if let Some(found) = look(&self.log) {
                return Ok(found);
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(self.failure(status.to_string()));
            }
            let waited = start.elapsed();
            if waited > PATIENCE {
                return Err(self.failure(format!("no {what} in {} s", PATIENCE.as_secs())));
            }
            if waited.as_secs() >= told + 5 {
                told = waited.as_secs();
                eprintln!("    waiting for {what}: {told} s");
            }
            std::thread::sleep(Duration::from_millis(250));
        }
    }

    /// That it failed, with its last words.
    pub fn failure(&self, how: String) -> Error {
        let said = workspace::read(&self.log).unwrap_or_default();
        let tail = process::last_lines(&said);
        Error::Command {
            line: self.line.clone(),
            how,
            tail,
        }
    }

    /// Closing its input ends it; the rest is for one that does not listen.
    fn end(&mut self) -> Option<ExitStatus> {
        drop(self.child.stdin.take());
        for _ in 0..100 {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        self.child.kill().ok();
        self.child.wait().ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// One request, after whose answer the server closes the connection.
fn get(port: u16, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// The body of an answer of some status.
fn body(answer: &str, wanted: u16) -> std::result::Result<String, String> {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let status = head.lines().next().unwrap_or_default();
    let number = status.split_whitespace().nth(1);
    if number.and_then(|number| number.parse().ok()) == Some(wanted) {
        Ok(body.to_owned())
    } else {
        Err(format!("the server answered {status:?}, not {wanted}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network;

    #[test]
    fn what_is_said_is_waited_for() {
        let command = process::command("sh", ["-c", "echo one; sleep 1; echo two; cat"]);
        let mut server = Server::start("test-says", command).unwrap();
        server.says("two").unwrap();
        let command = process::command("sh", ["-c", "echo one"]);
        let mut server = Server::start("test-mute", command).unwrap();
        assert!(server.says("two").is_err());
    }

    #[test]
    fn only_the_status_that_is_wanted_has_a_body() {
        let choices = "HTTP/1.0 300 Multiple Choices\r\nA: b\r\n\r\n{}";
        assert_eq!(body(choices, 300), Ok("{}".to_owned()));
        assert_eq!(
            body("HTTP/1.1 500 Internal Server Error\r\n\r\n", 200),
            Err("the server answered \"HTTP/1.1 500 Internal Server Error\", not 200".to_owned())
        );
        assert!(body("", 200).is_err());
    }

    #[test]
    fn a_server_that_ends_tells_its_last_words() {
        let command = process::command("sh", ["-c", "echo no database; exit 7"]);
        let mut server = Server::start("test-ends", command).unwrap();
        let error = server
            .answer(network::free_port().unwrap(), "/v3", 200)
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "a command failed (exit status: 7):\n    sh -c 'echo no database; exit 7'\n\
             Its last lines:\n    no database"
        );
    }

    #[test]
    fn a_server_ends_with_its_input() {
        let mut server = Server::start("test-input", process::command("cat", ["-"])).unwrap();
        assert!(server.end().is_some_and(|status| status.success()));
    }
}
