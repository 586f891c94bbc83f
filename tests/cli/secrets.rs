//! Credentials are in nothing that the program says.

use serde_json::Value;

use crate::test::Test;

fn with_secrets() -> Test {
    Test::debian()
        .without("tmp")
        .set("PROJECT_REPO", "https://ghp_0123456789@git.example/openstack/keystone")
        .set("PIP_ARGS", "--extra-index-url https://ci:s3cr%40t@pypi.example/simple --trusted-host s3cr@t.example")
        .set("PIP_INDEX_URL", "https://robot:hunter2@mirror.example/simple")
        .set("PIP_PACKAGES", "hunter2-plugin")
}

const SECRETS: [&str; 4] = ["ghp_0123456789", "s3cr%40t", "s3cr@t", "hunter2"];

#[test]
fn in_a_plan_of_any_format() {
    for format in ["text", "json", "dot"] {
        let outcome = with_secrets().plan().args(["--format", format]).outcome();
        assert_eq!(outcome.status, Some(0), "{outcome:?}");
        for secret in SECRETS {
            assert!(
                !outcome.stdout.contains(secret) && !outcome.stderr.contains(secret),
                "{secret}: {outcome:?}"
            );
        }
    }
    let plan = with_secrets().plan().outcome().stdout;
    assert!(
        plan.contains("so https://****@git.example/openstack/keystone is cloned at master\n"),
        "{plan}"
    );
    assert!(
        plan.contains("PIP_EXTRA_INDEX_URL='https://****@pypi.example/simple' /var/"),
        "{plan}"
    );
    assert!(plan.contains("--trusted-host ****.example"), "{plan}");
    assert!(plan.contains(" ****-plugin"), "{plan}");
}

#[test]
fn in_errors() {
    Test::debian()
        .set("PIP_TARGET", "https://me:hunter2@host.example/x")
        .set("PIP_ARGS", "'--index-url https://ci:s3cr%40t@pypi.example/simple")
        .plan()
        .stderr(
            "error: 2 wrong settings; nothing was touched\n\
             \x20 PIP_ARGS='--index-url https://****@pypi.example/simple: a quote is not closed\n\
             \x20 PIP_TARGET=https://****@host.example/x: makes pip install into another directory; unset it for the build\n",
        )
        .status(2)
        .run();
}

#[test]
fn a_password_that_is_a_word_of_json_leaves_json_whole() {
    for password in ["null", "42424", "done", "true"] {
        let outcome = Test::debian()
            .set(
                "PIP_INDEX_URL",
                &format!("https://robot:{password}@mirror.example/simple"),
            )
            .plan()
            .args(["--format", "json"])
            .outcome();
        let plan: Value = serde_json::from_str(&outcome.stdout)
            .unwrap_or_else(|error| panic!("{password}: {error}"));
        assert!(plan["steps"][0].get("done").is_some(), "{password}: {plan}");
    }
}

#[test]
fn the_user_of_an_ssh_url_is_no_secret() {
    let plan = Test::debian()
        .without("tmp")
        .set("PROJECT_REPO", "ssh://git@git.example/openstack/keystone")
        .plan()
        .outcome()
        .stdout;
    assert!(
        plan.contains("    do     git clone --quiet --no-checkout '--filter=tree:0' -- ssh://****@git.example/openstack/keystone /tmp/keystone, and check out master\n"),
        "{plan}"
    );
}

#[test]
fn those_in_a_file_of_logins_are_masked_too() {
    for (file, variable) in [
        ("run/secrets/git-credentials", ""),
        ("srv/logins", "/srv/logins"),
    ] {
        let plan = with_secrets()
            .file(file, "https://ci:g1tS3cret@git.example\n")
            .set("GIT_CREDENTIALS_FILE", variable)
            .set("PIP_PACKAGES", "g1tS3cret-plugin")
            .plan()
            .outcome()
            .stdout;
        assert!(plan.contains(" ****-plugin"), "{plan}");
        assert!(
            plan.contains("-- https://git.example/openstack/keystone /tmp/keystone,"),
            "{plan}"
        );
    }
}

#[test]
fn a_password_that_pip_would_show_is_worth_a_warning() {
    let warning = "warning: an index has a password in its address, which pip, in a build, hands to another pip \
         on a command line that everybody on this machine can read; \
         give the login by the secret netrc, or let uv build\n";
    let told = |test: Test| test.plan().outcome().stderr.matches(warning).count();
    assert_eq!(told(with_secrets()), 1);
    assert_eq!(told(with_secrets().set("KEEP_ALL_WHEELS", "True")), 0);
}
