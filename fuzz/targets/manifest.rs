//! Manifests and indexes, after a line with what the server calls them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loci_install::wheels::image::{Document, Platform, choose, read};

fuzz_target!(|input: &[u8]| {
    let line = input.iter().position(|byte| *byte == b'\n');
    let (content_type, bytes) = match line {
        Some(end) => (str::from_utf8(&input[..end]).ok(), &input[end + 1..]),
        None => (None, input),
    };
    let Ok(Document::Index(manifests)) = read(bytes, content_type) else {
        return;
    };
    for machine in ["x86_64", "aarch64", "armv7l", "armv6l", "s390x"] {
        let platform = Platform::of_machine(machine);
        match choose(&manifests, &platform) {
            Ok(chosen) => assert!(manifests.iter().any(|one| std::ptr::eq(one, chosen))),
            Err(why) => assert!(why.contains(&platform.to_string()), "{why}"),
        }
    }
});
