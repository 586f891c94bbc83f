//! A run of the program, and all that is expected of it.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The built program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_loci-install");

/// In an expected text, stands for what every `plan` has to say about a user
/// who cannot install where the test runs: see [`Test::here`].
const HERE: &str = "HERE\n";

const NOT_ROOT: &str =
    "installing needs root; run it as root, or use `loci-install plan` to look only";
const OTHER_ROOT: &str =
    "--root is for `plan` only; to install, run this program inside that root directory";

/// A user id that owns nothing.
const NOBODY: u32 = 65534;

/// A root directory, a command line, and what is expected to come of them.
#[must_use]
pub struct Test {
    root: TempDir,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
    inside: bool,
    stdout: String,
    stderr: String,
    status: i32,
}

/// What came of a run, the root directory's own path written as `ROOT`.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Test {
    /// An empty root directory and an empty environment.
    pub fn new() -> Self {
        // Beside the built program, so that it can be linked into the root instead of copied.
        let root = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
        set_mode(root.path(), 0o755);
        Self {
            root,
            arguments: Vec::new(),
            environment: BTreeMap::new(),
            inside: false,
            stdout: String::new(),
            stderr: String::new(),
            status: 0,
        }
    }

    /// Writes a file below the root.
    pub fn file(self, path: &str, text: &str) -> Self {
        let path = self.root.path().join(path);
        let mut missing: Vec<PathBuf> = path
            .ancestors()
            .skip(1)
            .take_while(|parent| !parent.exists())
            .map(Path::to_owned)
            .collect();
        fs::create_dir_all(path.parent().expect("a file is in a directory")).expect("made");
        fs::write(&path, text).expect("written");
        set_mode(&path, 0o644);
        missing
            .drain(..)
            .for_each(|directory| set_mode(&directory, 0o755));
        self
    }

    /// Writes a script below the root.
    pub fn script(self, path: &str) -> Self {
        self.program(path, "#!/bin/sh\n")
    }

    /// Writes a file below the root that may be executed.
    pub fn program(self, path: &str, text: &str) -> Self {
        let written = self.file(path, text);
        set_mode(&written.root.path().join(path), 0o755);
        written
    }

    /// Makes a symbolic link below the root, in the place of nothing.
    pub fn link(self, path: &str, target: &str) -> Self {
        std::os::unix::fs::symlink(target, self.root.path().join(path)).expect("linked");
        self
    }

    /// Removes a file or a tree below the root.
    pub fn without(self, path: &str) -> Self {
        let path = self.root.path().join(path);
        if path.is_dir() {
            fs::remove_dir_all(path).expect("removed");
        } else {
            fs::remove_file(path).expect("removed");
        }
        self
    }

    /// Sets an environment variable.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Unsets an environment variable.
    pub fn unset(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    /// Adds arguments.
    pub fn args<'a>(mut self, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        self.arguments
            .extend(arguments.into_iter().map(str::to_owned));
        self
    }

    /// Asks for the plan of the image below the root.
    pub fn plan(self) -> Self {
        let root = self
            .root
            .path()
            .to_str()
            .expect("the path is text")
            .to_owned();
        self.args(["plan", "--root", &root])
    }

    /// Compares the image below the root with its record.
    pub fn verify(self) -> Self {
        let root = self.root().to_str().expect("the path is text").to_owned();
        self.args(["verify", "--root", &root])
    }

    /// Runs the program with the root as its own `/`, where nothing else is but
    /// what the test wrote, and as a user who may change nothing.
    pub fn inside(mut self) -> Self {
        let program = self.root.path().join("loci-install");
        if fs::hard_link(PROGRAM, &program).is_err() {
            fs::copy(PROGRAM, &program).expect("copied");
        }
        self.inside = true;
        self
    }

    /// Expects this on standard output; nothing when it is not called.
    pub fn stdout(mut self, text: &str) -> Self {
        text.clone_into(&mut self.stdout);
        self
    }

    /// Expects this on standard error; nothing when it is not called.
    pub fn stderr(mut self, text: &str) -> Self {
        self.stderr = text.replace(HERE, &self.here());
        self
    }

    /// Expects this exit status; 0 when it is not called.
    pub fn status(mut self, status: i32) -> Self {
        self.status = status;
        self
    }

    /// Runs the program and compares everything.
    #[track_caller]
    pub fn run(self) {
        let outcome = self.outcome();
        let expected = Outcome {
            status: Some(self.status),
            stdout: self.stdout.clone(),
            stderr: self.stderr.clone(),
        };
        assert!(
            outcome == expected,
            "expected\n{}\nbut it was\n{}",
            expected.shown(),
            outcome.shown()
        );
    }

    /// Runs the program for what the test looks at itself.
    pub fn outcome(&self) -> Outcome {
        let output = self
            .command()
            .env_clear()
            .envs(&self.environment)
            .output()
            .expect("the program can be started");
        let scrubbed = |bytes: Vec<u8>| {
            String::from_utf8(bytes)
                .expect("the program speaks UTF-8")
                .replace(self.root.path().to_str().expect("the path is text"), "ROOT")
                .replace(std::env::consts::ARCH, "ARCH")
        };
        let outcome = Outcome {
            status: output.status.code(),
            stdout: scrubbed(output.stdout),
            stderr: scrubbed(output.stderr),
        };
        assert!(
            !outcome.stderr.starts_with("chroot: ") && !outcome.stderr.starts_with("unshare: "),
            "this test enters a root directory, as root by chroot(1) and as another user by \
             unshare(1) with a user namespace, and could not: {}",
            outcome.stderr
        );
        outcome
    }

    /// The command that is run, without its environment.
    fn command(&self) -> Command {
        let root = self.root.path();
        let mut command = if !self.inside {
            Command::new(PROGRAM)
        } else if is_root() {
            let mut command = Command::new(tool("chroot"));
            command
                .arg(format!("--userspec={NOBODY}:{NOBODY}"))
                .arg(root)
                .arg("/loci-install");
            command
        } else {
            let mut command = Command::new(tool("unshare"));
            command
                .arg(format!("--map-user={NOBODY}"))
                .arg(format!("--map-group={NOBODY}"))
                .arg("--root")
                .arg(root)
                .args(["--wd", "/", "/loci-install"]);
            command
        };
        command.args(&self.arguments);
        command
    }

    /// Why this user cannot install in this root, as `plan` says it.
    fn here(&self) -> String {
        let lines = self.problems_here();
        let lines = lines
            .iter()
            .map(|problem| format!("cannot be run here: {problem}\n"));
        lines.collect::<Vec<_>>().concat()
    }

    /// The same as the plan's list of problems has it.
    pub fn problems_here(&self) -> Vec<&'static str> {
        match (self.inside, is_root()) {
            (true, _) => vec![NOT_ROOT],
            (false, true) => vec![OTHER_ROOT],
            (false, false) => vec![NOT_ROOT, OTHER_ROOT],
        }
    }

    /// The root directory.
    pub fn root(&self) -> &Path {
        self.root.path()
    }
}

impl Outcome {
    fn shown(&self) -> String {
        format!(
            "--- status {:?}\n--- stdout\n{}--- stderr\n{}---",
            self.status, self.stdout, self.stderr
        )
    }
}

/// Whether the tests run as root.
pub fn is_root() -> bool {
    uzers::get_effective_uid() == 0
}

fn tool(name: &str) -> PathBuf {
    let path = std::env::var("PATH").unwrap_or_default();
    which::which_in(
        name,
        Some(format!("{path}:/usr/sbin:/sbin:/usr/bin:/bin")),
        "/",
    )
    .unwrap_or_else(|_| panic!("this test needs the program {name}, of coreutils or util-linux"))
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("permissions set");
}
