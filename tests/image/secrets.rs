//! Credentials stay out of logs, errors and files.

use crate::container::{Container, PROGRAM};

const SECRET: &str = "S3cr3tPassw0rd";

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_failing_pip_does_not_give_away_the_index_password() {
    let mut container = Container::with_tools();
    container.tiny_source("'no-such-distribution-anywhere'");
    container.set("KEEP_ALL_WHEELS", "False");
    // pip asks a host that refuses at once; asking again would only take time.
    container.set("PIP_RETRIES", "0");
    container.set(
        "PIP_ARGS",
        "--index-url https://ci:S3cr3tPassw0rd@127.0.0.1:1/simple",
    );
    for arguments in [
        &[PROGRAM][..],
        &[PROGRAM, "--verbose"],
        &[PROGRAM, "step", "pip"],
        &[PROGRAM, "plan"],
        &[PROGRAM, "plan", "--format", "json"],
    ] {
        let said = container.run(arguments);
        assert!(!said.stdout.contains(SECRET), "{}", said.stdout);
        assert!(!said.stderr.contains(SECRET), "{}", said.stderr);
        let fails = !arguments.contains(&"plan");
        assert_eq!(said.status, Some(i32::from(fails)), "{}", said.stderr);
        assert!(
            format!("{}{}", said.stdout, said.stderr).contains("https://****@127.0.0.1:1/simple")
        );
    }
    container.holds_nowhere(SECRET);
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_clone_does_not_leave_its_password_in_the_source() {
    let mut container = Container::with_tools();
    container.set("PROJECT_REPO", "http://ci:S3cr3tPassw0rd@127.0.0.1:1/tiny");
    let said = container.step("source");
    said.failed_in("source")
        .says("could not clone http://****@127.0.0.1:1/tiny");
    assert!(!said.stderr.contains(SECRET), "{}", said.stderr);
    container.holds_nowhere(SECRET);
}
