//! Releases that are made: what is in them, what was done for them and what was not.

use std::collections::{BTreeMap, BTreeSet};

use loci_install::python::WheelName;
use toml::{Table, Value};

use super::packages::Sdist;
use super::release;
use super::served::Served;
use crate::container::{Container, PROGRAM};

/// A release of two wheels and two sdists, of which one wheel requires more.
fn orchard() -> Served {
    let index = Served::new();
    index.wheel("apple", "1.0", &["pear>=1", "absent; python_version < '3'"]);
    index.wheel("pear", "1.0", &[]);
    index.wheel("pear", "2.0", &["fig[dried]"]);
    index.sdist(&Sdist::new("fig", "3.0").requires("date; extra == 'dried'"));
    index.wheel("date", "1.5", &[]);
    index.sdist(&Sdist::new("plum", "1.0"));
    index.sdist(&Sdist::of_setuptools("quince", "1.0", ""));
    index
}

const ORCHARD: &str = "apple===1.0\nplum===1.0\nquince===1.0\n";

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn everything_that_is_required_is_there_once() {
    let index = orchard();
    let mut container = release(&index, ORCHARD);
    container.set("KEEP_ALL_WHEELS", "True");
    // From nothing: the virtualenv of tools is not there, either.
    container.shell("rm -r /var/lib/loci-install/requirements");
    let said = container.install();
    said.succeeded();

    let pins = container.pins();
    let names: Vec<&str> = pins.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "apple",
            "date",
            "fig",
            "packaging",
            "pbr",
            "pear",
            "pip",
            "plum",
            "quince",
            "setuptools",
            "uv",
            "wheel"
        ]
    );
    assert_eq!(pins["pear"], "2.0");
    let of_wheels: BTreeMap<String, String> = wheel_names(&container)
        .into_iter()
        .map(|wheel| (wheel.name.to_string(), wheel.version))
        .collect();
    assert_eq!(pins, of_wheels);
    said.says(&format!("publish: {} wheels of ", pins.len()));

    hashes_are_of_the_files(&container);
    lock_is_of_the_files(&container);
    let mut builds = container.builds();
    builds.sort();
    assert_eq!(builds, ["fig", "plum", "quince"]);
    let mut requests = index.requests();
    // What an sdist that nothing pins requires is found out by reading it.
    assert_eq!(requests.insert("fig-3.0.tar.gz".to_owned(), 1), Some(2));
    assert!(requests.values().all(|times| *times == 1), "{requests:?}");
    assert_eq!(requests.len(), pins.len(), "{requests:?}");
    assert_eq!(container.published_record()["release"]["builds"], 3);
    assert_eq!(
        container.published_record()["release"]["downloads"],
        requests.len() - 1
    );
    container
        .install()
        .succeeded()
        .says("publish: nothing to do");
    assert!(index.requests().is_empty());
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn what_no_constraint_names_fits_what_they_pin() {
    let index = Served::new();
    index.wheel("neutron", "1.0", &[]);
    index.wheel("neutron", "2.0", &[]);
    index.wheel("vpnaas", "1.0", &["neutron<2"]);
    index.wheel("vpnaas", "2.0", &["neutron>=2"]);
    let mut container = release(&index, "neutron===1.0\n");
    container.set("KEEP_ALL_WHEELS", "True");
    container.set("PIP_PACKAGES", "vpnaas");
    container.install().succeeded();
    assert_eq!(container.pins()["vpnaas"], "1.0");
}

fn wheel_names(container: &Container) -> Vec<WheelName> {
    let names = container.wheels();
    let names = names.iter().map(|name| WheelName::parse(name));
    names.collect::<Option<_>>().expect("wheels")
}

fn hashes_are_of_the_files(container: &Container) {
    let text = container.read("/wheels/hashes.txt").replace("\\\n", " ");
    let said: BTreeSet<&str> = text
        .split_whitespace()
        .filter_map(|word| word.strip_prefix("--hash=sha256:"))
        .collect();
    let digests = container.digests();
    let real: BTreeSet<&str> = digests.values().map(String::as_str).collect();
    assert_eq!(said, real, "{text}");
}

/// Every wheel is in the lock with its digest, or with that of its sdist.
fn lock_is_of_the_files(container: &Container) {
    let lock: Table = container.read("/wheels/pylock.toml").parse().expect("TOML");
    let digests = container.digests();
    let mut seen = 0;
    for package in packages(&lock) {
        for wheel in package
            .get("wheels")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let name = wheel.get("name").and_then(Value::as_str);
            let name = name.unwrap_or_else(|| {
                wheel["url"]
                    .as_str()
                    .and_then(|url| url.rsplit('/').next())
                    .expect("a name")
            });
            assert_eq!(
                wheel["hashes"]["sha256"].as_str(),
                digests.get(name).map(String::as_str)
            );
            seen += 1;
        }
        seen += usize::from(package.get("sdist").is_some());
    }
    assert_eq!(seen, digests.len());
}

fn packages(lock: &Table) -> Vec<&Value> {
    lock["packages"].as_array().into_iter().flatten().collect()
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn only_what_was_compiled_is_kept_and_the_rest_not_even_fetched() {
    let index = orchard();
    index.wheel("unused", "1.0", &[]);
    let mut container = release(&index, &format!("{ORCHARD}unused===1.0\n"));
    container.set("KEEP_ALL_WHEELS", "False");
    container.install().succeeded();
    assert_eq!(
        container.wheels(),
        ["plum-1.0-py3-none-any.whl", "quince-1.0-py3-none-any.whl"]
    );
    // A service is still installed in these versions, from an index.
    let pins: Vec<String> = container.pins().into_keys().collect();
    assert_eq!(
        pins,
        [
            "apple",
            "pbr",
            "pip",
            "plum",
            "quince",
            "setuptools",
            "unused",
            "uv",
            "wheel"
        ]
    );
    let hashes = container.read("/wheels/hashes.txt");
    let apple = index.digest("apple-1.0-py3-none-any.whl");
    assert!(
        hashes.contains(&format!("apple==1.0 \\\n    --hash=sha256:{apple}\n")),
        "{hashes}"
    );
    let requests: Vec<String> = index.requests().into_keys().collect();
    // Of the wheels only those that the build of quince needs.
    let projects: Vec<&str> = requests
        .iter()
        .filter_map(|file| file.split('-').next())
        .collect();
    assert_eq!(
        projects,
        ["packaging", "plum", "quince", "setuptools", "wheel"]
    );
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn after_a_failure_only_the_failed_build_is_done_again() {
    let index = orchard();
    let breaks = "assert os.path.exists('/tmp/pass'), 'there is no /tmp/pass'";
    index.sdist(&Sdist::new("lime", "1.0").first(breaks));
    for command in [
        &[PROGRAM][..],
        &[PROGRAM, "step", "wheels-build", "publish"],
    ] {
        let mut container = release(&index, &format!("{ORCHARD}lime===1.0\n"));
        container.set("KEEP_ALL_WHEELS", "True");
        container
            .install()
            .failed_in("wheels-build")
            .says("  lime 1.0: could not build it\n")
            .says("AssertionError: there is no /tmp/pass\n")
            .says("\nWhat is done is kept: the next run does only what failed.\n");
        assert!(!container.has("/wheels/upper-constraints.txt"));
        container.builds();
        index.requests();

        container.write("/tmp/pass", "");
        container.run(command).succeeded();
        let mut builds = container.builds();
        builds.sort();
        // What the sdist fig is for was found out only when nothing failed any more.
        assert_eq!(builds, ["fig", "lime"], "{command:?}");
        let requests = index.requests();
        let new = [
            "date-1.5-py3-none-any.whl",
            "fig-3.0.tar.gz",
            "pear-2.0-py3-none-any.whl",
        ];
        let requested: Vec<&str> = requests.keys().map(String::as_str).collect();
        assert_eq!(requested, new, "{command:?}");
        assert!(container.pins().contains_key("lime"));

        container
            .run(command)
            .succeeded()
            .says("wheels-build: nothing to do: 13 wheels are there\n")
            .says("publish: nothing to do: they are there\n");
        assert!(index.requests().is_empty());
        assert!(container.builds().is_empty());
    }
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_release_is_made_again_from_its_lock() {
    let index = orchard();
    let mut container = release(&index, ORCHARD);
    container.set("KEEP_ALL_WHEELS", "True");
    container.install().succeeded();
    let first = container.digests();
    let lock = container.read("/wheels/pylock.toml");

    index.wheel("pear", "3.0", &["brandnew"]);
    index.wheel("date", "2.0", &[]);
    index.wheel("packaging", "99.0", &[]);
    index.wheel("setuptools", "80.99", &[]);
    index.wheel("pip", "99.0", &[]);
    index.sdist(&Sdist::new("fig", "4.0"));
    let mut container = release(&index, ORCHARD);
    container.set("KEEP_ALL_WHEELS", "True");
    container.set("LOCK", "locks/pylock.toml");
    container.input("locks/pylock.toml", &lock);
    container.install().succeeded();
    let mut second = container.digests();
    // setuptools writes the time into what it compiles.
    let quince = "quince-1.0-py3-none-any.whl".to_owned();
    assert!(
        second
            .insert(quince.clone(), first[&quince].clone())
            .is_some()
    );
    for built in ["fig-3.0-py3-none-any.whl", "plum-1.0-py3-none-any.whl"] {
        assert!(
            second
                .insert(built.to_owned(), first[built].clone())
                .is_some()
        );
    }
    assert_eq!(second, first);
    assert_eq!(container.read("/wheels/pylock.toml"), lock);
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_line_for_another_python_is_dropped_and_said() {
    let index = orchard();
    let container = release(
        &index,
        "plum===1.0; python_version >= '3.8'\n\napple===0.1; python_version < '3.8'\n",
    );
    let said = container.install();
    let python = container.shell("python3 -c 'import platform; print(platform.python_version())'");
    let edit = format!(
        "apple===0.1; python_version < '3.8' (line 3) is dropped: its marker does not hold for Python {python}"
    );
    said.succeeded().says(&format!("\nconstraints: {edit}\n"));
    assert_eq!(
        container.published_record()["constraint_edits"][0],
        edit.as_str()
    );
    assert_eq!(container.pins()["plum"], "1.0");
    assert!(!container.pins().contains_key("apple"));
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn pip_does_the_work_where_there_is_no_uv() {
    let index = orchard();
    index.hide("uv");
    let mut container = release(&index, "apple===1.0\nplum===1.0\nquince===1.0\n");
    container.set("KEEP_ALL_WHEELS", "True");
    container.remove("/var/lib/loci-install/requirements/tools/bin/uv");
    let said = container.install();
    said.succeeded()
        .says("\nconstraints: there is no uv to be had (ERROR: No matching distribution found for uv); pip does its work, more slowly\n");
    let pins: Vec<String> = container.pins().into_keys().collect();
    assert_eq!(
        pins,
        [
            "apple",
            "date",
            "fig",
            "packaging",
            "pbr",
            "pear",
            "pip",
            "plum",
            "quince",
            "setuptools",
            "wheel"
        ]
    );
    hashes_are_of_the_files(&container);
    lock_is_of_the_files(&container);
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn arguments_add_packages_and_tell_backends() {
    let index = orchard();
    index.sdist(&Sdist::new("lime", "2.5"));
    let mut container = release(&index, "plum===1.0\n");
    container.set("PIP_PACKAGES", "'lime>2; python_version > \"3\"' apple");
    container.set("PIP_WHEEL_ARGS", "-C colour=green --no-binary date");
    container.set("JOBS", "1");
    container
        .install()
        .succeeded()
        .says("2 to build, 1 at once: ");
    assert_eq!(
        container.builds(),
        ["lime colour=green", "plum colour=green"]
    );
    assert_eq!(container.pins()["lime"], "2.5");
    assert_eq!(container.pins()["apple"], "1.0");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn an_option_of_pip_alone_makes_pip_build() {
    let index = orchard();
    let mut container = release(&index, "plum===1.0\nquince===1.0\n");
    container.set("PIP_WHEEL_ARGS", "--no-clean");
    let said = container.step("constraints");
    said.succeeded();
    container
        .step("wheels-build")
        .succeeded()
        .says(" -m pip wheel --no-deps --no-cache-dir --no-index ")
        .says(" --no-clean ");
    container.step("publish").succeeded();
    assert_eq!(
        container.wheels(),
        ["plum-1.0-py3-none-any.whl", "quince-1.0-py3-none-any.whl"]
    );
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn packages_of_the_distribution_are_there_for_builds() {
    let index = orchard();
    index.sdist(&Sdist::new("lime", "1.0").first("os.stat('/usr/bin/ed'), os.stat('/usr/bin/bc')"));
    let mut container = release(&index, "lime===1.0\n");
    container.input(
        "more-packages.txt",
        "ed [requirements]\nno-such [!requirements]\n",
    );
    container.set("EXTRA_BINDEP", "more-packages.txt");
    container.set("DIST_PACKAGES", "bc");
    container.install().succeeded();
    assert_eq!(container.wheels(), ["lime-1.0-py3-none-any.whl"]);
}
