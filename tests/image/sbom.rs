//! The bill of materials: exactly what is installed, valid by the official schema, and the
//! record beside it by ours.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::container::Container;
use crate::extending::addon;
use crate::virtualenv;

/// `CycloneDX`'s own library, which has the official schema with it, and the reference of
/// package URLs.
const VALIDATORS: [&str; 3] = [
    "cyclonedx-python-lib[json-validation]==11.12.0",
    "jsonschema==4.26.0",
    "packageurl-python==0.17.6",
];

/// The bill of an image, which is valid and tells what is installed.
pub fn bill(container: &Container) -> Value {
    let text = container.read("/etc/image_info/sbom.cdx.json");
    let given = json!({
        "bill": text,
        "record": container.read("/etc/image_info/build.json"),
        "schema": include_str!("../../docs/build.schema.json"),
    });
    assert_eq!(wrong_with(&given), "");
    serde_json::from_str(&text).expect("JSON")
}

/// The components whose package URLs are of this kind.
pub fn components(bill: &Value, kind: &str) -> Vec<Value> {
    let all = bill["components"].as_array().into_iter().flatten();
    let prefix = format!("pkg:{kind}/");
    let purl = |one: &Value| one["purl"].as_str().unwrap_or_default().to_owned();
    all.filter(|one| purl(one).starts_with(&prefix))
        .cloned()
        .collect()
}

/// The component of this name.
pub fn component(bill: &Value, name: &str) -> Value {
    let all = bill["components"].as_array().into_iter().flatten();
    let named: Vec<&Value> = all.filter(|one| one["name"] == name).collect();
    assert_eq!(named.len(), 1, "{name}: {named:#?}");
    named[0].clone()
}

fn wrong_with(given: &Value) -> String {
    let mut child = Command::new(python())
        .args(["-c", include_str!("bill.py")])
        .env("PYTHONUTF8", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the validators");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin
        .write_all(given.to_string().as_bytes())
        .expect("written");
    drop(stdin);
    let output = child.wait_with_output().expect("ended");
    assert!(output.status.success(), "bill.py: {}", output.status);
    String::from_utf8(output.stdout).expect("text")
}

/// The interpreter of a virtualenv with the validators, kept for the next time.
fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("validators");
        let stamp = place.join("stamp");
        let wanted = VALIDATORS.join("\n");
        if fs::read_to_string(&stamp).is_ok_and(|stamp| stamp == wanted) {
            return place.join("bin/python");
        }
        let python = virtualenv::make(&place, &VALIDATORS);
        fs::write(stamp, wanted).expect("written");
        python
    })
}

/// Insists that the bill has the packages of `dpkg -l` and the distributions that Python finds
/// in the virtualenv, each once, and that the record's packages are the same.
fn exact(container: &Container, bill: &Value) {
    let listed = container.shell("COLUMNS=500 dpkg -l");
    let listed = listed.lines().filter(|line| line.starts_with("ii "));
    let mut listed: Vec<[String; 3]> = listed
        .map(|line| {
            let mut words = line.split_whitespace().skip(1);
            let mut word = || words.next().expect("a word").to_owned();
            let (name, version, architecture) = (word(), word(), word());
            let name = name.split(':').next().unwrap_or_default().to_owned();
            [name, version, architecture]
        })
        .collect();
    listed.sort();
    let mut packages: Vec<[String; 3]> = components(bill, "deb")
        .iter()
        .map(|one| {
            let purl = one["purl"].as_str().expect("a purl");
            let (_, rest) = purl.split_once("?arch=").expect("an architecture");
            let architecture = rest.split('&').next().unwrap_or_default();
            [
                word(&one["name"]),
                word(&one["version"]),
                architecture.to_owned(),
            ]
        })
        .collect();
    packages.sort();
    assert_eq!(packages, listed);
    let mut recorded: Vec<[String; 3]> = container.record()["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .map(|one| ["name", "version", "architecture"].map(|field| word(&one[field])))
        .collect();
    recorded.sort();
    assert_eq!(recorded, listed);

    let found = container.shell(
        "PYTHONDONTWRITEBYTECODE=1 /var/lib/openstack/bin/python -c \"
import sys
from importlib.metadata import distributions
own = [path for path in sys.path if path.startswith('/var/lib/openstack/')]
print(*sorted(f'{d.name} {d.version}' for d in distributions(path=own)), sep='\\n')\"",
    );
    let mut distributions: Vec<String> = components(bill, "pypi")
        .iter()
        .map(|one| format!("{} {}", word(&one["name"]), word(&one["version"])))
        .collect();
    distributions.sort();
    assert_eq!(distributions.join("\n"), found);
}

fn word(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// The names of the record's packages that are there for this reason.
fn there_for(record: &Value, because: &str) -> BTreeSet<String> {
    let all = record["packages"].as_array().into_iter().flatten();
    all.filter(|one| one["because"] == because)
        .map(|one| word(&one["name"]))
        .collect()
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn the_bill_of_a_service_is_exactly_what_is_installed() {
    let mut container = Container::keystone().with_source();
    container.set("SOURCE_DATE_EPOCH", "1735689599");
    container.set("DIST_PACKAGES", "netbase");
    container.hook(
        "10_tool.sh",
        "apt-get -qq install -y --no-install-recommends tree",
    );
    let base: BTreeSet<String> = container.packages().into_keys().collect();
    container.install().succeeded();

    let bill = bill(&container);
    exact(&container, &bill);
    let record = container.record();
    assert_eq!(record["format"], 2);
    assert_eq!(there_for(&record, "base"), base);
    let asked_for = there_for(&record, "asked-for");
    for name in [
        "apache2",
        "libldap2",
        "netbase",
        "python3",
        "tree",
        "libpython3.13",
    ] {
        assert!(asked_for.contains(name), "{name}: {asked_for:?}");
    }
    let required = there_for(&record, "required");
    for name in ["apache2-bin", "libpython3.13-stdlib"] {
        assert!(required.contains(name), "{name}: {required:?}");
    }

    let service = &bill["metadata"]["component"];
    assert_eq!(service["type"], "application");
    assert_eq!(service["name"], "keystone");
    assert_eq!(service["version"], component(&bill, "keystone")["version"]);
    assert_eq!(bill["metadata"]["timestamp"], "2024-12-31T23:59:59Z");
    assert_eq!(component(&bill, "debian")["type"], "operating-system");
    let licences = |name: &str| component(&bill, name)["licenses"].clone();
    assert_eq!(licences("SQLAlchemy"), json!([{"expression": "MIT"}]));
    assert_eq!(
        licences("netbase"),
        json!([{"license": {"id": "GPL-2.0-only"}}])
    );
    // With the extra that the project was installed with.
    let needs = |purl: &Value| {
        let mut all = bill["dependencies"].as_array().into_iter().flatten();
        let one = all.find(|one| one["ref"] == *purl).expect("dependencies");
        one["dependsOn"].to_string()
    };
    let keystone = needs(&component(&bill, "keystone")["purl"]);
    for name in ["pkg:pypi/oslo-config@", "pkg:pypi/python-ldap@"] {
        assert!(keystone.contains(name), "{keystone}");
    }
    let apache = needs(&component(&bill, "apache2")["purl"]);
    assert!(apache.contains("pkg:deb/debian/apache2-bin@"), "{apache}");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_plugins_bill_has_what_the_parent_has_and_its_patches() {
    let mut container = Container::with_tools();
    container.tiny_source("'six'");
    let patch = "--- a/tiny.py\n+++ b/tiny.py\n@@ -1 +1 @@\n-answer = 42\n+answer = 43\n";
    container.input("patches/tiny/1.patch", patch);
    container.install().succeeded();
    let before = bill(&container);
    exact(&container, &before);
    assert_eq!(before["metadata"]["timestamp"], Value::Null);

    let _sources = addon(&mut container);
    container.install().succeeded();
    let bill = bill(&container);
    exact(&container, &bill);
    assert_ne!(bill["serialNumber"], before["serialNumber"]);
    assert_eq!(bill["metadata"]["component"]["name"], "tiny-addon");
    let tiny = component(&bill, "tiny");
    let patches = tiny["pedigree"]["patches"].as_array().expect("patches");
    let [patch] = &patches[..] else {
        panic!("{patches:#?}");
    };
    let url = patch["diff"]["url"].as_str().expect("a place");
    assert!(
        url.starts_with("/opt/loci/patches/tiny/1.patch#sha256="),
        "{url}"
    );
    let mut expected = component(&before, "tiny");
    assert_eq!(expected["properties"][0]["value"], "source");
    expected["properties"][0]["value"] = "parent".into();
    assert_eq!(tiny, expected);
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn an_image_of_no_service_has_a_bill_too() {
    let mut container = Container::with_tools();
    container.set("PROJECT", "infra");
    container.set("PIP_PACKAGES", "six");
    container.install().succeeded();
    let bill = bill(&container);
    exact(&container, &bill);
    assert_eq!(bill["metadata"]["component"]["type"], "container");
}
