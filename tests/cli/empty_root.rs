//! The program in a root directory where nothing else is, as a user who may
//! change nothing: no library, no shell, no apt, no /proc.

use serde_json::Value;

use crate::test::Test;

#[test]
fn it_runs_where_nothing_else_is() {
    Test::new()
        .args(["--version"])
        .inside()
        .stdout(concat!("loci-install ", env!("CARGO_PKG_VERSION"), "\n"))
        .run();
    let steps = Test::new().args(["steps"]).inside().outcome();
    assert_eq!(
        (steps.status, steps.stdout.lines().count()),
        (Some(0), 18),
        "{steps:?}"
    );
}

#[test]
fn a_plan_of_nothing_says_what_is_missing() {
    Test::new()
        .args(["plan"])
        .set("PROJECT", "keystone")
        .inside()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 cannot tell which distribution this is: neither /etc/os-release nor /usr/lib/os-release is there; \
             repair the file in the base image, or set DISTRO and DISTRO_VERSION, as in DISTRO=ubuntu DISTRO_VERSION=24.04\n",
        )
        .status(2)
        .run();
}

#[test]
fn an_ordinary_user_gets_a_plan_without_apt() {
    let outcome = Test::debian()
        .args(["plan", "--format", "json"])
        .inside()
        .outcome();
    assert_eq!(
        (outcome.status, &*outcome.stderr),
        (
            Some(0),
            "cannot be run here: installing needs root; run it as root, or use `loci-install plan` to look only\n"
        )
    );
    let plan: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert_eq!(plan["project"], "keystone");
    assert_eq!(plan["steps"].as_array().map(Vec::len), Some(13));
}

#[test]
fn a_run_that_cannot_start_says_everything_at_once() {
    Test::debian()
        .without("wheels/upper-constraints.txt")
        .without("tmp/keystone/PKG-INFO")
        .set("PROFILES", "ldpa")
        .set("GID", "33")
        .inside()
        .stderr(
            "error: 5 problems; nothing was touched\n\
             \x20 installing needs root; run it as root, or use `loci-install plan` to look only\n\
             \x20 PROFILES=ldpa: no bindep or pydep file mentions this profile; did you mean ldap?\n\
             \x20 the wheels directory /wheels has no upper-constraints.txt; mount the wheels at WHEELS_PATH, or say in WHEELS where they are\n\
             \x20 GID=33: the group www-data has this id already; choose another GID, or set NON_UNIQUE_SYSTEM_ACCOUNT=True to share it\n\
             \x20 the source in /tmp/keystone has no version: it is no git checkout and has no PKG-INFO; \
             give the checkout with its tags or an sdist, or set PBR_VERSION\n",
        )
        .status(2)
        .run();
}

#[test]
fn a_step_needs_root_and_what_it_works_on_and_no_more() {
    Test::debian()
        .without("opt")
        .without("wheels")
        .args(["step", "user"])
        .inside()
        .stderr(
            "error: 1 problem; nothing was touched\n\
             \x20 installing needs root; run it as root, or use `loci-install plan` to look only\n",
        )
        .status(2)
        .run();
    Test::debian()
        .without("opt")
        .without("wheels")
        .args(["step", "pip"])
        .inside()
        .stderr(
            "error: 2 problems; nothing was touched\n\
             \x20 installing needs root; run it as root, or use `loci-install plan` to look only\n\
             \x20 there is no wheels directory /wheels; mount the wheels at WHEELS_PATH, or say in WHEELS where they are\n",
        )
        .status(2)
        .run();
}
