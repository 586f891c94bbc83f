//! A hermetic build: packages are fetched first, and their scripts have no network.

use std::path::Path;
use std::process::Command;

use super::package::Package;
use super::system::FAMILIES;
use crate::daemon::Daemon;
use crate::hermetic::{Listener, PROBE};

/// Python's server of a directory.
fn serve(directory: &Path) -> Daemon {
    Daemon::start(|address| {
        let mut command = Command::new("python3");
        command
            .args(["-m", "http.server", "--bind", "127.0.0.1"])
            .arg(address.port().to_string())
            .current_dir(directory);
        command
    })
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn scripts_of_packages_reach_nothing() {
    for system in FAMILIES {
        for (hermetic, heard) in [("no", &["post"][..]), ("yes", &[])] {
            let listener = Listener::new();
            let probe = format!("/usr/bin/python3 /probe.py post {}", listener.port);
            let caller = Package::new("caller").script("post", &probe);
            let (mut container, repository) = system.with(&[caller]);
            let server = serve(repository.path());
            let lines = format!("baseurl=http://{}\ngpgcheck=0", server.address);
            system.repository(&container, "base", &lines);
            container.write("/probe.py", PROBE);
            container.allow_namespaces();
            container.set("no_proxy", "127.0.0.1");
            container.set("DIST_PACKAGES", "caller");
            container.set("HERMETIC", hermetic);
            container.step("packages").succeeded();
            assert!(container.has("/usr/share/caller.txt"));
            assert!(container.has("/probed"), "{system:?}");
            assert_eq!(listener.heard(), heard, "{system:?}");
            let record = container.record_so_far();
            assert_eq!(record["steps"][0]["network"], "reachable");
        }
    }
}
