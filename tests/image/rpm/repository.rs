//! A repository of packages, made by rpmbuild(1) and `createrepo_c(8)`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::package::{Package, spec};
use crate::said::run;

/// A repository in a directory, removed at its end.
pub struct Repository {
    directory: TempDir,
}

impl Repository {
    /// One with these packages.
    pub fn of(packages: &[Package]) -> Self {
        let repository = Self {
            directory: tempfile::tempdir().expect("a directory"),
        };
        build(packages, repository.path());
        repository.index();
        repository
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Signs these packages with a new key, which becomes a file of the repository.
    pub fn sign(&self, packages: &[&str]) {
        let home = tempfile::tempdir().expect("a directory");
        let gpg = |arguments: &[&str]| {
            let mut command = Command::new("gpg");
            command.arg("--homedir").arg(home.path()).args(arguments);
            run(&mut command)
        };
        let generate = ["--batch", "--passphrase", "", "--quick-generate-key"];
        gpg(&[&generate[..], &["Test <test@test>", "rsa2048", "sign"]].concat());
        fs::write(self.path().join("key.asc"), gpg(&["--armor", "--export"])).expect("written");
        for name in packages {
            let file = self.file(name);
            let mut sign = Command::new("rpmsign");
            sign.env("GNUPGHOME", home.path());
            for value in ["_gpg_name Test <test@test>", "__gpg /usr/bin/gpg"] {
                sign.args(["--define", value]);
            }
            run(sign.arg("--addsign").arg(file));
        }
        // gpg-agent, which gpg has started.
        run(Command::new("gpgconf")
            .arg("--homedir")
            .arg(home.path())
            .args(["--kill", "all"]));
        self.index();
    }

    /// The file of a package.
    fn file(&self, name: &str) -> PathBuf {
        let files = fs::read_dir(self.path()).expect("a directory").flatten();
        let is = |path: &PathBuf| {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            file.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with("-1"))
        };
        let file = files.map(|entry| entry.path()).find(is);
        file.unwrap_or_else(|| panic!("no package {name}"))
    }

    fn index(&self) {
        run(Command::new("createrepo_c").arg("--quiet").arg(self.path()));
    }
}

fn build(packages: &[Package], to: &Path) {
    let work = tempfile::tempdir().expect("a directory");
    let file = work.path().join("source.spec");
    fs::write(&file, spec(packages)).expect("written");
    let mut rpmbuild = Command::new("rpmbuild");
    rpmbuild.arg("--quiet");
    for (name, value) in [
        ("_topdir", work.path().display().to_string()),
        ("_rpmdir", to.display().to_string()),
        (
            "_rpmfilename",
            "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm".to_owned(),
        ),
        // Nothing is to be stripped or looked into.
        ("__os_install_post", "%{nil}".to_owned()),
        // What every rpm of the last fifteen years can unpack.
        ("_binary_payload", "w6.gzdio".to_owned()),
    ] {
        rpmbuild.args(["--define", &format!("{name} {value}")]);
    }
    run(rpmbuild.arg("-bb").arg(file));
}
