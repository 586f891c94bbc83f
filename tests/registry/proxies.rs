//! Registries behind a proxy.

use crate::answer::Answer;
use crate::certificates::Certificate;
use crate::fetch::Fetch;
use crate::files::wheels;
use crate::image::Image;
use crate::layer::Layer;
use crate::proxy;
use crate::registry::{Registry, Storage};
use crate::server::Server;
use crate::tunnel::Tunnel;

const NAME: &str = "loci/requirements:1";

fn pass(asked: &proxy::Asked<'_>) -> Answer {
    asked.pass()
}

/// A port where nobody listens.
fn closed() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    format!("http://127.0.0.1:{port}")
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_proxy_brings_what_only_it_can_reach() {
    let (files, image) = Image::stock();
    let registry = Registry::plain();
    registry.push(NAME, &image);
    // Whatever host it is asked for.
    let proxy = proxy::before(registry.port, pass);
    Fetch::of(&format!("registry.invalid:5000/{NAME}"))
        .http()
        .set("http_proxy", &proxy.url(""))
        .run()
        .brought(&files);
    let seen = proxy.requests();
    let asked_for = |wanted: &str| {
        seen.iter().any(|request| {
            let tunnel = request.method == "CONNECT" && request.path == wanted;
            tunnel || request.authority.as_deref() == Some(wanted)
        })
    };
    assert!(asked_for("registry.invalid:5000"), "{seen:?}");
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn no_proxy_goes_past_it() {
    let (files, image) = Image::stock();
    let registry = Registry::plain();
    registry.push(NAME, &image);
    Fetch::of(&registry.reference(NAME))
        .set("http_proxy", &closed())
        .set("https_proxy", &closed())
        .set("no_proxy", "example.org,127.0.0.1")
        .run()
        .brought(&files);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_proxy_that_is_not_there_is_named() {
    let reference = format!("registry.invalid:5000/{NAME}");
    let proxy = closed();
    let address = proxy.strip_prefix("http://").expect("a URL");
    Fetch::of(&reference)
        .http()
        .set("http_proxy", &format!("http://me:s3cret-word@{address}"))
        .run()
        .failed(&[&reference, address])
        .hides("s3cret-word");
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn tarballs_come_through_it_too() {
    let bytes = Layer::of(&wheels()).gzip().bytes;
    let proxy = Server::start(move |request| crate::content::content(request, &bytes));
    Fetch::of("http://files.invalid/wheels.tar.gz")
        .set("http_proxy", &proxy.url(""))
        .run()
        .brought(&wheels());
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn tls_goes_through_a_tunnel() {
    let (files, image) = Image::stock();
    let certificate = Certificate::of_server();
    let registry = Registry::tls(Storage::of([(NAME, &image)]), &certificate);
    let tunnel = Tunnel::start(registry.port);
    // Only the tunnel knows where that is.
    Fetch::of(&format!("localhost:1/{NAME}"))
        .set("https_proxy", &format!("http://127.0.0.1:{}", tunnel.port))
        .set(
            "REGISTRY_CA",
            &certificate.path("ca.pem").display().to_string(),
        )
        .run()
        .brought(&files);
    let asked = tunnel.asked();
    let all = asked
        .iter()
        .all(|line| line.starts_with("CONNECT localhost:1 "));
    assert!(!asked.is_empty() && all, "{asked:?}");
}
