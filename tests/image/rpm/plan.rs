//! Plans: which distribution it is, and what would be run there.

use serde_json::{Value, json};

use super::listing::{changes, listing};
use super::system::System;
use crate::container::{Container, PROGRAM};

/// One package for each name that a platform may have.
const ATOMS: &str = "\
rpm [platform:rpm]
redhat [platform:redhat]
centos [platform:centos]
centos-9 [platform:centos-9]
oracle-9.6 [platform:oracle-9.6]
suse [platform:suse]
leap-15 [platform:opensuse-15]
leap-15.6 [platform:opensuse-15.6]
dpkg [platform:dpkg]
debian [platform:debian]
";

const NOBODY: &str = "65534";

fn plan(container: &Container) -> Value {
    let said = container.run_as(NOBODY, &[PROGRAM, "plan", "--format", "json"]);
    said.succeeded();
    let mut plan: Value = serde_json::from_str(&said.stdout).expect("JSON");
    plan["platform"]
        .as_object_mut()
        .expect("an object")
        .remove("architecture");
    plan
}

/// The command that would install what the bindep file selects.
fn command(plan: &Value) -> String {
    let steps = plan["steps"].as_array().expect("steps");
    let packages = steps.iter().find(|step| step["name"] == "packages");
    packages.map_or_else(String::new, |step| step["actions"].to_string())
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn each_system_is_told_and_so_is_what_it_would_run() {
    for (system, distro, platform, selected) in [
        (
            System::CentOs,
            "",
            json!({"id": "centos", "version": "9", "codename": "", "family": "Red Hat"}),
            "install rpm redhat centos centos-9\"",
        ),
        (
            System::Oracle,
            "",
            json!({"id": "oracle", "version": "9.6", "codename": "", "family": "Red Hat"}),
            "install rpm redhat oracle-9.6\"",
        ),
        (
            System::Oracle,
            "centos",
            json!({"id": "centos", "version": "9.6", "codename": "", "family": "Red Hat"}),
            "install rpm redhat centos centos-9\"",
        ),
        (
            System::Leap,
            "",
            json!({"id": "opensuse", "version": "15.6", "codename": "", "family": "SUSE"}),
            "install --no-recommends --auto-agree-with-licenses rpm suse leap-15 leap-15.6\"",
        ),
    ] {
        let (mut container, _repository) = system.with(&[]);
        container.input("bindep.txt", ATOMS);
        container.set("DISTRO", distro);
        let before = listing(&container);
        let plan = plan(&container);
        assert_eq!(plan["platform"], platform);
        let command = command(&plan);
        assert!(command.contains(selected), "{command}");
        assert_eq!(changes(&before, &listing(&container)), Vec::<String>::new());
    }
}
