//! GNU tar and Python's tarfile extract the same archives.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::*;

const ARCHIVES: usize = 400;

/// What of a directory is taken, links followed: a name that leads nowhere has no text.
fn at_root(directory: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let text = fs::read_to_string(entry.path()).ok()?;
            crate::wheels::is_wanted(&name).then_some((name, text))
        })
        .collect()
}

#[derive(Debug, Clone)]
struct One {
    name: String,
    kind: EntryType,
    link: String,
    text: String,
}

fn one() -> impl Strategy<Value = One> {
    let names = [
        A,
        B,
        "c.whl",
        "upper-constraints.txt",
        "notes.txt",
        "d/a.whl",
    ];
    let long = format!("{}.whl", "long-".repeat(30));
    let name = prop_oneof![
        12 => proptest::sample::select(names.map(str::to_owned).to_vec()),
        2 => Just(long),
        1 => Just(format!("../{A}")),
        1 => Just(format!("/{B}")),
    ];
    let dotted = (any::<bool>(), name.clone()).prop_map(|(dotted, name)| {
        if dotted && !name.starts_with(['.', '/']) {
            format!("./{name}")
        } else {
            name
        }
    });
    let kind = prop_oneof![
        8 => Just(EntryType::Regular),
        1 => Just(EntryType::Link),
        1 => Just(EntryType::Symlink),
    ];
    (dotted, kind, name, "[a-z]{0,600}").prop_map(|(name, kind, link, text)| One {
        name,
        link: if kind == EntryType::Regular {
            String::new()
        } else {
            link
        },
        text: if kind == EntryType::Regular {
            text
        } else {
            String::new()
        },
        kind,
    })
}

fn archive(members: &[One], pax: bool) -> Vec<u8> {
    let mut tar = Bad::default();
    for member in members {
        let long = |text: &str| text.len() > 99;
        if pax {
            let mut records = String::new();
            if long(&member.name) {
                records += &record("path", &member.name);
            }
            if long(&member.link) {
                records += &record("linkpath", &member.link);
            }
            if !records.is_empty() {
                tar = tar.member("pax", EntryType::XHeader, "", &records);
            }
        } else {
            let zero = |text: &str| format!("{text}\0");
            let place = "././@LongLink";
            if long(&member.link) {
                tar = tar.member(place, EntryType::GNULongLink, "", &zero(&member.link));
            }
            if long(&member.name) {
                tar = tar.member(place, EntryType::GNULongName, "", &zero(&member.name));
            }
        }
        let short = |text: &str| text[..text.len().min(99)].to_owned();
        let (name, link) = (short(&member.name), short(&member.link));
        tar = tar.member(&name, member.kind, &link, &member.text);
    }
    tar.end()
}

/// Extracts each archive of the directory that is its argument, as `N.tar` to `N.python`;
/// `N.whole` when it got to the end. Old Pythons have no filter against what leads outside.
const PYTHON: &str = "
import pathlib, sys, tarfile, warnings
warnings.simplefilter('ignore')
leads_out = lambda name: name.startswith('/') or '..' in name.split('/')
for path in pathlib.Path(sys.argv[1]).glob('*.tar'):
    with tarfile.open(path) as archive:
        if any(leads_out(one.name) or leads_out(one.linkname) for one in archive):
            continue
        try:
            archive.extractall(path.with_suffix('.python'))
            path.with_suffix('.whole').touch()
        except (tarfile.TarError, OSError, KeyError):
            pass
";

#[test]
fn what_is_taken_is_what_tar_and_python_extract() {
    let directory = tempfile::tempdir().expect("a directory");
    let path =
        |number: usize, end: &str| -> PathBuf { directory.path().join(format!("{number}.{end}")) };
    let mut runner = TestRunner::deterministic();
    let strategy = (proptest::collection::vec(one(), 1..6), any::<bool>());
    let cases: Vec<(Vec<One>, bool)> = (0..ARCHIVES)
        .map(|_| strategy.new_tree(&mut runner).expect("a case").current())
        .collect();
    for (number, (members, pax)) in cases.iter().enumerate() {
        fs::write(path(number, "tar"), archive(members, *pax)).expect("written");
        let into = path(number, "gnu");
        fs::create_dir(&into).expect("made");
        // It fails where we do, and elsewhere: what it extracted is what counts.
        Command::new("tar")
            .args(["--extract", "--file"])
            .arg(path(number, "tar"))
            .arg("--directory")
            .arg(&into)
            .output()
            .expect("GNU tar");
    }
    let python = Command::new("python3")
        .args(["-c", PYTHON])
        .arg(directory.path())
        .output();
    let python = python.expect("Python");
    assert!(python.status.success(), "{python:?}");

    let (mut accepted, mut compared) = (0, 0);
    for (number, (members, _)) in cases.iter().enumerate() {
        let bytes = fs::read(path(number, "tar")).expect("read");
        let is_plain = members.iter().all(|member| {
            member.kind == EntryType::Regular
                && !member.name.starts_with(['/'])
                && !member.name.starts_with("..")
        });
        let ours = match tarball(&bytes) {
            Ok(ours) => ours.into_iter().collect::<BTreeMap<_, _>>(),
            Err(error) => {
                assert!(!is_plain, "{error}: {members:?}");
                continue;
            }
        };
        accepted += 1;
        assert_eq!(ours, at_root(&path(number, "gnu")), "{members:?}");
        // Python writes through a link that an earlier member made.
        let mut names: Vec<_> = members
            .iter()
            .map(|member| member.name.trim_start_matches("./"))
            .collect();
        names.sort_unstable();
        names.dedup();
        if (is_plain || names.len() == members.len()) && path(number, "whole").exists() {
            compared += 1;
            assert_eq!(ours, at_root(&path(number, "python")), "{members:?}");
        }
    }
    assert!(
        accepted > ARCHIVES / 4 && compared > ARCHIVES / 8,
        "{accepted} {compared}"
    );
}
