//! A whole build, from the first package to the last file that is removed.

use super::listing::{changes, listing};
use super::package::Package;
use super::system::{System, installed};
use crate::container::PROGRAM;
use crate::repository::Repository;

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn dnf_leaves_the_service_and_nothing_else() {
    insta::assert_snapshot!(finished(System::CentOs), @r"
    ~ /etc/group
    ~ /etc/gshadow
    + /etc/image_info
    ~ /etc/passwd
    ~ /etc/shadow
    ~ /etc/subgid
    ~ /etc/subuid
    + /etc/tiny
    + /usr/share/cronie.txt
    + /usr/share/httpd.txt
    + /usr/share/less.txt
    + /usr/share/mailcap.txt
    + /var/cache/tiny
    + /var/lib/dnf/history.sqlite
    + /var/lib/dnf/history.sqlite-wal
    + /var/lib/openstack
    ~ /var/lib/rpm/rpmdb.sqlite
    ~ /var/lib/rpm/rpmdb.sqlite-wal
    + /var/lib/tiny
    + /var/log/tiny
    - /etc/group-
    - /etc/passwd-
    - /var/cache/ldconfig/aux-cache
    - /var/lib/rpm/.rpm.lock
    ");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn zypper_leaves_the_service_and_nothing_else() {
    insta::assert_snapshot!(finished(System::Leap), @r"
    ~ /etc/group
    ~ /etc/gshadow
    + /etc/image_info
    ~ /etc/passwd
    ~ /etc/shadow
    ~ /etc/subgid
    ~ /etc/subuid
    + /etc/tiny
    + /usr/bin/python3.11
    ~ /usr/lib/sysimage/rpm/Index.db
    ~ /usr/lib/sysimage/rpm/Packages.db
    + /usr/share/cronie.txt
    + /usr/share/httpd.txt
    + /usr/share/less.txt
    + /usr/share/mailcap.txt
    + /usr/share/python311.txt
    + /var/cache/tiny
    + /var/cache/zypp
    + /var/lib/openstack
    + /var/lib/tiny
    + /var/lib/zypp
    + /var/log/tiny
    + /var/log/zypp
    - /etc/group-
    - /etc/passwd-
    - /usr/lib/sysimage/rpm/.rpm.lock
    - /var/cache/ldconfig/aux-cache
    ");
}

/// What is different in the finished image.
fn finished(system: System) -> String {
    let (mut container, _repository) = system.with(&[
        // What git brings, too.
        Package::new("httpd")
            .requires("less")
            .requires("mailcap")
            .tag("Recommends", "httpd-manual"),
        Package::new("httpd-manual"),
        Package::new("mailcap"),
        Package::new("cronie"),
    ]);
    container.input(
        "bindep.txt",
        "httpd [platform:rpm]\nnever [platform:dpkg]\n",
    );
    container.set("DIST_PACKAGES", "cronie");
    container.set("PYTHON_PROGRAM", "");
    let source = Repository::tiny();
    container.mount(source.path(), "/source");
    container.set("PROJECT_REPO", "/source");
    let base = installed(&container);
    let before = listing(&container);

    container.install().succeeded();

    let mut wanted = base;
    let python = (system == System::Leap).then_some("python311");
    for name in ["httpd", "less", "mailcap", "cronie"]
        .into_iter()
        .chain(python)
    {
        wanted.insert(name.to_owned(), "1".to_owned());
    }
    assert_eq!(installed(&container), wanted);
    let packages = container.read("/etc/image_info/packages.txt");
    assert!(packages.contains("httpd-1-1.noarch\n"), "{packages}");
    assert!(!packages.contains("git-core"), "{packages}");
    let record = container.record();
    assert_eq!(record["asked_for"], serde_json::json!(["httpd", "cronie"]));
    let mut build = vec![
        system.accounts(),
        "git-core",
        "libsemanage",
        "perl-Git",
        "perl-libs",
    ];
    build.sort_unstable();
    assert_eq!(record["build_packages"], serde_json::json!(build));

    assert_eq!(
        container.shell("id tiny"),
        "uid=42424(tiny) gid=42424(tiny) groups=42424(tiny)"
    );
    let after = listing(&container);
    let all = changes(&before, &after);
    container
        .install()
        .succeeded()
        .says("tiny: the image is finished; there is nothing to do");
    let said = container.run(&[PROGRAM, "verify"]);
    assert_eq!(said.succeeded().stdout, "");
    assert_eq!(changes(&after, &listing(&container)), Vec::<String>::new());
    container.shell("rpm --erase cronie");
    let said = container.run(&[PROGRAM, "verify"]);
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    for line in [
        "package cronie: 1-1 noarch -> nothing\n",
        "gone /usr/share/cronie.txt: file 0644 0:0 -> nothing\n",
    ] {
        assert!(said.stdout.contains(line), "{}", said.stdout);
    }
    container.shell("echo >>/usr/share/httpd.txt");
    let said = container.run(&[PROGRAM, "verify"]);
    let changed = said.stdout.lines().find(|line| line.contains("httpd.txt"));
    assert!(
        changed.is_some_and(|line| line.ends_with(" (package httpd)")),
        "{}",
        said.stdout
    );
    all.join("\n")
}
