//! Releases with sources of the user's, with repositories, and with builds that need each other.

use std::fs;

use super::packages::Sdist;
use super::release;
use super::served::Served;
use crate::repository::Repository;

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn the_users_sources_take_the_place_of_their_pins() {
    let index = Served::new();
    for name in ["plum", "quince", "apple"] {
        index.wheel(name, "1.0", &[]);
    }
    let mut container = release(&index, "plum===1.0\nquince===1.0\napple===1.0\n");
    container.input("python-custom-name-mapping.txt", "fork-of-plum plum plum\n");
    container.set("KEEP_ALL_WHEELS", "True");
    let fork = container.path("/tmp/fork-of-plum");
    Sdist::new("plum", "7.0").requires("cherry").unpack(&fork);
    index.wheel("cherry", "1.0", &[]);
    let data = container.input_directory("data/quince");
    Sdist::new("quince", "8.0").unpack(&data);
    container
        .install()
        .succeeded()
        .says("constraints: plum===1.0 (line 1) gives way to plum @ /tmp/fork-of-plum: /tmp/fork-of-plum is its source\n")
        .says("constraints: quince===1.0 (line 2) gives way to quince @ /opt/loci/data/quince: ");
    let pins = container.pins();
    assert_eq!(
        (pins["plum"].as_str(), pins["quince"].as_str()),
        ("7.0", "8.0")
    );
    assert_eq!(
        (pins["apple"].as_str(), pins["cherry"].as_str()),
        ("1.0", "1.0")
    );
    let requests = index.requests();
    assert!(
        !requests.contains_key("plum-1.0-py3-none-any.whl"),
        "{requests:?}"
    );
    assert_eq!(fs::read_dir(&fork).expect("a directory").count(), 4);

    Sdist::new("plum", "7.1").requires("cherry").unpack(&fork);
    container.install().succeeded();
    assert_eq!(container.pins()["plum"], "7.1");
    let mut builds = container.builds();
    builds.sort();
    assert_eq!(builds, ["plum", "plum", "quince"]);
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_repository_becomes_a_pin_and_a_commit() {
    let index = Served::new();
    let tiny = Repository::tiny();
    let plum = Repository::tiny();
    let project = "[project]\nname = 'plum'\nversion = '2.0'\n";
    plum.write("pyproject.toml", project);
    plum.commit();
    for (egg, plums) in [("#egg=tiny", "#egg=plum"), ("", "")] {
        let mut container = release(
            &index,
            &format!("git+file:///repos/tiny@stable/1{egg}\ngit+file:///repos/plum{plums}\n"),
        );
        container.mount(tiny.path(), "/repos/tiny");
        container.mount(plum.path(), "/repos/plum");
        container.install().succeeded();
        let pins = container.pins();
        assert_eq!(
            (pins["tiny"].as_str(), pins["plum"].as_str()),
            ("1.0", "2.0")
        );
        assert_eq!(
            container.wheels(),
            ["plum-2.0-py3-none-any.whl", "tiny-1.0-py3-none-any.whl"]
        );
        let lock = container.read("/wheels/pylock.toml");
        for commit in [tiny.git("rev-parse stable/1"), plum.git("rev-parse master")] {
            assert!(lock.contains(&commit), "no {commit} in {lock}");
        }
        assert!(lock.contains("requested-revision = \"stable/1\""), "{lock}");
    }
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn what_a_build_needs_is_built_first() {
    let index = Served::new();
    let uses = |name: &str| format!("import module_{name}");
    index.sdist(
        &Sdist::new("alder", "1.0")
            .build_requires("birch")
            .first(&uses("birch")),
    );
    index.sdist(
        &Sdist::new("birch", "1.0")
            .build_requires("cedar>=1")
            .first(&uses("cedar")),
    );
    // Nothing pins it.
    index.sdist(&Sdist::new("cedar", "1.0"));
    let mut container = release(&index, "alder===1.0\nbirch===1.0\n");
    container.set("KEEP_ALL_WHEELS", "True");
    container.install().succeeded();
    assert_eq!(container.builds(), ["cedar", "birch", "alder"]);
    let pins = container.pins();
    assert!(!pins.contains_key("cedar"), "{pins:?}");
    // Whoever builds from this set with no index needs it, too.
    assert!(
        container
            .wheels()
            .contains(&"cedar-1.0-py3-none-any.whl".to_owned())
    );
    assert!(
        container
            .read("/wheels/hashes.txt")
            .contains("\ncedar==1.0 ")
    );
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn what_only_the_build_knows_is_found_out_by_it() {
    let index = Served::new();
    let asks = "['dog' + 'wood>=1']";
    index.sdist(
        &Sdist::new("alder", "1.0")
            .asks(asks)
            .first("import module_dogwood"),
    );
    index.sdist(
        &Sdist::new("birch", "1.0")
            .asks("['elm'.lower()]")
            .first("import module_elm"),
    );
    index.sdist(
        &Sdist::of_setuptools("cedar", "1.0", "setup_requires=needed").first("needed = ['elm']"),
    );
    index.sdist(&Sdist::of_setuptools(
        "fir",
        "1.0",
        "setup_requires=['e' + 'lm']",
    ));
    index.wheel("dogwood", "1.0", &[]);
    index.sdist(&Sdist::new("elm", "1.0"));
    let mut container = release(&index, "alder===1.0\nbirch===1.0\ncedar===1.0\nfir===1.0\n");
    container.set("JOBS", "1");
    container.install().succeeded();
    let mut builds = container.builds();
    let elm = builds.iter().position(|name| name == "elm");
    let birch = builds.iter().position(|name| name == "birch");
    assert!(elm < birch, "{builds:?}");
    builds.sort();
    assert_eq!(builds, ["alder", "birch", "cedar", "elm", "fir"]);
    assert_eq!(container.published_record()["release"]["builds"], 5);
}
