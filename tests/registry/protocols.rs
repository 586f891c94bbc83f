//! HTTP, TLS, and which of them is tried.

use std::net::{IpAddr, Ipv4Addr};

use crate::certificates::Certificate;
use crate::fetch::Fetch;
use crate::image::Image;
use crate::registry::{PASSWORD, Registry, Storage, USER};
use crate::relay::Relay;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn http_is_found_out_on_this_machine() {
    let (files, image) = Image::stock();
    let registry = Registry::plain_with(Storage::of([("loci/requirements:1", &image)]));
    let reference = registry.reference("loci/requirements:1");
    Fetch::of(&reference).run().brought(&files);
    Fetch::of(&reference)
        .set("REGISTRY_PROTOCOL", "detect")
        .run()
        .brought(&files);
    Fetch::of(&format!("localhost:{}/loci/requirements:1", registry.port))
        .run()
        .brought(&files);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn the_protocol_that_is_named_is_the_only_one() {
    let (files, image) = Image::stock();
    let registry = Registry::plain_with(Storage::of([("loci/requirements:1", &image)]));
    let reference = registry.reference("loci/requirements:1");
    Fetch::of(&reference).http().run().brought(&files);
    Fetch::of(&reference)
        .set("REGISTRY_PROTOCOL", "https")
        .run()
        .failed(&[&registry.host(), &reference]);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn http_is_not_tried_where_tls_is() {
    let (_, image) = Image::stock();
    let certificate = Certificate::of_server();
    let registry =
        Registry::tls_with_password(Storage::of([("loci/requirements:1", &image)]), &certificate);
    let relay = Relay::start(HERE, registry.port);
    let host = format!("127.0.0.1:{}", relay.port);
    let reference = format!("{host}/loci/requirements:1");
    for protocol in ["detect", "https"] {
        Fetch::of(&reference)
            .set("REGISTRY_PROTOCOL", protocol)
            .login(&host, USER, PASSWORD)
            .run()
            .failed(&[&host, &reference, "certificate", "REGISTRY_CA"])
            .hides(PASSWORD);
    }
    assert!(relay.saw_only_tls());
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn an_authority_of_ones_own_is_trusted() {
    let (files, image) = Image::stock();
    let certificate = Certificate::of_server();
    let storage = Storage::of([("loci/requirements:1", &image)]);
    let registry = Registry::tls(storage, &certificate);
    let authority = certificate.path("ca.pem").display().to_string();
    for host in ["127.0.0.1", "localhost"] {
        let reference = format!("{host}:{}/loci/requirements:1", registry.port);
        let said = Fetch::of(&reference).set("REGISTRY_CA", &authority).run();
        said.brought(&files).hides("REGISTRY_INSECURE");
    }
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_certificate_is_for_one_host() {
    let (files, image) = Image::stock();
    let certificate = Certificate::of_server();
    let storage = Storage::of([("loci/requirements:1", &image)]);
    let registry = Registry::tls(storage, &certificate);
    let relay = Relay::start(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)), registry.port);
    let host = format!("127.0.0.2:{}", relay.port);
    let reference = format!("{host}/loci/requirements:1");
    let authority = certificate.path("ca.pem").display().to_string();
    Fetch::of(&reference)
        .set("REGISTRY_CA", &authority)
        .run()
        .failed(&[&host, &reference, "certificate"]);
    assert!(relay.saw_only_tls());
    Fetch::of(&reference)
        .set("REGISTRY_INSECURE", "True")
        .run()
        .brought(&files);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn any_certificate_will_do_and_that_is_said() {
    let (files, image) = Image::stock();
    let certificate = Certificate::of_server();
    let storage = Storage::of([("loci/requirements:1", &image)]);
    let registry = Registry::tls(storage, &certificate);
    let reference = registry.reference("loci/requirements:1");
    Fetch::of(&reference)
        .set("REGISTRY_INSECURE", "True")
        .run()
        .brought(&files)
        .says("REGISTRY_INSECURE");
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_registry_that_is_not_there_is_named() {
    let (_, image) = Image::stock();
    let registry = Registry::plain_with(Storage::of([("loci/requirements:1", &image)]));
    let (host, reference) = (registry.host(), registry.reference("loci/requirements:1"));
    drop(registry);
    Fetch::of(&reference)
        .set("PIP_RETRIES", "1")
        .run()
        .failed(&[&host, &reference]);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn settings_that_mean_nothing_are_refused() {
    let (_, image) = Image::stock();
    let registry = Registry::plain_with(Storage::of([("loci/requirements:1", &image)]));
    let reference = registry.reference("loci/requirements:1");
    for (name, value) in [
        ("REGISTRY_PROTOCOL", "gopher"),
        ("REGISTRY_INSECURE", "perhaps"),
        ("WHEELS", "ftp://127.0.0.1/wheels.tar"),
        ("WHEELS", "127.0.0.1:5000/LOCI:1"),
        ("WHEELS", ""),
    ] {
        Fetch::of(&reference)
            .set(name, value)
            .run()
            .refused(&[name]);
    }
    let fetch = Fetch::of(&reference).file("there/mine.txt", "mine");
    let there = fetch.path("there");
    let said = fetch.set("WHEELS_DEST", &there.display().to_string()).run();
    assert_eq!(said.status, Some(2), "{}", said.stderr);
    said.says(&there.display().to_string());
    assert_eq!(crate::files::read(&there).len(), 1);
    Fetch::of(&reference)
        .set("WHEELS_DEST", "wheels")
        .run()
        .refused(&["WHEELS_DEST"]);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn an_empty_directory_is_filled() {
    let (files, image) = Image::stock();
    let registry = Registry::plain_with(Storage::of([("loci/requirements:1", &image)]));
    let fetch = Fetch::of(&registry.reference("loci/requirements:1")).http();
    std::fs::create_dir(fetch.path("wheels")).expect("made");
    fetch.run().brought(&files);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn authorities_that_are_none_are_named() {
    let (_, image) = Image::stock();
    let certificate = Certificate::of_server();
    let storage = Storage::of([("loci/requirements:1", &image)]);
    let registry = Registry::tls(storage, &certificate);
    let reference = registry.reference("loci/requirements:1");
    let key = certificate.path("ca-key.pem").display().to_string();
    for path in ["/nowhere/ca.pem", "/etc/passwd", &key] {
        let said = Fetch::of(&reference).set("REGISTRY_CA", path).run();
        assert!(matches!(said.status, Some(1 | 2)), "{}", said.stderr);
        said.left_nothing().says("REGISTRY_CA").says(path);
    }
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn nobody_needs_to_be_root() {
    let (files, image) = Image::stock();
    let registry = Registry::plain_with(Storage::of([("loci/requirements:1", &image)]));
    Fetch::of(&registry.reference("loci/requirements:1"))
        .by_nobody()
        .run()
        .brought(&files);
}
