//! Manifests of an image's files, mtree(5).
#![no_main]

use libfuzzer_sys::fuzz_target;
use loci_install::manifest::{parse, write};

fuzz_target!(|input: &str| {
    let entries = match parse(input) {
        Ok(entries) => entries,
        Err(error) => {
            let lines = 1..=input.lines().count().max(1);
            assert!(lines.contains(&error.line), "{error}");
            return;
        }
    };
    let written = write(&entries);
    let again = parse(&written).expect("what is written can be read");
    assert!(again.keys().eq(entries.keys()));
    // The owner of what is mounted is not written.
    assert_eq!(write(&again), written);
});
