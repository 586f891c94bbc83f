//! Builds on machines that lack something: room on a disk, a root that can be written to,
//! /proc, /dev. Each ends with an error that says so, and goes on when it is there.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::assets::assets;
use crate::container::Container;
use crate::disk::Disk;
use crate::interrupted::undisturbed;
use crate::said::{Said, run};

/// Insists that a build goes on to what an undisturbed one makes.
fn goes_on(container: &Container) {
    container.install().succeeded();
    undisturbed().is_like(container);
}

/// What an operator has to be told.
fn told(said: &Said, whys: &[&str]) {
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    said.says("\nerror: ");
    let complaint = said.complaint();
    assert!(
        whys.iter().any(|why| complaint.contains(why)),
        "{complaint}"
    );
    assert!(!said.stderr.contains("panicked"), "{}", said.stderr);
    said.says("\nThis step alone: loci-install step ");
    if let Ok(directory) = std::env::var("LOCI_TEST_SAID") {
        let name = said.complaint().replace(['/', ' '], "_");
        let name: String = name.chars().take(60).collect();
        fs::write(format!("{directory}/{name}"), &said.stderr).expect("written");
    }
}

fn full(place: &str, sizes: &[&str]) {
    for size in sizes {
        let container = undisturbed().container();
        let disk = Disk::of(&container, place, size);
        let said = container.install();
        told(
            &said,
            &["No space left on device", "no space left on the device"],
        );
        disk.becomes_a_directory();
        goes_on(&container);
    }
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn where_the_virtualenv_is_the_disk_is_full() {
    full("/var/lib/openstack", &["16k", "3m"]);
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn where_the_state_is_the_disk_is_full() {
    full("/var/lib/loci-install", &["4k", "16m"]);
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_root_that_can_only_be_read_is_refused() {
    let container = undisturbed().container();
    // The engine makes what it mounts things on.
    container.shell("true");
    let locked = ReadOnly::of(&container, "");
    // Where the engine and these tests write.
    let run = Disk::of(&container, "/run", "1m");
    let said = container.install();
    drop((run, locked));
    refused(
        &said,
        "/ can only be read; run this in a container whose root can be written to",
    );
    goes_on(&container);
}

/// Each step finds a directory that it writes to, and that it can only read.
#[test]
#[ignore = "builds real images: cargo xtask test"]
fn every_step_tells_of_what_it_cannot_write() {
    let container = undisturbed().container();
    container.shell("true");
    for (step, directory) in [
        ("repositories", "etc"),
        ("bootstrap", "usr"),
        ("packages", "usr"),
        ("user", "etc"),
        ("venv", "var"),
        ("source", "var"),
        ("build", "var"),
        ("pip", "var/lib/openstack"),
        ("hooks", "srv"),
        ("config", "etc/tiny"),
        ("info", "etc"),
        ("cleanup", "usr"),
    ] {
        let locked = ReadOnly::of(&container, directory);
        let said = container.step(step);
        drop(locked);
        told(
            &said,
            &[
                "ead-only file system",
                "the filesystem is read-only",
                "/etc can only be read",
            ],
        );
        if step != "cleanup" {
            container.step(step).succeeded();
        }
    }
    goes_on(&container);
}

/// As chroot(8) alone would have it.
#[test]
#[ignore = "builds real images: cargo xtask test"]
fn there_is_neither_proc_nor_dev() {
    let container = undisturbed().container();
    let program = "/srv/loci-install";
    fs::copy(&assets().binary, container.path(program)).expect("copied");
    if container.has("/dev/null") {
        container.rename("/dev/null", "/dev/null.away");
    }
    let output = Command::new("chroot")
        .arg(container.path("/"))
        .arg(program)
        .env("PROJECT", "tiny")
        .output()
        .expect("chroot");
    let said = Said::by(&output);
    assert_eq!(said.status, Some(2), "{}", said.stderr);
    said.says("nothing was touched\n").says(
        "\n  /proc is not mounted: what is mounted here would be taken for a part of the image, \
         and be removed; mount it, as container engines do\n",
    );
    said.says(
        "\n  /dev/null is not there, or is no device: no child can be started; \
         mount /dev, as container engines do\n",
    );
}

fn refused(said: &Said, problem: &str) {
    let text = format!("error: 1 problem; nothing was touched\n  {problem}\n");
    assert_eq!(
        (said.status, said.stderr.as_str()),
        (Some(2), text.as_str())
    );
}

/// A directory of a container, mounted on itself.
struct ReadOnly(PathBuf);

impl ReadOnly {
    fn of(container: &Container, directory: &str) -> Self {
        let root = container.path(directory);
        for options in ["bind", "remount,bind,ro"] {
            run(Command::new("mount")
                .args(["-o", options])
                .args([&root, &root]));
        }
        Self(root)
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}
