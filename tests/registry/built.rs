//! Images as buildah makes them and skopeo copies them.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::fetch::Fetch;
use crate::files::{Files, constraints, of, wheels};
use crate::image::{elsewhere, here};
use crate::registry::Registry;
use crate::tools::{command, run};

const ALPHA: &str = "alpha-1.0-py3-none-any.whl";
const BETA: &str = "beta-2.0-py3-none-any.whl";
const GAMMA: &str = "gamma-3.0-py3-none-any.whl";

/// An image of this machine's store; removed at its end.
struct Built {
    name: String,
}

impl Built {
    /// Of a base, after `change` was done to its files.
    fn of(name: &str, base: &str, more: &[&str], change: impl FnOnce(PathBuf)) -> Self {
        let name = format!("localhost/loci-registry-{name}-{}", std::process::id());
        let words = [&["from"], more, &["--pull-never", base]].concat();
        let container = run("buildah", words);
        change(PathBuf::from(run("buildah", ["mount", &container])));
        run("buildah", ["umount", &container]);
        run("buildah", ["commit", "--quiet", "--rm", &container, &name]);
        Self { name }
    }

    /// What `skopeo` and `buildah` call it.
    fn source(&self) -> String {
        format!("containers-storage:{}", self.name)
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        let _ = command("buildah").args(["rmi", &self.name]).output();
    }
}

/// An index of this machine's store; removed at its end.
struct BuiltIndex {
    name: String,
}

impl BuiltIndex {
    fn new() -> Self {
        let name = format!("localhost/loci-registry-index-{}", std::process::id());
        run("buildah", ["manifest", "create", &name]);
        Self { name }
    }
}

impl Drop for BuiltIndex {
    fn drop(&mut self) {
        // `rmi` would take an image that it names.
        let _ = command("buildah")
            .args(["manifest", "rm", &self.name])
            .output();
    }
}

fn write(root: &std::path::Path, files: &Files) {
    for (name, bytes) in files {
        fs::write(root.join(name), bytes).expect("written");
    }
}

/// Three images on one another, and what is in the last one.
fn built() -> (Files, Vec<Built>) {
    let mut files = wheels();
    let base = Built::of("base", "scratch", &[], |root| {
        write(&root, &wheels());
        fs::create_dir_all(root.join("sub")).expect("made");
        fs::write(root.join("sub/delta-1.0-py3-none-any.whl"), "below").expect("written");
        fs::create_dir_all(root.join("etc")).expect("made");
        fs::write(root.join("etc/passwd"), "root:x:0:0::/root:/bin/sh\n").expect("written");
    });
    let newer = of(&[("newer-1.0-py3-none-any.whl", 90_000)]);
    let middle = Built::of("middle", &base.name, &[], |root| {
        fs::remove_file(root.join(ALPHA)).expect("removed");
        fs::write(root.join(BETA), "another one").expect("written");
        write(&root, &newer);
    });
    let hard = "hard-1.0-py3-none-any.whl";
    let soft = "soft-1.0-py3-none-any.whl";
    let top = Built::of("top", &middle.name, &[], |root| {
        fs::hard_link(root.join(GAMMA), root.join(hard)).expect("linked");
        std::os::unix::fs::symlink(BETA, root.join(soft)).expect("linked");
    });
    files.remove(ALPHA);
    files.insert(BETA.to_owned(), b"another one".to_vec());
    files.extend(newer);
    files.insert(hard.to_owned(), files[GAMMA].clone());
    files.insert(soft.to_owned(), files[BETA].clone());
    // The last one goes first.
    (files, vec![top, middle, base])
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn what_buildah_and_skopeo_write_is_fetched() {
    let (files, images) = built();
    let registry = Registry::plain();
    let source = images[0].source();
    for (tag, words) in [
        ("oci", &["--format", "oci"][..]),
        ("docker", &["--format", "v2s2"]),
        (
            "zstd",
            &["--format", "oci", "--dest-compress-format", "zstd"],
        ),
        (
            "chunked",
            &["--format", "oci", "--dest-compress-format", "zstd:chunked"],
        ),
    ] {
        let reference = registry.reference(&format!("loci/built:{tag}"));
        let to = format!("docker://{reference}");
        let copy = ["copy", "--quiet", "--dest-tls-verify=false", &source, &to];
        run("skopeo", [&copy[..], words].concat());
        Fetch::of(&reference).run().brought(&files);
    }
    let reference = registry.reference("loci/built:buildah");
    let to = format!("docker://{reference}");
    let push = [
        "push",
        "--quiet",
        "--tls-verify=false",
        &images[0].name,
        &to,
    ];
    run("buildah", push);
    Fetch::of(&reference).run().brought(&files);
    let directory = TempDir::new().expect("a directory");
    let layout = directory.path().join("layout").display().to_string();
    let to = format!("oci:{layout}:1");
    run("buildah", ["push", "--quiet", &images[0].name, &to]);
    Fetch::of(&format!("{layout}:1")).run().brought(&files);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn an_index_that_buildah_makes_is_fetched() {
    let [own, other] = ["own-1.0-py3-none-any.whl", "other-1.0-py3-none-any.whl"].map(|name| {
        let mut files = of(&[(name, 9000)]);
        files.extend(constraints("own===1.0\n"));
        files
    });
    let [here, there] = [(here(), &own), (elsewhere(), &other)].map(|(machine, files)| {
        let more = ["--arch", machine];
        Built::of(machine, "scratch", &more, |root| write(&root, files))
    });
    let index = BuiltIndex::new();
    for image in [&there, &here] {
        let source = image.source();
        run("buildah", ["manifest", "add", &index.name, &source]);
    }
    let registry = Registry::plain();
    let reference = registry.reference("loci/index:1");
    let to = format!("docker://{reference}");
    let words = ["--all", "--tls-verify=false", &index.name, &to];
    run("buildah", [&["manifest", "push"], &words[..]].concat());
    Fetch::of(&reference).run().brought(&own);
}
