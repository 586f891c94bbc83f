//! Sources that are there: worktrees, submodules, shallow clones, and all of `data`.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::container::{Container, tiny_project};
use crate::repository::Repository;
use crate::said::run;

/// The files of a project that counts its version from tags.
const PBR: [(&str, &str); 4] = [
    (
        "setup.cfg",
        "[metadata]\nname = tiny\n[files]\nmodules =\n    tiny\n",
    ),
    (
        "setup.py",
        "import setuptools\nsetuptools.setup(setup_requires=['pbr'], pbr=True)\n",
    ),
    (
        "pyproject.toml",
        "[build-system]\nrequires = ['pbr', 'setuptools']\nbuild-backend = 'pbr.build'\n",
    ),
    ("tiny.py", "answer = 1\n"),
];

/// A repository of it: a tag and a commit after it.
fn repository() -> Repository {
    let repository = Repository::holding(&PBR, "1.0.0");
    repository.write("tiny.py", "answer = 2\n");
    repository.commit();
    repository
}

fn git(directory: &Path, arguments: &str) {
    run(Command::new("git")
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .args(arguments.split(' ')));
}

/// What the record says of the source, once it is built.
fn built(container: &Container) -> Value {
    container.steps(&["source", "build"]).succeeded();
    container.step("info").succeeded();
    container.record()["sources"]["tiny"].take()
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_worktree_is_built_when_its_repository_is_there() {
    let repository = repository();
    let places = tempfile::tempdir().expect("a directory");
    let tree = places.path().join("tiny");
    repository.git(&format!("worktree add --quiet --detach {}", tree.display()));
    // Where `.git` says it is.
    let mut container = Container::with_tools();
    container.mount(&tree, "/src/tiny");
    container.set("SOURCES_DIR", "/src");
    let said = container.step("source");
    assert_eq!(said.status, Some(2), "{}", said.stderr);
    said.says(&format!(
        "/src/tiny is a git worktree or submodule, and its repository {}/.git/worktrees/tiny is \
         not here, so it has no version; give a clone of it, or set PBR_VERSION\n",
        repository.path().display()
    ));
    container.mount(repository.path(), &repository.path().to_string_lossy());
    let source = built(&container);
    assert_eq!(source["version"], "1.0.1.dev1");
    assert_eq!(source["commit"], repository.git("rev-parse HEAD"));
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_worktree_without_its_repository_is_built_under_a_given_version() {
    let repository = repository();
    let container = {
        let mut container = Container::with_tools();
        for (name, text) in PBR {
            container.write(&format!("/tmp/tiny/{name}"), text);
        }
        container.write("/tmp/tiny/.git", "gitdir: /nowhere/.git/worktrees/tiny\n");
        container.set("PBR_VERSION", "1.2.3");
        container
    };
    drop(repository);
    container.step("source").succeeded().says(
        "warning: /tmp/tiny is a git worktree or submodule, and its repository \
         /nowhere/.git/worktrees/tiny is not here; its commit is not recorded\n",
    );
    let source = built(&container);
    assert_eq!(source["version"], "1.2.3");
    assert_eq!(source["commit"], Value::Null);
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_submodule_is_built_where_its_parent_is() {
    let part = repository();
    let parent = Repository::holding(&[("README", "")], "1");
    parent.git(&format!(
        "-c protocol.file.allow=always submodule --quiet add {} tiny",
        part.path().display()
    ));
    let mut container = Container::with_tools();
    container.mount(parent.path(), "/src");
    container.set("SOURCES_DIR", "/src");
    let source = built(&container);
    assert_eq!(source["version"], "1.0.1.dev1");
    assert_eq!(source["commit"], part.git("rev-parse HEAD"));
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn history_that_is_cut_off_has_no_version() {
    let repository = repository();
    let clone = |arguments: &str| {
        let container = Container::with_tools();
        git(
            Path::new("/"),
            &format!(
                "clone --quiet {arguments} file://{} {}",
                repository.path().display(),
                container.path("/tmp/tiny").display()
            ),
        );
        container
    };
    let no_version = "the source in /tmp/tiny has no version: its clone is shallow and has no tag \
                      to count from; `git fetch --unshallow --tags` gets them, or set PBR_VERSION\n";
    let mut shallow = clone("--depth 1");
    let said = shallow.step("source");
    assert_eq!(said.status, Some(2), "{}", said.stderr);
    said.says(no_version);
    shallow.set("PBR_VERSION", "1.0.1");
    assert_eq!(built(&shallow)["version"], "1.0.1");

    // The tag is there and belongs to a commit that is not among these.
    let elsewhere = clone("--depth 1");
    git(
        &elsewhere.path("/tmp/tiny"),
        "fetch --quiet --depth 1 origin refs/tags/1.0.0:refs/tags/1.0.0",
    );
    elsewhere.step("source").failed_in("source").says(&format!(
        "error: source: {no_version}Without that its wheel would be called otherwise than the source is.\n"
    ));

    let tagged = clone("--depth 1 --branch 1.0.0 -c advice.detachedHead=false");
    assert_eq!(built(&tagged)["version"], "1.0.0");

    let tagless = clone("--no-tags");
    let warning = "warning: the source in /tmp/tiny has no tag, so that pbr counts its version \
                   from 0.0.1; `git fetch --tags` gets what its origin has, or set PBR_VERSION\n";
    tagless.step("source").succeeded().says(warning);
    assert_eq!(built(&tagless)["version"], "0.0.1.dev1");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn all_of_data_is_in_sources_dir_during_the_build() {
    let container = Container::with_tools();
    container.write("/tmp/mine", "of the base\n");
    container.write("/tmp/part/mine", "of the base\n");
    container.input("data/.gitignore", "*\n");
    container.input("data/tiny/pyproject.toml", &tiny_project(""));
    container.input("data/tiny/tiny.py", "answer = 42\n");
    container.input(
        "data/other/pyproject.toml",
        "[project]\nname = 'other'\nversion = '3.0'\n",
    );
    container.input("data/note.txt", "a file\n");
    container.input("data/mine", "of the inputs\n");
    container.input("data/part/other", "of the inputs\n");
    container.hook(
        "10_look.sh",
        "cat /tmp/note.txt /tmp/other/pyproject.toml /tmp/mine /tmp/part/* && ls -A /tmp >&2 && false",
    );
    let said = container.install();
    said.failed_in("hooks")
        .says("a file")
        .says("name = 'other'");
    assert!(!said.stderr.contains("of the inputs"), "{}", said.stderr);
    assert!(!container.has("/tmp/.gitignore") && container.has("/tmp/other"));
    container.hook("10_look.sh", "true");
    container.install().succeeded();
    let mut left = container.names_in("/tmp");
    left.sort();
    assert_eq!(left, ["mine", "part"]);
    assert_eq!(container.names_in("/tmp/part"), ["mine"]);
}
