//! The service's account where one is there already.

use std::process::Command;

use crate::container::Container;
use crate::said::run;

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn an_identical_account_is_kept() {
    let container = Container::with_tools();
    container.shell(
        "groupadd --gid 42424 tiny && useradd --no-log-init --no-create-home --uid 42424 --gid tiny --home-dir /var/lib/tiny --shell /usr/sbin/nologin tiny",
    );
    let before = container.read("/etc/passwd");
    container.step("user").succeeded();
    assert_eq!(container.read("/etc/passwd"), before);
    assert_eq!(container.owner("/var/log/tiny"), (42424, 42424));
    container
        .step("user")
        .succeeded()
        .says("user: nothing to do: the account and its directories are there");
}

/// useradd makes one even for who gets no home, as Enterprise Linux has it set.
#[test]
#[ignore = "builds real images: cargo xtask test"]
fn no_mailbox_is_left() {
    let container = Container::with_tools();
    container.write(
        "/etc/default/useradd",
        "SHELL=/bin/sh\nCREATE_MAIL_SPOOL=yes\n",
    );
    container.step("user").succeeded();
    assert!(container.read("/etc/passwd").contains("\ntiny:"));
    assert_eq!(container.shell("ls /var/mail"), "");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn another_account_of_the_name_is_changed_only_when_allowed() {
    let mut container = Container::with_tools();
    container.shell("groupadd --gid 1000 tiny && useradd --no-log-init --uid 1000 --gid tiny --create-home --shell /bin/sh tiny");
    let refused = container.step("user");
    assert_eq!(refused.status, Some(2));
    assert_eq!(
        refused.stderr,
        "error: 2 problems; nothing was touched\n\
         \x20 GID=42424: the group tiny exists with the id 1000; set GID=1000, or UPDATE_SYSTEM_ACCOUNT=True to change it\n\
         \x20 the user tiny exists as 1000:1000 with home /home/tiny and shell /bin/sh, and 42424:42424 with home /var/lib/tiny and shell /usr/sbin/nologin is wanted; \
         set UPDATE_SYSTEM_ACCOUNT=True to change it\n"
    );
    container.set("UPDATE_SYSTEM_ACCOUNT", "True");
    container.step("user").succeeded();
    assert_eq!(
        container.shell("getent passwd tiny; id tiny"),
        "tiny:x:42424:42424:tiny user:/var/lib/tiny:/usr/sbin/nologin\n\
         uid=42424(tiny) gid=42424(tiny) groups=42424(tiny)"
    );
    container.step("user").succeeded().says("nothing to do");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn ids_are_shared_only_when_allowed() {
    let mut container = Container::with_tools();
    container.shell("groupadd --gid 42424 other && useradd --no-log-init --no-create-home --uid 42424 --gid other other");
    let refused = container.step("user");
    assert_eq!(refused.status, Some(2));
    assert_eq!(
        refused.stderr,
        "error: 2 problems; nothing was touched\n\
         \x20 GID=42424: the group other has this id already; choose another GID, or set NON_UNIQUE_SYSTEM_ACCOUNT=True to share it\n\
         \x20 UID=42424: the user other has this id already; choose another UID, or set NON_UNIQUE_SYSTEM_ACCOUNT=True to share it\n"
    );
    container.set("NON_UNIQUE_SYSTEM_ACCOUNT", "True");
    container.step("user").succeeded();
    assert_eq!(
        container.shell("getent passwd tiny other; getent group tiny other"),
        "tiny:x:42424:42424:tiny user:/var/lib/tiny:/usr/sbin/nologin\n\
         other:x:42424:42424::/home/other:/bin/sh\n\
         tiny:x:42424:\n\
         other:x:42424:"
    );
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_large_id_does_not_grow_lastlog() {
    let mut container = Container::with_tools();
    container.write("/var/log/lastlog", "");
    container.write("/var/log/faillog", "");
    container.set("UID", "4000000000");
    container.step("user").succeeded();
    assert_eq!(container.owner("/var/lib/tiny"), (4_000_000_000, 42424));
    for log in ["/var/log/lastlog", "/var/log/faillog"] {
        assert_eq!(container.read(log), "", "{log}");
    }
}

/// A container in which whoever looks an account up that no file has waits for a second.
fn with_directory_service() -> Container {
    let container = Container::with_tools();
    let libraries = container.shell("dirname /usr/lib/*/libc.so.6");
    run(Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(container.path(&format!("{libraries}/libnss_slow.so.2")))
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/image/directory_service.c"
        )));
    container.write(
        "/etc/nsswitch.conf",
        "passwd: files slow\ngroup: files slow\n",
    );
    container
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_directory_service_is_not_waited_for() {
    let mut container = with_directory_service();
    // It is one: shadow's own way to make an account asks it.
    container.shell("useradd --no-create-home --no-log-init other");
    assert_eq!(
        container.shell("sort -u /var/log/asked; rm /var/log/asked"),
        "useradd getgrgid\nuseradd getgrnam\nuseradd getpwnam\nuseradd getpwuid"
    );

    container.step("user").succeeded();
    let identity = "getent passwd tiny; getent group tiny; grep tiny: /etc/shadow /etc/gshadow /etc/subuid | cut -d: -f1-3";
    let by_us = container.shell(identity);
    assert!(!container.has("/var/log/asked"), "{by_us}");
    // And what it leaves is what shadow leaves in its own way.
    container.shell("userdel tiny; groupdel tiny; rm -rf /etc/tiny /var/*/tiny /var/log/asked; sed -i /^tiny:/d /etc/subuid /etc/subgid");
    container.write("/etc/nsswitch.conf", "passwd: files\ngroup: files\n");
    container.step("user").succeeded();
    assert_eq!(container.shell(identity), by_us);

    container.write(
        "/etc/nsswitch.conf",
        "passwd: files slow\ngroup: files slow\n",
    );
    container.set("UPDATE_SYSTEM_ACCOUNT", "True");
    container.set("UID", "42425");
    container.set("GID", "42426");
    container.step("user").succeeded();
    assert!(!container.has("/var/log/asked"));
    assert_eq!(
        container.shell("getent passwd tiny; getent group tiny"),
        "tiny:x:42425:42426:tiny user:/var/lib/tiny:/usr/sbin/nologin\ntiny:x:42426:"
    );
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn where_busybox_has_the_names_shadow_makes_the_account() {
    let container = Container::with_tools();
    container.shell(
        "apt-get -qq update && apt-get -qq install --no-install-recommends busybox >/dev/null && \
         dpkg --purge --force-depends --force-remove-essential passwd >/dev/null 2>&1; \
         for name in adduser addgroup useradd groupadd; do ln -sf /usr/bin/busybox /usr/sbin/$name; done",
    );
    container.steps(&["bootstrap", "user"]).succeeded();
    assert_eq!(
        container.shell("getent passwd tiny; getent group tiny"),
        "tiny:x:42424:42424:tiny user:/var/lib/tiny:/usr/sbin/nologin\ntiny:x:42424:"
    );
}
