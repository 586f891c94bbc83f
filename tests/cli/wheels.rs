//! Wheels that are not there: a plan can be looked at all the same, since they
//! may be mounted when it is run.

use crate::test::Test;

#[track_caller]
fn said(test: Test) -> Vec<String> {
    let outcome = test.plan().outcome();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    outcome
        .stderr
        .lines()
        .filter(|line| line.to_lowercase().contains("wheels"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn no_directory() {
    assert_eq!(
        said(Test::debian().set("WHEELS_PATH", "/mnt/wheels")),
        [
            "cannot be run here: there is no wheels directory /mnt/wheels; mount the wheels at WHEELS_PATH, or say in WHEELS where they are"
        ]
    );
}

#[test]
fn an_empty_directory() {
    assert_eq!(
        said(
            Test::debian()
                .without("wheels")
                .file("wheels/sub/pip-25.1.1-py3-none-any.whl", "")
        ),
        [
            "cannot be run here: the wheels directory /wheels has no wheels at its root; mount the wheels at WHEELS_PATH, or say in WHEELS where they are"
        ]
    );
}

#[test]
fn a_directory_without_constraints() {
    assert_eq!(
        said(Test::debian().without("wheels/upper-constraints.txt")),
        [
            "cannot be run here: the wheels directory /wheels has no upper-constraints.txt; mount the wheels at WHEELS_PATH, or say in WHEELS where they are"
        ]
    );
}

#[test]
fn a_tarball_that_is_not_there() {
    assert_eq!(
        said(
            Test::debian()
                .without("wheels")
                .set("WHEELS", "/tmp/wheels.tar.gz")
        ),
        ["cannot be run here: WHEELS=/tmp/wheels.tar.gz: there is no such file"]
    );
}

#[test]
fn a_tarball_is_extracted() {
    let outcome = Test::debian()
        .without("wheels")
        .file("tmp/wheels.tar.gz", "")
        .set("WHEELS", "/tmp/wheels.tar.gz")
        .set("WHEELS_DEST", "/var/tmp/wheels")
        .plan()
        .outcome();
    assert!(
        outcome.stdout.contains(
            "\nwheels: wheels come from /tmp/wheels.tar.gz\n    \
             do     fetch the wheels and constraints of /tmp/wheels.tar.gz into /var/tmp/wheels\n"
        ),
        "{}",
        outcome.stdout
    );
}

#[test]
fn a_tarball_is_extracted_into_a_directory_of_its_own() {
    Test::debian()
        .set("WHEELS", "/opt/wheels.tar")
        .file("opt/wheels.tar", "")
        .file("srv/data/user.txt", "mine")
        .set("WHEELS_DEST", "/srv/data")
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n  \
             WHEELS_DEST=/srv/data: it is not empty; wheels go to a directory of their own\n",
        )
        .status(2)
        .run();
}

#[test]
fn what_is_mounted_is_not_written_over() {
    Test::debian()
        .set("WHEELS", "/opt/wheels.tar")
        .file("opt/wheels.tar", "")
        .file(
            "proc/self/mountinfo",
            "36 35 98:0 / /wheels ro - ext4 /dev/root rw\n",
        )
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n  \
             WHEELS=/opt/wheels.tar: /wheels is mounted, and WHEELS goes to WHEELS_DEST; \
             give another WHEELS_DEST, or unset WHEELS to use what is mounted\n",
        )
        .status(2)
        .run();
}

/// What `plan` says of the step `wheels`: its heading, what it waits for, what it does.
#[track_caller]
fn planned(test: Test) -> String {
    let outcome = test.plan().outcome();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    let (_, from) = outcome.stdout.split_once("\nwheels: ").expect("the step");
    from.split("\n\n").next().unwrap_or_default().to_owned()
}

#[test]
fn an_image_is_fetched_when_its_server_can_be_trusted() {
    let test = || {
        Test::debian()
            .without("wheels")
            .set("WHEELS", "r.example/loci/requirements:master")
    };
    assert_eq!(
        planned(test().file("etc/ssl/certs/ca-certificates.crt", "")),
        "wheels come from r.example/loci/requirements:master\n    \
         do     fetch the wheels and constraints of r.example/loci/requirements:master into /wheels"
    );
    let waits = |test| planned(test).contains("after  bootstrap");
    assert!(waits(test()));
    assert!(!waits(test().set("SSL_CERT_FILE", "/run/secrets/ca")));
    assert!(!waits(test().set("REGISTRY_PROTOCOL", "http")));
    assert!(!waits(test().set("REGISTRY_INSECURE", "True")));
}

#[test]
fn several_sources_and_no_password_of_theirs() {
    let said = planned(
        Test::debian()
            .without("wheels")
            .file("srv/site/a-1-py3-none-any.whl", "")
            .set(
                "WHEELS",
                "/srv/site\n  https://me:S3cret@h.example/w.tar.gz",
            ),
    );
    assert!(
        said.starts_with("wheels come from /srv/site https://****@h.example/w.tar.gz\n"),
        "{said}"
    );
    assert!(!said.contains("S3cret"), "{said}");
}

#[test]
fn an_image_that_is_mounted_is_not_fetched() {
    let mounted = "36 35 98:0 / /wheels ro - ext4 /dev/root rw\n";
    let said = planned(
        Test::debian()
            .set("WHEELS", "loci/requirements:master")
            .file("proc/self/mountinfo", mounted),
    );
    assert_eq!(
        said,
        "the wheels of docker.io/loci/requirements:master are mounted at /wheels\n    \
         done   /wheels holds 2 wheels"
    );
}

#[test]
fn what_is_mounted_and_wrong_is_told_and_not_replaced() {
    let mounted = "36 35 98:0 / /wheels ro - ext4 /dev/root rw\n";
    let test = || {
        Test::debian()
            .without("wheels/upper-constraints.txt")
            .set("WHEELS", "loci/requirements:master")
            .set("WHEELS_DEST", "/var/lib/loci-install/wheels")
    };
    assert_eq!(
        said(test().file("proc/self/mountinfo", mounted)),
        [
            "cannot be run here: the wheels directory /wheels has no upper-constraints.txt; mount the wheels at WHEELS_PATH, or say in WHEELS where they are"
        ]
    );
    // Nothing is in what is mounted of `scratch`.
    let empty = "36 35 98:0 / /none ro - ext4 /dev/root rw\n";
    let fetched = planned(
        test()
            .file("proc/self/mountinfo", empty)
            .set("WHEELS_PATH", "/none"),
    );
    assert!(
        fetched.contains("loci/requirements:master into /var/lib/loci-install/wheels"),
        "{fetched}"
    );
}

#[test]
fn another_directory_than_the_one_that_was_made_is_not_taken_over() {
    Test::debian()
        .set("WHEELS", "/opt/wheels.tar")
        .file("opt/wheels.tar", "")
        .file("var/lib/loci-install/wheels.stamp", "/wheels\n0123")
        .file("srv/data/user.txt", "mine")
        .set("WHEELS_DEST", "/srv/data")
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n  \
             WHEELS_DEST=/srv/data: it is not empty; wheels go to a directory of their own\n",
        )
        .status(2)
        .run();
    // Of a run that was cut off.
    planned(
        Test::debian()
            .set("WHEELS", "/opt/wheels.tar")
            .file("opt/wheels.tar", "")
            .file("var/lib/loci-install/wheels.stamp", "/srv/wheels\n")
            .file("srv/wheels/a-1-py3-none-any.whl", "")
            .set("WHEELS_DEST", "/srv/wheels"),
    );
}
