//! TLS and proxies.

use super::*;

/// The path of an authority that signed nothing.
fn other() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/src/download/tests/other.pem").to_owned()
}

fn secure() -> (Server, String) {
    let server = Server::start_tls(|_, _| answer(200, &[], BODY));
    let url = format!("https://127.0.0.1:{}/a.whl", server.port);
    (server, url)
}

#[test]
fn a_bundle_vouches_for_its_servers_alone() {
    let (server, url) = secure();
    let bundle = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/download/tests/certificate.pem"
    );
    for name in ["PIP_CERT", "SSL_CERT_FILE"] {
        assert_eq!(Bench::new(&[(name, bundle)], &[]).get(&url), DOWNLOADED);
    }

    let other = other();
    let bench = Bench::new(&[("PIP_CERT", &other)], &[]);
    assert_eq!(
        bench.get(&url),
        Err(format!(
            "no TLS with 127.0.0.1:{} for {url}: invalid peer certificate: UnknownIssuer; \
             name the right CA bundle in PIP_CERT, or the host in PIP_TRUSTED_HOST",
            server.port
        ))
    );
    assert!(bench.pauses().is_empty());
}

#[test]
fn a_trusted_host_needs_no_certificate_and_another_one_does() {
    let (server, url) = secure();
    let other = other();
    let get = |trusted: &str| {
        let environment = [("PIP_CERT", other.as_str()), ("PIP_TRUSTED_HOST", trusted)];
        Bench::new(&environment, &[]).get(&url)
    };
    assert_eq!(get("127.0.0.1"), DOWNLOADED);
    assert_eq!(get(&format!("x 127.0.0.1:{}", server.port)), DOWNLOADED);
    assert!(get("127.0.0.1:1").is_err());
}

#[test]
fn a_proxy_that_refuses_is_named_and_no_proxy_goes_around_it() {
    let proxy = Server::script(vec![answer(403, &[], "")]);
    let server = Server::script(vec![answer(200, &[], BODY)]);
    let through = format!("http://me:p%40ss@127.0.0.1:{}", proxy.port);
    let url = server.url("a.whl");
    let environment = [("http_proxy", through.as_str()), ("PIP_RETRIES", "0")];
    assert_eq!(
        Bench::new(&environment, &[]).get(&url),
        Err(format!(
            "cannot talk to 127.0.0.1:{} by the proxy 127.0.0.1:{} for {url}: \
             proxy server responded 403 (tries: 1); \
             check the name, the network and the proxy",
            server.port, proxy.port
        ))
    );
    assert!(proxy.requests()[0].starts_with(&format!("connect 127.0.0.1:{} ", server.port)));
    assert_eq!(
        proxy.header("proxy-authorization"),
        [Some("Basic bWU6cEBzcw==".to_owned())]
    );
    assert!(server.requests().is_empty());

    let around = [environment[0], ("no_proxy", "127.0.0.1")];
    assert_eq!(Bench::new(&around, &[]).get(&url), DOWNLOADED);
    assert_eq!(proxy.requests().len(), 1);
}
