//! Sources on this machine; those in the network have tests of their own, with a registry.

use std::collections::BTreeMap;

use tempfile::TempDir;

use super::*;
use crate::command::System;
use crate::settings::Given;

/// A root directory with sources below it.
struct Sources(TempDir);

impl Sources {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().expect("below")).expect("made");
        fs::write(path, content).expect("written");
    }

    fn tarball(&self, path: &str, files: &[(&str, &str)]) {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_cksum();
            let added = builder.append_data(&mut header, name, content.as_bytes());
            added.expect("added");
        }
        let bytes = builder.into_inner().expect("a tar");
        fs::write(self.0.path().join(path), bytes).expect("written");
    }

    fn fetch(&self, sources: &str) -> Result<Vec<String>, String> {
        let given = Given::new([("WHEELS".to_owned(), sources.to_owned())], [], 0, |_| {
            false
        });
        let settings = WheelsSettings::parse(&given).expect("settings");
        let root = Root::new(self.0.path());
        let fetch = Fetch {
            root: &root,
            environment: &[],
            settings: &settings,
            runner: &System::new(&[]),
            note: &|_| (),
            tell: &|_, _| (),
            stopping: &|| false,
        };
        let origins = fetch.fetch("/to/wheels")?;
        Ok(origins.iter().map(ToString::to_string).collect())
    }

    /// What is there of the destination and beside it.
    fn there(&self) -> BTreeMap<String, String> {
        let mut there = BTreeMap::new();
        let Ok(directories) = fs::read_dir(self.0.path().join("to")) else {
            return there;
        };
        for directory in directories.flatten() {
            for file in fs::read_dir(directory.path()).expect("read").flatten() {
                let name = Path::new(&directory.file_name()).join(file.file_name());
                let content = fs::read_to_string(file.path()).expect("read");
                there.insert(name.display().to_string(), content);
            }
        }
        there
    }
}

#[test]
fn of_each_wheel_the_first_source_is_used() {
    let sources = Sources::new();
    sources.write("site/a-1-py3-none-any.whl", "site");
    sources.write("site/readme.txt", "no wheel");
    sources.write("site/sub/b-1-py3-none-any.whl", "not at the root");
    sources.tarball(
        "w.tar",
        &[
            ("./a-1-py3-none-any.whl", "tarball"),
            ("./b-1-py3-none-any.whl", "tarball"),
            ("./upper-constraints.txt", "a===1"),
        ],
    );
    let said = sources.fetch("/site /w.tar").expect("fetched");
    assert_eq!(said[0], "1 wheel from /site");
    assert!(
        said[1].starts_with("1 wheel from /w.tar, sha256:"),
        "{said:?}"
    );
    let there = |pairs: &[(&str, &str)]| {
        let owned =
            |(name, content): &(&str, &str)| (format!("wheels/{name}"), (*content).to_owned());
        assert_eq!(sources.there(), pairs.iter().map(owned).collect());
    };
    there(&[
        ("a-1-py3-none-any.whl", "site"),
        ("b-1-py3-none-any.whl", "tarball"),
        ("upper-constraints.txt", "a===1"),
    ]);
    // Whoever gave the directory still has it.
    sources.write("to/wheels/a-1-py3-none-any.whl", "changed");
    let kept = fs::read_to_string(sources.0.path().join("site/a-1-py3-none-any.whl"));
    assert_eq!(kept.expect("read"), "site");
    // Another set takes its place whole.
    sources.fetch("/w.tar").expect("fetched");
    there(&[
        ("a-1-py3-none-any.whl", "tarball"),
        ("b-1-py3-none-any.whl", "tarball"),
        ("upper-constraints.txt", "a===1"),
    ]);
}

#[test]
fn nothing_is_there_after_a_failure() {
    let sources = Sources::new();
    sources.tarball(
        "whole.tar",
        &[("a-1-py3-none-any.whl", "a"), ("upper-constraints.txt", "")],
    );
    sources.tarball("bare.tar", &[("a-1-py3-none-any.whl", "a")]);
    sources.tarball("none.tar", &[("etc/passwd", "root")]);
    let bytes = fs::read(sources.0.path().join("whole.tar")).expect("read");
    fs::write(sources.0.path().join("cut.tar"), &bytes[..1000]).expect("written");
    sources.write("empty/readme.txt", "");
    for (given, why) in [
        ("/whole.tar /cut.tar", "/cut.tar: it could not be read: "),
        ("/none.tar", "/none.tar: it has no wheels at its root"),
        ("/whole.tar /empty", "/empty: it has no wheels at its root"),
        ("/nothing.tar", "/nothing.tar: there is no such file"),
        (
            "/bare.tar",
            "the wheels directory /to/wheels has no upper-constraints.txt; it was made of /bare.tar",
        ),
    ] {
        let error = sources.fetch(given).expect_err(given);
        assert!(error.starts_with(why), "{error}");
        assert_eq!(sources.there(), BTreeMap::new(), "{given}");
    }
}
