//! Patches of sources: applied in order, all or none, and taken back.

use serde_json::Value;

use crate::container::Container;
use crate::repository::Repository;

const FIRST: &str = "\
From 1 Mon Sep 17 00:00:00 2001
Subject: [PATCH] one
---
 tiny.py | 2 +-
diff --git a/tiny.py b/tiny.py
--- a/tiny.py
+++ b/tiny.py
@@ -1 +1,2 @@
-answer = 42
+answer = 43
+question = None
--\u{20}
2.47.3
";

const SECOND: &str = "\
--- a/tiny.py
+++ b/tiny.py
@@ -1,2 +1,2 @@
-answer = 43
+answer = 44
 question = None
";

const FILE: &str = "\
diff --git a/tiny_data.py b/tiny_data.py
new file mode 100644
--- /dev/null
+++ b/tiny_data.py
@@ -0,0 +1 @@
+data = []
";

fn container() -> Container {
    let container = Container::with_tools();
    container.tiny_source("");
    container
}

fn patches(container: &Container) -> Value {
    container.record_so_far()["sources"]["tiny"]["patches"].take()
}

fn source(container: &Container) -> String {
    container.read("/tmp/tiny/tiny.py")
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn they_are_applied_once_in_name_order_and_taken_back() {
    let container = container();
    container.input("patches/tiny/02-two.patch", SECOND);
    container.input("patches/tiny/01-one.patch", FIRST);
    container.input("patches/tiny/notes.txt", "no patch\n");
    container.input("patches/other/01-x.patch", "of another service\n");
    for _ in 0..2 {
        container.step("source").succeeded();
        assert_eq!(source(&container), "answer = 44\nquestion = None\n");
    }
    let recorded = patches(&container);
    assert_eq!(recorded[0]["file"], "/opt/loci/patches/tiny/01-one.patch");
    let digest = container.shell("sha256sum /opt/loci/patches/tiny/02-two.patch");
    assert_eq!(recorded[1]["sha256"], digest[..64]);
    assert_eq!(recorded.as_array().map(Vec::len), Some(2));

    // Another one in the place of the second.
    std::fs::remove_file(container.input_directory("patches/tiny/02-two.patch")).expect("removed");
    container.input("patches/tiny/03-file.patch", FILE);
    container.step("source").succeeded();
    assert_eq!(source(&container), "answer = 43\nquestion = None\n");
    assert_eq!(container.read("/tmp/tiny/tiny_data.py"), "data = []\n");

    // None any more.
    std::fs::remove_dir_all(container.input_directory("patches")).expect("removed");
    container.step("source").succeeded();
    assert_eq!(source(&container), "answer = 42\n");
    assert!(!container.has("/tmp/tiny/tiny_data.py"));
    assert_eq!(patches(&container), Value::Array(Vec::new()));
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn one_that_does_not_apply_leaves_none() {
    let mut container = container();
    container.one_by_one();
    container.input("patches/tiny/1.patch", FIRST);
    container.input(
        "patches/tiny/2.patch",
        &SECOND.replace("-answer = 43", "-answer = 7"),
    );
    insta::assert_snapshot!(container.install().complaint(), @r"
    source: /opt/loci/patches/tiny/2.patch does not apply to /tmp/tiny
      rejected, of tiny.py:
        @@ -1,2 +1,2 @@
        -answer = 7
        +answer = 44
         question = None
      command: git -C /tmp/tiny apply '--whitespace=nowarn' -- /opt/loci/patches/tiny/2.patch
      ended:   exit status 1
      said:
        error: patch failed: tiny.py:1
        error: tiny.py: patch does not apply
    Make the patch anew from this source; none is applied to it now.
    This step alone: loci-install step source; the build from there: loci-install
    ");
    assert_eq!(source(&container), "answer = 42\n");
    assert!(!container.has("/var/lib/loci-install/built"));
    container.input("patches/tiny/2.patch", SECOND);
    container.step("source").succeeded();
    assert_eq!(source(&container), "answer = 44\nquestion = None\n");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn one_that_the_source_has_already_is_told_as_that() {
    let container = container();
    container.write("/tmp/tiny/tiny.py", "answer = 43\nquestion = None\n");
    container.input("patches/tiny/1.patch", FIRST);
    insta::assert_snapshot!(container.step("source").complaint(), @r"
    source: /opt/loci/patches/tiny/1.patch is in /tmp/tiny already
      command: git -C /tmp/tiny apply '--whitespace=nowarn' -- /opt/loci/patches/tiny/1.patch
      ended:   exit status 1
      said:
        error: patch failed: tiny.py:1
        error: tiny.py: patch does not apply
    Remove the patch: this source has what it changes.
    This step alone: loci-install step source; the build from there: loci-install
    ");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_source_inside_of_another_repository_is_patched_too() {
    let container = container();
    container.shell("git init --quiet /tmp");
    container.input("patches/tiny/1.patch", FIRST);
    container.step("source").succeeded();
    assert_eq!(source(&container), "answer = 43\nquestion = None\n");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn what_is_built_is_patched_and_built_again_with_others() {
    let container = container();
    container.input("patches/tiny/1.patch", FIRST);
    let answer =
        || container.shell("/var/lib/openstack/bin/python -c 'import tiny; print(tiny.answer)'");
    container.steps(&["source", "build", "pip"]).succeeded();
    assert_eq!(answer(), "43");
    container.input("patches/tiny/2.patch", SECOND);
    container.steps(&["source", "build", "pip"]).succeeded();
    assert_eq!(answer(), "44");
    let said = container.install();
    said.succeeded();
    assert_eq!(answer(), "44");
    let record = container.record();
    let tiny = &record["sources"]["tiny"];
    assert_eq!(tiny["version"], "1.0");
    assert_eq!(tiny["patches"].as_array().map(Vec::len), Some(2));
    for left in ["/tmp/tiny", "/var/lib/loci-install"] {
        assert!(!container.has(left), "{left}");
    }
    container
        .install()
        .succeeded()
        .says("the image is finished");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn git_comes_for_the_patches_and_goes() {
    let mut container = Container::of(&crate::assets::assets().base).tiny();
    container.tiny_source("");
    container.input("patches/tiny/1.patch", FIRST);
    container.set("DIST_PACKAGES", "");
    container.install().succeeded();
    assert!(!container.has("/usr/bin/git"));
    container.shell("/var/lib/openstack/bin/python -c 'import tiny; assert tiny.answer == 43'");
}

/// A project of pbr, which takes the files of a package from git, or from the list in
/// an sdist.
const PBR: [(&str, &str); 4] = [
    (
        "setup.cfg",
        "[metadata]\nname = tiny\n[files]\npackages =\n    tiny\n",
    ),
    (
        "setup.py",
        "import setuptools\nsetuptools.setup(setup_requires=['pbr'], pbr=True)\n",
    ),
    (
        "pyproject.toml",
        "[build-system]\nrequires = ['pbr', 'setuptools']\nbuild-backend = 'pbr.build'\n",
    ),
    ("tiny/__init__.py", ""),
];

const DATA: &str = "\
diff --git a/tiny/data/one.txt b/tiny/data/one.txt
new file mode 100644
--- /dev/null
+++ b/tiny/data/one.txt
@@ -0,0 +1 @@
+one
";

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn new_files_are_in_the_wheel() {
    let repository = Repository::holding(&PBR, "1.0.0");
    let mut clone = Container::with_tools();
    clone.mount(repository.path(), "/repository");
    clone.set("PROJECT_REPO", "/repository");
    let sdist = Container::with_tools();
    for (name, text) in PBR {
        sdist.write(&format!("/tmp/tiny/{name}"), text);
    }
    sdist.write(
        "/tmp/tiny/PKG-INFO",
        "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0.0\n",
    );
    sdist.write(
        "/tmp/tiny/tiny.egg-info/SOURCES.txt",
        "setup.cfg\nsetup.py\ntiny/__init__.py\n",
    );
    for container in [clone, sdist] {
        container.input("patches/tiny/1.patch", DATA);
        container.steps(&["source", "build"]).succeeded();
        let list = "python3 -m zipfile --list /var/lib/loci-install/built/tiny-1.0.0-*.whl";
        let files = container.shell(list);
        assert!(files.contains("tiny/data/one.txt"), "{files}");
    }
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn one_during_which_a_run_was_cut_off_is_found_out_about() {
    let container = container();
    container.input("patches/tiny/1.patch", FIRST);
    container.step("source").succeeded();
    container.input("patches/tiny/2.patch", SECOND);
    let begun = "/var/lib/loci-install/patches/tiny/begun";
    for is_applied in [true, false] {
        container.write(begun, SECOND);
        if is_applied {
            container.write("/tmp/tiny/tiny.py", "answer = 44\nquestion = None\n");
        }
        container.step("source").succeeded();
        assert_eq!(source(&container), "answer = 44\nquestion = None\n");
        assert_eq!(patches(&container).as_array().map(Vec::len), Some(2));
        assert!(!container.has(begun));
        // Back to where the second one is to come.
        std::fs::remove_file(container.input_directory("patches/tiny/2.patch")).expect("removed");
        container.step("source").succeeded();
        container.input("patches/tiny/2.patch", SECOND);
    }
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn one_of_which_only_a_part_is_there_is_told() {
    let container = container();
    container.input("patches/tiny/1.patch", FIRST);
    container.step("source").succeeded();
    container.input("patches/tiny/2.patch", SECOND);
    container.write("/var/lib/loci-install/patches/tiny/begun", SECOND);
    container.write("/tmp/tiny/tiny.py", "neither\n");
    assert_eq!(
        container.step("source").complaint(),
        "source: could not finish an interrupted patch\n\
         \x20 an earlier run was ended while /var/lib/loci-install/patches/tiny/begun was applied to /tmp/tiny: a part of it is there\n\
         Remove the source, to have it made anew, or put it back as it was.\n\
         This step alone: loci-install step source; the build from there: loci-install\n"
    );
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_source_that_took_the_place_of_a_patched_one_is_patched() {
    let container = container();
    container.input("patches/tiny/1.patch", FIRST);
    container.hook("before-pip/10_note.sh", "echo $PROJECT >> /noted");
    container.steps(&["source", "build"]).succeeded();
    container.shell("rm -r /tmp/tiny");
    container.tiny_source("");
    container.step("source").succeeded();
    assert_eq!(source(&container), "answer = 43\nquestion = None\n");
    container.install().succeeded();
    assert_eq!(container.read("/noted"), "tiny\ntiny\n");
}
