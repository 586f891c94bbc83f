//! Layers that are elsewhere, as many registries have them.

use std::net::TcpListener;
use std::sync::Arc;

use crate::answer::Answer;
use crate::content::content;
use crate::fetch::Fetch;
use crate::files::Files;
use crate::image::Image;
use crate::proxy;
use crate::registry::{PASSWORD, Registry, Storage, USER};
use crate::server::Server;
use crate::tokens::{Accepts, Tokens};

const NAME: &str = "loci/requirements:1";

/// A store of layers, which is cut off once.
fn store(image: &Image, cut: bool) -> Server {
    let bytes = Arc::new(image.layers[0].bytes.clone());
    Server::start(move |request| {
        let file = content(request, &bytes);
        if cut && request.nth == 0 {
            file.cut(300_000)
        } else {
            file
        }
    })
}

/// Fetches what is elsewhere, and insists that nobody there was told a secret.
fn fetched(registry: &Registry, image: &Image, files: &Files, login: bool) {
    for cut in [false, true] {
        let store = store(image, cut);
        let elsewhere = format!("http://localhost:{}/layer?signature=abc", store.port);
        let proxy = proxy::before(registry.port, move |asked| {
            let answer = asked.pass();
            if asked.is_blob() && matches!(answer.status, 200 | 206) {
                Answer::redirect(&elsewhere)
            } else {
                answer
            }
        });
        let host = proxy.host();
        let fetch = Fetch::of(&format!("{host}/{NAME}")).http();
        let fetch = if login {
            fetch.login(&host, USER, PASSWORD)
        } else {
            fetch
        };
        fetch.run().brought(files).hides("signature=abc");
        let seen = store.requests();
        assert_eq!(seen.len(), if cut { 2 } else { 1 });
        for request in &seen {
            assert_eq!(request.header("authorization"), None);
            assert_eq!(request.path, "/layer?signature=abc");
        }
        if cut {
            assert_eq!(seen[1].header("range"), Some("bytes=300000-"));
        }
    }
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_password_is_not_told_elsewhere() {
    let (files, image) = Image::stock();
    let registry = Registry::with_password(Storage::of([(NAME, &image)]));
    fetched(&registry, &image, &files, true);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_token_is_not_told_elsewhere() {
    let (files, image) = Image::stock();
    let tokens = Tokens::start(Accepts::Anyone);
    let registry = Registry::with_tokens(Storage::of([(NAME, &image)]), &tokens);
    fetched(&registry, &image, &files, false);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn another_layer_elsewhere_is_refused() {
    let (_, image) = Image::stock();
    let registry = Registry::plain_with(Storage::of([(NAME, &image)]));
    let mut other = image.clone();
    let middle = other.layers[0].bytes.len() / 2;
    other.layers[0].bytes[middle] ^= 1;
    let store = store(&other, false);
    let elsewhere = format!("http://localhost:{}/layer", store.port);
    let proxy = proxy::before(registry.port, move |asked| {
        if asked.is_blob() {
            Answer::redirect(&elsewhere)
        } else {
            asked.pass()
        }
    });
    let reference = format!("{}/{NAME}", proxy.host());
    Fetch::of(&reference)
        .http()
        .run()
        .failed(&[&reference, &image.layer(0), &other.layer(0)]);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_circle_ends() {
    let (_, image) = Image::stock();
    let registry = Registry::plain_with(Storage::of([(NAME, &image)]));
    let proxy = proxy::before(registry.port, |asked| {
        if asked.is_blob() {
            Answer::redirect(&asked.path)
        } else {
            asked.pass()
        }
    });
    let reference = format!("{}/{NAME}", proxy.host());
    Fetch::of(&reference)
        .http()
        .run()
        .failed(&[&proxy.host(), &reference]);
    assert!(proxy.blobs().len() < 100);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_redirect_to_what_is_no_server_is_refused() {
    let (_, image) = Image::stock();
    let registry = Registry::plain_with(Storage::of([(NAME, &image)]));
    for target in ["file:///etc/passwd", "ftp://127.0.0.1/layer"] {
        let proxy = proxy::before(registry.port, move |asked| {
            if asked.is_blob() {
                Answer::redirect(target)
            } else {
                asked.pass()
            }
        });
        let reference = format!("{}/{NAME}", proxy.host());
        Fetch::of(&reference).http().run().failed(&[&reference]);
    }
}

/// Fetches what is elsewhere and does not come, and insists that this is told without what
/// lets anybody read it.
fn fails_at(port: u16) {
    let (_, image) = Image::stock();
    let registry = Registry::plain_with(Storage::of([(NAME, &image)]));
    let store = format!("localhost:{port}");
    let elsewhere = format!("http://{store}/layer?signature=abc");
    let proxy = proxy::before(registry.port, move |asked| {
        if asked.is_blob() {
            Answer::redirect(&elsewhere)
        } else {
            asked.pass()
        }
    });
    let reference = format!("{}/{NAME}", proxy.host());
    Fetch::of(&reference)
        .http()
        .set("PIP_RETRIES", "1")
        .run()
        .hides("signature=abc")
        .failed(&[&reference, &image.layer(0), &store]);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_store_that_is_not_there_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let closed = listener.local_addr().expect("an address").port();
    drop(listener);
    fails_at(closed);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_store_that_refuses_is_named() {
    fails_at(Server::start(|_| Answer::of(403)).port);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_store_in_trouble_is_named() {
    fails_at(Server::start(|_| Answer::of(503)).port);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_store_that_hangs_up_is_named() {
    fails_at(Server::start(|_| Answer::of(200).dropped()).port);
}
