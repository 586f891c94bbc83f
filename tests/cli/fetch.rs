//! `fetch-wheels`: what can be told before anything is fetched.

use crate::test::Test;

#[test]
fn it_needs_something_to_fetch_and_a_place_for_it() {
    Test::new()
        .args(["fetch-wheels", "--registry-protocol", "ftp"])
        .set("WHEELS_DEST", "wheels")
        .stderr(
            "error: 3 wrong settings; nothing was touched\n\
             \x20 REGISTRY_PROTOCOL=ftp: not a protocol; http, https or detect\n\
             \x20 WHEELS_DEST=wheels: not an absolute path\n\
             \x20 WHEELS: required; what is to be fetched\n",
        )
        .status(2)
        .run();
}

#[test]
fn every_wrong_source_is_named() {
    Test::new()
        .args(["fetch-wheels"])
        .set("WHEELS", "ftp://h/w.tar /w.tar r.example/X localhost:x/a")
        .set("REGISTRY_CA", "ca.pem")
        .stderr(
            "error: 4 wrong settings; nothing was touched\n\
             \x20 WHEELS=ftp://h/w.tar /w.tar r.example/X localhost:x/a: `ftp://h/w.tar` is no source of wheels; \
             an absolute path, an http(s) URL or an image reference\n\
             \x20 WHEELS=ftp://h/w.tar /w.tar r.example/X localhost:x/a: `r.example/X` is neither an absolute path \
             nor an http(s) URL, and no image: \"X\" is no image's name: lower-case letters and digits, \
             joined by '.', '_', '__', '-' and '/'\n\
             \x20 WHEELS=ftp://h/w.tar /w.tar r.example/X localhost:x/a: `localhost:x/a` is neither an absolute path \
             nor an http(s) URL, and no image: \"localhost:x\" is no registry: the port is no number from 1 to 65535\n\
             \x20 REGISTRY_CA=ca.pem: not an absolute path\n",
        )
        .status(2)
        .run();
}

#[test]
fn sources_that_are_not_there_and_a_place_that_is_taken() {
    let wheels = tempfile::tempdir().expect("a directory");
    let wheels = wheels.path();
    std::fs::write(wheels.join("mine.txt"), "").expect("written");
    let destination = wheels.display().to_string();
    Test::new()
        .args(["fetch-wheels", "--wheels", "/nothing.tar /nothing:1"])
        .set("WHEELS_PATH", &destination)
        .stderr(&format!(
            "error: 3 problems; nothing was touched\n  \
             {destination} is not empty; wheels go to a directory of their own, which WHEELS_DEST names\n  \
             WHEELS=/nothing.tar: there is no such file\n  \
             WHEELS=/nothing:1: there is no such file\n"
        ))
        .status(2)
        .run();
}

#[test]
fn other_arguments_are_not_its_own() {
    let outcome = Test::new()
        .args(["fetch-wheels", "--project", "keystone"])
        .outcome();
    assert_eq!(outcome.status, Some(2));
    assert!(
        outcome.stderr.contains("unexpected argument '--project'"),
        "{outcome:?}"
    );
}
