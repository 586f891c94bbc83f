//! Accounts that exist: an identical one is done, another one is an error that
//! names both and the setting that allows it.

use crate::test::Test;

#[test]
fn an_identical_account_with_its_directories_is_done() {
    // The directories belong to whoever runs this test, and so does the account.
    let (uid, gid) = (uzers::get_effective_uid(), uzers::get_effective_gid());
    let test = Test::debian()
        .file(
            "etc/passwd",
            &format!("keystone:x:{uid}:{gid}:keystone user:/var/lib/keystone:/usr/sbin/nologin\n"),
        )
        .file("etc/group", &format!("keystone:x:{gid}:\n"))
        .file("etc/keystone/keystone.conf", "")
        .file("var/log/keystone/keystone.log", "")
        .file("var/lib/keystone/x", "")
        .file("var/cache/keystone/x", "")
        .plan();
    let outcome = test
        .args(["--uid", &uid.to_string(), "--gid", &gid.to_string()])
        .outcome();
    assert!(
        outcome.stdout.contains(&format!(
            "\nuser: keystone runs as keystone ({uid}:{gid})\n    \
             after  bootstrap\n    \
             done   the account and its directories are there\n"
        )),
        "{}",
        outcome.stdout
    );
}

#[test]
fn an_identical_account_gets_the_directories_that_it_lacks() {
    let outcome = Test::debian()
        .file(
            "etc/passwd",
            "keystone:x:42424:42424::/var/lib/keystone:/usr/sbin/nologin\n",
        )
        .file("etc/group", "keystone:x:42424:\n")
        .plan()
        .outcome();
    assert!(
        outcome.stdout.contains(
            "\nuser: keystone runs as keystone (42424:42424)\n    \
             after  bootstrap\n    \
             make   /etc/keystone, owned by 42424:42424\n    \
             make   /var/log/keystone, owned by 42424:42424\n    \
             make   /var/lib/keystone, owned by 42424:42424\n    \
             make   /var/cache/keystone, owned by 42424:42424\n\n"
        ),
        "{}",
        outcome.stdout
    );
}

#[test]
fn the_user_and_its_group_have_other_ids() {
    Test::debian()
        .file("etc/passwd", "keystone:x:101:102::/var/lib/keystone:/usr/sbin/nologin\n")
        .file("etc/group", "keystone:x:102:\n")
        .plan()
        .stderr(
            "HERE\n\
             error: 2 problems; nothing was touched\n\
             \x20 GID=42424: the group keystone exists with the id 102; set GID=102, or UPDATE_SYSTEM_ACCOUNT=True to change it\n\
             \x20 the user keystone exists as 101:102 with home /var/lib/keystone and shell /usr/sbin/nologin, \
             and 42424:42424 with home /var/lib/keystone and shell /usr/sbin/nologin is wanted; \
             set UID=101 and GID=102, or UPDATE_SYSTEM_ACCOUNT=True to change it\n",
        )
        .status(2)
        .run();
}

#[test]
fn the_user_has_another_id() {
    Test::debian()
        .file("etc/passwd", "keystone:x:101:42424::/var/lib/keystone:/usr/sbin/nologin\n")
        .file("etc/group", "keystone:x:42424:\n")
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 the user keystone exists as 101:42424 with home /var/lib/keystone and shell /usr/sbin/nologin, \
             and 42424:42424 with home /var/lib/keystone and shell /usr/sbin/nologin is wanted; \
             set UID=101, or UPDATE_SYSTEM_ACCOUNT=True to change it\n",
        )
        .status(2)
        .run();
}

#[test]
fn the_user_has_another_home_and_shell_which_no_id_can_cure() {
    Test::debian()
        .file("etc/passwd", "keystone:x:42424:42424::/home/keystone:/bin/bash\n")
        .file("etc/group", "keystone:x:42424:\n")
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 the user keystone exists as 42424:42424 with home /home/keystone and shell /bin/bash, \
             and 42424:42424 with home /var/lib/keystone and shell /usr/sbin/nologin is wanted; \
             set UPDATE_SYSTEM_ACCOUNT=True to change it\n",
        )
        .status(2)
        .run();
}

#[test]
fn an_account_that_may_be_changed_is_changed() {
    let outcome = Test::debian()
        .file(
            "etc/passwd",
            "keystone:x:101:102::/home/keystone:/bin/bash\n",
        )
        .file("etc/group", "keystone:x:102:\n")
        .set("UPDATE_SYSTEM_ACCOUNT", "yes")
        .plan()
        .outcome();
    assert!(
        outcome.stdout.contains(
            "    run    groupmod --gid 42424 keystone\n    \
             run    usermod --uid 42424 --gid 42424 --home /var/lib/keystone --shell /usr/sbin/nologin --comment 'keystone user' keystone\n"
        ),
        "{}",
        outcome.stdout
    );
}

#[test]
fn the_user_id_is_taken() {
    Test::debian()
        .set("UID", "33")
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 UID=33: the user www-data has this id already; choose another UID, or set NON_UNIQUE_SYSTEM_ACCOUNT=True to share it\n",
        )
        .status(2)
        .run();
}

#[test]
fn the_group_id_is_taken() {
    Test::debian()
        .set("GID", "33")
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 GID=33: the group www-data has this id already; choose another GID, or set NON_UNIQUE_SYSTEM_ACCOUNT=True to share it\n",
        )
        .status(2)
        .run();
}

#[test]
fn a_taken_id_may_be_shared() {
    let outcome = Test::debian()
        .set("UID", "33")
        .set("GID", "33")
        .set("NON_UNIQUE_SYSTEM_ACCOUNT", "1")
        .plan()
        .outcome();
    assert!(
        outcome.stdout.contains(
            "    run    groupadd --gid 33 --non-unique keystone\n    \
             run    useradd --uid 33 --non-unique --gid 33 --no-create-home --no-log-init --home-dir /var/lib/keystone --shell /usr/sbin/nologin --comment 'keystone user' keystone\n"
        ),
        "{}",
        outcome.stdout
    );
}

#[test]
fn the_group_exists_with_another_id() {
    Test::debian()
        .file("etc/group", "keystone:x:102:\n")
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 GID=42424: the group keystone exists with the id 102; set GID=102, or UPDATE_SYSTEM_ACCOUNT=True to change it\n",
        )
        .status(2)
        .run();
}

#[test]
fn nova_logs_in() {
    let outcome = Test::debian().set("PROJECT", "nova").plan().outcome();
    assert!(
        outcome
            .stdout
            .contains(" --home-dir /var/lib/nova --shell /bin/bash "),
        "{}",
        outcome.stdout
    );
}

/// Shadow's programs would ask LDAP whether the names and ids are taken, each several times.
#[test]
fn a_directory_service_is_not_asked() {
    let test = || {
        Test::debian().file(
            "etc/nsswitch.conf",
            "passwd: files ldap\ngroup: files ldap\n",
        )
    };
    let made = test().plan().outcome();
    assert!(
        made.stdout.contains(
            "    run    groupadd --prefix /. --gid 42424 keystone\n    \
             run    useradd --prefix /. --uid 42424 --gid 42424 --no-create-home --no-log-init --home-dir /var/lib/keystone --shell /usr/sbin/nologin --comment 'keystone user' keystone\n"
        ),
        "{}",
        made.stdout
    );
    let changed = test()
        .file(
            "etc/passwd",
            "keystone:x:101:102::/home/keystone:/bin/bash\n",
        )
        .file("etc/group", "keystone:x:102:\n")
        .set("UPDATE_SYSTEM_ACCOUNT", "yes")
        .plan()
        .outcome();
    assert!(
        changed.stdout.contains(
            "    run    groupmod --prefix /. --gid 42424 --non-unique keystone\n    \
             run    usermod --uid 42424 --non-unique --gid 42424 --home /var/lib/keystone --shell /usr/sbin/nologin --comment 'keystone user' keystone\n"
        ),
        "{}",
        changed.stdout
    );
}

#[test]
fn an_applet_of_busybox_makes_no_account() {
    for (useradd, wanted) in [
        ("/usr/bin/busybox", true),
        ("../bin/toybox", true),
        ("shadow", false),
    ] {
        let outcome = Test::debian()
            .script("usr/bin/busybox")
            .script("usr/bin/toybox")
            .script("usr/sbin/shadow")
            .link("usr/sbin/useradd", useradd)
            .plan()
            .outcome();
        let says = outcome.stdout.contains("passwd to make the account");
        assert_eq!(says, wanted, "{useradd}: {}", outcome.stdout);
    }
}
