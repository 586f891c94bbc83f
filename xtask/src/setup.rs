//! Distribution packages that the chores need.

use crate::error::{Error, Result};
use crate::process::{self, command, stage};

/// What `image` needs when Docker's engine builds.
pub const BASE: &[&str] = &[
    "ca-certificates",
    "debian-archive-keyring",
    "mmdebstrap",
    "tar",
];

/// What buildah needs beside that, its recommended packages left out: with
/// chroot isolation there is no OCI runtime and no network to set up.
pub const BUILDAH: &[&str] = &["buildah"];

/// What a registry with an image in it needs.
pub const REGISTRY: &[&str] = &["docker-registry", "skopeo"];

/// What the tests need beside that.
pub const TEST: &[&str] = &[
    "apt-utils",
    "createrepo-c",
    "curl",
    "dpkg",
    "git",
    "gpg",
    "gpg-agent",
    "openssl",
    "python3-venv",
    "rpm",
    "strace",
];

/// What fuzz targets are made with: libFuzzer is C++.
pub const FUZZ: &[&str] = &["g++"];

/// Installs those of the packages that are missing, in one transaction.
pub fn packages(wanted: &[&str]) -> Result<()> {
    let missing: Vec<&str> = wanted
        .iter()
        .copied()
        .filter(|name| !installed(name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    require_apt(&missing)?;
    stage(&format!("installing {}", missing.join(" ")), || {
        // A fresh machine has no lists, a used one has old ones.
        update()?;
        let install = ["install", "-q", "-y", "--no-install-recommends"];
        process::run(apt(&[&install, missing.as_slice()].concat()))
    })
}

/// Fetches the package lists.
pub fn update() -> Result<()> {
    process::run(apt(&["update", "-q"]))
}

fn installed(name: &str) -> bool {
    let query = command(
        "dpkg-query",
        ["--show", "--showformat", "${db:Status-Status}", name],
    );
    process::read(query).is_ok_and(|status| status == "installed")
}

fn require_apt(missing: &[&str]) -> Result<()> {
    if !process::succeeds(command("apt-get", ["--version"])) {
        return Err(Error::refused(format!(
            "this machine has no apt-get: install {} in its own way, and make them known to dpkg",
            missing.join(" ")
        )));
    }
    if process::read(command("id", ["-u"]))?.trim() != "0" {
        return Err(Error::refused(format!(
            "{} must be installed: run this as root",
            missing.join(" ")
        )));
    }
    Ok(())
}

fn apt(arguments: &[&str]) -> std::process::Command {
    let mut apt = command("apt-get", arguments);
    apt.env("DEBIAN_FRONTEND", "noninteractive");
    apt
}
