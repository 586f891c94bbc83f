//! What is served later is refused, not ignored; the stock Dockerfile's
//! defaults of it are no trouble.

use crate::test::Test;

#[test]
fn arguments_all_at_once() {
    Test::debian()
        .set("CEPH_REPO", "deb https://ceph.example/debian noble main")
        .set("DIST_REPOS", "-epel")
        .plan()
        .stderr(
            "error: 2 wrong settings; nothing was touched\n\
             \x20 CEPH_REPO=deb https://ceph.example/debian noble main: not supported yet\n\
             \x20 DIST_REPOS=-epel: not supported yet\n",
        )
        .status(2)
        .run();
}

#[test]
fn defaults_are_no_trouble() {
    Test::debian()
        .set("ALLOW_UNAUTHENTICATED", "no")
        .set("REGISTRY_PROTOCOL", "detect")
        .set("REGISTRY_INSECURE", "False")
        .set("NOVA_TSS_USER", "tss")
        .set("NOVA_TSS_UID", "42434")
        .set("NOVNC_REF", "v1.0.0")
        .set("UID", "abc")
        .plan()
        .stderr(
            "error: 1 wrong setting; nothing was touched\n\
             \x20 UID=abc: not an id; a whole number from 0 to 4294967294\n",
        )
        .status(2)
        .run();
}

#[test]
fn commands() {
    Test::new()
        .args(["base"])
        .stderr("error: `base` is not supported yet\n")
        .status(2)
        .run();
}
