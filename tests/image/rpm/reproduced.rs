//! Two builds of the same, with `SOURCE_DATE_EPOCH`: every file is the same. Debian's rpm dates
//! what it installs by it; those before 4.18, as on EL 9, do not.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::package::Package;
use super::system::System;
use crate::assets::buildah;
use crate::container::Container;

/// 2023-11-14.
const EPOCH: &str = "1700000000";

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn with_dnf_nothing_differs() {
    assert_eq!(differing(System::CentOs), "");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn with_zypper_nothing_differs() {
    assert_eq!(differing(System::Leap), "");
}

/// An image that is removed at the end.
struct Image(String);

impl Drop for Image {
    fn drop(&mut self) {
        let _ = buildah().args(["rmi", &self.0]).output();
    }
}

/// The files that differ.
fn differing(system: System) -> String {
    let id = std::process::id();
    let image = Image(format!("localhost/loci-test-twice-{system:?}-{id}").to_lowercase());
    let (prepared, repository) = system.with(&[
        Package::new("httpd").requires("less"),
        Package::new("cronie"),
    ]);
    prepared.commit(&image.0);
    let build = || {
        let mut container = Container::of(&image.0).tiny();
        container.mount(repository.path(), "/repository");
        container.tiny_source("");
        container.input("bindep.txt", "httpd\n");
        container.set("DIST_PACKAGES", "cronie");
        container.set("PYTHON_PROGRAM", "python3");
        container.set("SOURCE_DATE_EPOCH", EPOCH);
        container.install().succeeded();
        let record = container.record();
        let step = &record["steps"][0];
        assert_eq!(step["name"], "bootstrap");
        assert_eq!(step["seconds"], Value::Null);
        container
    };
    let (one, two) = (build(), build());
    let (before, after) = (files(&one), files(&two));
    let mut paths: Vec<&String> = before.keys().chain(after.keys()).collect();
    paths.sort();
    paths.dedup();
    paths.retain(|path| before.get(*path) != after.get(*path));
    let paths: Vec<&str> = paths.into_iter().map(String::as_str).collect();
    paths.join("\n")
}

/// Every regular file with its content.
fn files(container: &Container) -> BTreeMap<String, Vec<u8>> {
    let root = container.path("/");
    let all = container.find("/", |_, metadata| metadata.is_file());
    let entry = |path: &Path| {
        let inside = path.strip_prefix(&root).expect("below the root");
        let bytes = fs::read(path).expect("read");
        (format!("/{}", inside.display()), bytes)
    };
    all.iter().map(|path| entry(path)).collect()
}
