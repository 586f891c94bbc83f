//! The repository that every contestant clones, served on this machine, so that
//! the network decides nothing.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use crate::error::{Error, Result};
use crate::process::{self, command, stage};
use crate::{network, workspace};

/// A git server, ended when this is dropped.
pub struct Repository {
    daemon: Child,
    /// Where it is cloned from.
    pub url: String,
}

/// A copy of the repository as it is now, which has the reference.
pub fn ensure(service: &str, asked: Option<&str>, reference: &str) -> Result<PathBuf> {
    let official = format!("https://opendev.org/openstack/{service}");
    let asked = asked.unwrap_or(&official);
    let path = copied(service, asked)?;
    let mut verify = git();
    verify.arg("-C").arg(&path);
    verify.args(["rev-parse", "--verify", "--quiet", "--end-of-options"]);
    verify.arg(format!("{reference}^{{commit}}"));
    if process::succeeds(verify) {
        return Ok(path);
    }
    Err(Error::refused(format!(
        "{asked} has no {reference}: name a branch, a tag or a commit of it by --ref"
    )))
}

/// Whole: the pack of a partial clone, linked to, would get no bitmaps.
const CLONE: &[&str] = &["clone", "--quiet", "--bare", "--no-local"];
const REPACK: &[&str] = &["repack", "-a", "-d", "--quiet", "--write-bitmap-index"];

/// Copied again only when the original has changed. Servers keep bitmaps, which
/// spare them counting the objects of each clone: a clone must not take longer
/// here because the server is on the same machine and badly kept.
fn copied(service: &str, original: &str) -> Result<PathBuf> {
    let mut list = git();
    list.args(["ls-remote", "--heads", "--tags", "--", original]);
    let how = [CLONE, REPACK].concat().join(" ");
    let key = workspace::key(&[original, &process::read(list)?, &how]);
    workspace::kept(&format!("repository/{service}"), &key, |output| {
        stage(&format!("copying {original}"), || {
            let mut clone = git();
            clone.args(CLONE).args(["--", original]).arg(output);
            process::run(clone)?;
            let mut repack = git();
            repack.arg("-C").arg(output);
            repack.args(REPACK);
            process::run(repack)
        })
    })
}

impl Repository {
    /// Serves the repository at `path`.
    pub fn serve(path: &Path) -> Result<Self> {
        let port = network::free_port()?;
        // `git daemon` would leave this behind when it is ended.
        let programs = process::read(command("git", ["--exec-path"]))?;
        let mut daemon = configured(&Path::new(programs.trim()).join("git-daemon"));
        daemon.args(["--reuseaddr", "--export-all", "--listen=127.0.0.1"]);
        daemon.arg(format!("--port={port}"));
        let mut base = std::ffi::OsString::from("--base-path=");
        base.push(path.parent().unwrap_or(path));
        daemon.arg(base).arg(path);
        let line = process::literal(&daemon);
        let daemon = daemon
            .spawn()
            .map_err(|error| Error::Io(format!("cannot run {line}"), error))?;
        let name = path.file_name().unwrap_or_default().display();
        let repository = Self {
            daemon,
            url: format!("git://127.0.0.1:{port}/{name}"),
        };
        if network::answers(port) {
            return Ok(repository);
        }
        Err(Error::refused(format!("nobody answers: {line}")))
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        self.daemon.kill().ok();
        self.daemon.wait().ok();
    }
}

fn git() -> Command {
    configured(Path::new("git"))
}

/// As the large servers are set up: clones may be partial. The repository may
/// be somebody else's, and nothing of it is run.
fn configured(program: &Path) -> Command {
    let mut git = command(&program.to_string_lossy(), [] as [&str; 0]);
    let settings = [
        ("uploadpack.allowFilter", "true"),
        ("uploadpack.allowAnySHA1InWant", "true"),
        ("safe.directory", "*"),
    ];
    git.env("GIT_CONFIG_COUNT", settings.len().to_string());
    for (number, (key, value)) in settings.iter().enumerate() {
        git.env(format!("GIT_CONFIG_KEY_{number}"), key);
        git.env(format!("GIT_CONFIG_VALUE_{number}"), value);
    }
    git
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> PathBuf {
        let path = workspace::fresh("test-repository").unwrap().join("it.git");
        let mut init = git();
        init.args(["init", "--quiet", "--bare"]).arg(&path);
        process::run(init).unwrap();
        let mut commit = git();
        commit
            .arg("-C")
            .arg(&path)
            .args(["-c", "user.name=a", "-c", "user.email=a@b"]);
        // The empty tree.
        commit.args([
            "commit-tree",
            "-m",
            "one",
            "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
        ]);
        let mut tree = git();
        tree.arg("-C")
            .arg(&path)
            .args(["hash-object", "-w", "-t", "tree", "/dev/null"]);
        process::run(tree).unwrap();
        let commit = process::read(commit).unwrap();
        let mut tag = git();
        tag.arg("-C")
            .arg(&path)
            .args(["update-ref", "refs/tags/1", commit.trim()]);
        process::run(tag).unwrap();
        path
    }

    #[test]
    fn a_repository_is_served_in_part_or_whole_as_long_as_it_is_there() {
        let path = made();
        let copy = ensure("test", path.to_str(), "1").unwrap();
        let repository = Repository::serve(&copy).unwrap();
        let asked = || {
            let mut list = git();
            list.args(["ls-remote", "--tags", &repository.url]);
            process::read(list).unwrap()
        };
        assert!(asked().ends_with("\trefs/tags/1\n"), "{}", asked());

        let refusal = ensure("test", path.to_str(), "2").unwrap_err().to_string();
        assert_eq!(
            refusal,
            format!(
                "{} has no 2: name a branch, a tag or a commit of it by --ref",
                path.display()
            )
        );
    }
}
