//! What the program of the attempts tells, with this machine's Python.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};

/// What came of importing these modules, by their names; those of a share in one process.
fn attempted(modules: &[(&str, &str)], shares: &[&[&str]]) -> BTreeMap<String, Value> {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name);
    for (name, text) in modules {
        fs::write(path(&format!("{name}.py")), text).expect("written");
    }
    let all: Vec<&str> = shares.concat();
    let index = |name: &&str| all.iter().position(|other| other == name);
    let shares: Vec<Vec<_>> = shares
        .iter()
        .map(|share| share.iter().map(index).collect())
        .collect();
    let attempts: Vec<Value> = all
        .iter()
        .map(|name| match name.split_once('/') {
            Some(_) => json!({"library": name}),
            None => json!({"module": name, "attributes": ["found", "found.real"]}),
        })
        .collect();
    let tasks = json!({
        "shares": shares, "attempts": attempts, "jobs": 2, "seconds": 5,
        "account": null, "bytecode": path("bytecode"),
    });
    fs::write(path("attempts.py"), include_str!("attempts.py")).expect("written");
    fs::write(path("tasks.json"), tasks.to_string()).expect("written");
    let output = Command::new("python3")
        .arg("-B")
        .args([path("attempts.py"), path("tasks.json")])
        // A directory of its own beside that of the program.
        .env("PYTHONPATH", directory.path())
        .output()
        .expect("python3");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let failed: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    let name = |failed: &Value| {
        failed["attempt"]
            .as_u64()
            .and_then(|at| usize::try_from(at).ok())
    };
    failed
        .into_iter()
        .map(|failed| (all[name(&failed).expect("an index")].to_owned(), failed))
        .collect()
}

#[test]
fn whatever_an_import_does_the_others_are_made() {
    let modules = [
        ("first", "found = 1\n"),
        ("hangs", "import time\nprint('waiting')\ntime.sleep(60)\n"),
        ("aborts", "import os\nos.abort()\n"),
        ("leaves", "import os\nos._exit(3)\n"),
        ("exits", "import sys\nsys.exit('so it goes')\n"),
        ("lacks", "other = 1\n"),
        ("wants", "import first, nosuch.thing\n"),
        (
            "daemon",
            "import os, time\nfound = 1\nif os.fork() == 0:\n    time.sleep(9)\n    os._exit(0)\n",
        ),
        (
            "last",
            "import os\nfound = 1\nprint('x' * 100000)\nos.close(1)\n",
        ),
    ];
    let names: Vec<&str> = modules.iter().map(|(name, _)| *name).collect();
    let failed = attempted(&modules, &[&names[..4], &names[4..]]);
    let told: Vec<_> = failed.keys().map(String::as_str).collect();
    assert_eq!(
        told,
        ["aborts", "exits", "hangs", "lacks", "leaves", "wants"]
    );
    assert_eq!(failed["hangs"]["timeout"], 5);
    assert_eq!(failed["hangs"]["said"], json!(["waiting"]));
    assert_eq!(failed["aborts"]["signal"], 6);
    assert_eq!(failed["leaves"]["exit"], 3);
    assert_eq!(failed["exits"]["error"], "SystemExit");
    assert_eq!(failed["exits"]["text"], "so it goes");
    assert_eq!(failed["lacks"]["lacks"], json!(["found", "found.real"]));
    assert_eq!(failed["wants"]["name"], "nosuch");
    let place = failed["wants"]["place"].as_str().expect("a place");
    assert!(place.ends_with("/wants.py:1"), "{place}");
}

#[test]
fn what_fails_after_others_and_not_alone_has_not_failed() {
    let modules = [
        (
            "spoils",
            "import os\nos.environ['SPOILT'] = 'yes'\nfound = 1\n",
        ),
        (
            "spoilt",
            "import os\nfound = 1\nprint('here')\nassert 'SPOILT' not in os.environ\n",
        ),
        (
            "fails",
            "print('first')\nprint('second')\nassert not 'right'\n",
        ),
    ];
    let failed = attempted(&modules, &[&["spoils", "spoilt", "fails"]]);
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed["fails"]["said"], json!(["first", "second"]));
    assert_eq!(failed["fails"]["error"], "AssertionError");
}

#[test]
fn a_library_says_what_the_loader_says() {
    let failed = attempted(&[], &[&["/nowhere/libx.so"]]);
    assert_eq!(
        failed["/nowhere/libx.so"]["text"],
        "/nowhere/libx.so: cannot open shared object file: No such file or directory"
    );
}
