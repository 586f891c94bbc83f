//! A service from wheels alone, on a machine that has no network.

use crate::container::Container;

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn keystone_is_installed_without_a_network() {
    let mut container = Container::keystone().with_source();
    // Debian's archive is all that is asked.
    container.steps(&["bootstrap", "packages"]).succeeded();
    container.cut_off();
    // An address of lo, if it were up, would be in the trie.
    let network = "tail -n +3 /proc/net/dev; cat /proc/net/fib_trie; tail -n +2 /proc/net/route";
    let network = container.shell(network);
    assert_eq!(network.lines().count(), 1, "{network}");
    assert!(network.trim_start().starts_with("lo:"), "{network}");

    let said = container.install();
    said.succeeded()
        .says("\npip: keystone[ldap,memcache] with ");
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
