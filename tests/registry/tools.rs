//! Programs that the tests use.

use std::ffi::OsStr;
use std::process::{Command, Output};

/// Runs a program that has to succeed, and gives what it says.
pub fn run(program: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> String {
    let output = command(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program}: {}", said(&output));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A program as it works without privileges beyond root's.
pub fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env("BUILDAH_ISOLATION", "chroot");
    command.env("STORAGE_DRIVER", "overlay");
    // The registries here are not behind a proxy.
    for name in ["http_proxy", "https_proxy", "all_proxy"] {
        command.env_remove(name);
        command.env_remove(name.to_ascii_uppercase());
    }
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}
