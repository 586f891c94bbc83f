//! What the user asks for stays, though the build needed it, too.

use crate::container::Container;

/// The packages after a whole build with these as `DIST_PACKAGES`, in a
/// container where an earlier run has installed git.
fn left_of(packages: &str) -> Vec<String> {
    let mut container = Container::with_tools();
    container.tiny_source("");
    container.set("DIST_PACKAGES", packages);
    container.install().succeeded();
    container.packages().into_keys().collect()
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_package_that_git_brought_stays_when_git_goes() {
    let left = left_of("liberror-perl").join(" ");
    assert!(!left.contains(" git "), "{left}");
    assert!(left.contains(" liberror-perl "), "{left}");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn git_itself_stays_when_asked_for_by_version() {
    let version = Container::with_tools().packages()["git"].clone();
    let left = left_of(&format!("git={version}")).join(" ");
    assert!(left.contains(" git "), "{left}");
}
