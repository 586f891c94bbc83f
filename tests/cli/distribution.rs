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
    // LOCI's own file has the codename as a profile.
    let outcome = test()
        .file("opt/loci/bindep.txt", "libldap2 [(keystone noble)]\n")
        .plan()
        .outcome();
    assert!(
        outcome
            .stdout
            .contains("packages: 1 package for the profiles keystone, zara, noble\n"),
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
fn a_distribution_of_another_kind() {
    for (os_release, said) in [
        (
            "ID=alpine\nVERSION_ID=3.23.2\n",
            "ID=alpine: its software comes by apk",
        ),
        (
            "ID=mageia\nID_LIKE=\"mandriva fedora\"\nVERSION_ID=9\n",
            "ID=mageia: its software comes by urpmi",
        ),
        (
            "ID=cachyos\nID_LIKE=arch\n",
            "ID=cachyos, and ID_LIKE arch: its software comes by pacman",
        ),
        (
            "ID=flatcar\nID_LIKE=coreos\n",
            "ID=flatcar: its software comes by images of the whole system",
        ),
    ] {
        Test::debian()
            .file("etc/os-release", os_release)
            .plan()
            .stderr(&format!(
                "HERE\n\
                 error: 1 problem; nothing was touched\n\
                 \x20 os-release says {said}, and this program knows apt, dnf and zypper; \
                 build from another base image; known are \
                 Debian: debian, ubuntu; \
                 Red Hat: centos, rhel, rocky, almalinux, ol, oracle, fedora, amzn; \
                 SUSE: opensuse, opensuse-leap, opensuse-tumbleweed, suse, sles\n"
            ))
            .status(2)
            .run();
    }
}

#[test]
fn a_release_that_is_too_old() {
    let centos = || Test::debian().file("etc/os-release", "ID=centos\nVERSION_ID=7\n");
    let mint = "ID=linuxmint\nID_LIKE=ubuntu\nVERSION_ID=18.2\nUBUNTU_CODENAME=xenial\n";
    for (test, said) in [
        (
            centos(),
            "centos 7 is too old: images need Python 3.6 or newer and apt, dnf or zypper; build from centos 8 or newer",
        ),
        (
            Test::ubuntu().file("etc/os-release", mint),
            "ubuntu 16.04 is too old: images need Python 3.6 or newer and apt, dnf or zypper; build from ubuntu 18.04 or newer",
        ),
        (
            Test::ubuntu()
                .set("DISTRO", "debian")
                .set("DISTRO_VERSION", "9"),
            "debian 9 is too old: images need Python 3.6 or newer and apt, dnf or zypper; build from debian 10 or newer",
        ),
    ] {
        test.plan()
            .stderr(&format!(
                "HERE\nerror: 1 problem; nothing was touched\n\x20 {said}\n"
            ))
            .status(2)
            .run();
    }
}

#[test]
fn an_override_has_the_spellings_of_bindep_and_of_loci() {
    let oracle = "ID=ol\nID_LIKE=fedora\nVERSION_ID=9.5\nPLATFORM_ID=platform:el9\n";
    let leap = "ID=opensuse-leap\nID_LIKE=\"suse opensuse\"\nVERSION_ID=15.6\n";
    for (os_release, distro, id, version, family) in [
        (oracle, "", "oracle", "9.5", "Red Hat"),
        (oracle, "centos", "centos", "9.5", "Red Hat"),
        (oracle, "ol", "oracle", "9.5", "Red Hat"),
        (oracle, "oracle", "oracle", "9.5", "Red Hat"),
        (oracle, "redhat", "rhel", "9.5", "Red Hat"),
        (leap, "", "opensuse", "15.6", "SUSE"),
        (leap, "opensuse-leap", "opensuse", "15.6", "SUSE"),
        (leap, "opensuse", "opensuse", "15.6", "SUSE"),
    ] {
        let test = Test::debian()
            .file("etc/os-release", os_release)
            .set("DISTRO", distro);
        let platform = platform(test);
        let told = ["id", "version", "family"].map(|field| platform[field].as_str());
        assert_eq!(told, [Some(id), Some(version), Some(family)], "{distro}");
    }
}

#[test]
fn which_release_a_derivative_is_made_from_may_be_unknown() {
    let parrot = "ID=parrot\nID_LIKE=debian\nVERSION_ID=5.3\nVERSION_CODENAME=ara\n";
    let warning = "warning: nothing in os-release tells which release of debian this is made from; \
                   rules for a release will not match; set DISTRO=debian and DISTRO_VERSION to state it\n";
    let test = || {
        Test::debian()
            .file("etc/os-release", parrot)
            .file("etc/debian_version", "")
    };
    let outcome = test().plan().outcome();
    assert!(outcome.stderr.contains(warning), "{outcome:?}");
    let outcome = test().file("etc/debian_version", "11.4\n").plan().outcome();
    assert!(!outcome.stderr.contains("warning"), "{outcome:?}");
    let outcome = test()
        .set("DISTRO", "debian")
        .set("DISTRO_VERSION", "11")
        .plan()
        .outcome();
    assert!(!outcome.stderr.contains("warning"), "{outcome:?}");
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
