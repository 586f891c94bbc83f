//! A build on top of a finished image, with other arguments.

use std::fs;

use serde_json::Value;

use crate::container::{Container, PROGRAM, tiny_project};

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_finished_image_takes_more_arguments() {
    let sources = tempfile::tempdir().expect("a directory");
    for project in ["tiny", "wee"] {
        let source = sources.path().join("data").join(project);
        fs::create_dir_all(&source).expect("made");
        let description = tiny_project("'six'").replace("'tiny'", &format!("'{project}'"));
        fs::write(source.join("pyproject.toml"), description).expect("written");
        fs::write(source.join(format!("{project}.py")), "answer = 42\n").expect("written");
    }
    let mut container = Container::with_tools();
    container.mount(sources.path(), "/in");
    container.set("INPUTS_DIR", "/in");
    container.install().succeeded();
    let first = distributions(&container);
    assert!(first.contains(&"tiny".to_owned()), "{first:?}");

    container.set("EXTRA_PROJECTS", "wee");
    container.set("PIP_PACKAGES", "'pytz>=2020; python_version > \"3\"'");
    container
        .install()
        .succeeded()
        .says("\nbuild: tiny-1.0-py3-none-any.whl, wee-1.0-py3-none-any.whl\n");
    let mut expected = [first, vec!["pytz".to_owned(), "wee".to_owned()]].concat();
    expected.sort();
    assert_eq!(distributions(&container), expected);
    assert_eq!(container.names_in("/tmp"), Vec::<String>::new());
    container.install().succeeded().says("nothing to do");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_finished_image_that_is_cleaned_up_again_keeps_its_record() {
    let container = Container::with_tools();
    container.tiny_source("'six'");
    container.install().succeeded();
    let record = || -> Value {
        let mut record = container.record();
        record["steps"] = Value::Null;
        record
    };
    let (before, bill) = (record(), container.read("/etc/image_info/sbom.cdx.json"));
    assert_ne!(before["distributions"], Value::Array(Vec::new()));
    container.step("cleanup").succeeded();
    assert_eq!(record(), before);
    assert_eq!(container.read("/etc/image_info/sbom.cdx.json"), bill);
    container
        .install()
        .succeeded()
        .says("there is nothing to do");
    container.run(&[PROGRAM, "verify"]).succeeded();
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_changed_source_of_the_same_version_is_installed_again() {
    let sources = tempfile::tempdir().expect("a directory");
    let source = sources.path().join("data/tiny");
    fs::create_dir_all(&source).expect("made");
    fs::write(source.join("pyproject.toml"), tiny_project("'six'")).expect("written");
    fs::write(source.join("tiny.py"), "answer = 41\n").expect("written");
    let mut container = Container::with_tools();
    container.mount(sources.path(), "/in");
    container.set("INPUTS_DIR", "/in");
    let answer =
        || container.shell("/var/lib/openstack/bin/python -c 'import tiny; print(tiny.answer)'");
    for step in ["venv", "source", "build", "pip"] {
        container.step(step).succeeded();
    }
    assert_eq!(answer(), "41");
    container.write("/tmp/tiny/tiny.py", "answer = 42\n");
    container.step("build").succeeded();
    container.step("pip").succeeded();
    assert_eq!(answer(), "42");
    container.step("pip").succeeded().says("pip: nothing to do");
}

/// The names in pip.txt.
fn distributions(container: &Container) -> Vec<String> {
    container
        .read("/etc/image_info/pip.txt")
        .lines()
        .filter_map(|line| Some(line.split(['=', ' ']).next()?.to_owned()))
        .collect()
}
