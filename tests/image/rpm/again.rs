//! What is done is not done again.

use std::process::Command;

use super::listing::{changes, listing};
use super::package::Package;
use super::system::{FAMILIES, System, installed};
use crate::assets::assets;
use crate::said::Said;

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn steps_find_their_work_done() {
    for system in FAMILIES {
        let (container, _repository) =
            system.with(&[Package::new("httpd").tag("Provides", "webserver")]);
        container.tiny_source("");
        container.input("bindep.txt", "webserver\n");
        let steps = ["bootstrap", "packages", "user"];
        container.steps(&steps).succeeded();
        let before = installed(&container);
        assert!(before.contains_key("httpd"));
        container
            .steps(&steps)
            .succeeded()
            .says("bootstrap: nothing to do: all are there\n")
            .says("packages: nothing to do: all are installed\n")
            .says("user: nothing to do: the account and its directories are there\n");
        assert_eq!(installed(&container), before);
    }
}

/// The image below a directory has its own database. This machine's rpm reads it and makes none
/// of another kind beside it.
#[test]
#[ignore = "builds real images: cargo xtask test"]
fn an_image_is_looked_at_from_outside() {
    for system in FAMILIES {
        let (mut container, _repository) = system.with(&[Package::new("httpd")]);
        container.set("DIST_PACKAGES", "httpd");
        container.steps(&["bootstrap", "packages"]).succeeded();
        let before = listing(&container);
        let plan = Command::new(&assets().binary)
            .args(["plan", "--root"])
            .arg(container.path("/"))
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("PROJECT", "tiny")
            .env("DIST_PACKAGES", "httpd")
            .output()
            .expect("the program");
        let plan = Said::by(&plan);
        // Not every rpm reads Leap's database.
        let read = "packages: 1 package for the profiles tiny\n    after  bootstrap\n    \
                    done   all are installed\n";
        assert!(
            system == System::Leap || plan.stdout.contains(read),
            "{}{}",
            plan.stdout,
            plan.stderr
        );
        assert!(plan.stdout.contains("\npackages: 1 package "));
        assert_eq!(changes(&before, &listing(&container)), Vec::<String>::new());
    }
}
