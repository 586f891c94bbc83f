//! A service from wheels alone, on a machine that has no network, and wheels whose builds
//! have none.

use super::packages::Sdist;
use super::release;
use super::served::Served;
use crate::container::Container;
use crate::hermetic::{Listener, PROBE};

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn builds_of_a_release_reach_nothing() {
    for (hermetic, heard) in [("no", &["build"][..]), ("required", &[])] {
        let index = Served::new();
        let listener = Listener::new();
        let probe = format!(
            "import sys; sys.path.insert(0, '/'); import probe; probe.call('build', {})",
            listener.port
        );
        index.sdist(&Sdist::new("quince", "1.0").first(&probe));
        let mut container = release(&index, "quince===1.0\n");
        container.write("/probe.py", PROBE);
        container.allow_namespaces();
        container.set("HERMETIC", hermetic);
        container.install().succeeded();
        assert!(container.has("/probed"));
        assert_eq!(listener.heard(), heard);
        assert_eq!(container.wheels(), ["quince-1.0-py3-none-any.whl"]);
    }
}

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
