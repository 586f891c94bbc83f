//! A hermetic build: packages are fetched first, and their scripts have no network.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use super::package::Package;
use super::system::FAMILIES;
use crate::hermetic::{Listener, PROBE};

/// Python's server of a directory; it ends with this.
struct Server(u16, Child);

impl Server {
    fn of(directory: &std::path::Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let child = Command::new("python3")
            .args(["-m", "http.server", "--bind", "127.0.0.1"])
            .arg(port.to_string())
            .current_dir(directory)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("python3");
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            thread::sleep(Duration::from_millis(20));
        }
        Self(port, child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.1.kill();
        let _ = self.1.wait();
    }
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
            let server = Server::of(repository.path());
            let lines = format!("baseurl=http://127.0.0.1:{}\ngpgcheck=0", server.0);
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
