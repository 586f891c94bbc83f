//! The test of a finished image: what it finds, all at once, and that it changes nothing.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::container::{Container, PROGRAM};

/// A project of which everything is wrong that can be.
const BROKEN: &str = r"
[build-system]
requires = ['setuptools']
build-backend = 'setuptools.build_meta'
[project]
name = 'tiny'
version = '1.0'
dependencies = ['six>=1', 'pytz']
[project.optional-dependencies]
ldap = ['python-ldap']
[project.scripts]
tiny-fine = 'tiny:main'
tiny-gone = 'tiny:main'
tiny-partial = 'tiny_native.cli:main'
tiny-broken = 'tiny_broken:main'
tiny-stale = 'tiny:nothing'
tiny-wants = 'tiny_wants:main'
[project.entry-points.'tiny.drivers']
crash = 'tiny_crash:Driver'
exits = 'tiny_exits:Driver'
ldap = 'tiny_ldap:Driver'
lost = 'tiny_lost:Driver'
mismatched = 'tiny_mismatched:Driver'
stale = 'tiny:Stale'
[tool.setuptools]
py-modules = ['tiny', 'tiny_broken', 'tiny_crash', 'tiny_exits', 'tiny_ldap', 'tiny_lost', 'tiny_mismatched', 'tiny_wants']
packages = ['tiny_native']
[tool.setuptools.package-data]
tiny_native = ['*.so']
";

const MODULES: [(&str, &str); 9] = [
    ("tiny.py", "def main():\n    print('fine')\n"),
    (
        "tiny_broken.py",
        "print('reading the configuration')\nraise RuntimeError('no configuration')\n",
    ),
    ("tiny_crash.py", "import os\nos.abort()\n"),
    ("tiny_exits.py", "import os\nos._exit(3)\n"),
    ("tiny_ldap.py", "import ldap_of_nobody\n"),
    ("tiny_lost.py", ""),
    ("tiny_mismatched.py", "import six.of_another_version\n"),
    ("tiny_wants.py", "import undeclared\n"),
    ("tiny_native/__init__.py", ""),
];

/// What comes after pip and takes things away again.
const TAKES: &str = "python=/var/lib/openstack/bin/python\n\
    $python -m pip uninstall --yes --quiet pytz wrapt\n\
    rm /var/lib/openstack/bin/tiny-gone\n\
    rm $($python -c 'import tiny_lost; print(tiny_lost.__file__)')\n\
    dpkg --purge tree";

pub fn broken() -> Container {
    let mut container = Container::with_tools();
    container.write("/tmp/tiny/pyproject.toml", BROKEN);
    for (name, text) in MODULES {
        container.write(&format!("/tmp/tiny/{name}"), text);
    }
    native(&container);
    container.set("PIP_PACKAGES", "wrapt");
    container.set("DIST_PACKAGES", "tree");
    container.hook("10_take.sh", TAKES);
    container
}

/// A shared object that is linked with a library which nobody has.
fn native(container: &Container) {
    let library = container.shell("readlink --canonicalize /lib/*-linux-gnu/libz.so.1");
    let mut bytes = fs::read(container.path(&library)).expect("read");
    let (old, new) = (b"\0libc.so.6\0", b"\0libq.so.6\0");
    let at = bytes.windows(old.len()).position(|window| window == old);
    let at = at.expect("libz is linked with libc");
    bytes[at..at + old.len()].copy_from_slice(new);
    fs::write(container.path("/tmp/tiny/tiny_native/_native.so"), bytes).expect("written");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn all_that_is_wrong_is_told_at_once_and_only_that_is_left() {
    let container = broken();
    let said = container.install();
    said.failed_in("smoke")
        .says("\nsmoke: cannot be used here: stale among tiny.drivers of tiny 1.0, whose source has no Stale in tiny\n")
        .says("\nsmoke: cannot be used here: ldap among tiny.drivers of tiny 1.0, which needs the module ldap_of_nobody, which no requirement brings\n");
    assert_eq!(said.complaint(), COMPLAINT);
    let record_of_failure = container.record();
    assert_eq!(record_of_failure["finished"], false);
    assert_eq!(record_of_failure["left"], serde_json::json!(["smoke"]));

    // Nothing else is done again, not even when the inputs are not mounted.
    let again = container.install();
    assert_eq!(again.complaint(), COMPLAINT);
    assert!(
        again
            .stderr
            .starts_with("tiny: the image is built; what is left is smoke\nsmoke: "),
        "{}",
        again.stderr
    );

    // Mended by hand, the build ends.
    for (name, text) in MENDED {
        let path = format!("/var/lib/openstack/lib/python3.13/site-packages/{name}");
        container.write(&path, text);
    }
    container.shell(MENDS);
    container.install().succeeded().says("\nsmoke: done in ");
    is_finished(&container);
}

/// Insists that nothing is left to do.
fn is_finished(container: &Container) {
    let record = container.record();
    assert_eq!(record["finished"], true);
    assert_eq!(record["left"], Value::Null);
    container
        .install()
        .succeeded()
        .says("tiny: the image is finished; there is nothing to do\n");
}

/// What takes the place of what is broken.
const MENDED: [(&str, &str); 6] = [
    (
        "tiny.py",
        "def main():\n    print('fine')\nnothing = main\n",
    ),
    ("tiny_broken.py", "main = 1\n"),
    ("tiny_crash.py", "Driver = 1\n"),
    ("tiny_exits.py", "Driver = 1\n"),
    ("tiny_lost.py", "Driver = 1\n"),
    ("tiny_mismatched.py", "Driver = 1\n"),
];

const MENDS: &str = "cd /var/lib/openstack/lib/python3.13/site-packages\n\
    echo 'main = 1' >tiny_wants.py\n\
    echo 'main = 1' >tiny_native/cli.py\n\
    cp /lib/*-linux-gnu/libz.so.1 tiny_native/_native.so\n\
    cp /var/lib/openstack/bin/tiny-fine /var/lib/openstack/bin/tiny-gone\n\
    /var/lib/openstack/bin/python -B -m pip install --no-index --find-links /wheels --quiet pytz wrapt\n\
    apt-get -qq update && apt-get -qq install tree >&2";

const COMPLAINT: &str = "smoke: 13 of 28 checks of the finished image failed
  the package tree was asked for: it is not installed
    -> A hook removed it, or the removal of another package took it along; /etc/image_info/build.json says what was asked for.
  wrapt was asked for: it is not installed
  tiny 1.0 requires pytz: it is not installed
    -> A hook uninstalled it, or installed without its requirements; PIP_PACKAGES or a pydep file installs it.
  the program /var/lib/openstack/bin/tiny-gone of tiny 1.0: it is not there
    -> Find out which hook changed it; installing its distribution again makes it anew.
  the program tiny-stale of tiny 1.0: the module tiny has no nothing
    -> The program cannot be started: its source is wrong, or another version of the module is installed.
  the program tiny-broken of tiny 1.0
    importing tiny_broken: RuntimeError: no configuration, at /var/lib/openstack/lib/python3.13/site-packages/tiny_broken.py:2
      reading the configuration
    -> /var/lib/openstack/bin/python -c 'import tiny_broken' shows all of it.
  crash among tiny.drivers of tiny 1.0
    importing tiny_crash: killed by signal 6 (SIGABRT)
    -> /var/lib/openstack/bin/python -c 'import tiny_crash' shows all of it. So ends what was built for another interpreter or other libraries, or does its work when it is imported.
  exits among tiny.drivers of tiny 1.0
    importing tiny_exits: it ended the process with status 3
    -> /var/lib/openstack/bin/python -c 'import tiny_exits' shows all of it. So ends what was built for another interpreter or other libraries, or does its work when it is imported.
  lost among tiny.drivers of tiny 1.0
    importing tiny_lost: there is no module tiny_lost; tiny 1.0 was installed with it
    -> Find out which hook removed it; installing its distribution again makes it anew.
  mismatched among tiny.drivers of tiny 1.0
    importing tiny_mismatched: there is no module six.of_another_version, at /var/lib/openstack/lib/python3.13/site-packages/tiny_mismatched.py:1; six 1.17.0 does not have it
    -> The two versions do not fit each other: correct the constraint of one.
  the program tiny-partial of tiny 1.0
    importing tiny_native.cli: there is no module tiny_native.cli; tiny 1.0 was built without it
    -> The program cannot be started: correct the packages that its source names for its wheel.
  the program tiny-wants of tiny 1.0
    importing tiny_wants: there is no module undeclared, at /var/lib/openstack/lib/python3.13/site-packages/tiny_wants.py:1
    -> tiny does not require it and cannot do without it: PROJECT_PIP_EXTRAS, PIP_PACKAGES or a pydep file installs it.
  /var/lib/openstack/lib/python3.13/site-packages/tiny_native/_native.so of tiny 1.0 needs libq.so.6, which nothing here has
    -> By its name libq6 has it, or a package that is called almost so: name it in bindep.txt or DIST_PACKAGES.
SMOKE=no builds the image without this test.
This step alone: loci-install step smoke; the build from there: loci-install
";

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn an_image_in_order_is_tested_and_not_changed() {
    let mut container = Container::with_tools();
    container.tiny_source("'six'");
    container.one_by_one();
    container.install().succeeded().says(
        "\nsmoke: what is missing is found now, and not by the service's users\nsmoke: done in ",
    );
    let before = container.record();
    assert_eq!(before["finished"], true);
    assert_eq!(before["left"], Value::Null);
    let files = files(&container);
    container.step("smoke").succeeded();
    let said = container.run_as("tiny", &[PROGRAM, "smoke"]);
    let counts = said.succeeded().stdout.clone();
    assert!(counts.starts_with("in order: "), "{counts}");
    assert!(said.stderr.is_empty(), "{}", said.stderr);
    assert_eq!(container.record(), before);
    assert_eq!(self::files(&container), files);

    // What went wrong later is found, too, whoever looks.
    container.shell("rm /var/lib/openstack/lib/python3*/site-packages/tiny.py");
    let said = container.run_as("tiny", &[PROGRAM, "smoke"]);
    assert_eq!(said.status, Some(1));
    let (head, rest) = said.stderr.split_once(" checks ").expect("a complaint");
    assert!(head.starts_with("error: smoke: 1 of "), "{head}");
    assert_eq!(
        rest,
        "of the finished image failed\n\
         \x20 tiny 1.0\n\
         \x20   importing tiny: there is no module tiny; tiny 1.0 was installed with it\n\
         \x20   -> Find out which hook removed it; installing its distribution again makes it anew.\n\
         SMOKE=no builds the image without this test.\n"
    );
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_build_without_the_test() {
    let mut container = Container::with_tools();
    container.tiny_source("");
    container.set("SMOKE", "no");
    let said = container.install();
    said.succeeded();
    assert!(!said.stderr.contains("smoke"), "{}", said.stderr);
    assert_eq!(container.record()["finished"], true);
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn after_a_test_that_failed_the_image_is_finished_without_it() {
    let mut container = broken();
    container.install().failed_in("smoke");
    container.set("SMOKE", "no");
    let said = container.install();
    said.succeeded();
    assert_eq!(
        said.stderr,
        "tiny: the image is built; nothing is left to do\n"
    );
    is_finished(&container);
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn an_image_without_a_virtualenv_is_no_image_of_a_service() {
    let container = Container::of(&crate::assets::assets().base);
    let said = container.run(&[PROGRAM, "smoke"]);
    assert_eq!(said.status, Some(2));
    assert_eq!(
        said.stderr,
        "error: 1 problem; nothing was touched\n  there is no virtualenv in /var/lib/openstack; \
         run this in the image of a service\n"
    );
}

/// Every file with its mode, owner and size, of files also with its time.
fn files(container: &Container) -> String {
    let listing = Command::new("find")
        .arg(container.path("/"))
        .args(["-xdev", "(", "-type", "d", "-printf", "%p %m %U %G\\n"])
        .args(["-o", "-printf", "%p %m %U %G %s %T@ %l\\n", ")"])
        .output()
        .expect("find");
    let text = String::from_utf8_lossy(&listing.stdout);
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}
