//! The files at the top of a project: `=== NAME` begins one.
#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;
use loci_install::python::metadata::{build_requires_of_tree, extras_of_sdist, project_name};

const FILES: [&str; 4] = ["pyproject.toml", "setup.cfg", "setup.py", "PKG-INFO"];

fuzz_target!(|input: &str| {
    let directory = tempfile::tempdir().expect("a directory");
    for part in input.split("=== ") {
        let (name, text) = part.split_once('\n').unwrap_or((part, ""));
        if FILES.contains(&name) {
            fs::write(directory.path().join(name), text).expect("written");
        }
    }
    if let Some(name) = project_name(directory.path()) {
        // It becomes a file's name.
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        );
        assert!(!name.is_empty() && input.contains(&name), "{name:?}");
    }
    let _ = extras_of_sdist(directory.path());
    match build_requires_of_tree(directory.path()) {
        Ok(requirements) => {
            for requirement in requirements {
                let shown = requirement.to_string();
                assert_eq!(shown.parse().ok().as_ref(), Some(&requirement), "{shown}");
            }
        }
        Err(error) => assert!(error.why.starts_with("pyproject.toml"), "{error}"),
    }
});
