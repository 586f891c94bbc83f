//! What `cleanup` removes: what only the build needed.

use std::fs;

use super::package::Package;
use super::system::{FAMILIES, System, added, installed};
use crate::container::Container;

/// What is there beside the base's packages after bootstrap brought git, `change` did what a
/// hook may do, and cleanup has removed what nobody needs.
fn left(system: System, packages: &[Package], change: impl FnOnce(&mut Container)) -> Vec<String> {
    let (mut container, _repository) = system.with(packages);
    // A source that git has to be asked about.
    container.tiny_source("");
    container.write("/tmp/tiny/.git/HEAD", "ref: refs/heads/master\n");
    // All that cleanup looks at in a virtualenv.
    container.write("/var/lib/openstack/pyvenv.cfg", "");
    let before = installed(&container);
    container.step("bootstrap").succeeded();
    let mut brought = vec![
        system.accounts(),
        "git-core",
        "less",
        "libsemanage",
        "perl-Git",
        "perl-libs",
    ];
    brought.sort_unstable();
    assert_eq!(added(&container, &before), brought);
    change(&mut container);
    container.step("cleanup").succeeded();
    let now = installed(&container);
    for name in before.keys() {
        assert!(now.contains_key(name), "{name} is the base's");
    }
    added(&container, &before)
}

fn nothing(_: &mut Container) {}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn what_nobody_asked_for_is_removed() {
    for system in FAMILIES {
        assert_eq!(left(system, &[], nothing), Vec::<String>::new());
    }
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn what_bindep_asks_for_stays_with_all_that_it_needs() {
    for system in FAMILIES {
        // By a capability, and by a condition that holds.
        let packages = [
            Package::new("exim").requires("perl(Carp)"),
            Package::new("manuals").requires("(less if bash)"),
        ];
        let left = left(system, &packages, |container| {
            container.input("bindep.txt", "exim\nmanuals\nlibsemanage\n");
            container.step("packages").succeeded();
        });
        assert_eq!(
            left,
            ["exim", "less", "libsemanage", "manuals", "perl-libs"]
        );
    }
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn what_a_hook_installs_keeps_what_it_needs() {
    for system in FAMILIES {
        let tool = Package::new("tool").requires("libsemanage");
        let left = left(system, &[tool], |container| {
            container.shell(&format!("{} tool", system.install()));
        });
        assert_eq!(left, ["libsemanage", "tool"]);
    }
}

/// dnf imports the keys of a repository at its first installation, and rpm has them among the
/// packages, all under one name.
#[test]
#[ignore = "builds real images: cargo xtask test"]
fn keys_of_repositories_are_no_packages() {
    let (container, repository) = System::CentOs.with(&[]);
    repository.sign(&[]);
    fs::copy(
        repository.path().join("key.asc"),
        repository.path().join("other.asc"),
    )
    .expect("copied");
    repository.sign(&["shadow-utils", "libsemanage"]);
    let lines = "baseurl=file:///repository\ngpgcheck=1\n\
                 gpgkey=file:///repository/key.asc file:///repository/other.asc";
    System::CentOs.repository(&container, "base", lines);
    container.tiny_source("");
    container.write("/var/lib/openstack/pyvenv.cfg", "");
    container.step("bootstrap").succeeded();
    let keys = "rpm --query gpg-pubkey | wc --lines";
    assert_eq!(container.shell(keys), "2");
    container.step("cleanup").succeeded();
    assert_eq!(container.shell(keys), "2");
    assert!(!installed(&container).contains_key("shadow-utils"));
}

/// Tumbleweed's python3 is what python313 provides, and zypper has no marks.
#[test]
#[ignore = "builds real images: cargo xtask test"]
fn what_provides_the_interpreter_stays() {
    let python = Package::new("python313")
        .tag("Provides", "python3")
        .link("/usr/bin/python3", "/usr/lib/hidden/python3");
    let (container, _repository) = System::Leap.with(&[python]);
    container.rename("/usr/bin/python3", "/usr/lib/hidden/python3");
    container.tiny_source("");
    container.write("/var/lib/openstack/pyvenv.cfg", "");
    container.step("bootstrap").succeeded();
    container.step("cleanup").succeeded();
    let installed = installed(&container);
    assert!(installed.contains_key("python313"));
    assert!(!installed.contains_key("shadow"));
}

/// `dnf install` of what is there already leaves no trace, and zypper has no marks at all.
#[test]
#[ignore = "builds real images: cargo xtask test"]
fn what_a_hook_marks_stays() {
    let left = left(System::CentOs, &[], |container| {
        container.shell("dnf -q -y mark install perl-Git");
    });
    assert_eq!(left, ["perl-Git", "perl-libs"]);
}
