//! What cannot be installed is refused before anything is, and told by its place.

use std::collections::BTreeMap;

use super::package::Package;
use super::stable::stable;
use super::system::{System, installed};
use crate::container::Container;

/// What the program says to this bindep file. No package may come or go.
fn refusal(system: System, bindep: &str, packages: &[Package]) -> String {
    let (mut container, _repository) = system.with(packages);
    container.tiny_source("");
    container.input("bindep.txt", bindep);
    // What dnf and zypper say has to be understood all the same.
    container.set("LANG", "de_DE.UTF-8");
    container.set("LANGUAGE", "de:fr");
    refused(&container)
}

fn refused(container: &Container) -> String {
    let before: BTreeMap<String, String> = installed(container);
    let complaint = container.install().failed_in("bootstrap").complaint();
    assert_eq!(installed(container), before);
    stable(&complaint)
}

const MISSING: &str = "# first\nhttpdd [platform:rpm]\nless\nno-such-package\n";

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn dnf_lacks_packages() {
    let httpd = Package::new("httpd");
    insta::assert_snapshot!(refusal(System::CentOs, MISSING, &[httpd]), @"");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn zypper_lacks_packages() {
    let httpd = Package::new("httpd");
    insta::assert_snapshot!(refusal(System::Leap, MISSING, &[httpd]), @"");
}

/// Two that cannot be installed together.
fn rivals() -> [Package; 2] {
    let nginx = Package::new("nginx").tag("Conflicts", "httpd");
    [Package::new("httpd"), nginx]
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn dnf_finds_a_conflict() {
    insta::assert_snapshot!(refusal(System::CentOs, "httpd\nnginx\n", &rivals()), @"");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn zypper_finds_a_conflict() {
    insta::assert_snapshot!(refusal(System::Leap, "httpd\nnginx\n", &rivals()), @"");
}

/// One that needs what nobody has.
fn needy() -> [Package; 1] {
    [Package::new("needy").requires("libnone.so.1")]
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn dnf_lacks_a_dependency() {
    insta::assert_snapshot!(refusal(System::CentOs, "needy\n", &needy()), @"");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn zypper_lacks_a_dependency() {
    insta::assert_snapshot!(refusal(System::Leap, "needy\n", &needy()), @"");
}

/// What comes of a repository that nobody serves, beside one that is there.
fn without_an_answer(system: System) -> String {
    let (container, _repository) = system.with(&[]);
    container.tiny_source("");
    let lines = "baseurl=http://127.0.0.1:9/\ngpgcheck=0\nautorefresh=1";
    system.repository(&container, "gone", lines);
    refused(&container)
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn dnf_gets_no_answer() {
    insta::assert_snapshot!(without_an_answer(System::CentOs), @"");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn zypper_gets_no_answer() {
    insta::assert_snapshot!(without_an_answer(System::Leap), @"");
}
