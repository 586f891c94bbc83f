//! Runs that are stopped, and what is there after them.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::fetch::Fetch;
use crate::files::Files;
use crate::image::Image;
use crate::proxy;
use crate::registry::Registry;
use crate::server::Server;

const NAME: &str = "loci/requirements:1";

/// A registry whose layer does not come to an end the first time, and what is in it.
fn stalled() -> (Files, Registry, Server) {
    let (files, image) = Image::stock();
    let registry = Registry::plain();
    registry.push(NAME, &image);
    let proxy = proxy::before(registry.port, |asked| {
        let answer = asked.pass();
        if asked.is_blob() && asked.nth == 0 {
            answer.stall(500_000)
        } else {
            answer
        }
    });
    (files, registry, proxy)
}

/// Waits until the layer is asked for.
fn wait(proxy: &Server) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while proxy.blobs().is_empty() {
        assert!(Instant::now() < deadline, "nothing is asked for");
        thread::sleep(Duration::from_millis(10));
    }
    thread::sleep(Duration::from_millis(200));
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn who_is_stopped_leaves_nothing() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let (_, _registry, proxy) = stalled();
        let running = Fetch::of(&format!("{}/{NAME}", proxy.host()))
            .http()
            .start();
        wait(&proxy);
        let start = Instant::now();
        running.signal(signal);
        let said = running.end();
        assert!(start.elapsed() < Duration::from_secs(10));
        assert_ne!(said.status, Some(0), "{}", said.stderr);
        said.left_nothing();
    }
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn what_a_killed_run_left_is_in_nobodys_way() {
    let (files, _registry, proxy) = stalled();
    let running = Fetch::of(&format!("{}/{NAME}", proxy.host()))
        .http()
        .start();
    wait(&proxy);
    running.signal(Signal::SIGKILL);
    let killed = running.end();
    assert!(!killed.path("wheels").exists());

    let again = Fetch::of(&format!("{}/{NAME}", proxy.host()))
        .http()
        .file("wheels.partial/old-1.0-py3-none-any.whl", "half of it");
    assert!(fs::metadata(again.path("wheels.partial")).is_ok());
    again.run().brought(&files);
}
