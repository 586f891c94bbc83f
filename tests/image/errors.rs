//! Whole texts of errors that real apt and pip bring about.

use std::fs;

use crate::assets::{assets, some_wheels};
use crate::container::{Container, PROGRAM};

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn packages_that_the_archive_lacks_are_named_with_who_asked() {
    let mut container = Container::of(&assets().base).tiny();
    container.tiny_source("");
    container.input(
        "bindep.txt",
        "# first\nno-such-package [platform:dpkg]\nsed\n",
    );
    container.set("DIST_PACKAGES", "bash netbsae=1");
    // A base image of another language: what apt says has to be understood all the same.
    container.set("LANG", "de_DE.UTF-8");
    container.set("LANGUAGE", "de:fr");
    let before = container.packages();
    container.one_by_one();
    insta::assert_snapshot!(container.install().failed_in("bootstrap").scrubbed(), @r"
    bootstrap: the base image lacks python3 to run the service, python3's shared library, which uwsgi is linked with
    bootstrap: failed after N s
    error: bootstrap: the archive does not have every package that was asked for; none was installed
      no-such-package, asked for by /opt/loci/bindep.txt:2
      netbsae=1, asked for by DIST_PACKAGES; did you mean netbase?
      command: apt-get -qq '--option=Acquire::Retries=3' '--option=Acquire::Languages=none' '--option=Dpkg::Use-Pty=false' '--option=Dpkg::Options::=--force-confold' '--option=Dpkg::Options::=--force-confdef' '--option=Dpkg::Options::=--force-unsafe-io' '--option=APT::Install-Suggests=false' '--option=DPkg::Path=/var/lib/loci-install/programs:/usr/sbin:/usr/bin:/sbin:/bin' install --yes --no-install-recommends --print-uris '--option=Acquire::ForceHash=SHA256' python3 libpython3.13 no-such-package sed bash 'netbsae=1'
      ended:   exit status 100
      said:
        E: Unable to locate package no-such-package
        E: Unable to locate package netbsae
    Correct the names for this release, or add the archive that has them.
    This step alone: loci-install step bootstrap; the build from there: loci-install
    ");
    assert_eq!(container.packages(), before);
    // The lists are there now, and a plan says as much without a run.
    let plan = container.run(&[PROGRAM, "plan"]);
    assert_eq!(plan.status, Some(2), "{}", plan.stderr);
    plan.says("the package lists in this image have no no-such-package, asked for by /opt/loci/bindep.txt:2\n")
        .says("the package lists in this image have no netbsae=1, asked for by DIST_PACKAGES; did you mean netbase?\n");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_constraint_that_conflicts_with_the_project_shows_both_sides() {
    let wheels = some_wheels(&["pip", "setuptools", "six"]);
    fs::write(wheels.path().join("upper-constraints.txt"), "six===1.0\n").expect("written");
    let mut container = Container::with_tools();
    container.mount(wheels.path(), "/wheels");
    container.tiny_source("'six>=1.10'");
    container.one_by_one();
    insta::assert_snapshot!(container.install().failed_in("pip").scrubbed(), @r"
    bootstrap: nothing to do: all are there
    packages: nothing to do: all are installed
    user: tiny runs as tiny (42424:42424)
    user: done in N s
    wheels: nothing to do: /wheels holds N wheels
    venv: the service and all its distributions live in /var/lib/openstack
    venv: by pip: there is no uv on PATH, and no wheel of it for this machine in /wheels
    venv: done in N s
    source: nothing to do: it is no git checkout: there is nothing to find out about it
    build: wheels of /tmp/tiny
    build: by pip: there is no uv on PATH, and no wheel of it for this machine in /wheels
    build: tiny-1.0-py3-none-any.whl
    build: done in N s
    pip: tiny with 0 requirements from pydep files and 0 from PIP_PACKAGES, in one resolution
    pip: by pip: there is no uv on PATH, and no wheel of it for this machine in /wheels
    pip: failed after N s
    error: pip: the constraints and the requirements contradict each other
      tiny 1.0 depends on six>=1.10
      The user requested (constraint) six===1.0
      command: /var/lib/openstack/bin/python -m pip install --no-cache-dir --no-compile --only-binary :all: --root-user-action ignore --constraint /var/lib/loci-install/upper-constraints.txt --find-links /wheels --no-index /var/lib/loci-install/built/tiny-1.0-py3-none-any.whl
      ended:   exit status 1
      said:
        Looking in links: /wheels
        Processing ./var/lib/loci-install/built/tiny-1.0-py3-none-any.whl
        ERROR: Cannot install tiny==1.0 because these package versions have conflicting dependencies.
        The conflict is caused by:
            tiny 1.0 depends on six>=1.10
            The user requested (constraint) six===1.0
        Additionally, some packages in these conflicts have no matching distributions available for your environment:
            six
        To fix this you could try to:
        1. loosen the range of package versions you've specified
        2. remove package versions to allow pip to attempt to solve the dependency conflict
        ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/en/latest/topics/dependency-resolution/#dealing-with-dependency-conflicts
    Correct the constraint, in the wheels' upper-constraints.txt or by CONSTRAINT_OVERRIDES, or the requirement that it contradicts.
    This step alone: loci-install step pip; the build from there: loci-install
    ");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_requirement_without_a_wheel_is_named() {
    let mut container = Container::with_tools();
    container.set("INSTALLER", "pip");
    container.tiny_source("'six', 'no-such-distribution>=2'");
    container.one_by_one();
    insta::assert_snapshot!(container.install().failed_in("pip").scrubbed(), @r"
    bootstrap: nothing to do: all are there
    packages: nothing to do: all are installed
    user: tiny runs as tiny (42424:42424)
    user: done in N s
    wheels: nothing to do: /wheels holds N wheels
    venv: nothing to do: it is there, with its toolchain
    source: nothing to do: it is no git checkout: there is nothing to find out about it
    build: wheels of /tmp/tiny
    build: by pip: INSTALLER says so
    build: tiny-1.0-py3-none-any.whl
    build: done in N s
    pip: tiny with 0 requirements from pydep files and 0 from PIP_PACKAGES, in one resolution
    pip: by pip: INSTALLER says so
    pip: failed after N s
    error: pip: no wheel satisfies no-such-distribution>=2 (from tiny)
      looked in /wheels only, because KEEP_ALL_WHEELS says that it is complete
      command: /var/lib/openstack/bin/python -m pip install --no-cache-dir --no-compile --only-binary :all: --root-user-action ignore --constraint /var/lib/loci-install/upper-constraints.txt --constraint /var/lib/loci-install/global-requirements.txt --find-links /wheels --no-index /var/lib/loci-install/built/tiny-1.0-py3-none-any.whl
      ended:   exit status 1
      said:
        Looking in links: /wheels
        Processing ./var/lib/loci-install/built/tiny-1.0-py3-none-any.whl
        Processing ./wheels/six-1.17.0-py2.py3-none-any.whl (from tiny==1.0)
        ERROR: Could not find a version that satisfies the requirement no-such-distribution>=2 (from tiny) (from versions: none)
        ERROR: No matching distribution found for no-such-distribution>=2 (from tiny)
    Add the wheel to the wheels, or correct the requirement.
    This step alone: loci-install step pip; the build from there: loci-install
    ");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_source_that_cannot_be_built_shows_the_end_of_what_was_said() {
    let container = Container::with_tools();
    container.write("/tmp/tiny/setup.py", "import nothing_like_that\n");
    let said = container.install();
    said.failed_in("build")
        .says("error: build: could not build the wheels of the sources\n")
        .says("ModuleNotFoundError: No module named 'nothing_like_that'\n");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn only_root_installs_and_anybody_may_look() {
    let container = Container::with_tools();
    container.tiny_source("");
    let said = container.run_as("1000:1000", &[PROGRAM]);
    assert_eq!(said.status, Some(2));
    assert_eq!(
        said.stderr,
        "error: 1 problem; nothing was touched\n\
         \x20 installing needs root; run it as root, or use `loci-install plan` to look only\n"
    );
    container
        .run_as("1000:1000", &[PROGRAM, "plan"])
        .succeeded();
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_failed_check_is_not_forgotten() {
    let mut container = Container::with_tools();
    container.tiny_source("'six'");
    for step in ["venv", "source", "build"] {
        container.step(step).succeeded();
    }
    let metadata = "/var/lib/openstack/lib/python3.13/site-packages/odd-1.dist-info";
    container.write(
        &format!("{metadata}/METADATA"),
        "Metadata-Version: 2.1\nName: odd\nVersion: 1\nRequires-Dist: no-such-thing\n",
    );
    container.write(
        &format!("{metadata}/RECORD"),
        "odd-1.dist-info/METADATA,,\n",
    );
    for (engine, complaint) in [
        (
            "pip",
            "odd 1 requires no-such-thing, which is not installed.",
        ),
        (
            "uv",
            "The package `odd` requires `no-such-thing`, but it's not installed",
        ),
    ] {
        container.set("INSTALLER", engine);
        container.install().failed_in("pip").says(complaint);
    }
    container.shell(&format!("rm -r {metadata}"));
    container.install().succeeded();
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn cleaning_up_alone_finishes_no_build() {
    let container = Container::with_tools();
    container.tiny_source("'six'");
    for step in ["venv", "cleanup"] {
        container.step(step).succeeded();
    }
    container.tiny_source("'six'");
    container.install().succeeded().says("pip: done in");
}
