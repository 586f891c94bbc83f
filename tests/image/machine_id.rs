//! Ids of machines are not for images: every container of one would share them.

use crate::assets::assets;
use crate::container::Container;

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn an_id_that_a_package_made_goes_and_that_of_the_base_stays() {
    let mut container = Container::of(&assets().base).tiny();
    container.tiny_source("");
    container.write("/etc/machine-id", "5153144d20e9c20a35cf985a2fbfc2c4\n");
    // Its postinst runs dbus-uuidgen(1).
    container.set("DIST_PACKAGES", "dbus");
    container.install().succeeded();
    assert_eq!(
        container.read("/etc/machine-id"),
        "5153144d20e9c20a35cf985a2fbfc2c4\n"
    );
    assert!(container.packages().contains_key("dbus"));
    assert!(!container.has("/var/lib/dbus/machine-id"));
}
