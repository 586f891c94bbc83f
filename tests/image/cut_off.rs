//! An installation that was killed, as by Ctrl-C or by the kernel.

use crate::container::Container;

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn an_installation_that_was_cut_off_is_finished() {
    let container = Container::with_tools();
    container.tiny_source("");
    container.write(
        "/tmp/half/DEBIAN/control",
        "Package: half\nVersion: 1\nArchitecture: all\nMaintainer: Tester <tester@test>\nDescription: kills dpkg, once\n",
    );
    container.program(
        "/tmp/half/DEBIAN/postinst",
        "test -e /killed || { touch /killed; kill -KILL $PPID; }",
    );
    container.shell("dpkg-deb --build /tmp/half /tmp/half.deb");
    let killed = container.run(&["dpkg", "--install", "/tmp/half.deb"]);
    assert_ne!(killed.status, Some(0));
    assert!(!container.packages().contains_key("half"));

    container
        .install()
        .succeeded()
        .says("bootstrap: an earlier installation was cut off\n");
    assert!(container.packages().contains_key("half"));
    assert!(!container.has("/usr/bin/git"));
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn what_a_bootstrap_brought_that_was_cut_off_goes_too() {
    let container = Container::with_tools();
    container.tiny_source("");
    // As it is when the installation ends and the program before it can write that down.
    container.remove("/var/lib/loci-install/brought-packages");
    container.shell("apt-mark manual git");
    assert!(container.has("/usr/bin/git"));
    container.install().succeeded();
    assert!(!container.has("/usr/bin/git"));
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn cleanup_leaves_a_directory_that_this_build_did_not_extract() {
    let mut container = Container::with_tools();
    container.write("/srv/data/user.txt", "mine");
    container.set("WHEELS", "/srv/wheels.tar");
    container.set("WHEELS_DEST", "/srv/data");
    container.step("cleanup").succeeded();
    assert_eq!(container.read("/srv/data/user.txt"), "mine");
}
