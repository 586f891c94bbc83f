//! Ways of extending an image: extras, plugins, and images of no service.

use crate::test::Test;

#[test]
fn extras_that_the_project_does_not_have() {
    let outcome = Test::debian()
        .file(
            "tmp/keystone/PKG-INFO",
            "Metadata-Version: 2.1\nName: keystone\nVersion: 27.0.0\nProvides-Extra: ldap\nProvides-Extra: bandit\n",
        )
        .set("PROJECT_PIP_EXTRAS", "LDAP,memcached")
        .plan()
        .outcome();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    let warning = "warning: PROJECT_PIP_EXTRAS=memcached: keystone has no such extra, \
                   and nothing is installed for it; it has ldap, bandit\n";
    assert!(outcome.stderr.starts_with(warning), "{}", outcome.stderr);
}

#[test]
fn an_extra_project_stands_there_once() {
    Test::debian()
        .set("EXTRA_PROJECTS", "oslo.config keystone oslo.config ../x")
        .plan()
        .stderr(
            "error: 3 wrong settings; nothing was touched\n\
             \x20 EXTRA_PROJECTS=oslo.config keystone oslo.config ../x: `keystone` is PROJECT itself\n\
             \x20 EXTRA_PROJECTS=oslo.config keystone oslo.config ../x: `oslo.config` stands there twice\n\
             \x20 EXTRA_PROJECTS=oslo.config keystone oslo.config ../x: `../x` is not the name of a directory in SOURCES_DIR\n",
        )
        .status(2)
        .run();
}

/// The steps that have work to do.
fn working(stdout: &str) -> Vec<&str> {
    let steps = stdout.split("\n\n").skip(1);
    let steps = steps.filter(|step| !step.starts_with("critical path"));
    let working = steps.filter(|step| !step.contains("\n    done "));
    working
        .filter_map(|step| Some(step.split_once(':')?.0))
        .collect()
}

#[test]
fn an_image_of_no_service_has_packages_and_nothing_else() {
    let infra = || {
        Test::debian()
            .set("PROJECT", "infra")
            .without("tmp/keystone")
    };
    let outcome = infra()
        .set("DIST_PACKAGES", "apache2")
        .set("PIP_PACKAGES", "keystoneauth1")
        .plan()
        .outcome();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    assert_eq!(
        working(&outcome.stdout),
        [
            "bootstrap",
            "packages",
            "venv",
            "pip",
            "info",
            "cleanup",
            "smoke"
        ]
    );
    for absent in ["useradd", "/tmp/infra", "git"] {
        assert!(!outcome.stdout.contains(absent), "{}", outcome.stdout);
    }

    // Without Python packages it needs no wheels.
    let outcome = infra()
        .without("wheels")
        .set("DIST_PACKAGES", "apache2")
        .plan()
        .outcome();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    assert_eq!(
        working(&outcome.stdout),
        ["bootstrap", "packages", "venv", "info", "cleanup", "smoke"]
    );
}

#[test]
fn an_image_of_no_service_has_no_sources() {
    Test::debian()
        .set("PROJECT", "infra")
        .set("EXTRA_PROJECTS", "a")
        .set("PROJECT_PIP_EXTRAS", "ldap")
        .set("PLUGIN", "yes")
        .plan()
        .stderr(
            "error: 3 wrong settings; nothing was touched\n\
             \x20 EXTRA_PROJECTS=a: PROJECT=infra has no sources; PIP_PACKAGES are installed\n\
             \x20 PROJECT_PIP_EXTRAS=ldap: PROJECT=infra has no sources; PIP_PACKAGES are installed\n\
             \x20 PLUGIN=yes: for the image of a service only\n",
        )
        .status(2)
        .run();
}

/// A finished image of neutron, in which a plugin is about to be installed.
fn child() -> Test {
    let site = "var/lib/openstack/lib/python3.13/site-packages";
    Test::debian()
        .set("PROJECT", "plugin")
        .set("PLUGIN", "yes")
        .without("tmp/keystone")
        .file(
            "tmp/plugin/setup.cfg",
            "[metadata]\nname = plugin\nversion = 1\n",
        )
        .script("var/lib/openstack/bin/python")
        .file(
            "var/lib/openstack/pyvenv.cfg",
            "include-system-site-packages = true\n",
        )
        .file(&format!("{site}/pip-25.1.dist-info/RECORD"), "")
        .file(&format!("{site}/neutron-27.0.0.dist-info/RECORD"), "")
        .file(
            "etc/image_info/build.json",
            "{\"project\": \"neutron\", \"finished\": true, \"arguments\": \
             {\"WHEELS\": \"https://****@host/wheels.tar\", \"BYTECODE\": \"checked\"}}",
        )
}

#[test]
fn a_plugin_goes_into_what_the_parent_image_has() {
    let outcome = child()
        .file(
            "wheels/upper-constraints.txt",
            "neutron===28.0.0\nkeystoneauth1===5.11.0\n",
        )
        .set("COPY_DEFAULT_CONFIG_FILES", "yes")
        .plan()
        .outcome();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    for line in [
        "user: plugin is a plugin\n    after  bootstrap\n    done   its account is the parent image's\n",
        "    do     note what is in /var/lib/openstack: it stays as it is\n",
        "neutron===28.0.0 gives way to neutron===27.0.0 in upper-constraints.txt: the parent image has it\n",
        "--constraint /var/lib/loci-install/parent.txt",
        "    do     copy the plugin's files below /var/lib/openstack/etc to /etc\n",
        "compile the modules there anew (checked)\n",
    ] {
        assert!(
            outcome.stdout.contains(line),
            "{line}\n--\n{}",
            outcome.stdout
        );
    }
    for absent in ["useradd", "-m venv"] {
        assert!(!outcome.stdout.contains(absent), "{}", outcome.stdout);
    }
    // What is mounted is used, and nothing has to be said of it.
    assert!(!outcome.stderr.contains("warning"), "{}", outcome.stderr);
}

#[test]
fn a_plugin_takes_the_wheels_that_the_parent_was_built_from() {
    let outcome = child().without("wheels").plan().outcome();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    assert!(
        outcome
            .stderr
            .contains("warning: WHEELS=https://host/wheels.tar is taken from the parent image\n"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome
            .stdout
            .contains("wheels: wheels come from https://host/wheels.tar\n"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn a_plugin_needs_a_parent() {
    let outcome = child().without("var/lib/openstack").plan().outcome();
    assert!(
        outcome.stderr.ends_with(
            "cannot be run here: PLUGIN=yes: there is no virtualenv in /var/lib/openstack; \
             build FROM the finished image of the service that the plugin is for\n"
        ),
        "{}",
        outcome.stderr
    );
}
