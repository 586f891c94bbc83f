//! What the other tests rely on: that the registries and the servers do what they are for.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use crate::answer::Answer;
use crate::certificates::Certificate;
use crate::content::content;
use crate::image::Image;
use crate::proxy;
use crate::registry::{PASSWORD, Registry, Storage, USER};
use crate::relay::Relay;
use crate::server::Server;
use crate::tokens::{Accepts, Tokens};
use crate::tools::command;

/// What curl prints: the body, or with `--write-out` more.
fn curl(arguments: &[&str]) -> (bool, String) {
    let output = command("curl")
        .args(["--silent", "--max-time", "20"])
        .args(arguments)
        .output()
        .expect("curl");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.success(), text)
}

fn status(arguments: &[&str]) -> String {
    let only = ["--output", "/dev/null", "--write-out", "%{http_code}"];
    curl(&[&only, arguments].concat()).1
}

/// What skopeo says of an image, or that it says nothing.
fn inspected(reference: &str, arguments: &[&str]) -> bool {
    command("skopeo")
        .args(["inspect", "--raw", "--tls-verify=false"])
        .args(arguments)
        .arg(format!("docker://{reference}"))
        .output()
        .expect("skopeo")
        .status
        .success()
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn registries_ask_as_they_are_told() {
    let (_, image) = Image::stock();
    let registry = Registry::plain_with(Storage::of([("a/b:1", &image)]));
    assert_eq!(status(&[&format!("http://{}/v2/", registry.host())]), "200");
    assert!(inspected(&registry.reference("a/b:1"), &[]));

    let certificate = Certificate::of_server();
    let registry = Registry::tls_with_password(registry.stop(), &certificate);
    let url = format!("https://localhost:{}/v2/", registry.port);
    let authority = certificate.path("ca.pem").display().to_string();
    let login = format!("{USER}:{PASSWORD}");
    assert_eq!(status(&[&url]), "000");
    assert_eq!(status(&["--cacert", &authority, &url]), "401");
    assert_eq!(
        status(&["--cacert", &authority, "--user", &login, &url]),
        "200"
    );

    let relay = Relay::start(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)), registry.port);
    let elsewhere = format!("127.0.0.2:{}", relay.port);
    let url = format!("https://{elsewhere}/v2/");
    assert_eq!(status(&["--cacert", &authority, &url]), "000");
    assert!(relay.saw_only_tls());
    assert_eq!(
        status(&["--insecure", &format!("http://{elsewhere}/v2/")]),
        "400"
    );
    assert!(!relay.saw_only_tls());
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn tokens_are_taken_by_registries() {
    let (_, image) = Image::stock();
    let mut storage = Storage::of([("a/b:1", &image)]);
    let login = format!("{USER}:{PASSWORD}");
    for (accepts, arguments, may) in [
        (Accepts::Anyone, vec![], true),
        (Accepts::Nothing, vec![], false),
        (
            Accepts::Login(USER, PASSWORD),
            vec!["--creds", login.as_str()],
            true,
        ),
        (Accepts::Login(USER, PASSWORD), vec![], false),
    ] {
        let tokens = Tokens::start(accepts);
        let registry = Registry::with_tokens(storage, &tokens);
        let reference = registry.reference("a/b:1");
        assert_eq!(inspected(&reference, &arguments), may);
        let asked = &tokens.requests()[0].path;
        assert!(asked.contains("service=a-registry"), "{asked}");
        storage = registry.stop();
    }
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn the_proxy_passes_what_it_does_not_spoil() {
    let (_, image) = Image::stock();
    let registry = Registry::plain();
    registry.push("a/b:1", &image);
    let proxy = proxy::before(registry.port, |asked| match asked.nth {
        0 => Answer::of(503).header("Retry-After", "1"),
        _ => asked.pass(),
    });
    let blob = format!("/v2/a/b/blobs/{}", image.layer(0));
    assert_eq!(status(&[&proxy.url(&blob)]), "503");
    assert_eq!(status(&[&proxy.url(&blob)]), "200");
    assert_eq!(status(&["--range", "10-", &proxy.url(&blob)]), "206");
    let seen = proxy.blobs();
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[2].header("range"), Some("bytes=10-"));
    assert_eq!(seen[2].nth, 2);
    let host = proxy.host();
    let url = "http://registry.example/v2/a/b/manifests/1";
    let accept = format!("Accept: {}", image.media_type());
    let through = ["--proxy", &host, "--header", &accept, url];
    assert_eq!(status(&through), "503");
    assert_eq!(status(&through), "200");
    let tunnel = [&["--proxytunnel"], &through[..]].concat();
    assert_eq!(status(&tunnel), "200");
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn servers_fail_as_they_are_told() {
    let server = Server::start(|request| {
        let file = content(request, b"0123456789");
        match request.path.as_str() {
            "/cut" => file.cut(4),
            "/drop" => file.dropped(),
            "/stall" => file.stall(4),
            "/slow" => file.slow(5, Duration::from_millis(300)),
            "/flip" => file.flip(12),
            "/long" => file.claim(3),
            "/short" => file.claim(-3),
            _ => file,
        }
    });
    let get = |path: &str| curl(&["--max-time", "2", &server.url(path)]);
    let text = |ok: bool, text: &str| (ok, text.to_owned());
    assert_eq!(get("/whole"), text(true, "0123456789"));
    assert_eq!(get("/cut"), text(false, "0123"));
    assert_eq!(get("/drop"), text(false, ""));
    assert_eq!(get("/stall"), text(false, "0123"));
    assert_eq!(get("/flip"), text(true, "0133456789"));
    assert_eq!(get("/long"), text(false, "0123456789"));
    assert_eq!(get("/short"), text(true, "0123456"));
    let start = Instant::now();
    assert_eq!(get("/slow"), text(true, "0123456789"));
    assert!(start.elapsed() >= Duration::from_millis(300));
    let rest = curl(&["--range", "7-", &server.url("/whole")]);
    assert_eq!(rest, text(true, "789"));
    assert_eq!(status(&["--range", "10-", &server.url("/whole")]), "416");
}
