//! The image author's scripts.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::container::{Container, tiny_project};

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

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn scripts_before_pip_change_what_is_built_and_run_once() {
    let container = ready();
    container.hook(
        "before-pip/10_patch.sh",
        "set -e\n\
         echo before $(getent passwd tiny | cut -d: -f3) $(ls $VIRTUAL_ENV/bin/pip) >> /hooks.log\n\
         test ! -e $VIRTUAL_ENV/lib/python3*/site-packages/tiny.py\n\
         sed -i 's/42/43/' $PROJECT_SOURCE/tiny.py",
    );
    container.hook(
        "10_after.sh",
        "echo after $(python -c 'import tiny; print(tiny.answer)') >> /hooks.log; exit 3",
    );
    container.install().failed_in("hooks");
    let before = "before 42424 /var/lib/openstack/bin/pip\n";
    assert_eq!(container.read("/hooks.log"), format!("{before}after 43\n"));
    container.hook("10_after.sh", "true");
    container
        .install()
        .succeeded()
        .says("build: nothing to do: they are built, and the sources have not changed since\n");
    assert_eq!(container.read("/hooks.log"), format!("{before}after 43\n"));
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_mounted_source_is_patched_where_it_is_built() {
    let mut container = Container::with_tools();
    let source = container.input_directory("mounted/tiny");
    container.input("mounted/tiny/pyproject.toml", &tiny_project(""));
    container.input("mounted/tiny/tiny.py", "answer = 42\n");
    container.mount(&source, "/srv/src/tiny");
    container.set("SOURCES_DIR", "/srv/src");
    container.hook(
        "before-pip/10_patch.sh",
        "echo $PROJECT_SOURCE > /hooks.log; sed -i s/42/43/ $PROJECT_SOURCE/tiny.py",
    );
    container.steps(&["source", "build", "pip"]).succeeded();
    assert_eq!(
        container.read("/hooks.log"),
        "/var/lib/loci-install/sources/tiny\n"
    );
    let answer =
        container.shell("/var/lib/openstack/bin/python -c 'import tiny; print(tiny.answer)'");
    assert_eq!(answer, "43");
    let mounted = fs::read_to_string(source.join("tiny.py")).expect("a file");
    assert_eq!(mounted, "answer = 42\n");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_script_before_pip_that_fails_is_told_and_run_again() {
    let container = ready();
    container.hook("before-pip/10_ok.sh", "echo ok >> /hooks.log");
    container.hook("before-pip/20_fails.sh", "exit 9");
    let said = container.install();
    said.failed_in("build");
    assert_eq!(
        said.complaint(),
        "build: the hook /opt/loci/scripts/project_specific/tiny/before-pip/20_fails.sh failed with exit status 9\n\
         \x20 command: /opt/loci/scripts/project_specific/tiny/before-pip/20_fails.sh\n\
         \x20 ended:   exit status 9\n\
         It said nothing: the command by itself, in this container, may say more.\n\
         This step alone: loci-install step build; the build from there: loci-install\n"
    );
    container.hook("before-pip/20_fails.sh", "true");
    container.install().succeeded();
    assert_eq!(container.read("/hooks.log"), "ok\n");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn who_names_a_step_wants_its_scripts_run_again() {
    let container = ready();
    container.hook("before-pip/10_before.sh", "echo before >> /hooks.log");
    container.hook("10_after.sh", "echo after >> /hooks.log");
    for step in ["build", "build", "pip", "hooks", "hooks"] {
        container.step(step).succeeded();
    }
    assert_eq!(
        container.read("/hooks.log"),
        "before\nbefore\nafter\nafter\n"
    );
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn scripts_have_what_locis_had_and_no_secret_is_said() {
    let mut container = ready();
    container.set(
        "PIP_ARGS",
        "--extra-index-url https://ci:hunter2@pypi.test/simple",
    );
    container.hook(
        "10_show.sh",
        "cat\nenv > /env.log\npwd >> /env.log\numask >> /env.log\necho $PIP_WHEEL_ARGS",
    );
    let said = container.step("hooks");
    said.succeeded()
        .says("--extra-index-url https://****@pypi.test/simple\n");
    assert!(!said.stderr.contains("hunter2"), "{}", said.stderr);
    let shown = container.read("/env.log");
    for line in [
        "PROJECT=tiny",
        "PROJECT_REPO=https://opendev.org/openstack/tiny",
        "PROJECT_REF=master",
        "PROJECT_SOURCE=/tmp/tiny",
        "PROFILES=",
        "PIP_WHEEL_ARGS=--extra-index-url https://ci:hunter2@pypi.test/simple",
        "WHEELS_PATH=/wheels",
        "SOURCES_DIR=/tmp",
        "DISTRO=debian",
        "DISTRO_VERSION=trixie",
        "distro=debian",
        "distro_version=trixie",
        "VIRTUAL_ENV=/var/lib/openstack",
        "TMPDIR=/var/lib/loci-install/tmp",
        "DEBIAN_FRONTEND=noninteractive",
        "LC_ALL=C.UTF-8",
        "/",
        "0022",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}: {shown}");
    }
    let path = shown.lines().find(|line| line.starts_with("PATH="));
    let path = path.expect("a path");
    assert!(path.starts_with("PATH=/var/lib/openstack/bin:"), "{path}");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_script_whose_interpreter_is_not_there_is_not_taken_for_missing() {
    let container = ready();
    let script = "scripts/project_specific/tiny/10_zsh.sh";
    container.input(script, "#!/bin/zsh -e\ntrue\n");
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(container.input_directory(script), mode).expect("made executable");
    let said = container.step("hooks");
    said.failed_in("hooks");
    let wanted = "the hook /opt/loci/scripts/project_specific/tiny/10_zsh.sh \
                  was not started: there is no /bin/zsh, which its first line names\n";
    said.says(wanted);
}
