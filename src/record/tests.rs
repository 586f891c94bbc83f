use serde_json::json;

use super::*;
use crate::settings::Given;

#[test]
fn what_an_earlier_program_wrote_is_read() {
    let of = |project: &str, packages: &str| {
        json!({
            "format": 1,
            "program": "loci-install 0.1.0",
            "project": project,
            "arguments": {"WHEELS": "/srv/wheels"},
            "packages": [packages],
            "steps": [{"name": "pip", "seconds": 2.5}],
            "finished": true,
        })
    };
    let mut text = of("addon", "netbase");
    text["parent"] = of("keystone", "apache2");
    let record = parse(&text.to_string()).expect("a record");
    assert_eq!(record.asked_for, ["netbase"]);
    assert!(record.packages.is_empty());
    assert_eq!(record.seconds_of("pip"), Some(2.5));
    let parent = record.parent.expect("a parent");
    assert_eq!(parent.project, "keystone");
    assert_eq!(parent.asked_for, ["apache2"]);
}

#[test]
fn what_is_written_is_read_again() {
    let record = Record {
        format: FORMAT,
        packages: vec![Package {
            name: "libc6".to_owned(),
            version: "2.41-12".to_owned(),
            architecture: "amd64".to_owned(),
            because: PackageReason::Base,
        }],
        asked_for: vec!["apache2".to_owned()],
        ..Record::default()
    };
    assert_eq!(parse(&record.to_json()), Some(record));
}

fn step(name: &str) -> StepRecord {
    StepRecord {
        name: name.to_owned(),
        started: Some(1.5),
        seconds: Some(2.5),
        bytes: Some(3),
        network: None,
    }
}

fn settings(epoch: &str) -> Settings {
    let flags = [("PROJECT", "keystone"), ("SOURCE_DATE_EPOCH", epoch)];
    let flags = flags.map(|(name, value)| (name, value.to_owned()));
    Settings::parse(&Given::new([], flags, u32::MAX, |_| false), &[]).expect("well-formed")
}

#[test]
fn steps_are_in_the_order_of_the_build_however_they_end() {
    let mut record = Record::default();
    for name in ["cleanup", "packages", "bootstrap", "venv", "packages"] {
        record.step_ended(step(name));
    }
    let names: Vec<&str> = record.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["bootstrap", "packages", "venv", "cleanup"]);
}

#[test]
fn an_image_with_a_time_of_its_own_has_no_measurements() {
    let record = Record {
        steps: vec![step("bootstrap")],
        release: Some(Counts::default()),
        ..Record::default()
    };
    let of = |epoch| -> serde_json::Value {
        let json = record.image_json(&settings(epoch));
        serde_json::from_str(&json).expect("well-formed")
    };
    let measured = serde_json::json!(
        [{"name": "bootstrap", "started": 1.5, "seconds": 2.5, "bytes": 3, "network": null}]
    );
    assert_eq!(of("")["steps"], measured);
    assert!(of("")["release"].is_object());
    let plain = of("1700000000");
    assert_eq!(
        plain["steps"],
        serde_json::json!([{"name": "bootstrap", "network": null}])
    );
    assert!(plain["release"].is_null());
    let back: Record = serde_json::from_value(plain).expect("well-formed");
    assert_eq!(back.seconds_of("bootstrap"), None);
}

#[test]
fn facts_are_no_credentials_and_credentials_are_masked() {
    let record = Record {
        project: "keystone".to_owned(),
        packages: vec![Package {
            name: "passwd".to_owned(),
            version: "1:4.17".to_owned(),
            architecture: "amd64".to_owned(),
            because: PackageReason::Base,
        }],
        requirements: vec!["tiny @ git+https://ci:pass@h/tiny".to_owned()],
        ..Record::default()
    };
    let written = parse(&record.to_json()).expect("a record");
    assert_eq!(written.packages, record.packages);
    assert_eq!(written.requirements, ["tiny @ git+https://****@h/tiny"]);
}

#[test]
fn what_a_step_could_reach_before_it_failed_is_not_forgotten() {
    let mut record = Record::default();
    record.step_failed(StepName::Hooks, Reach::Reachable);
    record.step_ended(StepRecord {
        network: Some(Reach::None),
        ..step("hooks")
    });
    assert_eq!(record.steps.len(), 1);
    assert_eq!(record.steps[0].network, Some(Reach::Reachable));
    assert_eq!(record.seconds_of("hooks"), Some(2.5));
}

#[test]
fn an_index_is_its_files_own_address() {
    let from = WheelSource::index("https://ci:pass@h/a-1-py3-none-any.whl?sig=1#sha256=00");
    let address = "https://h/a-1-py3-none-any.whl".to_owned();
    assert_eq!(from, WheelSource::Index(address));
}
