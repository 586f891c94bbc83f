//! Settings that are wrong: all of them at once, each with its name, its value
//! and what is allowed. Nothing of the image is looked at before they are right.

use crate::test::{Test, is_root};

#[test]
fn no_project() {
    Test::debian()
        .unset("PROJECT")
        .plan()
        .stderr(
            "error: 1 wrong setting; nothing was touched\n\
             \x20 PROJECT: required; the service to install, for example PROJECT=keystone\n",
        )
        .status(2)
        .run();
}

#[test]
fn an_empty_value_is_an_unset_one() {
    Test::debian()
        .set("PROJECT", "")
        .set("UID", " ")
        .set("KEEP_ALL_WHEELS", "")
        .plan()
        .stderr(
            "error: 1 wrong setting; nothing was touched\n\
             \x20 PROJECT: required; the service to install, for example PROJECT=keystone\n",
        )
        .status(2)
        .run();
}

#[test]
fn a_time_that_is_none() {
    Test::debian()
        .set("SOURCE_DATE_EPOCH", "yesterday")
        .plan()
        .stderr(
            "error: 1 wrong setting; nothing was touched\n\
             \x20 SOURCE_DATE_EPOCH=yesterday: not a time; whole seconds since 1970\n",
        )
        .status(2)
        .run();
}

#[test]
fn an_id_that_is_no_number() {
    Test::debian()
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
fn an_unknown_boolean() {
    Test::debian()
        .set("COPY_DEFAULT_CONFIG_FILES", "perhaps")
        .plan()
        .stderr(
            "error: 1 wrong setting; nothing was touched\n\
             \x20 COPY_DEFAULT_CONFIG_FILES=perhaps: not a boolean; True, yes, 1 or on, or False, no, 0 or off\n",
        )
        .status(2)
        .run();
}

#[test]
fn an_unknown_distro() {
    Test::debian()
        .set("DISTRO", "ubunto")
        .plan()
        .stderr(
            "error: 1 wrong setting; nothing was touched\n\
             \x20 DISTRO=ubunto: not a distribution that this program knows; known are \
             Debian: debian, ubuntu; \
             Red Hat: centos, rhel, rocky, almalinux, ol, oracle, fedora, amzn; \
             SUSE: opensuse, opensuse-leap, opensuse-tumbleweed, suse, sles\n",
        )
        .status(2)
        .run();
}

#[test]
fn everything_wrong_at_once() {
    Test::debian()
        .set("PROJECT", "Keystone")
        .set("PROJECT_REF", "--upload-pack=x")
        .set("EXTRA_PROJECTS", "../etc")
        .set("SOURCES_DIR", "tmp")
        .set("UID", "4294967295")
        .set("GID", "-1")
        .set("WHEELS", "ftp://wheels.example/w.tar")
        .set("WHEELS_PATH", "/")
        .set("KEEP_ALL_WHEELS", "ja")
        .set("DISTRO", "ubunto")
        .set("PIP_PACKAGES", "'open")
        .set("PIP_VERSION_CONSTRAINT", "81")
        .set("PYTHONPATH", "/usr/lib/python3/dist-packages")
        .plan()
        .stderr(
            "error: 13 wrong settings; nothing was touched\n\
             \x20 PROJECT=Keystone: not a project name; lower-case letters, digits, `-` and `_`, at most 32, starting with a letter\n\
             \x20 PROJECT_REF=--upload-pack=x: not a git reference; a branch, a tag, a commit or refs/changes/NN/N/N\n\
             \x20 EXTRA_PROJECTS=../etc: `../etc` is not the name of a directory in SOURCES_DIR\n\
             \x20 SOURCES_DIR=tmp: not an absolute path\n\
             \x20 UID=4294967295: not an id; a whole number from 0 to 4294967294\n\
             \x20 GID=-1: not an id; a whole number from 0 to 4294967294\n\
             \x20 WHEELS=ftp://wheels.example/w.tar: `ftp://wheels.example/w.tar` is no source of wheels; an absolute path, an http(s) URL or an image reference\n\
             \x20 WHEELS_PATH=/: the root directory itself cannot be used\n\
             \x20 KEEP_ALL_WHEELS=ja: not a boolean; True, yes, 1 or on, or False, no, 0 or off\n\
             \x20 DISTRO=ubunto: not a distribution that this program knows; known are \
             Debian: debian, ubuntu; \
             Red Hat: centos, rhel, rocky, almalinux, ol, oracle, fedora, amzn; \
             SUSE: opensuse, opensuse-leap, opensuse-tumbleweed, suse, sles\n\
             \x20 PIP_PACKAGES='open: a quote is not closed\n\
             \x20 PIP_VERSION_CONSTRAINT=81: not a version constraint; for example <81 or ==25.1\n\
             \x20 PYTHONPATH=/usr/lib/python3/dist-packages: makes modules outside the virtualenv shadow those inside; unset it for the build\n",
        )
        .status(2)
        .run();
}

#[test]
fn a_variable_that_moves_what_pip_installs() {
    Test::debian()
        .set("PIP_TARGET", "/opt/keystone")
        .plan()
        .stderr(
            "error: 1 wrong setting; nothing was touched\n\
             \x20 PIP_TARGET=/opt/keystone: makes pip install into another directory; unset it for the build\n",
        )
        .status(2)
        .run();
}

#[test]
fn every_refused_variable_at_once_but_not_those_that_say_no() {
    Test::debian()
        .set("PIP_USER", "1")
        .set("PIP_NO_DEPS", "false")
        .set("PIP_PREFIX", "/usr")
        .set("PYTHONHOME", "/usr/local")
        .set("VIRTUAL_ENV", "/venv")
        .plan()
        .stderr(
            "error: 4 wrong settings; nothing was touched\n\
             \x20 PIP_PREFIX=/usr: makes pip install below another prefix; unset it for the build\n\
             \x20 PIP_USER=1: makes pip install into the user's home; unset it for the build\n\
             \x20 PYTHONHOME=/usr/local: makes Python load another standard library; unset it for the build\n\
             \x20 VIRTUAL_ENV=/venv: says that another virtualenv is active; unset it for the build\n",
        )
        .status(2)
        .run();
}

#[test]
fn a_flag_beats_a_variable() {
    let line = |test: Test| {
        let plan = test.outcome().stdout;
        let line = plan.lines().find(|line| line.starts_with("user: "));
        line.map(str::to_owned)
    };
    assert_eq!(
        line(
            Test::debian()
                .set("UID", "5000")
                .set("GID", "5000")
                .plan()
                .args(["--uid", "6000"])
        )
        .as_deref(),
        Some("user: keystone runs as keystone (6000:5000)")
    );
    // An empty flag takes a variable back.
    assert_eq!(
        line(Test::debian().set("UID", "abc").plan().args(["--uid", ""])).as_deref(),
        Some("user: keystone runs as keystone (42424:42424)")
    );
}

#[test]
fn the_shells_own_uid_is_left_out_with_a_word() {
    let own = uzers::get_current_uid().to_string();
    let outcome = Test::debian().set("UID", &own).plan().outcome();
    assert!(
        outcome
            .stdout
            .contains("user: keystone runs as keystone (42424:42424)\n"),
        "{outcome:?}"
    );
    assert_eq!(
        outcome.stderr.lines().next(),
        Some(&*format!(
            "warning: UID={own} in the environment is the shell's own and was left out; --uid {own} means it"
        ))
    );
    assert_eq!(is_root(), own == "0");
}

#[test]
fn old_spellings_count_with_a_word() {
    let outcome = Test::debian()
        .set("PIP_CONSTRAINT", "<26")
        .set("WHEEL_CONSTRAIN", "<1")
        .plan()
        .outcome();
    let warnings: Vec<_> = outcome
        .stderr
        .lines()
        .filter(|line| line.starts_with("warning: "))
        .collect();
    assert_eq!(
        warnings,
        [
            "warning: PIP_CONSTRAINT is an old spelling of PIP_VERSION_CONSTRAINT",
            "warning: WHEEL_CONSTRAIN is an old spelling of WHEEL_CONSTRAINT",
        ]
    );
    assert!(
        outcome.stdout.contains("--find-links /wheels 'pip<26'"),
        "{outcome:?}"
    );
    assert!(
        outcome.stdout.contains("--find-links /wheels 'wheel<1'"),
        "{outcome:?}"
    );
}

#[test]
fn an_old_spelling_with_a_wrong_value_is_named_by_the_new_one() {
    Test::debian()
        .set("PIP_CONSTRAINT", "26")
        .plan()
        .stderr(
            "warning: PIP_CONSTRAINT is an old spelling of PIP_VERSION_CONSTRAINT\n\
             error: 1 wrong setting; nothing was touched\n\
             \x20 PIP_VERSION_CONSTRAINT=26: not a version constraint; for example <81 or ==25.1\n",
        )
        .status(2)
        .run();
}

#[test]
fn pips_arguments_may_not_do_what_its_variables_may_not() {
    Test::debian()
        .set("PIP_ARGS", "--pre --target=/x")
        .set("DIST_PACKAGES", "git passwd-")
        .set("PROJECT", "openstack")
        .set("WHEELS_DEST", "/usr/")
        .plan()
        .stderr(
            "error: 4 wrong settings; nothing was touched\n  \
             PROJECT=openstack: not a project name; it names something of the base image\n  \
             WHEELS_DEST=/usr/: a directory of the system itself cannot be used\n  \
             DIST_PACKAGES=git passwd-: `passwd-` is not the name of a package\n  \
             PIP_ARGS=--pre --target=/x: `--target` makes pip install into another directory\n",
        )
        .status(2)
        .run();
}

#[test]
fn nobody_listening_is_no_reason_to_die() {
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let status = std::process::Command::new(crate::test::PROGRAM)
        .env_clear()
        .stderr(full)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(2));
}
