//! `HERMETIC`: what a plan says of the network.

use crate::test::Test;

/// The steps that a plan says something of, and what.
fn online(test: Test) -> Vec<String> {
    let outcome = test.plan().outcome();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    let mut step = "";
    let mut steps = Vec::new();
    for line in outcome.stdout.lines() {
        if let Some(word) = line.strip_prefix("    online ") {
            steps.push(format!("{step} {word}"));
        } else if let Some((name, _)) = line.split_once(": ")
            && !line.starts_with(' ')
        {
            step = name;
        }
    }
    steps
}

#[test]
fn what_asks_servers_is_online_and_the_rest_is_not() {
    let hermetic = || {
        let test = Test::debian().set("DIST_PACKAGES", "less");
        test.set("HERMETIC", "yes")
    };
    let alone = online(hermetic().set("KEEP_ALL_WHEELS", "True"));
    assert_eq!(
        alone,
        [
            "bootstrap yes",
            "packages yes",
            "user no",
            "venv no",
            "build no",
            "pip no",
            "info no",
            "cleanup no",
            "smoke no"
        ]
    );
    // An index may be asked for what a build requires, and for distributions.
    let index = online(hermetic());
    assert!(index.contains(&"venv no".to_owned()), "{index:?}");
    for step in ["build yes", "pip yes"] {
        assert!(index.contains(&step.to_owned()), "{index:?}");
    }
}

#[test]
fn a_requirement_that_is_elsewhere_is_asked_for() {
    let test = Test::debian()
        .set("HERMETIC", "required")
        .set("KEEP_ALL_WHEELS", "True")
        .set("PIP_PACKAGES", "https://host.example/x-1-py3-none-any.whl");
    let steps = online(test);
    assert!(steps.contains(&"pip yes".to_owned()), "{steps:?}");
}

#[test]
fn it_is_said_of_hermetic_builds_alone() {
    assert_eq!(online(Test::debian()), Vec::<String>::new());
}

#[test]
fn a_wrong_value() {
    Test::debian()
        .set("HERMETIC", "perhaps")
        .plan()
        .stderr(
            "error: 1 wrong setting; nothing was touched\n\
             \x20 HERMETIC=perhaps: not a boolean; True, yes, 1 or on, or False, no, 0 or off; or required\n",
        )
        .status(2)
        .run();
}
