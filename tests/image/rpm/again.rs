//! What is done is not done again.

use super::package::Package;
use super::system::{FAMILIES, installed};

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
