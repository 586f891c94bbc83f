//! Tarballs behind URLs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::answer::Answer;
use crate::certificates::Certificate;
use crate::content::content;
use crate::fetch::Fetch;
use crate::files::wheels;
use crate::image::Image;
use crate::layer::{Layer, Pressed, digest};
use crate::registry::{Registry, Storage};
use crate::server::{Request, Server};

/// A server of a tarball.
fn server(
    pressed: Pressed,
    respond: impl Fn(&Request, Answer) -> Answer + Send + Sync + 'static,
) -> Server {
    let bytes = Arc::new(Layer::of(&wheels()).pressed(pressed).bytes);
    Server::start(move |request| respond(request, content(request, &bytes)))
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn tarballs_of_every_compression_are_fetched() {
    for (pressed, name) in [
        (Pressed::Plain, "/wheels.tar"),
        (Pressed::Gzip, "/wheels.tar.gz"),
        (Pressed::Zstd, "/wheels.tar.zst"),
        (Pressed::Gzip, "/download?file=wheels"),
    ] {
        let server = server(pressed, |_, file| file);
        Fetch::of(&server.url(name)).run().brought(&wheels());
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_tarball_goes_on_where_it_broke_off() {
    let server = server(Pressed::Gzip, |request, file| match request.nth {
        0 => file.cut(300_000),
        1 => Answer::of(503),
        _ => file,
    });
    Fetch::of(&server.url("/wheels.tar.gz"))
        .run()
        .brought(&wheels());
    let ranges: Vec<_> = server
        .requests()
        .iter()
        .map(|request| request.header("range").map(str::to_owned))
        .collect();
    let rest = Some("bytes=300000-".to_owned());
    assert_eq!(ranges, [None, rest.clone(), rest]);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_tarball_without_a_version_is_whole_or_not_there() {
    let server = server(Pressed::Gzip, |request, file| {
        let file = file.without("ETag");
        if request.nth == 0 {
            file.cut(300_000)
        } else {
            file
        }
    });
    Fetch::of(&server.url("/wheels.tar.gz"))
        .run()
        .brought_or_failed(&wheels(), &[&server.url("/wheels.tar.gz")]);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_tarball_that_does_not_come_is_named() {
    let faults: [fn(&Request, Answer) -> Answer; 7] = [
        |_, _| Answer::of(404),
        |_, _| Answer::of(401),
        |_, _| Answer::of(500),
        |_, file| file.cut(300_000).without("ETag"),
        |_, file| file.stall(300_000).without("ETag"),
        |_, file| file.flip(100_000),
        |_, _| {
            let page = "<!DOCTYPE html><html>Here is no tarball</html>";
            Answer::with(page).header("Content-Type", "text/html")
        },
    ];
    for fault in faults {
        let server = server(Pressed::Gzip, fault);
        let url = server.url("/wheels.tar.gz");
        Fetch::of(&url)
            .set("PIP_RETRIES", "1")
            .set("PIP_DEFAULT_TIMEOUT", "0.5")
            .run()
            .failed(&[&url]);
    }
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_password_of_a_url_is_not_shown() {
    let server = server(Pressed::Gzip, |request, file| {
        // "reader:s3cret-word"
        match request.header("authorization") {
            Some("Basic cmVhZGVyOnMzY3JldC13b3Jk") => file,
            _ => Answer::of(401).header("WWW-Authenticate", "Basic realm=\"wheels\""),
        }
    });
    let host = server.host();
    Fetch::of(&format!("http://reader:s3cret-word@{host}/wheels.tar.gz"))
        .run()
        .brought(&wheels())
        .hides("s3cret-word");
    Fetch::of(&format!("http://reader:not-this-one@{host}/wheels.tar.gz"))
        .run()
        .failed(&[&host])
        .hides("not-this-one");
    Fetch::of(&server.url("/wheels.tar.gz"))
        .file(
            ".netrc",
            "machine 127.0.0.1 login reader password s3cret-word\n",
        )
        .run()
        .brought(&wheels())
        .hides("s3cret-word");
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_digest_pins_a_tarball() {
    let server = server(Pressed::Gzip, |_, file| file);
    let digest = digest(&Layer::of(&wheels()).pressed(Pressed::Gzip).bytes);
    let hex = digest.strip_prefix("sha256:").expect("a digest");
    let url = server.url("/wheels.tar.gz");
    Fetch::of(&format!("{url}#sha256={hex}"))
        .run()
        .brought(&wheels())
        .says(&digest);
    let zeros = "0".repeat(64);
    Fetch::of(&format!("{url}#sha256={zeros}"))
        .run()
        .failed(&[&url, &zeros, hex]);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn tls_is_the_same_for_tarballs() {
    let (files, image) = Image::stock();
    let certificate = Certificate::of_server();
    let name = "loci/requirements";
    let storage = Storage::of([(format!("{name}:1").as_str(), &image)]);
    let registry = Registry::tls(storage, &certificate);
    // A layer is a tarball, too.
    let url = format!(
        "https://{}/v2/{name}/blobs/{}",
        registry.host(),
        image.layer(0)
    );
    let authority = certificate.path("ca.pem").display().to_string();
    Fetch::of(&url).run().failed(&[&url, "certificate"]);
    Fetch::of(&url)
        .set("REGISTRY_CA", &authority)
        .run()
        .brought(&files);
    Fetch::of(&url)
        .set("REGISTRY_INSECURE", "True")
        .run()
        .brought(&files)
        .says("REGISTRY_INSECURE");
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn what_is_no_tarball_is_not_read_to_its_end() {
    let page = format!("<!DOCTYPE html>{}", " ".repeat(1 << 20));
    let server = Server::start(move |_| {
        Answer::with(page.clone()).slow(1 << 10, Duration::from_millis(100))
    });
    let start = Instant::now();
    Fetch::of(&server.url("/wheels.tar.gz"))
        .run()
        .failed(&["a page of a website"]);
    assert!(start.elapsed() < Duration::from_secs(20));
}
