//! Packages whose scripts fail, and packages without a signature.

use super::package::Package;
use super::stable::stable;
use super::system::{FAMILIES, System, installed};

/// The same package before and after its script is repaired: it fails while /broken is there.
fn broken(when: &str) -> [Package; 2] {
    let script = "if test -e /broken; then echo no; exit 3; fi";
    [
        Package::new("broken").script(when, script),
        Package::new("sound"),
    ]
}

/// What the step says to a package whose script fails.
fn failure(system: System, when: &str) -> String {
    let (container, _repository) = system.with(&broken(when));
    container.tiny_source("");
    container.input("bindep.txt", "sound\nbroken\n");
    container.step("bootstrap").succeeded();
    container.write("/broken", "");
    let said = container.step("packages");
    let complaint = said.failed_in("packages").complaint();
    container.remove("/broken");
    // rpm counts it as installed when its %post has failed, and nothing runs that again.
    if when == "pre" {
        container.step("packages").succeeded();
        assert!(installed(&container).contains_key("broken"));
    }
    stable(&complaint)
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_script_after_an_installation_fails_with_dnf() {
    insta::assert_snapshot!(failure(System::CentOs, "post"), @"");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_script_after_an_installation_fails_with_zypper() {
    insta::assert_snapshot!(failure(System::Leap, "post"), @"");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_script_before_an_installation_fails_with_dnf() {
    insta::assert_snapshot!(failure(System::CentOs, "pre"), @"");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_script_before_an_installation_fails_with_zypper() {
    insta::assert_snapshot!(failure(System::Leap, "pre"), @"");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn only_what_is_signed_is_installed() {
    for system in FAMILIES {
        let packages = [Package::new("signed"), Package::new("unsigned")];
        let (container, repository) = system.with(&packages);
        container.input("bindep.txt", "signed\n");
        container.step("bootstrap").succeeded();
        repository.sign(&["signed"]);
        let lines = "baseurl=file:///repository\ngpgcheck=1\ngpgkey=file:///repository/key.asc";
        system.repository(&container, "base", lines);
        container.remove("/var/lib/loci-install/lists-refreshed");
        container.step("packages").succeeded();
        container.input("bindep.txt", "unsigned\n");
        container.step("packages").failed_in("packages");
        let installed = installed(&container);
        assert!(installed.contains_key("signed"));
        assert!(!installed.contains_key("unsigned"));
    }
}
