//! A signed archive of small packages for apt, and a server of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;

use crate::http::{self, Answer};
use crate::said::run;

/// An archive of the suite `trixie` with the component `main`, in the directory `debian`.
pub struct Archive {
    directory: TempDir,
    /// gpg's home, with the key that signs.
    home: TempDir,
}

/// A package of an archive.
#[derive(Default, Clone, Copy)]
pub struct Package<'a> {
    pub name: &'a str,
    /// Further lines of its control file.
    pub fields: &'a str,
    /// Its postinst script, if it has one.
    pub postinst: &'a str,
}

impl Archive {
    /// An archive with a key of its own.
    pub fn of(packages: &[Package<'_>]) -> Self {
        let archive = Self {
            directory: tempfile::tempdir().expect("a directory"),
            home: tempfile::tempdir().expect("a directory"),
        };
        archive.gpg(&[
            "--quick-gen-key",
            "Tester <tester@test>",
            "ed25519",
            "sign",
            "never",
        ]);
        fs::create_dir_all(archive.path().join("pool")).expect("made");
        for package in packages {
            archive.add(package);
        }
        archive.index();
        archive
    }

    /// The directory `debian`.
    pub fn path(&self) -> PathBuf {
        self.directory.path().join("debian")
    }

    /// The key, as text.
    pub fn key(&self) -> String {
        self.gpg(&["--armor", "--export"])
    }

    /// The archive without any signature.
    pub fn unsigned(self) -> Self {
        let suite = self.path().join("dists/trixie");
        fs::remove_file(suite.join("InRelease")).expect("removed");
        self
    }

    fn add(&self, package: &Package<'_>) {
        let Package {
            name,
            fields,
            postinst,
        } = package;
        let tree = self.directory.path().join(name);
        fs::create_dir_all(tree.join("DEBIAN")).expect("made");
        fs::create_dir_all(tree.join("usr/share/small")).expect("made");
        fs::write(tree.join("usr/share/small").join(name), "small\n").expect("written");
        let control = format!(
            "Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: Tester <tester@test>\n\
             {fields}Description: a small one\n"
        );
        fs::write(tree.join("DEBIAN/control"), control).expect("written");
        if !postinst.is_empty() {
            let script = tree.join("DEBIAN/postinst");
            fs::write(&script, format!("#!/bin/sh\n{postinst}\n")).expect("written");
            run(Command::new("chmod").arg("755").arg(script));
        }
        let file = self.path().join(format!("pool/{name}_1_all.deb"));
        run(Command::new("dpkg-deb")
            .args(["--root-owner-group", "--build"])
            .arg(tree)
            .arg(file));
    }

    fn index(&self) {
        let architecture = run(Command::new("dpkg").arg("--print-architecture"));
        let architecture = architecture.trim();
        let suite = self.path().join("dists/trixie");
        let binary = suite.join(format!("main/binary-{architecture}"));
        fs::create_dir_all(&binary).expect("made");
        let packages = run(Command::new("apt-ftparchive")
            .current_dir(self.path())
            .args(["packages", "pool"]));
        fs::write(binary.join("Packages"), packages).expect("written");
        let release = run(Command::new("apt-ftparchive")
            .current_dir(&suite)
            .args(["-o", "APT::FTPArchive::Release::Codename=trixie"])
            .args(["-o", "APT::FTPArchive::Release::Suite=stable"])
            .args(["-o", "APT::FTPArchive::Release::Components=main"])
            .args([
                "-o",
                &format!("APT::FTPArchive::Release::Architectures={architecture}"),
            ])
            .args(["release", "."]));
        let file = self.directory.path().join("Release");
        fs::write(&file, &release).expect("written");
        let signed = suite.join("InRelease");
        self.gpg(&[
            "--output",
            &signed.display().to_string(),
            "--clear-sign",
            &file.display().to_string(),
        ]);
        fs::write(suite.join("Release"), release).expect("written");
    }

    fn gpg(&self, arguments: &[&str]) -> String {
        run(Command::new("gpg")
            .arg("--homedir")
            .arg(self.home.path())
            .args([
                "--batch",
                "--quiet",
                "--passphrase",
                "",
                "--pinentry-mode",
                "loopback",
            ])
            .args(arguments))
    }
}

impl Drop for Archive {
    /// gpg's agent goes on without it.
    fn drop(&mut self) {
        let mut end = Command::new("gpgconf");
        end.arg("--homedir")
            .arg(self.home.path())
            .args(["--kill", "all"]);
        let _ = end.output();
    }
}

/// A server of files, in threads of the test, which end with it.
pub struct Mirror {
    /// `127.0.0.1:PORT`.
    pub host: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Mirror {
    /// Serves an archive.
    pub fn of(archive: &Archive) -> Self {
        Self::that_drops(archive, 0)
    }

    /// Serves an archive, but of the first so many packages only half, and then it hangs up.
    pub fn that_drops(archive: &Archive, drops: usize) -> Self {
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&requests);
        let root = archive.directory.path().to_owned();
        let left = AtomicUsize::new(drops);
        let address =
            http::serve(move |request| Some(answer(&request.target, &root, &seen, &left)));
        Self {
            host: address.to_string(),
            requests,
        }
    }

    /// The paths that were asked for.
    pub fn requests(&self) -> Vec<String> {
        let requests = self.requests.lock();
        requests.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn answer(path: &str, root: &Path, requests: &Mutex<Vec<String>>, left: &AtomicUsize) -> Answer {
    let mut all = requests.lock().unwrap_or_else(PoisonError::into_inner);
    all.push(path.to_owned());
    drop(all);
    let Ok(bytes) = fs::read(root.join(path.trim_start_matches('/'))) else {
        return Answer::of("404 Not Found");
    };
    let is_package = path.contains("/pool/");
    let fewer = |left: usize| left.checked_sub(1);
    let drops = is_package
        && left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, fewer)
            .is_ok();
    let answer = Answer::with(bytes);
    if drops { answer.cut() } else { answer }
}
