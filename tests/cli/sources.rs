//! Sources that cannot be built are refused before the long steps.

use crate::test::Test;

#[test]
fn a_source_without_a_version() {
    Test::debian()
        .without("tmp/keystone/PKG-INFO")
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 the source in /tmp/keystone has no version: it is no git checkout and has no PKG-INFO; \
             give the checkout with its tags or an sdist, or set PBR_VERSION\n",
        )
        .status(2)
        .run();
}

#[test]
fn pbr_version_is_a_version() {
    let outcome = Test::debian()
        .without("tmp/keystone/PKG-INFO")
        .set("PBR_VERSION", "27.0.0")
        .plan()
        .outcome();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
}

#[test]
fn a_source_that_is_no_python_project() {
    Test::debian()
        .without("tmp/keystone")
        .file("tmp/keystone/README.rst", "")
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 /tmp/keystone is no Python project: it has no pyproject.toml, setup.py or setup.cfg\n",
        )
        .status(2)
        .run();
}

#[test]
fn extra_projects_that_are_not_there() {
    Test::debian()
        .file(
            "src/keystone/pyproject.toml",
            "[project]\nname = 'keystone'\nversion = '1'\n",
        )
        .file(
            "src/plugin-b/setup.cfg",
            "[metadata]\nname = plugin-b\nversion = 1\n",
        )
        .set("SOURCES_DIR", "/src")
        .set("EXTRA_PROJECTS", "plugin-a plugin-b\nplugin-c")
        .plan()
        .stderr(
            "HERE\n\
             error: 2 problems; nothing was touched\n\
             \x20 EXTRA_PROJECTS=plugin-a: there is no /src/plugin-a\n\
             \x20 EXTRA_PROJECTS=plugin-c: there is no /src/plugin-c\n",
        )
        .status(2)
        .run();
}

#[test]
fn a_checkout_of_something_else_is_used_with_a_word() {
    let test = || {
        Test::debian()
            .file("tmp/keystone/.git/HEAD", "ref: refs/heads/stable/2025.2\n")
            .file(
                "tmp/keystone/.git/refs/heads/stable/2025.2",
                "0123456789012345678901234567890123456789\n",
            )
    };
    let warning = |test: Test| {
        let stderr = test.plan().outcome().stderr;
        stderr
            .lines()
            .find(|line| line.starts_with("warning: "))
            .map(str::to_owned)
    };
    assert_eq!(
        warning(test().set("PROJECT_REF", "stable/2026.1")).as_deref(),
        Some(
            "warning: /tmp/keystone is used as it is; PROJECT_REF=stable/2026.1 is not what is checked out there"
        )
    );
    for right in ["stable/2025.2", "0123456789", ""] {
        assert_eq!(warning(test().set("PROJECT_REF", right)), None, "{right}");
    }
}

#[test]
fn a_mounted_source_is_built_elsewhere_and_not_removed() {
    let outcome = Test::debian()
        .file(
            "proc/self/mountinfo",
            "36 35 98:0 / /tmp/keystone rw - ext4 /dev/root rw\n",
        )
        .plan()
        .outcome();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    for line in [
        "    do     copy /tmp/keystone to /var/lib/loci-install/sources/keystone\n",
        "    remove /var/lib/loci-install/sources/keystone\n",
    ] {
        assert!(outcome.stdout.contains(line), "{}", outcome.stdout);
    }
    assert!(
        !outcome.stdout.contains("remove /tmp/keystone"),
        "{}",
        outcome.stdout
    );
}

/// A checkout of a project that takes its version from tags.
fn checkout() -> Test {
    Test::debian()
        .without("tmp/keystone/PKG-INFO")
        .file("tmp/keystone/.git/HEAD", "ref: refs/heads/master\n")
        .file("tmp/keystone/.git/objects/info/packs", "")
}

#[test]
fn a_checkout_has_to_have_tags() {
    checkout()
        .file(
            "tmp/keystone/.git/shallow",
            "0123456789012345678901234567890123456789\n",
        )
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 the source in /tmp/keystone has no version: its clone is shallow and has no tag to \
             count from; `git fetch --unshallow --tags` gets them, or set PBR_VERSION\n",
        )
        .status(2)
        .run();
    let outcome = checkout().plan().outcome();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    assert!(
        outcome.stderr.starts_with(
            "warning: the source in /tmp/keystone has no tag, so that pbr counts its version from \
             0.0.1; `git fetch --tags` gets what its origin has, or set PBR_VERSION\n"
        ),
        "{outcome:?}"
    );
    for test in [
        checkout().set("PBR_VERSION", "27.0.0"),
        checkout().file("tmp/keystone/.git/refs/tags/27.0.0", "0123\n"),
    ] {
        let outcome = test.plan().outcome();
        assert!(!outcome.stderr.contains("warning"), "{outcome:?}");
    }
}

#[test]
fn a_worktree_whose_repository_was_left_behind() {
    Test::debian()
        .without("tmp/keystone/PKG-INFO")
        .file(
            "tmp/keystone/.git",
            "gitdir: /home/me/keystone/.git/worktrees/topic\n",
        )
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 /tmp/keystone is a git worktree or submodule, and its repository \
             /home/me/keystone/.git/worktrees/topic is not here, so it has no version; \
             give a clone of it, or set PBR_VERSION\n",
        )
        .status(2)
        .run();
}

#[test]
fn a_submodule_that_was_not_fetched() {
    let outcome = Test::debian()
        .file(
            "tmp/keystone/.gitmodules",
            "[submodule \"part\"]\n\tpath = lib/part\n\turl = ../part\n",
        )
        .plan()
        .outcome();
    assert!(
        outcome.stderr.starts_with(
            "warning: the submodule /tmp/keystone/lib/part is empty; \
             `git submodule update --init` gets it\n"
        ),
        "{outcome:?}"
    );
}

#[test]
fn what_else_is_in_data_is_copied_and_removed() {
    let test = || {
        Test::debian()
            .file("opt/loci/data/.gitignore", "*\n")
            .file("opt/loci/data/keystone/PKG-INFO", "")
            .file("opt/loci/data/plugin/setup.cfg", "")
            .file("opt/loci/data/mine.txt", "")
            .file("tmp/mine.txt", "")
    };
    let plan = test().plan().outcome().stdout;
    for line in [
        "    do     copy /opt/loci/data/plugin to /tmp/plugin\n",
        "    do     remove from SOURCES_DIR what came with the inputs' data\n",
    ] {
        assert!(plan.contains(line), "{plan}");
    }
    let outcome = test()
        .set("SOURCES_DIR", "/src")
        .file("src/keystone/PKG-INFO", "Version: 1\n")
        .file("src/keystone/setup.py", "")
        .file(
            "proc/self/mountinfo",
            "36 35 98:0 / /src rw - ext4 /dev/root rw\n",
        )
        .plan()
        .outcome();
    let warnings: Vec<_> = outcome.stderr.lines().take(2).collect();
    assert_eq!(
        warnings,
        [
            "warning: /opt/loci/data/mine.txt is not copied to /src/mine.txt: what is mounted there is not written to",
            "warning: /opt/loci/data/plugin is not copied to /src/plugin: what is mounted there is not written to",
        ],
        "{outcome:?}"
    );
}

#[test]
fn a_file_of_logins_that_is_not_there() {
    let test = || Test::debian().set("GIT_CREDENTIALS_FILE", "/run/logins");
    let cloned = test().without("tmp/keystone").plan().outcome().stderr;
    let problem = "cannot be run here: GIT_CREDENTIALS_FILE=/run/logins: no such file\n";
    assert!(cloned.contains(problem), "{cloned}");
    let copied = test().plan().outcome().stderr;
    assert!(!copied.contains(problem), "{copied}");
}

#[test]
fn skyline_comes_with_its_console() {
    let skyline = || {
        Test::debian()
            .set("PROJECT", "skyline-apiserver")
            .set("SKYLINE_CONSOLE_REF", "9.0.0")
            .without("tmp/keystone")
            .file(
                "tmp/skyline-apiserver/setup.cfg",
                "[metadata]\nname = skyline-apiserver\nversion = 9\n",
            )
    };
    let outcome = skyline().plan().outcome();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    for line in [
        "https://opendev.org/openstack/skyline-console /tmp/skyline-console, and check out 9.0.0\n",
        "build: wheels of /tmp/skyline-apiserver, /tmp/skyline-console\n",
        "    remove /tmp/skyline-console\n",
    ] {
        assert!(outcome.stdout.contains(line), "{line}\n{}", outcome.stdout);
    }
    let outcome = skyline()
        .file(
            "opt/loci/data/skyline-console/setup.cfg",
            "[metadata]\nname = skyline-console\nversion = 9\n",
        )
        .plan()
        .outcome();
    assert!(
        outcome
            .stdout
            .contains("copy /opt/loci/data/skyline-console to /tmp/skyline-console\n")
            && !outcome.stdout.contains("opendev"),
        "{}",
        outcome.stdout
    );
}
