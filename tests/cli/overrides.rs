//! `CONSTRAINT_OVERRIDES`: listed by the plan, refused when they change nothing.

use crate::test::Test;

fn constrained() -> Test {
    Test::debian().with_uv().file(
        "wheels/upper-constraints.txt",
        "keystoneauth1===5.11.0\noslo.config===9.7.0\neventlet===0.39.0\n",
    )
}

/// The lines of the step `pip` that say what is changed.
fn changes(test: &Test) -> Vec<String> {
    let outcome = test.outcome();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    let lines = outcome.stdout.lines().map(str::trim);
    let changes = lines.filter(|line| line.contains("says so"));
    changes.map(str::to_owned).collect()
}

#[test]
fn the_plan_lists_each_change_and_who_says_so() {
    let test = constrained()
        .file("opt/loci/site.txt", "# why\n-eventlet\n")
        .set("CONSTRAINT_OVERRIDES", "oslo_config===9.8.0\nsite.txt")
        .plan();
    assert_eq!(
        changes(&test),
        [
            "oslo.config===9.7.0 gives way to oslo_config===9.8.0 in upper-constraints.txt: CONSTRAINT_OVERRIDES says so",
            "eventlet===0.39.0 dropped from upper-constraints.txt: /opt/loci/site.txt:2 says so",
        ]
    );
    let stdout = test.outcome().stdout;
    assert!(
        stdout.contains("--build-constraints /var/lib/loci-install/build-constraints.txt"),
        "{stdout}"
    );
}

#[test]
fn a_range_is_changed_with_its_constraint() {
    let test = constrained()
        .file("wheels/global-requirements.txt", "oslo.config>=5,<9.8\n")
        .set("CONSTRAINT_OVERRIDES", "oslo.config===9.8.0")
        .plan();
    assert_eq!(
        changes(&test)[1],
        "oslo.config>=5,<9.8 dropped from global-requirements.txt: CONSTRAINT_OVERRIDES says so"
    );
}

#[test]
fn before_the_wheels_are_there_they_are_listed_as_given() {
    let outcome = Test::debian()
        .without("wheels")
        .file("srv/wheels.tar", "")
        .set("WHEELS", "/srv/wheels.tar")
        .set("CONSTRAINT_OVERRIDES", "-eventlet")
        .plan()
        .outcome();
    assert!(
        outcome.stdout.contains("CONSTRAINT_OVERRIDES: -eventlet\n"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn packages_that_nobody_knows() {
    constrained()
        .set("CONSTRAINT_OVERRIDES", "oslo.confg===9.8.0 -nosuchthing")
        .plan()
        .stderr(
            "HERE\n\
             error: 2 problems; nothing was touched\n\
             \x20 CONSTRAINT_OVERRIDES: oslo.confg===9.8.0: /wheels/upper-constraints.txt has no oslo-confg; did you mean oslo-config?\n\
             \x20 CONSTRAINT_OVERRIDES: -nosuchthing: /wheels/upper-constraints.txt has no nosuchthing\n",
        )
        .status(2)
        .run();
}

#[test]
fn what_is_no_override() {
    constrained()
        .set("CONSTRAINT_OVERRIDES", "oslo.config eventlet===1")
        .plan()
        .stderr(
            "error: 1 wrong setting; nothing was touched\n\
             \x20 CONSTRAINT_OVERRIDES=oslo.config eventlet===1: `oslo.config` is no override; \
             NAME===VERSION, -NAME, or a file of such lines: FILE.txt or a path\n",
        )
        .status(2)
        .run();
}

#[test]
fn files_that_are_not_there_and_contradictions() {
    constrained()
        .file("opt/loci/site.txt", "eventlet\neventlet===2\n")
        .set(
            "CONSTRAINT_OVERRIDES",
            "eventlet===1 site.txt /etc/none.txt",
        )
        .plan()
        .stderr(
            "HERE\n\
             error: 3 problems; nothing was touched\n\
             \x20 /opt/loci/site.txt:1: `eventlet` is no override: a version is missing; NAME===VERSION, or -NAME\n\
             \x20 CONSTRAINT_OVERRIDES=/etc/none.txt: no such file\n\
             \x20 CONSTRAINT_OVERRIDES: eventlet===2 (/opt/loci/site.txt:2) contradicts eventlet===1 (CONSTRAINT_OVERRIDES)\n",
        )
        .status(2)
        .run();
}

#[test]
fn the_wheels_of_a_release_are_changed_the_same_way() {
    let release = || {
        Test::debian()
            .set("PROJECT", "requirements")
            .without("wheels")
            .file(
                "tmp/requirements/upper-constraints.txt",
                "oslo.config===9.7.0\neventlet===0.39.0\n",
            )
    };
    let test = release()
        .set("CONSTRAINT_OVERRIDES", "oslo.config===9.8.0 -eventlet")
        .plan();
    assert_eq!(
        changes(&test),
        [
            "oslo.config===9.7.0 (line 1) gives way to oslo.config===9.8.0: CONSTRAINT_OVERRIDES says so",
            "eventlet===0.39.0 (line 2) is dropped: CONSTRAINT_OVERRIDES says so",
        ]
    );
    let outcome = release()
        .set("CONSTRAINT_OVERRIDES", "-evenlet")
        .plan()
        .outcome();
    assert!(
        outcome.stderr.ends_with(
            "  CONSTRAINT_OVERRIDES: -evenlet: /tmp/requirements/upper-constraints.txt has no evenlet; did you mean eventlet?\n"
        ),
        "{}",
        outcome.stderr
    );
}
