//! Lock files: what is read is written as a lock that means the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loci_install::python::lock::{Lock, Source};

fuzz_target!(|text: &str| {
    let lock = match Lock::parse("/in/pylock.toml", text) {
        Ok(lock) => lock,
        Err(error) => {
            let lines = text.matches('\n').count() + 1;
            assert!(error.line.is_none_or(|line| (1..=lines).contains(&line)));
            assert!(!error.why.is_empty());
            return;
        }
    };
    for package in lock.packages.iter().chain(&lock.build_packages) {
        if let Source::Files { sdist, wheels } = &package.source {
            for file in sdist.iter().chain(wheels) {
                // It is made in a directory of ours.
                let name = &file.file_name;
                assert!(!name.is_empty() && !name.contains('/') && !name.starts_with('.'));
            }
        }
    }
    let written = lock.to_toml();
    let again = Lock::parse("/elsewhere/pylock.toml", &written);
    let again = again.unwrap_or_else(|error| panic!("{error}\n{written}"));
    assert_eq!(again.to_toml(), written);
    assert_eq!(again.packages.len(), lock.packages.len());
    assert_eq!(again.requires_python, lock.requires_python);
});
