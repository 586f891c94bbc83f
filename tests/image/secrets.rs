//! Credentials stay out of logs, errors and files.

use crate::container::{Container, PROGRAM};

const SECRET: &str = "S3cr3tPassw0rd";

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_failing_pip_does_not_give_away_the_index_password() {
    let mut container = Container::with_tools();
    container.tiny_source("'no-such-distribution-anywhere'");
    container.set("KEEP_ALL_WHEELS", "False");
    container.set("INSTALLER", "pip");
    // pip asks a host that refuses at once; asking again would only take time.
    container.set("PIP_RETRIES", "0");
    container.set(
        "PIP_ARGS",
        "--index-url https://ci:S3cr3tPassw0rd@127.0.0.1:1/simple",
    );
    container.one_by_one();
    insta::assert_snapshot!(container.install().failed_in("pip").scrubbed(), @r"
    warning: an index has a password in its address, which pip, in a build, hands to another pip on a command line that everybody on this machine can read; give the login by the secret netrc, or let uv build
    bootstrap: nothing to do: all are there
    packages: nothing to do: all are installed
    user: tiny runs as tiny (42424:42424)
    user: done in N s
    wheels: nothing to do: /wheels holds N wheels
    venv: nothing to do: it is there, with its toolchain
    source: nothing to do: it is no git checkout: there is nothing to find out about it
    build: wheels of /tmp/tiny
    build: by pip: INSTALLER says so
    build: tiny-1.0-py3-none-any.whl
    build: done in N s
    pip: tiny with 0 requirements from pydep files and 0 from PIP_PACKAGES, in one resolution
    pip: by pip: INSTALLER says so
    pip: failed after N s
    error: pip: no wheel satisfies no-such-distribution-anywhere (from tiny)
      looked in /wheels and, as far as it could be reached, in the package index
      command: PIP_INDEX_URL=https://****@127.0.0.1:1/simple /var/lib/openstack/bin/python -m pip install --no-cache-dir --no-compile --only-binary :all: --root-user-action ignore --constraint /var/lib/loci-install/upper-constraints.txt --constraint /var/lib/loci-install/global-requirements.txt --find-links /wheels /var/lib/loci-install/built/tiny-1.0-py3-none-any.whl
      ended:   exit status 1
      said:
        Looking in indexes: https://****@127.0.0.1:1/simple
        Looking in links: /wheels
        Processing ./var/lib/loci-install/built/tiny-1.0-py3-none-any.whl
        ERROR: Could not find a version that satisfies the requirement no-such-distribution-anywhere (from tiny) (from versions: none)
        ERROR: No matching distribution found for no-such-distribution-anywhere (from tiny)
    Add the wheel to the wheels, or correct the requirement.
    This step alone: loci-install step pip; the build from there: loci-install
    ");
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
fn a_failing_uv_does_not_give_it_away_either() {
    let mut container = Container::with_tools();
    container.tiny_source("'no-such-distribution-anywhere'");
    container.set("KEEP_ALL_WHEELS", "False");
    container.set("INSTALLER", "uv");
    container.set("PIP_RETRIES", "0");
    let url = format!("https://ci:{SECRET}@127.0.0.1:1/simple");
    container.set("PIP_ARGS", &format!("--index-url {url}"));
    let said = container.install();
    said.failed_in("build")
        .says("error: build: the package index could not be read\n")
        .says("Connection refused");
    assert!(!said.stderr.contains(SECRET), "{}", said.stderr);
    let verbose = container.step("build");
    assert!(!verbose.stderr.contains(SECRET), "{}", verbose.stderr);
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
