//! What nova has beyond its distributions: consoles, and the account of swtpm.

use std::fs;

use crate::container::Container;
use crate::repository::Repository;

/// A container that needs nothing but nova's hooks, with the account of the service, and
/// the repository of noVNC.
fn ready() -> (Container, Repository) {
    let mut container = Container::with_tools();
    container.set("PROJECT", "nova");
    let novnc = Repository::holding(&[("vnc.html", "new"), ("vnc_lite.html", "lite")], "v1.0.0");
    container.mount(novnc.path(), "/novnc");
    container.set("NOVNC_REPO", "/novnc");
    container.write("/tmp/spice-html5/spice_auto.html", "spice");
    container.write("/tmp/spice-html5/.gitignore", "");
    (container, novnc)
}

const TSS: &str = "\ntss:x:42434:42434:tss user:/home/tss:/usr/sbin/nologin\n";

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn consoles_come_from_git_or_a_source_that_is_there() {
    let (container, novnc) = ready();
    for _ in 0..2 {
        container.step("hooks").succeeded();
        let mut pages = container.names_in("/usr/share/novnc");
        pages.sort();
        assert_eq!(pages, ["vnc.html", "vnc_auto.html", "vnc_lite.html"]);
        assert_eq!(container.read("/usr/share/novnc/vnc_auto.html"), "lite");
        assert_eq!(
            container.names_in("/usr/share/spice-html5"),
            ["spice_auto.html"]
        );
        assert!(container.read("/etc/passwd").contains(TSS));
    }
    let record = container.record_so_far();
    let source = &record["sources"]["novnc"];
    assert_eq!(source["commit"], novnc.git("rev-parse HEAD"));
    assert_eq!(source["repository"], "/novnc");
    assert_eq!(source["reference"], "v1.0.0");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn an_account_of_that_name_is_changed_only_when_that_is_allowed() {
    let (mut container, _novnc) = ready();
    let passwd = container.read("/etc/passwd");
    let group = container.read("/etc/group");
    container.write(
        "/etc/passwd",
        &format!("{passwd}tss:x:101:101::/var/lib/tpm:/bin/false\n"),
    );
    container.write("/etc/group", &format!("{group}tss:x:101:\n"));
    let refused = container.step("hooks");
    assert_eq!(refused.status, Some(2));
    refused.says("NOVA_TSS_GID=42434: the group tss exists with the id 101");
    refused.says("the user tss exists as 101:101 with home /var/lib/tpm and shell /bin/false");
    assert!(!container.has("/usr/share/novnc"));
    container.set("UPDATE_SYSTEM_ACCOUNT", "True");
    container.step("hooks").succeeded();
    assert!(container.read("/etc/passwd").contains(TSS));
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_script_of_the_same_name_takes_the_place_of_ours() {
    let (container, _novnc) = ready();
    container.hook("01_install_console.sh", "echo mine > /usr/share/console");
    container
        .step("hooks")
        .succeeded()
        .says("hooks: the account of swtpm, 1 script of the image author for nova\n");
    assert_eq!(container.read("/usr/share/console"), "mine\n");
    assert!(!container.has("/usr/share/novnc"));
    assert!(container.read("/etc/passwd").contains(TSS));
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn what_is_no_console_is_refused() {
    let (container, _novnc) = ready();
    fs::remove_file(container.path("/tmp/spice-html5/spice_auto.html")).expect("removed");
    let refused = container.step("hooks");
    assert_eq!(refused.status, Some(2));
    refused.says(
        "/tmp/spice-html5 is no source of spice-html5: it has none of spice_auto.html, spice.html",
    );
}
