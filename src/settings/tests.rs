#![allow(clippy::unwrap_used)]

use super::*;

fn parse(pairs: &[(&'static str, &str)]) -> Result<Settings, Vec<String>> {
    let given = Given::new(
        [],
        pairs
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned())),
        0,
        |_| false,
    );
    Settings::parse(&given, &[]).map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

#[test]
fn defaults_are_locis() {
    let settings = parse(&[("PROJECT", "keystone")]).unwrap();
    assert_eq!(
        settings.repository.url,
        "https://opendev.org/openstack/keystone"
    );
    assert_eq!(settings.repository.reference.as_str(), "master");
    assert_eq!(
        (settings.account.uid, settings.account.gid),
        (Id(42424), Id(42424))
    );
    assert_eq!(settings.sources_dir, "/tmp");
    assert_eq!(settings.wheels.directory(), "/wheels");
    assert!(!settings.wheels.complete && !settings.copy_default_config_files);
}

#[test]
fn everything_wrong_is_listed_at_once() {
    let errors = parse(&[
        ("UID", "abc"),
        ("KEEP_ALL_WHEELS", "perhaps"),
        ("JOBS", "0"),
        ("PLUGIN", "perhaps"),
        ("PIP_ARGS", "'open"),
        ("REGISTRY_PROTOCOL", "gopher"),
        ("WHEELS", "ftp://host/x"),
    ])
    .unwrap_err();
    assert_eq!(
        errors,
        [
            "PROJECT: required; the service to install, for example PROJECT=keystone",
            "PLUGIN=perhaps: not a boolean; True, yes, 1 or on, or False, no, 0 or off",
            "UID=abc: not an id; a whole number from 0 to 4294967294",
            "WHEELS=ftp://host/x: `ftp://host/x` is no source of wheels; an absolute path, an http(s) URL or an image reference",
            "REGISTRY_PROTOCOL=gopher: not a protocol; http, https or detect",
            "KEEP_ALL_WHEELS=perhaps: not a boolean; True, yes, 1 or on, or False, no, 0 or off",
            "JOBS=0: not a number of jobs; a whole number from 1",
            "PIP_ARGS='open: a quote is not closed",
        ]
    );
}

#[test]
fn what_the_stock_dockerfile_hands_on_by_default_is_accepted() {
    let defaults: Vec<_> = arguments::ARGUMENTS
        .iter()
        .filter(|argument| !matches!(argument.name, "PROJECT" | "PROJECT_REPO" | "PIP_WHEEL_ARGS"))
        .map(|argument| (argument.name, argument.default))
        .chain([("PROJECT", "keystone")])
        .collect();
    assert!(parse(&defaults).is_ok());
}

#[test]
fn lists_may_span_lines() {
    let settings = parse(&[
        ("PROJECT", "keystone"),
        ("PROFILES", "ldap\n  apache"),
        ("PROJECT_PIP_EXTRAS", "ldap, memcache"),
    ])
    .unwrap();
    assert_eq!(settings.profiles, ["ldap", "apache"]);
    assert_eq!(settings.extras, ["ldap", "memcache"]);
}

#[test]
fn wheel_arguments_that_only_repeat_pips_are_not_the_users_own() {
    let settings = parse(&[
        ("PROJECT", "keystone"),
        ("PIP_ARGS", "--no-compile"),
        ("PIP_WHEEL_ARGS", "--no-compile"),
    ])
    .unwrap();
    assert_eq!(settings.pip.wheel_arguments, None);
}

#[test]
fn jobs_are_as_many_as_asked_for_or_left_to_the_machine() {
    let jobs = |value| parse(&[("PROJECT", "keystone"), ("JOBS", value)]).map(|all| all.jobs);
    assert_eq!(jobs(" 4 "), Ok(NonZeroUsize::new(4)));
    assert_eq!(jobs(""), Ok(None));
    assert_eq!(
        jobs("abc"),
        Err(vec![
            "JOBS=abc: not a number of jobs; a whole number from 1".to_owned()
        ])
    );
}

#[test]
fn a_time_is_whole_seconds_that_have_passed() {
    let epoch = |value| {
        let parsed = parse(&[("PROJECT", "keystone"), ("SOURCE_DATE_EPOCH", value)]);
        parsed.map(|all| all.source_date_epoch)
    };
    assert_eq!(epoch("0"), Ok(Some(0)));
    assert_eq!(epoch(" 1700000000 "), Ok(Some(1_700_000_000)));
    assert_eq!(epoch(""), Ok(None));
    for wrong in ["yesterday", "-1", "+1", "1.5", "18446744073709551616"] {
        assert_eq!(
            epoch(wrong),
            Err(vec![format!(
                "SOURCE_DATE_EPOCH={wrong}: not a time; whole seconds since 1970"
            )])
        );
    }
    assert_eq!(
        epoch("1700000000000"),
        Err(vec![
            "SOURCE_DATE_EPOCH=1700000000000: a time in the future, which not every program takes; \
             one that has passed"
                .to_owned()
        ])
    );
}

#[test]
fn refused_variables_are_listed_with_the_rest() {
    let given = Given::new([], [("PROJECT", "keystone".to_owned())], 0, |_| false);
    let environment = [("PIP_TARGET".to_owned(), "/x".to_owned())];
    let errors = Settings::parse(&given, &environment).unwrap_err();
    assert_eq!(
        errors[0].to_string(),
        "PIP_TARGET=/x: makes pip install into another directory; unset it for the build"
    );
}
