//! What is read as an image's name is written as one that means the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loci_install::wheels::registry::Reference;

fuzz_target!(|text: &str| {
    let Ok(reference) = text.parse::<Reference>() else {
        return;
    };
    let shown = reference.to_string();
    assert_eq!(shown.parse::<Reference>(), Ok(reference.clone()), "{shown}");
    // They become parts of URLs.
    let selector = reference.selector().to_string();
    for part in [reference.host(), reference.repository(), &selector] {
        assert!(
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic()),
            "{part}"
        );
    }
});
