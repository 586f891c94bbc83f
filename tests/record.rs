//! docs/build.schema.json and docs/record.md say what a record is.

use std::fmt::Write as _;

use loci_install::accounts::{Accounts, Group, User};
use loci_install::network::Reach;
use loci_install::record::{
    AppliedPatch, Counts, Distribution, DistributionReason, Package, PackageFile, PackageReason,
    Record, Source, StepRecord, Wheel, WheelSource,
};
use loci_install::step::StepName;
use loci_install::wheels::Origin;
use serde_json::{Map, Value};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/record.md");

fn schema() -> Value {
    serde_json::from_str(include_str!("../docs/build.schema.json")).expect("JSON")
}

fn text(text: &str) -> String {
    text.to_owned()
}

/// A record of which every field has a value, so that all are written.
fn full() -> Record {
    let mut source = Source {
        repository: Some(text("https://h/tiny")),
        reference: Some(text("master")),
        commit: Some(text("c0ffee")),
        version: Some(text("1.0")),
        modified: Some(false),
        sha256: Some(text("1")),
        ..Source::default()
    };
    source.patches.push(AppliedPatch::default());
    Record {
        inputs: Some(text("1")),
        arguments: [(text("PROJECT"), text("tiny"))].into(),
        sources: [(text("tiny"), source)].into(),
        wheels: vec![Origin {
            digest: Some(text("sha256:1")),
            ..Origin::default()
        }],
        built: vec![text("tiny-1.0-py3-none-any.whl")],
        constraint_edits: vec![text("six is dropped")],
        release: Some(Counts::default()),
        requirements: vec![text("six")],
        distributions: vec![Distribution {
            name: text("tiny"),
            version: text("1.0"),
            because: DistributionReason::Source,
            wheel: Some(Wheel {
                file: text("tiny-1.0-py3-none-any.whl"),
                sha256: text("1"),
                from: WheelSource::Built(text("tiny")),
            }),
            record_sha256: Some(text("1")),
        }],
        packages: vec![Package {
            name: text("libc6"),
            version: text("2.41-12"),
            architecture: text("amd64"),
            because: PackageReason::Base,
        }],
        asked_for: vec![text("apache2")],
        package_files: vec![PackageFile::default()],
        accounts: Accounts {
            users: vec![User {
                name: text("root"),
                uid: 0,
                gid: 0,
                home: text("/root"),
                shell: text("/bin/sh"),
            }],
            groups: vec![Group {
                name: text("root"),
                gid: 0,
                members: vec![text("tiny")],
            }],
        },
        capabilities: [(text("/bin/ping"), text("01"))].into(),
        manifest_sha256: Some(text("1")),
        build_packages: vec![text("git")],
        steps: vec![StepRecord {
            name: text("pip"),
            started: Some(0.5),
            seconds: Some(1.5),
            bytes: Some(1),
            network: Some(Reach::None),
        }],
        left: vec![StepName::Smoke],
        parent: Some(Box::default()),
        ..Record::default()
    }
}

#[test]
fn every_field_is_in_the_schema_and_no_other() {
    let record = serde_json::to_value(full()).expect("JSON");
    let mut wrong = Vec::new();
    compare("record", &record, &schema(), &mut wrong);
    assert!(
        wrong.is_empty(),
        "docs/build.schema.json is not what src/record.rs writes:\n{}",
        wrong.join("\n")
    );
}

/// Compares the names of fields, from here on down.
fn compare(at: &str, value: &Value, part: &Value, wrong: &mut Vec<String>) {
    let whole = schema();
    let mut part = part;
    // The one of a nullable field.
    if let Some(choices) = part["anyOf"].as_array() {
        part = choices.last().expect("a choice");
    }
    if let Some(name) = part["$ref"].as_str() {
        let name = name.trim_start_matches('#');
        part = whole.pointer(name).expect("a definition");
    }
    match value {
        Value::Array(values) => {
            assert!(!values.is_empty(), "{at} has no example in this test");
            compare(at, &values[0], &part["items"], wrong);
        }
        Value::Object(fields) => {
            let Some(known) = part["properties"].as_object() else {
                for value in fields.values() {
                    compare(at, value, &part["additionalProperties"], wrong);
                }
                return;
            };
            // What is the parent's is the record's.
            if at == "record.parent" {
                return;
            }
            let unknown = fields.keys().filter(|name| !known.contains_key(*name));
            wrong.extend(unknown.map(|name| format!("{at}.{name} is not in the schema")));
            let is_choice = part.get("maxProperties").is_some();
            let gone = known.keys().filter(|name| !fields.contains_key(*name));
            let gone = gone.filter(|_| !is_choice);
            wrong.extend(gone.map(|name| format!("{at}.{name} is in the schema alone")));
            for (name, value) in fields {
                if let Some(part) = known.get(name) {
                    compare(&format!("{at}.{name}"), value, part, wrong);
                }
            }
        }
        Value::Null => panic!("{at} has no example in this test"),
        _ => {}
    }
}

#[test]
fn the_document_has_the_schemas_fields() {
    let document = std::fs::read_to_string(DOCUMENT).expect("a document");
    let (start, end) = ("<!-- fields -->\n", "<!-- end -->\n");
    let (head, rest) = document.split_once(start).expect("a beginning");
    let (_, tail) = rest.split_once(end).expect("an end");
    let wanted = format!("{head}{start}{}{end}{tail}", tables(&schema()));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(DOCUMENT, wanted).expect("written");
        return;
    }
    assert!(
        document == wanted,
        "docs/record.md is not made of docs/build.schema.json: UPDATE_DOCS=1 cargo test --test record"
    );
}

/// A table of every definition, its fields in the order of `required`.
fn tables(schema: &Value) -> String {
    let definitions = schema["$defs"].as_object().expect("definitions");
    // The record first; the others by their names.
    let record = definitions.iter().filter(|(name, _)| *name == "record");
    let others = definitions.iter().filter(|(name, _)| *name != "record");
    let mut text = String::new();
    for (name, part) in record.chain(others) {
        let description = part["description"].as_str().expect("a description");
        let _ = write!(
            text,
            "\n### `{name}`\n\n{description}\n\n| field | type | is |\n| --- | --- | --- |\n"
        );
        let known = part["properties"].as_object().expect("properties");
        for field in in_order(part, known) {
            row(&mut text, field, &known[field]);
        }
    }
    text.push('\n');
    text
}

fn in_order<'a>(part: &'a Value, known: &'a Map<String, Value>) -> Vec<&'a str> {
    let required = part["required"].as_array().into_iter().flatten();
    let mut names: Vec<&str> = required.filter_map(Value::as_str).collect();
    let optional = known.keys().map(String::as_str);
    let optional: Vec<&str> = optional.filter(|name| !names.contains(name)).collect();
    names.extend(optional);
    names
}

fn row(text: &mut String, field: &str, part: &Value) {
    let description = part["description"].as_str().expect("a description");
    let _ = writeln!(text, "| `{field}` | {} | {description} |", type_of(part));
    let choices = part["properties"].as_object().into_iter().flatten();
    for (choice, part) in choices {
        row(text, &format!("{field}.{choice}"), part);
    }
}

/// A type in words.
fn type_of(part: &Value) -> String {
    if let Some(name) = part["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap_or_default();
        return format!("`{name}`");
    }
    if let Some(choices) = part["anyOf"].as_array() {
        return format!("{} or null", type_of(choices.last().expect("a choice")));
    }
    if let Some(values) = part["enum"].as_array() {
        let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
        return values.join(", ").replace('"', "");
    }
    let mut types = match &part["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        single => vec![single.as_str().expect("a type")],
    };
    let is_nullable = types.len() > 1;
    let word = types.remove(0);
    let words = match word {
        "array" => format!("list of {}", type_of(&part["items"])),
        "object"
            if part
                .get("additionalProperties")
                .is_some_and(Value::is_object) =>
        {
            format!("map to {}", type_of(&part["additionalProperties"]))
        }
        word => word.to_owned(),
    };
    if is_nullable {
        format!("{words} or null")
    } else {
        words
    }
}
