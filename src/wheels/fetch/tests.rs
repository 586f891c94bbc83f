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
        let fetched = fetch.fetch("/to/wheels")?;
        Ok(fetched.origins.iter().map(ToString::to_string).collect())
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

/// `hashes.txt` of wheels of which each holds what it is called.
fn hashes(wheels: &[(&str, &str, &str)]) -> String {
    let mut hashes = Hashes::default();
    for (name, version, content) in wheels {
        let digest = Digest::of(super::super::Algorithm::Sha256, content.as_bytes());
        hashes.add(name, version, digest.hex());
    }
    hashes.text()
}

/// A set with its digests, and one of the user's own with a wheel in the place of one of them.
fn vouched() -> Sources {
    let sources = Sources::new();
    let text = hashes(&[("a", "1", "tarball a"), ("b", "1", "tarball b")]);
    sources.tarball(
        "w.tar",
        &[
            ("a-1-py3-none-any.whl", "tarball a"),
            ("b-1-py3-none-any.whl", "tarball b"),
            ("upper-constraints.txt", "a===1"),
            ("hashes.txt", &text),
        ],
    );
    sources.write("site/a-1-py3-none-any.whl", "site a");
    sources
}

#[test]
fn wheels_of_a_source_before_the_set_are_vouched_for_by_who_names_it() {
    let sources = vouched();
    sources.fetch("/site /w.tar").expect("fetched");
    let there = sources.there();
    assert_eq!(there["wheels/a-1-py3-none-any.whl"], "site a");
    assert_eq!(
        there["wheels/hashes.txt"],
        hashes(&[
            ("a", "1", "tarball a"),
            ("a", "1", "site a"),
            ("b", "1", "tarball b")
        ])
    );
    // Its own digests are required as well.
    sources.write("site/hashes.txt", &hashes(&[("a", "1", "another a")]));
    let error = sources.fetch("/site /w.tar").expect_err("refused");
    let [found, expected] = ["site a", "another a"].map(|content| {
        let digest = Digest::of(super::super::Algorithm::Sha256, content.as_bytes());
        digest.hex().to_owned()
    });
    assert_eq!(
        error,
        format!(
            "/site: a-1-py3-none-any.whl has the sha256 {found}, but hashes.txt says {expected}"
        )
    );
    sources.write("site/hashes.txt", &hashes(&[("a", "1", "site a")]));
    sources.fetch("/site /w.tar").expect("fetched");
}

#[test]
fn a_set_whose_wheels_are_not_its_own_is_not_fetched() {
    for (hashed, why) in [
        (
            hashes(&[("a", "1", "b"), ("b", "1", "a")]),
            "/w.tar: a-1-py3-none-any.whl has the sha256 ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb, \
             but hashes.txt says 3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d (and 1 wheel more)",
        ),
        (
            hashes(&[("a", "1", "a")]),
            "/w.tar: b-1-py3-none-any.whl is not vouched for: hashes.txt has no b==1",
        ),
        (
            "a==1\n".to_owned(),
            "/w.tar: hashes.txt:1:1: a==1 has no --hash=sha256:...\n  a==1\n  ^",
        ),
    ] {
        let sources = Sources::new();
        sources.tarball(
            "w.tar",
            &[
                ("a-1-py3-none-any.whl", "a"),
                ("b-1-py3-none-any.whl", "b"),
                ("upper-constraints.txt", ""),
                ("hashes.txt", &hashed),
            ],
        );
        assert_eq!(sources.fetch("/w.tar"), Err(why.to_owned()));
        assert_eq!(sources.there(), BTreeMap::new());
    }
}
