//! Trying an image: what every service is asked, and Keystone's first answer.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::catalogue;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::{network, process, workspace};

/// An image has no bytecode, so a first import alone takes 10 to 15 s.
const PATIENCE: Duration = Duration::from_secs(90);

/// Tries the image of a service.
pub fn run(engine: Engine, image: &str, service: &str) -> Result<()> {
    let container = engine.container(image)?;
    let distribution = catalogue::distribution(service);
    process::run(container.script("root", &[], "service.sh", &[distribution]))?;
    if service != "keystone" {
        eprintln!("    {service} itself was not started: only keystone's start is known here");
        return Ok(());
    }
    let port = network::free_port()?;
    let mut server =
        Server::start(container.script("keystone", &[], "keystone.sh", &[&port.to_string()]))?;
    let body = server.answer(port, "/v3")?;
    let json: serde_json::Value = serde_json::from_str(&body)
        .map_err(|error| Error::refused(format!("GET /v3 answered no JSON ({error}):\n{body}")))?;
    eprintln!("    GET /v3 answers:");
    println!("{json:#}");
    Ok(())
}

/// A server in a container, ended when this is dropped.
struct Server {
    line: String,
    log: PathBuf,
    child: Child,
}

impl Server {
    fn start(mut command: std::process::Command) -> Result<Self> {
        let log = workspace::work("smoke")?.join("keystone.log");
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

    /// What the server answers as soon as it answers.
    fn answer(&mut self, port: u16, path: &str) -> Result<String> {
        let start = Instant::now();
        let mut told = 0;
        loop {
            if let Ok(answer) = get(port, path) {
                return body(&answer).map_err(|what| self.failure(format!("GET {path}: {what}")));
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(self.failure(status.to_string()));
            }
            let waited = start.elapsed();
            if waited > PATIENCE {
                return Err(self.failure(format!("no answer in {} s", PATIENCE.as_secs())));
            }
            if waited.as_secs() >= told + 5 {
                told = waited.as_secs();
                eprintln!("    waiting for GET {path}: {told} s");
            }
            std::thread::sleep(Duration::from_millis(250));
        }
    }

    fn failure(&self, how: String) -> Error {
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

/// The body of an answer whose status is 200.
fn body(answer: &str) -> std::result::Result<String, String> {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let status = head.lines().next().unwrap_or_default();
    if status.split_whitespace().nth(1) == Some("200") {
        Ok(body.to_owned())
    } else {
        Err(format!("the server answered {status:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_200_has_a_body() {
        assert_eq!(
            body("HTTP/1.0 200 OK\r\nA: b\r\n\r\n{}"),
            Ok("{}".to_owned())
        );
        assert_eq!(
            body("HTTP/1.1 500 Internal Server Error\r\n\r\n"),
            Err("the server answered \"HTTP/1.1 500 Internal Server Error\"".to_owned())
        );
        assert!(body("").is_err());
    }

    #[test]
    fn a_server_that_ends_tells_its_last_words() {
        let mut server =
            Server::start(process::command("sh", ["-c", "echo no database; exit 7"])).unwrap();
        let error = server
            .answer(network::free_port().unwrap(), "/v3")
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
        let mut server = Server::start(process::command("cat", ["-"])).unwrap();
        assert!(server.end().is_some_and(|status| status.success()));
    }
}
