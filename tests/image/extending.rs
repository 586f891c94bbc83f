//! Ways of extending an image: plugins, images of no service, changed constraints.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use crate::assets::assets;
use crate::container::{Container, PROGRAM, tiny_project};
use crate::said::run;

/// The same wheels under other constraints.
fn wheels_under(change: impl Fn(&str) -> String) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    run(Command::new("cp")
        .args(["--recursive", "--"])
        .arg(assets().wheels.join("."))
        .arg(directory.path()));
    let file = directory.path().join("upper-constraints.txt");
    let text = fs::read_to_string(&file).expect("read");
    fs::write(file, change(&text)).expect("written");
    directory
}

/// `name==version` of what is installed.
fn installed(container: &Container) -> Vec<String> {
    let text = container.read("/etc/image_info/pip.txt");
    text.lines().map(str::to_owned).collect()
}

/// A plugin of `tiny`, which makes itself known to it.
pub fn addon(container: &mut Container) -> TempDir {
    let sources = tempfile::tempdir().expect("a directory");
    let source = sources.path().join("data/tiny-addon");
    fs::create_dir_all(&source).expect("made");
    let description = tiny_project("'tiny>=1', 'six', 'pytz'")
        .replace("'tiny'\n", "'tiny-addon'\n")
        + "[project.entry-points.'tiny.addons']\naddon = 'addon'\n\
           [tool.setuptools]\npy-modules = ['addon']\n\
           [tool.setuptools.data-files]\n'etc/tiny' = ['addon.conf']\n";
    fs::write(source.join("pyproject.toml"), description).expect("written");
    fs::write(source.join("addon.conf"), "[addon]\n").expect("written");
    fs::write(source.join("addon.py"), "answer = 43\n").expect("written");
    container.mount(sources.path(), "/in");
    container.set("INPUTS_DIR", "/in");
    container.set("PROJECT", "tiny-addon");
    container.set("PLUGIN", "yes");
    sources
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_plugin_joins_what_the_parent_image_has() {
    let mut container = Container::with_tools();
    container.tiny_source("'six'");
    container.install().succeeded();
    let parents = installed(&container);
    let account = container.shell("getent passwd tiny");

    // Published constraints name the service, and other versions than the parent has.
    let wheels = wheels_under(|text| {
        let others = text.lines().filter(|line| !line.starts_with("six="));
        let lines: Vec<&str> = others.chain(["tiny===9.9", "six===0.1\n"]).collect();
        lines.join("\n")
    });
    container.mount(wheels.path(), "/wheels");
    container.write("/etc/tiny/tiny.conf", "of a layer between\n");
    container.set("COPY_DEFAULT_CONFIG_FILES", "yes");
    let _sources = addon(&mut container);
    let said = container.install();
    said.succeeded();
    said.says(
        "tiny===9.9 gives way to tiny===1.0 in upper-constraints.txt: the parent image has it\n",
    );
    said.says("user: nothing to do: its account is the parent image's\n");

    let mut expected = parents.clone();
    expected.push("tiny-addon==1.0".to_owned());
    let now = installed(&container);
    let pytz = now.iter().find(|line| line.starts_with("pytz=="));
    expected.extend(pytz.cloned());
    expected.sort();
    let mut sorted = now.clone();
    sorted.sort();
    assert_eq!(sorted, expected);
    assert_eq!(container.read("/etc/tiny/addon.conf"), "[addon]\n");
    assert_eq!(
        container.read("/etc/tiny/tiny.conf"),
        "of a layer between\n"
    );
    assert_eq!(container.shell("getent passwd tiny"), account);
    assert!(!container.read("/etc/passwd").contains("tiny-addon"));
    let python = "PYTHONDONTWRITEBYTECODE=1 /var/lib/openstack/bin/python";
    assert_eq!(
        container.shell(&format!(
            "{python} -c \"from importlib.metadata import entry_points as e; \
             print(*[p.load().answer for p in e(group='tiny.addons')])\""
        )),
        "43"
    );
    assert_eq!(
        container.shell(&format!("{python} -m pip check")),
        "No broken requirements found."
    );
    let configuration = container.read("/var/lib/openstack/pyvenv.cfg");
    assert!(configuration.contains("include-system-site-packages = true\n"));
    let record = container.record();
    assert_eq!(record["project"], "tiny-addon");
    assert_eq!(record["parent"]["project"], "tiny");
    assert_eq!(
        container.install().succeeded().stderr,
        "tiny-addon: the image is finished; there is nothing to do\n"
    );
    let said = container.run(&[PROGRAM, "verify"]);
    assert_eq!(said.succeeded().stdout, "");
    // The parent's files are the image's.
    container.shell("chmod 0600 /var/lib/openstack/lib/python3*/site-packages/tiny.py");
    let said = container.run(&[PROGRAM, "verify"]);
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    assert_eq!(
        said.stdout,
        "mode /var/lib/openstack/lib/python3.13/site-packages/tiny.py: 0644 -> 0600 (distribution tiny)\n"
    );
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_plugin_takes_the_wheels_that_the_parent_was_built_from() {
    let mut container = Container::with_tools();
    container.unmount("/wheels");
    container.mount(&assets().wheels, "/srv/wheels");
    container.set("WHEELS", "/srv/wheels");
    container.set("WHEELS_DEST", "/srv/fetched");
    container.tiny_source("'six'");
    container.install().succeeded();

    container.set("WHEELS", "");
    let _sources = addon(&mut container);
    let said = container.install();
    said.succeeded();
    said.says("warning: WHEELS=/srv/wheels is taken from the parent image\n");
    said.says(" wheels from /srv/wheels\n");
    assert!(!container.has("/srv/fetched"));
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn an_image_of_no_service_has_what_was_asked_for() {
    let mut container = Container::with_tools();
    container.set("PROJECT", "infra");
    let project = tiny_project("").replace("'tiny'\n", "'lib'\n");
    container.input("data/lib/pyproject.toml", &project);
    container.input("data/lib/lib.py", "answer = 43\n");
    container.set("PIP_PACKAGES", "six /tmp/lib");
    container.set("DIST_PACKAGES", "netbase");
    container.write("/tmp/infra/of-the-base", "mine\n");
    container.install().succeeded();
    assert!(container.packages().contains_key("netbase"));
    assert!(
        installed(&container)
            .iter()
            .any(|line| line.starts_with("six=="))
    );
    assert!(installed(&container).contains(&"lib==1.0".to_owned()));
    assert!(!container.has("/tmp/lib"));
    assert!(container.has("/tmp/infra/of-the-base"));
    assert!(!container.has("/etc/infra"));
    assert!(!container.read("/etc/passwd").contains("infra"));
    assert_eq!(container.record()["finished"], true);
    let said = container.run(&[PROGRAM, "verify"]);
    assert_eq!(said.succeeded().stdout, "");
    container.install().succeeded().says("nothing to do");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn an_override_decides_what_is_installed() {
    let mut container = Container::with_tools();
    container.tiny_source("'six', 'pytz'");
    let wheels = wheels_under(|text| text.replace("\nsix===", "\nsix===0.0."));
    container.mount(wheels.path(), "/wheels");
    container.set("PIP_PACKAGES", "");
    container.step("build").succeeded();
    container.step("pip").failed_in("pip");

    let file = fs::read_to_string(assets().wheels.join("upper-constraints.txt")).expect("read");
    let line = file
        .lines()
        .find(|line| line.starts_with("six==="))
        .expect("six");
    container.input("site.txt", "# not in these wheels\n-pytz\n");
    container.set("CONSTRAINT_OVERRIDES", &format!("{line} site.txt"));
    container.install().succeeded();
    let record = container.record();
    let edits = record["constraint_edits"].to_string();
    for edit in [
        format!(" gives way to {line} in upper-constraints.txt: CONSTRAINT_OVERRIDES says so"),
        " dropped from upper-constraints.txt: /opt/loci/site.txt:2 says so".to_owned(),
    ] {
        assert!(edits.contains(&edit), "{edit}\n{edits}");
    }
    assert!(installed(&container).contains(&line.replace("===", "==")));
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn an_extra_that_the_wheel_does_not_have_is_told() {
    let mut container = Container::with_tools();
    container.tiny_source("'six'");
    container.set("PROJECT_PIP_EXTRAS", "ldap");
    container
        .install()
        .succeeded()
        .says("pip: PROJECT_PIP_EXTRAS=ldap: tiny has no such extra, and nothing is installed for it; it has none\n");
}
