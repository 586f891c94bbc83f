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
