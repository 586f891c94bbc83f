//! A service from wheels alone, on a machine that has no network.

use crate::container::Container;

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn keystone_is_installed_without_a_network() {
    let mut container = Container::keystone().with_source();
    // Debian's archive is all that is asked.
    container.steps(&["bootstrap", "packages"]).succeeded();
    container.cut_off();
    let devices =
        container.shell("tail -n +3 /proc/net/dev; cat /proc/net/route /proc/net/fib_trie");
    let devices: Vec<&str> = devices.lines().collect();
    assert_eq!(
        devices.len(),
        2,
        "only lo and the heading of no routes: {devices:?}"
    );
    assert!(devices[0].trim_start().starts_with("lo:"), "{devices:?}");

    let said = container.install();
    said.succeeded().says("\npip: keystone with ");
    assert_eq!(
        container.shell("/var/lib/openstack/bin/python -m pip check"),
        "No broken requirements found."
    );
    let version = container.shell("/var/lib/openstack/bin/keystone-manage --version");
    let pinned = container.read("/etc/image_info/pip.txt");
    assert!(
        pinned.contains(&format!("keystone=={version}\n")),
        "{version}\n{pinned}"
    );
}
