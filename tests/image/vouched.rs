//! Wheels that are what hashes.txt says, wheels that are not, and what the record says of
//! where each came from.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::assets::{assets, some_wheels};
use crate::container::{Container, PROGRAM};
use crate::files::{digest_of, name_of};
use crate::http::{self, Answer};
use crate::repository::Repository;
use crate::said::run;

/// A set of a few wheels with their digests, which a test may change.
struct Set(TempDir);

impl Set {
    /// pip, setuptools, uv and these.
    fn of(more: &[&str]) -> Self {
        let set = Self(some_wheels(&[&["pip", "setuptools", "uv"], more].concat()));
        let wheels: Vec<(String, String)> = set.wheels().map(|file| set.pin(&file)).collect();
        let pins = wheels
            .iter()
            .map(|(pin, _)| pin.replace("==", "===") + "\n");
        set.write("upper-constraints.txt", &pins.collect::<String>());
        let hashes = wheels
            .iter()
            .map(|(pin, digest)| format!("{pin} \\\n    --hash=sha256:{digest}\n"));
        set.write("hashes.txt", &hashes.collect::<String>());
        set
    }

    /// `NAME==VERSION` and the digest of a wheel.
    fn pin(&self, file: &str) -> (String, String) {
        let mut parts = file.split('-');
        let [name, version] = [(); 2].map(|()| parts.next().expect("a wheel's name"));
        (
            format!("{name}=={version}"),
            digest_of(&self.0.path().join(file)),
        )
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).expect("written");
    }

    fn wheels(&self) -> impl Iterator<Item = String> {
        let entries = fs::read_dir(self.0.path()).expect("read").flatten();
        let names = entries.map(|entry| entry.file_name().into_string().expect("a name"));
        let mut names: Vec<String> = names.filter(|name| is_wheel(name)).collect();
        names.sort();
        names.into_iter()
    }

    /// The wheel of a distribution.
    fn wheel(&self, name: &str) -> PathBuf {
        let file = self
            .wheels()
            .find(|file| file.starts_with(&format!("{name}-")));
        self.0.path().join(file.expect("a wheel"))
    }
}

fn is_wheel(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| extension == "whl")
}

/// The distributions of a record by name.
fn distributions(record: &Value) -> BTreeMap<String, Value> {
    let list = record["distributions"].as_array().expect("a list");
    let by_name = list.iter().map(|one| {
        let name = one["name"].as_str().expect("a name").to_lowercase();
        (name, one.clone())
    });
    by_name.collect()
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_changed_wheel_is_refused_by_name_before_anything_is_installed() {
    type Change = fn(&Set, &Path);
    let changes: [(&str, Change); 3] = [
        ("setuptools", |_, path| {
            let mut bytes = fs::read(path).expect("read");
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(path, bytes).expect("written");
        }),
        ("six", |_, path| {
            let bytes = fs::read(path).expect("read");
            fs::write(path, &bytes[..bytes.len() / 2]).expect("written");
        }),
        ("six", |set, path| {
            fs::copy(set.wheel("attrs"), path).expect("copied");
        }),
    ];
    for (engine, (name, change)) in ["uv", "pip", "uv"].into_iter().zip(changes) {
        let set = Set::of(&["six", "attrs"]);
        let wheel = set.wheel(name);
        let expected = digest_of(&wheel);
        change(&set, &wheel);
        let mut container = Container::with_tools();
        container.mount(set.0.path(), "/wheels");
        container.set("INSTALLER", engine);
        container.tiny_source("'six'");
        container.shell("rm -r /var/lib/openstack");
        let said = container.install();
        said.failed_in("wheels");
        assert_eq!(
            said.complaint(),
            format!(
                "wheels: /wheels does not hold the wheels that its hashes.txt names; none was installed\n\
                 \x20 {} has the sha256 {}, but hashes.txt says {expected}\n\
                 Make or fetch the set again. Wheels of your own go into a directory that WHEELS names before the set.\n\
                 This step alone: loci-install step wheels; the build from there: loci-install\n",
                name_of(&wheel),
                digest_of(&wheel)
            )
        );
        assert!(!container.has("/var/lib/openstack/bin/pip"));
        // Nor is it by a step that is run alone.
        for step in ["venv", "build", "pip"] {
            container.step(step).failed_in(step);
        }
        assert!(!container.has("/var/lib/openstack/bin/pip"));
    }
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn what_was_found_out_is_found_out_again_when_a_wheel_has_changed() {
    let set = Set::of(&["six"]);
    let mut container = Container::with_tools();
    container.mount(set.0.path(), "/wheels");
    container.tiny_source("'six'");
    container
        .step("wheels")
        .succeeded()
        .says("wheels: 4 wheels are as hashes.txt says\n");
    let said = container.steps(&["wheels", "venv", "source", "build"]);
    said.succeeded()
        .says("wheels: nothing to do: /wheels holds 4 wheels\n");
    // Size and time are those that it had.
    let wheel = set.wheel("six");
    let time = wheel.metadata().and_then(|metadata| metadata.modified());
    let mut bytes = fs::read(&wheel).expect("read");
    bytes[100] ^= 1;
    fs::write(&wheel, bytes).expect("written");
    let file = fs::File::options()
        .write(true)
        .open(&wheel)
        .expect("opened");
    file.set_modified(time.expect("a time")).expect("set");
    container
        .step("pip")
        .failed_in("pip")
        .says(&format!("  {} has the sha256 ", name_of(&wheel)));
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn what_nobody_vouches_for_is_refused_in_the_plan() {
    let set = Set::of(&["six"]);
    let extra = "six-99.0-py3-none-any.whl";
    fs::copy(set.wheel("six"), set.0.path().join(extra)).expect("copied");
    let mut container = Container::with_tools();
    container.mount(set.0.path(), "/wheels");
    container.tiny_source("'six'");
    let said = container.install();
    assert_eq!(said.status, Some(2), "{}", said.stderr);
    assert_eq!(
        said.stderr,
        format!(
            "error: 1 problem; nothing was touched\n  \
             /wheels/{extra} is not vouched for: hashes.txt has no six==99.0; make the set again, \
             or give wheels of your own by a directory that WHEELS names before the set\n"
        )
    );
    fs::remove_file(set.0.path().join(extra)).expect("removed");
    set.write("hashes.txt", "# nothing\nsix==1.17.0 --hash=sha256:12\n");
    let said = container.install();
    assert_eq!(said.status, Some(2), "{}", said.stderr);
    assert_eq!(
        said.stderr,
        "error: 1 problem; nothing was touched\n  \
         /wheels/hashes.txt:2:1: sha256:12 is no digest: sha256 has 64 hexadecimal digits\n    \
         six==1.17.0\n    ^\n  \
         The digests of the wheels are damaged; make or fetch the set again\n"
    );
    // Sets of LOCI have no digests.
    fs::remove_file(set.0.path().join("hashes.txt")).expect("removed");
    container.install().succeeded();
    let known = distributions(&container.record());
    assert_eq!(
        known["six"]["wheel"]["sha256"],
        digest_of(&set.wheel("six")).as_str()
    );
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_tarball_with_a_changed_wheel_is_not_fetched_and_a_whole_one_is_recorded() {
    let set = Set::of(&["six"]);
    let packed = tempfile::tempdir().expect("a directory");
    let pack = || {
        run(Command::new("tar")
            .args(["--create", "--directory"])
            .arg(set.0.path())
            .arg("--file")
            .args([packed.path().join("w.tar").as_os_str(), ".".as_ref()]));
    };
    let six = set.wheel("six");
    let (whole, expected) = (fs::read(&six).expect("read"), digest_of(&six));
    fs::write(&six, &whole[..whole.len() - 1]).expect("written");
    pack();
    let mut container = Container::with_tools();
    container.unmount("/wheels");
    container.mount(packed.path(), "/in");
    container.set("WHEELS", "/in/w.tar");
    container.tiny_source("'six'");
    let said = container.step("wheels");
    assert_eq!(
        said.complaint(),
        format!(
            "wheels: /in/w.tar: {} has the sha256 {}, but hashes.txt says {expected}\n\
             Give complete wheels by WHEELS_PATH or WHEELS.\n\
             This step alone: loci-install step wheels; the build from there: loci-install\n",
            name_of(&six),
            digest_of(&six)
        )
    );
    assert!(!container.has("/wheels/upper-constraints.txt"));
    fs::write(&six, whole).expect("written");
    pack();
    container.install().succeeded();
    let known = distributions(&container.record());
    let wheel = &known["six"]["wheel"];
    assert_eq!(wheel["file"], name_of(&six).as_str());
    assert_eq!(wheel["sha256"], expected.as_str());
    assert_eq!(wheel["from"]["wheels"], "/in/w.tar");
}

/// An index (PEP 503) of the wheels in a directory, with the digests that they have.
fn index_of(directory: &Path) -> String {
    let directory = directory.to_owned();
    let address = http::serve(move |request| {
        let path = request.target.as_str();
        let file = path.rsplit('/').next().unwrap_or_default();
        let found = if file.is_empty() {
            let name = path
                .trim_matches('/')
                .rsplit('/')
                .next()
                .unwrap_or_default();
            let names = fs::read_dir(&directory).expect("read").flatten();
            let names = names.filter_map(|entry| entry.file_name().into_string().ok());
            let names = names.filter(|file| file.starts_with(&format!("{name}-")));
            let links = names.map(|file| {
                let digest = digest_of(&directory.join(&file));
                format!("<a href=\"/files/{file}#sha256={digest}\">{file}</a>")
            });
            Some(links.collect::<String>().into_bytes()).filter(|page| !page.is_empty())
        } else {
            fs::read(directory.join(file)).ok()
        };
        let kind = if file.is_empty() {
            "text/html"
        } else {
            "application/octet-stream"
        };
        let answer = found.map_or_else(|| Answer::of("404 Not Found"), Answer::with);
        Some(answer.header("Content-Type", kind))
    });
    format!("http://{address}/simple/")
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn what_an_index_has_of_a_version_of_the_set_has_its_digest_or_is_refused() {
    for engine in ["uv", "pip"] {
        let set = Set::of(&["six", "attrs"]);
        let files = tempfile::tempdir().expect("a directory");
        // The index has six and attrs; the set only says what they are.
        for name in ["six", "attrs"] {
            let from = set.wheel(name);
            let to = files.path().join(name_of(&from));
            fs::rename(&from, &to)
                .or_else(|_| fs::copy(&from, &to).map(drop))
                .expect("moved");
            let _ = fs::remove_file(from);
        }
        let six = fs::read_dir(files.path()).expect("read").flatten();
        let six = six
            .map(|entry| entry.path())
            .find(|path| name_of(path).starts_with("six-"));
        let six = six.expect("there");
        let (whole, expected) = (fs::read(&six).expect("read"), digest_of(&six));
        // Which program made an archive counts for nobody: it installs as well as the other.
        let mut other = whole.clone();
        let header = other.windows(4).position(|bytes| bytes == b"PK\x01\x02");
        other[header.expect("a central directory") + 4] ^= 1;
        fs::write(&six, other).expect("written");
        let found = digest_of(&six);
        let url = index_of(files.path());

        let mut container = Container::with_tools();
        container.mount(set.0.path(), "/wheels");
        container.set("INSTALLER", engine);
        container.set("KEEP_ALL_WHEELS", "False");
        container.set("PIP_INDEX_URL", &url);
        container.set("no_proxy", "127.0.0.1");
        container.set("PIP_PACKAGES", "attrs");
        container.tiny_source("'six'");
        let said = container.install();
        said.failed_in("pip");
        let complaint = said.complaint();
        let expected_start = format!(
            "pip: a file that was fetched is not the one that hashes.txt names\n\
             \x20 six==1.17.0 has the sha256 {found}, but is to have {expected}\n"
        );
        assert!(
            complaint.starts_with(&expected_start),
            "{engine}: {complaint}"
        );
        let so_far = match engine {
            "uv" => "Nothing of it is installed.",
            _ => "The virtualenv with it was removed.",
        };
        let advice = format!(
            "\n{so_far} Give the index that has the file of that digest as PIP_INDEX_URL, \
             or make the wheels anew: from this index, and on the base that they are for.\n"
        );
        assert!(complaint.contains(&advice), "{engine}: {complaint}");
        assert!(container.find_six().is_empty(), "{engine}");

        fs::write(&six, whole).expect("written");
        let said = container.install();
        said.succeeded();
        let known = distributions(&container.record());
        let wheel = &known["six"]["wheel"];
        assert_eq!(wheel["sha256"], expected.as_str(), "{}", said.stderr);
        assert_eq!(wheel["file"], name_of(&six).as_str());
        let address = url.replace("/simple/", &format!("/files/{}", name_of(&six)));
        assert_eq!(wheel["from"]["index"], address.as_str());
        assert_eq!(known["six"]["because"], "required");
        assert_eq!(known["attrs"]["because"], "asked-for");
        assert_eq!(known["setuptools"]["because"], "toolchain");
        assert_eq!(known["setuptools"]["wheel"]["from"]["wheels"], "/wheels");
        assert_eq!(known["tiny"]["because"], "source");
        assert_eq!(known["tiny"]["wheel"]["from"]["built"], "tiny");
    }
}

impl Container {
    fn find_six(&self) -> Vec<PathBuf> {
        if !self.has("/var/lib/openstack") {
            return Vec::new();
        }
        self.find("/var/lib/openstack", |path, _| {
            path.file_name().is_some_and(|name| name == "six.py")
        })
    }
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn the_record_has_every_distribution_with_its_wheel() {
    let container = Container::keystone().with_source();
    container.install().succeeded();
    let record = container.record();
    let known = distributions(&record);
    let installed = container.shell(
        "PYTHONDONTWRITEBYTECODE=1 /var/lib/openstack/bin/python -c \"\
         from importlib.metadata import distributions\n\
         for d in distributions(path=['/var/lib/openstack/lib/python3.13/site-packages']):\n\
         \x20   print(d.name.lower(), d.version)\"",
    );
    let mut installed: Vec<String> = installed.lines().map(str::to_owned).collect();
    installed.sort();
    let mut recorded: Vec<String> = known
        .iter()
        .map(|(name, one)| format!("{name} {}", one["version"].as_str().expect("a version")))
        .collect();
    recorded.sort();
    assert_eq!(installed, recorded);
    for (name, one) in &known {
        let wheel = &one["wheel"];
        if name == "keystone" {
            assert_eq!(one["because"], "source");
            assert_eq!(wheel["from"]["built"], "keystone");
        } else {
            let file = assets()
                .wheels
                .join(wheel["file"].as_str().expect("a file"));
            assert_eq!(wheel["sha256"], digest_of(&file).as_str(), "{name}");
            assert_eq!(wheel["from"]["wheels"], "/wheels", "{name}");
        }
    }
    // setuptools has others inside.
    let records = container.find("/var/lib/openstack/lib", |path, _| {
        let above = path.ancestors().nth(2).and_then(Path::file_name);
        path.file_name().is_some_and(|name| name == "RECORD")
            && above.is_some_and(|name| name == "site-packages")
    });
    let mut found: Vec<String> = records.iter().map(|path| digest_of(path)).collect();
    found.sort();
    let digests = known.values().map(|one| &one["record_sha256"]);
    let mut stated: Vec<String> = digests
        .map(|digest| digest.as_str().expect("a digest").to_owned())
        .collect();
    stated.sort();
    assert_eq!(found, stated);
    for (name, reason) in [
        ("pip", "toolchain"),
        ("uwsgi", "asked-for"),
        ("oslo.config", "required"),
    ] {
        assert_eq!(known[name]["because"], reason, "{name}");
    }
    // An sdist's tree.
    let source = &record["sources"]["keystone"];
    assert_eq!(
        source["sha256"].as_str().map(str::len),
        Some(64),
        "{source}"
    );
    assert_eq!(source["modified"], Value::Null);
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_plugins_record_knows_what_its_parents_knew() {
    let mut container = Container::with_tools();
    container.tiny_source("'six'");
    container.install().succeeded();
    let parent = distributions(&container.record());
    container.set("PROJECT", "plugin");
    container.set("PLUGIN", "yes");
    let project = crate::container::tiny_project("'six', 'pyyaml'").replace("tiny", "plugin");
    container.write("/tmp/plugin/pyproject.toml", &project);
    container.write("/tmp/plugin/plugin.py", "");
    container.unmount("/wheels");
    let set = Set::of(&["pyyaml"]);
    container.mount(set.0.path(), "/wheels");
    container.install().succeeded();
    let known = distributions(&container.record());
    for name in ["six", "tiny", "pip"] {
        assert_eq!(known[name]["because"], "parent", "{name}");
        assert_eq!(known[name]["wheel"], parent[name]["wheel"], "{name}");
        assert_ne!(known[name]["wheel"], Value::Null, "{name}");
    }
    assert_eq!(known["plugin"]["because"], "source");
    assert_eq!(known["pyyaml"]["because"], "required");
    assert_eq!(
        known["pyyaml"]["wheel"]["sha256"],
        digest_of(&set.wheel("pyyaml")).as_str()
    );
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn changes_that_nobody_committed_are_recorded() {
    let repository = Repository::tiny();
    let mut container = Container::with_tools();
    container.mount(repository.path(), "/tmp/tiny");
    let built = |container: &Container| {
        container.run(&[PROGRAM, "step", "source"]).succeeded();
        container.record_so_far()["sources"]["tiny"].take()
    };
    let patch = "--- a/tiny.py\n+++ b/tiny.py\n@@ -1 +1,2 @@\n+# patched\n";
    let text = fs::read_to_string(repository.path().join("tiny.py")).expect("read");
    let first = text.lines().next().expect("a line");
    container.input("patches/tiny/1.patch", &format!("{patch} {first}\n"));
    // Ours is none.
    let source = built(&container);
    assert_eq!(source["modified"], false, "{source}");
    assert_eq!(source["sha256"], Value::Null);
    container.shell("rm -r /var/lib/loci-install/sources /var/lib/loci-install/patches");
    repository.write("setup.cfg", "[metadata]\nname = tiny\n");
    fs::write(
        repository.path().join("pyproject.toml"),
        crate::container::tiny_project("'six'"),
    )
    .expect("written");
    let source = built(&container);
    assert_eq!(source["modified"], true, "{source}");
}
