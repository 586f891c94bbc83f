//! Who we say we are, and what a redirect's target hears of it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::*;

fn basic(userinfo: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(userinfo))
}

#[test]
fn a_redirect_elsewhere_takes_no_credentials_along() {
    let cdn = Server::script(vec![answer(200, &[], BODY)]);
    let location = format!("Location: {}", cdn.url("b.whl"));
    let index = Server::start(move |head, _| {
        if head.starts_with("GET /here ") {
            answer(302, &["Location: /there"], "")
        } else {
            answer(307, &[&location], "moved")
        }
    });
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join(".netrc"), "default login d password d").unwrap();
    let home = home.path().display().to_string();
    let known = format!("http://me:secret@127.0.0.1:{}/simple", index.port);
    for known in [&[known.as_str()][..], &[]] {
        let bench = Bench::new(&[("HOME", &home)], known);
        assert_eq!(bench.get(&index.url("here")), DOWNLOADED);
    }
    assert_eq!(
        index.header("authorization"),
        [
            Some(basic("me:secret")),
            Some(basic("me:secret")),
            Some(basic("d:d")),
            Some(basic("d:d"))
        ]
    );
    assert_eq!(cdn.header("authorization"), [None, None]);
}

#[test]
fn redirects_without_end_or_to_nowhere_are_errors() {
    let round = Server::script(vec![answer(301, &["Location: /again"], "")]);
    let bench = Bench::new(&[], &[]);
    let url = round.url("a.whl");
    assert_eq!(
        bench.get(&url),
        Err(format!(
            "{url} is redirected more than 30 times; check the server"
        ))
    );
    let away = Server::script(vec![answer(302, &["Location: ftp://u:p@h/a.whl"], "")]);
    let url = away.url("a.whl");
    assert_eq!(
        bench.get(&url),
        Err(format!(
            "{url}: it is redirected to ftp://h/a.whl; check the server"
        ))
    );
}

#[test]
fn credentials_come_from_the_url_the_known_ones_and_netrc() {
    let server = Server::script(vec![answer(200, &[], BODY)]);
    let port = server.port;
    let netrc = tempfile::NamedTempFile::new().unwrap();
    fs::write(netrc.path(), "machine 127.0.0.1 login n password 3").unwrap();
    let netrc = netrc.path().display().to_string();
    let known = format!("http://k:2@127.0.0.1:{port}/simple");
    let bench = |known: &[&str]| Bench::new(&[("NETRC", &netrc)], known);
    let url = server.url("a.whl");
    let own = format!("http://u%40x:1@127.0.0.1:{port}/a.whl");
    assert_eq!(bench(&[&known]).get(&own), DOWNLOADED);
    assert_eq!(bench(&[&known]).get(&url), DOWNLOADED);
    assert_eq!(bench(&[]).get(&url), DOWNLOADED);
    assert_eq!(
        server.header("authorization"),
        [Some(basic("u@x:1")), Some(basic("k:2")), Some(basic("n:3"))]
    );
}

#[test]
fn what_no_digest_pins_does_not_leave_tls() {
    let plain = Server::script(vec![answer(200, &[], BODY)]);
    let location = format!("Location: {}", plain.url("w.tar"));
    let secure = Server::start_tls(move |_, _| answer(302, &[&location], ""));
    let bundle = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/download/tests/certificate.pem"
    );
    let bench = Bench::new(&[("PIP_CERT", bundle)], &[]);
    let url = format!("https://127.0.0.1:{}/w.tar", secure.port);
    assert_eq!(
        bench.read(&url),
        Err(format!(
            "{url}: it is redirected to 127.0.0.1:{} without TLS; check the server",
            plain.port
        ))
    );
    assert!(plain.requests().is_empty());
    // What comes is known by its digest.
    assert_eq!(bench.get(&url), DOWNLOADED);
}
