//! A whole build, from the first package to the last file that is removed.

use super::listing::{changes, listing};
use super::package::Package;
use super::system::{FAMILIES, System, added, installed};

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_finished_image_has_the_service_and_nothing_else() {
    for system in FAMILIES {
        finished(system);
    }
}

fn finished(system: System) {
    let (container, _repository) = system.with(&[
        Package::new("httpd")
            .requires("less")
            .requires("mailcap")
            .tag("Recommends", "httpd-manual"),
        Package::new("httpd-manual"),
        Package::new("mailcap"),
        Package::new("cronie"),
    ]);
    container.input("bindep.txt", "httpd [platform:rpm]\nnever [platform:dpkg]\n");
    container.tiny_source("");
    let before = installed(&container);
    let files = listing(&container);
    let mut container = container;
    container.set("DIST_PACKAGES", "cronie");
    // git is brought by what this says.
    container.set("PIP_PACKAGES", "git+file:///tmp/wee");
    let said = container.steps(&["bootstrap", "packages", "user"]);
    said.succeeded();
    println!("{}", said.stderr);
    println!("{:?}", added(&container, &before));
    println!("{:#?}", changes(&files, &listing(&container)));
}
