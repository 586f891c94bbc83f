use super::*;
use crate::manifest::{DeviceNumber, Entry, FilePath, Kind, Mounted};

fn entry(kind: Kind) -> Entry {
    Entry {
        kind,
        mode: 0o644,
        owner: (0, 0),
        capability: None,
        mounted: None,
    }
}

/// A character device of the driver 1.
fn device(minor: u32) -> Entry {
    entry(Kind::Device("char", DeviceNumber { major: 1, minor }))
}

fn file(sha256: &str) -> Entry {
    entry(Kind::File(Some(sha256.to_owned())))
}

fn entries(all: Vec<(&str, Entry)>) -> Entries {
    let all = all.into_iter();
    all.map(|(path, entry)| (path.into(), entry)).collect()
}

/// What is said of files.
fn lines(recorded: Vec<(&str, Entry)>, tree: &Tree) -> (Vec<String>, Vec<String>) {
    let (mut differences, unseen) = files::compare(&entries(recorded), tree);
    differences.sort();
    let lines = differences.iter().map(report::line);
    let unseen = unseen
        .iter()
        .map(|one| format!("{}: {}", one.what, one.why));
    (
        lines.map(|line| line.trim_end().to_owned()).collect(),
        unseen.collect(),
    )
}

fn mounted(kind: Kind, mounted: Mounted) -> Entry {
    Entry {
        mounted: Some(mounted),
        ..entry(kind)
    }
}

#[test]
fn each_way_of_being_another_file_is_told() {
    let recorded = vec![
        ("/capable", file("1")),
        ("/device", device(3)),
        ("/gone", file("1")),
        ("/kind", file("1")),
        ("/link", entry(Kind::Link("a b".into()))),
        ("/same", file("1")),
        ("/several", file("1")),
    ];
    let now = entries(vec![
        ("/added", file("1")),
        (
            "/capable",
            Entry {
                capability: Some(vec![1, 2]),
                ..file("1")
            },
        ),
        ("/device", device(5)),
        ("/kind", entry(Kind::Link("/tmp/x".into()))),
        ("/link", entry(Kind::Link("c".into()))),
        ("/same", file("1")),
        (
            "/several",
            Entry {
                mode: 0o4755,
                owner: (1, 2),
                ..file("2")
            },
        ),
    ]);
    let tree = Tree {
        entries: now,
        ..Tree::default()
    };
    let (lines, unseen) = lines(recorded, &tree);
    assert_eq!(
        lines,
        [
            "added /added: nothing -> file 0644 0:0 sha256 1",
            "capability /capable: none -> 0102",
            "device /device: 1,3 -> 1,5",
            "gone /gone: file 0644 0:0 -> nothing",
            "type /kind: file 0644 0:0 -> link to /tmp/x",
            "link /link: to a\\040b -> to c",
            "content /several: sha256 1 -> sha256 2",
            "mode /several: 0644 -> 4755",
            "owner /several: 0:0 -> 1:2",
        ]
    );
    assert_eq!(unseen, [""; 0]);
}

#[test]
fn what_cannot_be_seen_is_no_difference_and_is_told() {
    let recorded = vec![
        ("/etc/shadow", file("1")),
        ("/root/.bashrc", file("1")),
        ("/src/a", file("1")),
    ];
    let mut tree = Tree {
        entries: entries(vec![("/etc/shadow", entry(Kind::File(None)))]),
        ..Tree::default()
    };
    let unreadable = || manifest::Unseen::Unreadable("permission denied".to_owned());
    for (path, why) in [
        ("/etc/shadow", unreadable()),
        ("/root", unreadable()),
        ("/src", manifest::Unseen::Mounted { directory: true }),
    ] {
        tree.unseen.insert(FilePath::from(path), why);
    }
    let (lines, unseen) = lines(recorded, &tree);
    assert_eq!(lines, [""; 0]);
    assert_eq!(
        unseen,
        [
            "/etc/shadow: permission denied",
            "/root: permission denied",
            "/src: something is mounted there"
        ]
    );
}

#[test]
fn where_something_was_mounted_a_builder_leaves_what_is_empty() {
    let recorded = || {
        vec![
            ("/cache", mounted(Kind::Directory, Mounted::OnSomething)),
            ("/program", mounted(Kind::File(None), Mounted::OnNothing)),
            ("/wheels", mounted(Kind::Directory, Mounted::OnNothing)),
        ]
    };
    let tree = |all: Vec<(&str, Entry)>| Tree {
        entries: entries(all),
        ..Tree::default()
    };
    let none = (Vec::<String>::new(), Vec::<String>::new());
    assert_eq!(lines(recorded(), &tree(Vec::new())), none);
    let empty = tree(vec![
        ("/cache", entry(Kind::Directory)),
        ("/program", file(manifest::EMPTY)),
        ("/wheels", entry(Kind::Directory)),
    ]);
    assert_eq!(lines(recorded(), &empty), none);
    let full = tree(vec![
        ("/cache", entry(Kind::Directory)),
        ("/cache/a", file("1")),
        ("/cache/b", file("1")),
        ("/program", file("1")),
        ("/wheels", entry(Kind::Directory)),
        ("/wheels/x", file("1")),
    ]);
    let (lines, unseen) = lines(recorded(), &full);
    assert_eq!(
        lines,
        [
            "added /program: nothing -> file 0644 0:0",
            "added /wheels/x: nothing -> file 0644 0:0 sha256 1",
        ]
    );
    assert_eq!(
        unseen,
        ["/cache: something was mounted there when the image was made"]
    );
}

#[test]
fn directories_that_an_engine_makes_to_mount_in_are_no_difference() {
    let mut tree = Tree {
        entries: entries(vec![
            ("/new", entry(Kind::Directory)),
            ("/run", entry(Kind::Directory)),
            ("/run/secrets", entry(Kind::Directory)),
            ("/run/secrets/x", file("1")),
        ]),
        ..Tree::default()
    };
    let mounted = manifest::Unseen::Mounted { directory: true };
    let at = "/run/secrets/kubernetes.io";
    tree.unseen.insert(at.into(), mounted);
    let (lines, unseen) = lines(vec![("/run", entry(Kind::Directory))], &tree);
    assert_eq!(
        lines,
        [
            "added /new: nothing -> dir 0644 0:0",
            "added /run/secrets/x: nothing -> file 0644 0:0 sha256 1",
        ]
    );
    assert_eq!(unseen, [format!("{at}: something is mounted there")]);
}

#[test]
fn accounts_are_compared_field_by_field() {
    use crate::accounts::{Group, User};
    let user = |name: &str, uid, shell: &str| User {
        name: name.to_owned(),
        uid,
        gid: 5,
        home: "/".to_owned(),
        shell: shell.to_owned(),
    };
    let group = |name: &str, members: &[&str]| Group {
        name: name.to_owned(),
        gid: 5,
        members: members.iter().map(ToString::to_string).collect(),
    };
    let recorded = crate::accounts::Accounts {
        users: vec![user("a", 1, "sh"), user("b", 2, "sh"), user("c", 3, "sh")],
        groups: vec![group("g", &[]), group("h", &["a"])],
    };
    let found = crate::accounts::Accounts {
        users: vec![
            user("a", 0, "zsh"),
            user("c", 3, "sh"),
            user("c", 0, "sh"),
            user("d", 0, "sh"),
        ],
        groups: vec![group("g", &["a", "b"]), group("h", &["a"])],
    };
    let lines: Vec<String> = accounts::compare(&recorded, &found)
        .iter()
        .map(report::line)
        .collect();
    assert_eq!(
        lines.concat(),
        "\
user a: uid 1 -> uid 0
user a: shell sh -> shell zsh
user b: uid 2, gid 5, home /, shell sh -> nothing
user c: uid 3, gid 5, home /, shell sh -> uid 3, gid 5, home /, shell sh; uid 0, gid 5, home /, shell sh
user d: nothing -> uid 0, gid 5, home /, shell sh
group g: members none -> members a,b
"
    );
    assert_eq!(accounts::compare(&recorded, &recorded), []);
}

#[test]
fn packages_are_compared_by_version_and_state() {
    let package = |name: &str, version: &str| crate::record::Package {
        name: name.to_owned(),
        version: version.to_owned(),
        architecture: "all".to_owned(),
        because: crate::record::PackageReason::Base,
    };
    let recorded = [package("a", "1"), package("b", "1"), package("c", "1")];
    let status = |all: &[(&str, &str, &str)]| {
        let paragraphs = all.iter().map(|(name, version, state)| {
            format!(
                "Package: {name}\nStatus: install ok {state}\nArchitecture: all\nVersion: {version}\n\n"
            )
        });
        packages::of_dpkg(&paragraphs.collect::<String>())
    };
    let same = status(&[
        ("a", "1", "installed"),
        ("b", "1", "installed"),
        ("c", "1", "installed"),
        ("gone", "1", "config-files"),
    ]);
    assert_eq!(packages::compare(&recorded, &same), []);
    let other = status(&[
        ("a", "2", "installed"),
        ("b", "1", "half-configured"),
        ("d", "1", "installed"),
    ]);
    let lines: Vec<String> = packages::compare(&recorded, &other)
        .iter()
        .map(report::line)
        .collect();
    assert_eq!(
        lines.concat(),
        "\
package a: 1 all -> 2 all
package b: 1 all -> 1 half-configured all
package c: 1 all -> nothing
package d: nothing -> 1 all
"
    );
    let of_rpm = packages::of_rpm("a\tall\t1\nb\tall\t1\nc\tall\t1\ngpg-pubkey\t(none)\tx\n");
    assert_eq!(packages::compare(&recorded, &of_rpm), []);
}

#[test]
fn distributions_are_compared_with_the_digests_of_their_records() {
    let directory = tempfile::tempdir().unwrap();
    let root = Root::new(directory.path().join("[a]*"));
    let site = "/var/lib/openstack/lib/python3.13/site-packages";
    let record = "a.py,sha256=ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0,3\n";
    for (path, text) in [
        ("a.py", "abc"),
        (
            "a-1.dist-info/METADATA",
            "Name: a\nVersion: 1\n\nVersion: 9\n",
        ),
        ("a-1.dist-info/RECORD", record),
        ("B.b-1.dist-info/METADATA", "Name: B.b\nVersion: 2\n"),
        ("d-1.dist-info/RECORD", ""),
    ] {
        let path = root.join(format!("{site}/{path}"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let one = |name: &str, record_sha256: Option<String>| crate::record::Distribution {
        name: name.to_owned(),
        version: "1".to_owned(),
        because: crate::record::DistributionReason::Required,
        wheel: None,
        record_sha256,
    };
    let lines = |of_a: &str| {
        let record = Record {
            distributions: vec![
                one("a", Some(sha256_of_bytes(of_a.as_bytes()))),
                one("b-b", None),
                one("c", None),
            ],
            ..Record::default()
        };
        let installed = distributions::installed(&root);
        let tree = Tree::read(&root, Vec::new(), &[]);
        let mut all = distributions::compare(&record, &installed, &tree);
        all.extend(distributions::compare_files(&installed, &tree));
        all.iter().map(report::line).collect::<String>()
    };
    let differ = "\
distribution b-b: 1 -> 2
distribution c: 1 -> nothing
distribution d: nothing -> 1
";
    assert_eq!(lines(record), differ);
    fs::write(root.join(format!("{site}/a.py")), "abd").unwrap();
    assert_eq!(
        lines(""),
        format!(
            "{differ}\
             distribution a: RECORD sha256 {} -> RECORD sha256 {}\n\
             content {site}/a.py: \
             sha256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad -> \
             sha256 a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9\n",
            manifest::EMPTY,
            sha256_of_bytes(record.as_bytes()),
        )
    );
}
