//! A run of the program, and all that is expected of it.

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::files::{self, Files};

/// The built program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_loci-install");

/// A user id that owns nothing.
const NOBODY: u32 = 65534;

/// No run takes longer, or it would never have ended.
const LIMIT: Duration = Duration::from_mins(2);

/// A run that is being prepared.
#[must_use]
pub struct Fetch {
    home: TempDir,
    environment: BTreeMap<String, String>,
    nobody: bool,
}

/// A run that goes on.
pub struct Running {
    fetch: Fetch,
    child: Child,
}

/// What came of a run.
pub struct Fetched {
    home: TempDir,
    /// Its exit status; none when it had to be ended.
    pub status: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Fetch {
    /// One from these sources.
    pub fn of(wheels: &str) -> Self {
        let home = tempfile::tempdir().expect("a directory");
        fs::create_dir(home.path().join("bin")).expect("made");
        let path = format!("{}/bin:/usr/bin:/bin", home.path().display());
        let destination = home.path().join("wheels").display().to_string();
        let fetch = Self {
            home,
            environment: BTreeMap::new(),
            nobody: false,
        };
        let home = fetch.home.path().display().to_string();
        fetch
            .set("PATH", &path)
            .set("HOME", &home)
            .set("WHEELS", wheels)
            .set("WHEELS_DEST", &destination)
            // Five take a quarter of a minute.
            .set("PIP_RETRIES", "2")
    }

    /// Sets an environment variable.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Talks HTTP and does not try anything else.
    pub fn http(self) -> Self {
        self.set("REGISTRY_PROTOCOL", "http")
    }

    /// By a user who owns nothing but the home directory.
    pub fn by_nobody(mut self) -> Self {
        self.nobody = true;
        self
    }

    /// Where something in the home directory is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes a file into the home directory.
    pub fn file(self, name: &str, text: &str) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        fs::write(&path, text).expect("written");
        fs::set_permissions(path, Permissions::from_mode(0o600)).expect("set");
        self
    }

    /// Writes a script into PATH.
    pub fn script(self, name: &str, text: &str) -> Self {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("written");
        fs::set_permissions(path, Permissions::from_mode(0o755)).expect("set");
        self
    }

    /// Writes docker's configuration.
    pub fn docker(self, configuration: &Value) -> Self {
        self.file(".docker/config.json", &configuration.to_string())
    }

    /// Logs in, as docker does.
    pub fn login(self, host: &str, user: &str, password: &str) -> Self {
        self.docker(&json!({"auths": {host: login(user, password)}}))
    }

    /// Runs it.
    pub fn run(self) -> Fetched {
        self.start().end()
    }

    /// Starts it.
    pub fn start(self) -> Running {
        let open = |name| File::create(self.path(name)).expect("a file");
        let mut command = Command::new(PROGRAM);
        if self.nobody {
            // The directory of the built program may be one that others cannot enter.
            fs::copy(PROGRAM, self.path("program")).expect("copied");
            chown(self.home.path(), Some(NOBODY), Some(NOBODY)).expect("given away");
            command = Command::new("setpriv");
            let ids = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")];
            command.args(ids).arg("--clear-groups");
            command.arg(self.path("program"));
        }
        let child = command
            .arg("fetch-wheels")
            .env_clear()
            .envs(&self.environment)
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .stdout(open("stdout"))
            .stderr(open("stderr"))
            .spawn()
            .expect("the program can be started");
        Running { fetch: self, child }
    }
}

impl Running {
    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).expect("an id");
        nix::sys::signal::kill(Pid::from_raw(id), signal).expect("it runs");
    }

    /// Waits for its end.
    pub fn end(mut self) -> Fetched {
        let deadline = Instant::now() + LIMIT;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                break status.code();
            }
            if Instant::now() > deadline {
                let _ = self.child.kill();
                let _ = self.child.wait();
                break None;
            }
            thread::sleep(Duration::from_millis(5));
        };
        let read = |name| fs::read_to_string(self.fetch.path(name)).expect("a text");
        Fetched {
            status,
            stdout: read("stdout"),
            stderr: read("stderr"),
            home: self.fetch.home,
        }
    }
}

/// An entry of docker's configuration.
pub fn login(user: &str, password: &str) -> Value {
    json!({"auth": BASE64_STANDARD.encode(format!("{user}:{password}"))})
}

impl Fetched {
    /// Insists that these files came, and nothing else.
    pub fn brought(&self, wanted: &Files) -> &Self {
        assert_eq!(self.status, Some(0), "{}", self.stderr);
        assert_eq!(self.stdout, "");
        files::assert_same(&files::read(&self.path("wheels")), wanted);
        assert!(!self.path("wheels.partial").exists());
        self
    }

    /// Insists that it failed, left nothing and said all of this.
    pub fn failed(&self, parts: &[&str]) -> &Self {
        self.ended(1, parts)
    }

    /// Insists that it did not begin, left nothing and said all of this.
    pub fn refused(&self, parts: &[&str]) -> &Self {
        self.ended(2, parts)
    }

    /// Insists that these files came, or nothing did and that was said.
    pub fn brought_or_failed(&self, wanted: &Files, parts: &[&str]) -> &Self {
        if self.status == Some(0) {
            self.brought(wanted)
        } else {
            self.failed(parts)
        }
    }

    /// Insists that nothing is where wheels would be.
    pub fn left_nothing(&self) -> &Self {
        for name in ["wheels", "wheels.partial"] {
            assert!(!self.path(name).exists(), "{name} is there");
        }
        self
    }

    /// Insists that standard error has this.
    pub fn says(&self, part: &str) -> &Self {
        let error = &self.stderr;
        assert!(error.contains(part), "no {part:?} in:\n{error}");
        self
    }

    /// Insists that nothing was said of this.
    pub fn hides(&self, secret: &str) -> &Self {
        let error = &self.stderr;
        assert!(!error.contains(secret), "{secret:?} is in:\n{error}");
        self
    }

    /// Where something in the home directory is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn ended(&self, status: i32, parts: &[&str]) -> &Self {
        assert_eq!(self.status, Some(status), "{}", self.stderr);
        assert_eq!(self.stdout, "");
        self.left_nothing();
        for part in parts {
            self.says(part);
        }
        self
    }
}
