//! Which distribution the image is: told by os-release, or by the user.

use serde_json::{Value, json};

use crate::test::Test;

fn platform(test: Test) -> Value {
    let outcome = test.plan().args(["--format", "json"]).outcome();
    let plan: Value = serde_json::from_str(&outcome.stdout)
        .unwrap_or_else(|error| panic!("{error}: {outcome:?}"));
    let mut platform = plan["platform"].clone();
    platform
        .as_object_mut()
        .expect("an object")
        .remove("architecture");
    platform
}

/// The packages that the bindep file selects.
fn packages(test: Test) -> String {
    let outcome = test.set("PROFILES", "ldap").plan().outcome();
    let line = outcome
        .stdout
        .lines()
        .find(|line| line.starts_with("packages: "));
    line.unwrap_or_else(|| panic!("{outcome:?}")).to_owned()
}

#[test]
fn os_release_is_not_there() {
    Test::debian()
        .without("etc/os-release")
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 cannot tell which distribution this is: neither /etc/os-release nor /usr/lib/os-release is there; \
             repair the file in the base image, or set DISTRO and DISTRO_VERSION, as in DISTRO=ubuntu DISTRO_VERSION=24.04\n",
        )
        .status(2)
        .run();
}

#[test]
fn os_release_is_malformed() {
    Test::debian()
        .file("etc/os-release", "NAME=Debian\nID=\"debian\nVERSION_ID=13\n")
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 cannot tell which distribution this is: /etc/os-release:2: the quotation that begins here does not end; \
             repair the file in the base image, or set DISTRO and DISTRO_VERSION, as in DISTRO=ubuntu DISTRO_VERSION=24.04\n",
        )
        .status(2)
        .run();
}

#[test]
fn os_release_without_an_id() {
    Test::debian()
        .file("etc/os-release", "NAME=Debian\n")
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 cannot tell which distribution this is: /etc/os-release has no ID; \
             repair the file in the base image, or set DISTRO and DISTRO_VERSION, as in DISTRO=ubuntu DISTRO_VERSION=24.04\n",
        )
        .status(2)
        .run();
}

#[test]
fn a_distribution_that_nobody_knows() {
    Test::debian()
        .file("etc/os-release", "ID=plan9\nID_LIKE=\"unix multics\"\n")
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 os-release says ID=plan9 and ID_LIKE=unix multics, and neither is a distribution that this program knows; \
             set DISTRO (and DISTRO_VERSION) to the one that it is made from; known are \
             Debian: debian, ubuntu; \
             Red Hat: centos, rhel, rocky, almalinux, ol, oracle, fedora, amzn; \
             SUSE: opensuse, opensuse-leap, opensuse-tumbleweed, suse, sles\n",
        )
        .status(2)
        .run();
}

#[test]
fn both_overrides_need_no_os_release() {
    for version in ["noble", "24.04"] {
        let test = Test::debian()
            .without("etc/os-release")
            .set("DISTRO", "Ubuntu")
            .set("DISTRO_VERSION", version);
        assert_eq!(
            platform(test),
            json!({"id": "ubuntu", "version": "24.04", "codename": "noble", "family": "Debian"}),
            "{version}"
        );
    }
}

#[test]
fn an_override_beats_os_release() {
    let test = || {
        Test::ubuntu()
            .set("DISTRO", "debian")
            .set("DISTRO_VERSION", "12")
    };
    assert_eq!(
        platform(test()),
        json!({"id": "debian", "version": "12", "codename": "bookworm", "family": "Debian"})
    );
    assert_eq!(
        packages(test()),
        "packages: 1 package for the profiles keystone, ldap, bookworm"
    );
    // The version alone: the distribution is the one that is there.
    assert_eq!(
        platform(Test::ubuntu().set("DISTRO_VERSION", "22.04")),
        json!({"id": "ubuntu", "version": "22.04", "codename": "jammy", "family": "Debian"})
    );
}

#[test]
fn a_derivative_counts_as_what_it_descends_from() {
    let mint = "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_ID=\"22.2\"\nVERSION_CODENAME=zara\nUBUNTU_CODENAME=noble\n";
    let test = || Test::ubuntu().file("etc/os-release", mint);
    assert_eq!(
        platform(test()),
        json!({"id": "linuxmint", "version": "22.2", "codename": "zara", "family": "Debian"})
    );
    // One is asked for by `platform:dpkg`, one by `platform:ubuntu-noble`.
    let outcome = test().set("PROFILES", "ldap apache").plan().outcome();
    assert!(
        outcome
            .stdout
            .contains(" install --yes --no-install-recommends apache2 libldap2t64\n"),
        "{}",
        outcome.stdout
    );
    // Named by the user, it is what os-release says that it descends from.
    assert_eq!(
        platform(test().set("DISTRO", "ubuntu")),
        json!({"id": "ubuntu", "version": "24.04", "codename": "noble", "family": "Debian"})
    );
}

#[test]
fn each_family_has_its_package_manager() {
    for (os_release, program) in [
        ("ID=centos\nID_LIKE=\"rhel fedora\"\nVERSION_ID=9\n", "dnf"),
        ("ID=opensuse-leap\nVERSION_ID=15.6\n", "zypper"),
    ] {
        let outcome = Test::debian()
            .file("etc/os-release", os_release)
            .plan()
            .outcome();
        assert_eq!(outcome.status, Some(0), "{outcome:?}");
        let line = format!("\n    do     {program} ");
        assert!(outcome.stdout.contains(&line), "{outcome:?}");
        for apts in ["apt-", "policy-rc.d", "py3compile", "dpkg"] {
            assert!(!outcome.stdout.contains(apts), "{apts}: {outcome:?}");
        }
    }
}
