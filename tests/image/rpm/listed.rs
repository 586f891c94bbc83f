//! The record and the bill of materials of packages of rpm.

use std::collections::BTreeSet;

use serde_json::json;

use super::package::Package;
use super::system::{FAMILIES, System};
use crate::repository::Repository;
use crate::sbom::{bill, component, components};

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn every_package_is_listed_with_its_reason() {
    for system in FAMILIES {
        listed(system);
    }
}

fn listed(system: System) {
    let (mut container, _repository) = system.with(&[
        Package::new("httpd").tag("Epoch", "2").requires("mailcap"),
        Package::new("mailcap"),
        Package::new("hooked"),
    ]);
    container.input("bindep.txt", "httpd [platform:rpm]\n");
    container.hook("10_hooked.sh", &format!("{} hooked", system.install()));
    let source = Repository::tiny();
    container.mount(source.path(), "/source");
    container.set("PROJECT_REPO", "/source");
    container.install().succeeded();

    let bill = bill(&container);
    let listed = container.shell(
        "rpm --query --all --queryformat '%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE} %{ARCH}\\n'",
    );
    let listed: BTreeSet<&str> = listed.lines().collect();
    let record = container.record();
    let recorded: Vec<String> = record["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .map(|one| {
            let fields = ["name", "version", "architecture"];
            fields
                .map(|field| one[field].as_str().expect("a text"))
                .join(" ")
        })
        .collect();
    assert_eq!(recorded, Vec::from_iter(listed));
    let packages = components(&bill, "rpm");
    assert_eq!(packages.len(), recorded.len());

    let because = |name: &str| component(&bill, name)["properties"][0]["value"].clone();
    assert_eq!(because("nobodys"), "base");
    assert_eq!(because("httpd"), "asked-for");
    assert_eq!(because("mailcap"), "required");
    let hooked = match system {
        System::Leap => "required",
        System::CentOs | System::Oracle => "asked-for",
    };
    assert_eq!(because("hooked"), hooked, "{system:?}");
    let distribution = match system {
        System::CentOs => ("centos", "centos-9"),
        System::Oracle => ("ol", "ol-9.6"),
        System::Leap => ("opensuse", "opensuse-leap-15.6"),
    };
    let (vendor, distro) = distribution;
    let httpd = component(&bill, "httpd");
    assert_eq!(
        httpd["purl"],
        format!(
            "pkg:rpm/{vendor}/httpd@1-1?arch=noarch&distro={distro}&epoch=2&upstream=source-1-1.src.rpm"
        )
    );
    assert_eq!(
        httpd["licenses"],
        json!([{"license": {"name": "Apache-2.0"}}])
    );
}
