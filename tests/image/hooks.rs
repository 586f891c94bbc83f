//! The image author's scripts.

use crate::container::Container;

/// A container that needs nothing but its hooks run.
fn ready() -> Container {
    let container = Container::with_tools();
    container.tiny_source("");
    container
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn hooks_run_in_name_order_with_every_argument() {
    let mut container = ready();
    container.set("PROFILES", "blue");
    container.input(
        "bindep.txt",
        "no-such-package-at-all [(tiny red)]\n# (tiny blue)\n",
    );
    let show = "echo $0 $PROJECT $PROFILES $PROJECT_REF $UID $PROJECT_REPO $(command -v python) >> /hooks.log";
    container.hook("20_second.sh", show);
    container.hook("10_first.sh", &format!("{show}; pwd >> /hooks.log"));
    container.install().succeeded();
    let directory = "/opt/loci/scripts/project_specific/tiny";
    let rest =
        "tiny blue master 42424 https://opendev.org/openstack/tiny /var/lib/openstack/bin/python";
    assert_eq!(
        container.read("/hooks.log"),
        format!("{directory}/10_first.sh {rest}\n/\n{directory}/20_second.sh {rest}\n")
    );
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_hook_that_fails_names_itself_and_its_status() {
    let mut container = ready();
    container.hook("10_ok.sh", "true");
    container.hook("20_fails.sh", "echo to stdout; echo to stderr >&2; exit 7");
    container.one_by_one();
    insta::assert_snapshot!(container.install().failed_in("hooks").scrubbed(), @r"
    bootstrap: nothing to do: all are there
    packages: nothing to do: all are installed
    user: tiny runs as tiny (42424:42424)
    user: done in N s
    wheels: nothing to do: /wheels holds N wheels
    venv: nothing to do: it is there, with its toolchain
    source: nothing to do: it is no git checkout: there is nothing to find out about it
    build: wheels of /tmp/tiny
    build: by uv 0.N.N, from its wheel
    build: tiny-1.0-py3-none-any.whl
    build: done in N s
    pip: tiny with 0 requirements from pydep files and 0 from PIP_PACKAGES, in one resolution
    pip: by uv 0.N.N, from its wheel
    pip: done in N s
    hooks: 2 scripts of the image author for tiny
    hooks: failed after N s
    error: hooks: the hook /opt/loci/scripts/project_specific/tiny/20_fails.sh failed with exit status 7
      command: /opt/loci/scripts/project_specific/tiny/20_fails.sh
      ended:   exit status 7
      said:
        to stdout
        to stderr
    The script is the image author's; its last lines say what to correct.
    This step alone: loci-install step hooks; the build from there: loci-install
    ");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_hook_that_a_signal_ends_says_which() {
    let container = ready();
    container.hook("10_killed.sh", "kill -TERM $$");
    let said = container.step("hooks");
    insta::assert_snapshot!(said.failed_in("hooks").scrubbed(), @r"
    hooks: 1 script of the image author for tiny
    hooks: $ /opt/loci/scripts/project_specific/tiny/10_killed.sh
    hooks: failed after N s
    error: hooks: the hook /opt/loci/scripts/project_specific/tiny/10_killed.sh was killed by signal 15 (SIGTERM)
      command: /opt/loci/scripts/project_specific/tiny/10_killed.sh
      ended:   killed by signal 15 (SIGTERM)
    The script is the image author's; its last lines say what to correct.
    This step alone: loci-install step hooks; the build from there: loci-install
    ");
}
