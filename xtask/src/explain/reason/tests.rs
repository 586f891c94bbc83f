use super::super::testing::{directory, file, link, tree};
use super::super::tree::Content;
use super::*;

/// A base with the package `old`, and an image with `apache2` and a service besides.
fn trees() -> (Tree, Tree) {
    let old = "Package: old\nVersion: 1\n\n";
    let mut before = tree(&[
        ("/etc", directory()),
        ("/etc/passwd", file("1")),
        ("/usr/bin/old", file("old")),
        ("/var/lib/dpkg/status", file("1")),
    ]);
    text(&mut before, "/var/lib/dpkg/status", old);
    text(
        &mut before,
        "/etc/passwd",
        "root:x:0:0:root:/root:/bin/sh\n",
    );
    text(&mut before, "/var/lib/dpkg/info/old.list", "/usr/bin/old\n");
    text(
        &mut before,
        "/var/lib/dpkg/info/old.md5sums",
        "old  usr/bin/old\n",
    );
    let mut after = tree(&[]);
    after.entries.clone_from(&before.entries);
    after.texts.clone_from(&before.texts);
    text(
        &mut after,
        "/var/lib/dpkg/status",
        &format!("{old}Package: apache2\nVersion: 1\n"),
    );
    text(
        &mut after,
        "/var/lib/dpkg/info/apache2.list",
        "/usr/sbin/apache2\n/etc/init.d/apache2\n/lib/systemd/system/apache2.service\n",
    );
    text(
        &mut after,
        "/var/lib/dpkg/info/apache2.md5sums",
        "22  usr/sbin/apache2\n",
    );
    text(
        &mut after,
        "/etc/passwd",
        "root:x:0:0:root:/root:/bin/sh\nkeystone:x:42424:42424::/var/lib/keystone:/bin/false\n",
    );
    text(
        &mut after,
        "/etc/group",
        "root:x:0:\nadm:x:4:\nkeystone:x:42424:\n",
    );
    text(
        &mut after,
        "/etc/image_info/build.json",
        r#"{"project": "keystone", "arguments": {"BYTECODE": "none"}}"#,
    );
    (before, after)
}

fn text(tree: &mut Tree, path: &str, text: &str) {
    tree.texts.insert(path.to_owned(), text.to_owned());
}

/// Why an image has this, beside a base that does not.
fn why(path: &str, entry: Entry) -> Option<String> {
    let (before, mut after) = trees();
    after.entries.insert(path.to_owned(), entry);
    told(&before, &after, path)
}

fn told(before: &Tree, after: &Tree, path: &str) -> Option<String> {
    let judged = judge(before, after);
    let (_, reason) = judged
        .into_iter()
        .find(|(difference, _)| difference.path == path)
        .expect("a difference");
    reason.map(|reason| reason.to_string())
}

fn sized(size: u64) -> Entry {
    Entry {
        kind: Kind::File(Content {
            size,
            ..Content::default()
        }),
        ..file("")
    }
}

#[test]
fn a_file_of_a_package_has_the_content_that_dpkg_knows() {
    let path = "/usr/sbin/apache2";
    assert_eq!(why(path, file("22")).as_deref(), Some("package apache2"));
    assert_eq!(why(path, file("23")), None);
    let mode = |mode| Entry { mode, ..file("22") };
    assert_eq!(why(path, mode(0o4755)), None);
    assert_eq!(why(path, mode(0o777)), None);
    let capable = Entry {
        attributes: [("security.capability".to_owned(), vec![1])].into(),
        ..file("22")
    };
    assert_eq!(why(path, capable), None);
}

#[test]
fn what_the_base_had_stays_as_it_was() {
    let (before, after) = trees();
    let change = |change: fn(&mut Tree)| {
        let mut after = Tree {
            entries: after.entries.clone(),
            texts: after.texts.clone(),
        };
        change(&mut after);
        told(&before, &after, "/usr/bin/old")
    };
    let path = || "/usr/bin/old".to_owned();
    assert_eq!(
        change(|tree| drop(tree.entries.remove("/usr/bin/old"))),
        None
    );
    assert_eq!(
        change(|tree| drop(tree.entries.insert("/usr/bin/old".to_owned(), file("x")))),
        None
    );
    let mut upgraded = Tree {
        entries: after.entries.clone(),
        texts: after.texts.clone(),
    };
    upgraded.entries.insert(path(), file("new"));
    text(
        &mut upgraded,
        "/var/lib/dpkg/status",
        "Package: old\nVersion: 2\n",
    );
    text(
        &mut upgraded,
        "/var/lib/dpkg/info/old.md5sums",
        "new  usr/bin/old\n",
    );
    assert_eq!(
        told(&before, &upgraded, "/usr/bin/old").as_deref(),
        Some("package old")
    );
}

#[test]
fn scripts_make_what_is_listed_with_its_owner_and_mode() {
    let log = |size, mode, owner| Entry {
        mode,
        owner,
        ..sized(size)
    };
    let path = "/var/log/apache2/error.log";
    assert_eq!(
        why(path, log(0, 0o640, (0, 4))).as_deref(),
        Some("apache2: postinst makes empty logs")
    );
    assert_eq!(why(path, log(1, 0o640, (0, 4))), None);
    assert_eq!(why(path, log(0, 0o644, (0, 4))), None);
    assert_eq!(why(path, log(0, 0o640, (0, 0))), None);
    let attribute = |name: &str| Entry {
        attributes: [(name.to_owned(), vec![1])].into(),
        ..log(0, 0o640, (0, 4))
    };
    assert_eq!(why(path, attribute("security.capability")), None);
    assert_eq!(why(path, attribute("user.x")), None);
    // Its package is not there.
    assert_eq!(why("/etc/timezone", file("1")), None);
}

#[test]
fn services_are_enabled_by_links() {
    for path in [
        "/etc/rc2.d/S01apache2",
        "/etc/systemd/system/multi-user.target.wants/apache2.service",
        "/var/lib/systemd/deb-systemd-helper-enabled/apache2.service.dsh-also",
    ] {
        assert_eq!(
            why(path, link("x")).as_deref(),
            Some("a service of apache2 is enabled"),
            "{path}"
        );
    }
    assert_eq!(why("/etc/rc2.d/S01other", link("x")), None);
}

#[test]
fn accounts_are_those_of_the_service() {
    let (before, mut after) = trees();
    after.entries.insert("/etc/passwd".to_owned(), file("2"));
    let is = |after: &Tree| told(&before, after, "/etc/passwd");
    assert_eq!(is(&after).as_deref(), Some("the account keystone"));
    let more = format!("{}intruder:x:0:0::/:/bin/sh\n", after.text("/etc/passwd"));
    text(&mut after, "/etc/passwd", &more);
    assert_eq!(is(&after), None);

    let home = |owner| Entry {
        owner,
        ..directory()
    };
    let path = "/var/lib/keystone";
    assert_eq!(
        why(path, home((42424, 42424))).as_deref(),
        Some("the account keystone")
    );
    assert_eq!(why(path, home((0, 0))), None);
    assert_eq!(why("/srv/keystone", home((42424, 42424))), None);
}

#[test]
fn a_virtualenv_has_what_its_records_say() {
    let site = "/var/lib/openstack/lib/python3.13/site-packages";
    let module = format!("{site}/it.py");
    let (before, mut after) = trees();
    // Of the digest of nothing.
    text(
        &mut after,
        &format!("{site}/it-1.dist-info/RECORD"),
        "it.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n",
    );
    let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let mut is = |path: &str, entry: Entry| {
        after.entries.insert(path.to_owned(), entry);
        told(&before, &after, path)
    };
    assert_eq!(
        is(&module, file(nothing)).as_deref(),
        Some("distribution it-1")
    );
    assert_eq!(is(&module, file("other")), None);
    assert_eq!(is(&format!("{site}/stray.py"), file(nothing)), None);
    assert_eq!(
        is("/var/lib/openstack/bin/python3", link("/usr/bin/python3")).as_deref(),
        Some("the virtualenv's own")
    );
    let compiled = format!("{site}/__pycache__/it.cpython-313.pyc");
    assert_eq!(is(&compiled, file("1")), None);
}

#[test]
fn bytecode_is_there_when_it_was_asked_for_and_has_a_source() {
    let (before, mut after) = trees();
    let record = r#"{"project": "keystone", "arguments": {"BYTECODE": "checked"}}"#;
    text(&mut after, "/etc/image_info/build.json", record);
    for path in [
        "/a/it.py",
        "/a/__pycache__/it.cpython-313.pyc",
        "/a/__pycache__/no.cpython-313.pyc",
    ] {
        after.entries.insert(path.to_owned(), file("1"));
    }
    let is = |path: &str| told(&before, &after, path);
    assert_eq!(
        is("/a/__pycache__/it.cpython-313.pyc").as_deref(),
        Some("compiled from the module beside it")
    );
    assert_eq!(is("/a/__pycache__/no.cpython-313.pyc"), None);
}

#[test]
fn directories_are_there_for_what_is_in_them() {
    let (before, mut after) = trees();
    let enabled = "/etc/systemd/system/multi-user.target.wants";
    for path in ["/etc/systemd", "/etc/systemd/system", enabled, "/srv/empty"] {
        after.entries.insert(path.to_owned(), directory());
    }
    after
        .entries
        .insert(format!("{enabled}/apache2.service"), link("x"));
    let touched = Entry {
        time: 2,
        ..directory()
    };
    after.entries.insert("/etc".to_owned(), touched);
    let is = |path: &str| told(&before, &after, path);
    assert_eq!(
        is("/etc/systemd").as_deref(),
        Some("a service of apache2 is enabled")
    );
    assert_eq!(is("/srv/empty"), None);
    assert_eq!(is("/etc").as_deref(), Some("something in it changed"));
}

#[test]
fn times_alone_need_a_reason() {
    let (mut before, mut after) = trees();
    let touched = Entry {
        time: 2,
        ..directory()
    };
    for path in ["/opt", "/srv"] {
        before.entries.insert(path.to_owned(), directory());
        after.entries.insert(path.to_owned(), touched.clone());
    }
    assert_eq!(
        told(&before, &after, "/opt").as_deref(),
        Some("the inputs were mounted in it")
    );
    assert_eq!(told(&before, &after, "/srv"), None);
}

#[test]
fn alternatives_are_those_of_new_packages() {
    let note = "auto\n/usr/bin/httpd\n\n/usr/sbin/apache2\n50\n\n";
    let (before, mut after) = trees();
    text(&mut after, "/var/lib/dpkg/alternatives/httpd", note);
    let mut is = |path: &str, entry: Entry| {
        after.entries.insert(path.to_owned(), entry);
        told(&before, &after, path)
    };
    let reason = Some("an alternative of apache2");
    assert_eq!(
        is("/usr/bin/httpd", link("/etc/alternatives/httpd")).as_deref(),
        reason
    );
    assert_eq!(
        is("/etc/alternatives/httpd", link("/usr/sbin/apache2")).as_deref(),
        reason
    );
    assert_eq!(
        is("/var/lib/dpkg/alternatives/httpd", file("1")).as_deref(),
        reason
    );
    assert_eq!(
        is("/etc/alternatives/other", link("/usr/sbin/apache2")),
        None
    );
}
