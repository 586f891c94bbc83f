//! WHEELS as a tarball.

use std::fs;
use std::process::Command;

use crate::assets::assets;
use crate::container::Container;
use crate::files::digest_of;
use crate::said::run;

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_tarball_is_extracted_used_and_removed() {
    built_from("wheels.tar", "--create");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_compressed_tarball_is_extracted_used_and_removed() {
    built_from("wheels.tar.gz", "--gzip");
}

fn built_from(name: &str, option: &str) {
    let directory = tempfile::tempdir().expect("a directory");
    run(Command::new("tar")
        .args(["--create", option, "--directory"])
        .arg(&assets().wheels)
        .arg("--file")
        .args([directory.path().join(name).as_os_str(), ".".as_ref()]));

    let mut container = Container::with_tools();
    container.unmount("/wheels");
    container.mount(directory.path(), "/in");
    container.set("WHEELS", &format!("/in/{name}"));
    container.set("WHEELS_DEST", "/wheels.extracted");
    fs::remove_dir_all(container.path("/var/lib/openstack")).expect("removed");
    container.tiny_source("'six>=1.10'");

    container
        .step("wheels")
        .succeeded()
        .says(&format!(" wheels from /in/{name}, sha256:"));
    assert!(container.has("/wheels.extracted/upper-constraints.txt"));
    container.step("venv").succeeded();
    let wheels = container.names_in("/wheels.extracted");
    let pip = wheels
        .iter()
        .find_map(|name| name.strip_prefix("pip-")?.split('-').next())
        .expect("a wheel of pip");
    let version = container.shell("/var/lib/openstack/bin/pip --version");
    assert!(version.starts_with(&format!("pip {pip} ")), "{version}");

    container.install().succeeded();
    assert!(!container.has("/wheels.extracted"));
    let record = container.record();
    let origin = &record["wheels"][0];
    assert_eq!(origin["source"], format!("/in/{name}"));
    let digest = format!("sha256:{}", digest_of(&directory.path().join(name)));
    assert_eq!(origin["digest"], digest);
    let installed = container.read("/etc/image_info/pip.txt");
    assert!(
        installed.contains("\nsix==") || installed.starts_with("six=="),
        "{installed}"
    );
}
