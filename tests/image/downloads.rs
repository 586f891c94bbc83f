//! Packages that are fetched over several connections before apt installs them.

use crate::container::Container;

fn two_packages() -> Container {
    let mut container = Container::with_tools();
    container.set("DIST_PACKAGES", "tree less");
    container
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn apt_finds_all_packages_fetched() {
    let container = two_packages();
    container.shell("apt-get -qq update");
    container.write("/var/lib/loci-install/lists-refreshed", "");
    // What apt-get itself fetches it takes from a proxy, and there is none there.
    let nowhere = "Binary::apt-get::Acquire::http::Proxy \"http://127.0.0.1:9/\";\n";
    container.write("/etc/apt/apt.conf.d/99nowhere", nowhere);
    let note = "packages: 2 packages, 1 MB, to be fetched, 2 at a time\n";
    container.step("packages").succeeded().says(note);
    let installed = container.packages();
    assert!(installed.contains_key("tree") && installed.contains_key("less"));
    let left = container.shell("ls /var/cache/apt/archives/partial");
    assert_eq!(left, "");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn what_does_not_come_apt_fetches_itself() {
    let container = two_packages();
    let helper = "#!/bin/sh\necho \"$*\" >> /tmp/asked\nexit 100\n";
    container.program("/usr/lib/apt/apt-helper", helper);
    let note = "packages: 1 package did not come (exit status 100); apt fetches what is missing\n";
    container.step("packages").succeeded().says(note);
    let installed = container.packages();
    assert!(installed.contains_key("tree") && installed.contains_key("less"));
    let asked = container.read("/tmp/asked");
    assert_eq!(asked.matches("SHA256:").count(), 2, "{asked}");
}
