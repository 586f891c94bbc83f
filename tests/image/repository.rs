//! Git repositories on this machine, and a server for them.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::container::tiny_project;
use crate::daemon::Daemon;
use crate::said::run;

/// A repository with a work tree.
pub struct Repository(TempDir);

impl Repository {
    /// A repository whose first commit is an unpacked sdist.
    pub fn of(source: &Path) -> Self {
        let repository = Self(tempfile::tempdir().expect("a directory"));
        run(Command::new("cp")
            .args(["-a", "-T"])
            .args([source, repository.path()]));
        // What makes it an sdist: pbr would take the version from there.
        fs::remove_file(repository.path().join("PKG-INFO")).expect("removed");
        repository.git("init --quiet --initial-branch=master");
        repository.commit();
        repository
    }

    /// A repository of `tiny`: a tag, two commits after it, a branch and a change.
    pub fn tiny() -> Self {
        let repository = Self(tempfile::tempdir().expect("a directory"));
        repository.git("init --quiet --initial-branch=master");
        repository.write("pyproject.toml", &tiny_project(""));
        repository.write("tiny.py", "answer = 1\n");
        repository.commit();
        repository.git("tag -a -m 1.0 1.0");
        repository.git("checkout --quiet -b stable/1");
        repository.write("tiny.py", "answer = 'stable'\n");
        repository.commit();
        repository.git("checkout --quiet -b change");
        repository.write("tiny.py", "answer = 'change'\n");
        repository.commit();
        repository.git("update-ref refs/changes/34/1234/5 change");
        repository.git("checkout --quiet master");
        repository.git("branch --quiet -D change");
        repository.write("tiny.py", "answer = 'master'\n");
        repository.commit();
        repository
    }

    /// A repository of these files, with one commit and a tag.
    pub fn holding(files: &[(&str, &str)], tag: &str) -> Self {
        let repository = Self(tempfile::tempdir().expect("a directory"));
        repository.git("init --quiet --initial-branch=master");
        for (name, text) in files {
            repository.write(name, text);
        }
        repository.commit();
        repository.git(&format!("tag {tag}"));
        repository
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file of its work tree.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        fs::write(path, text).expect("written");
    }

    /// Commits everything.
    pub fn commit(&self) {
        self.git("add --all --force");
        self.git("commit --quiet --message change");
    }

    /// What git answers; arguments have no spaces in them.
    pub fn git(&self, arguments: &str) -> String {
        let said = run(Command::new("git")
            .current_dir(self.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .args(["-c", "user.name=Tester", "-c", "user.email=tester@test"])
            .args(arguments.split(' ')));
        said.trim().to_owned()
    }

    /// Serves it on this machine, letting clients leave trees out, or not.
    pub fn serve(&self, filter: bool) -> Server {
        self.git(&format!("config uploadpack.allowFilter {filter}"));
        let daemon = Daemon::start(|address| {
            // `git daemon` would be the parent of the process that has to end.
            let mut command = Command::new(self.git("--exec-path") + "/git-daemon");
            command
                .args(["--export-all", "--reuseaddr", "--listen=127.0.0.1"])
                .arg(format!("--port={}", address.port()))
                .arg(format!("--base-path={}", self.path().display()))
                .arg(self.path())
                .env("GIT_CONFIG_GLOBAL", "/dev/null");
            command
        });
        Server {
            url: format!("git://{}/", daemon.address),
            _daemon: daemon,
        }
    }
}

/// A git server, stopped at its end.
pub struct Server {
    /// The repository's address.
    pub url: String,
    _daemon: Daemon,
}
