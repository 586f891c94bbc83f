//! What is tried again, from where, and until when.

use super::server::{Answer, cut, unframed};
use super::*;

#[test]
fn a_server_in_trouble_is_asked_again_later_and_later() {
    let mut answers = vec![answer(500, &[], "no"); 3];
    answers.push(answer(200, &[], BODY));
    let server = Server::script(answers);
    let bench = Bench::new(&[], &[]);
    assert_eq!(bench.get(&server.url("a.whl")), DOWNLOADED);
    assert_eq!(bench.pauses(), [500, 1000, 2000]);

    for status in [408, 425, 429, 500, 502, 599] {
        let server = Server::script(vec![answer(status, &[], "no")]);
        let bench = Bench::new(&[("PIP_RETRIES", "2")], &[]);
        let url = server.url("a.whl");
        assert_eq!(
            bench.get(&url),
            Err(format!(
                "the server answers status {status} for {url} (tries: 3); \
                 look at the server's log, or try later"
            ))
        );
        assert_eq!(server.requests().len(), 3);
    }
}

#[test]
fn the_server_says_how_long_to_wait() {
    let wait = |value: &str| answer(503, &[&format!("Retry-After: {value}")], "");
    let server = Server::script(vec![
        wait("0"),
        wait("3"),
        wait("900"),
        answer(200, &[], BODY),
    ]);
    let bench = Bench::new(&[], &[]);
    assert_eq!(bench.get(&server.url("a.whl")), DOWNLOADED);
    assert_eq!(bench.pauses(), [0, 3000, 60_000]);
}

#[test]
fn a_transfer_that_broke_goes_on_where_it_was() {
    let server = Server::script(vec![
        cut(200, &["ETag: \"v1\""], BODY, 9),
        cut(206, &["Content-Range: bytes 9-19/20"], &BODY[9..], 3),
        answer(206, &["Content-Range: bytes 12-19/20"], &BODY[12..]),
    ]);
    let bench = Bench::new(&[], &[]);
    assert_eq!(bench.get_sized(&server.url("a.whl")), DOWNLOADED);
    assert_eq!(fs::read_to_string(bench.path("a.whl")).unwrap(), BODY);
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        server.header("range"),
        [None, some("bytes=9-"), some("bytes=12-")]
    );
    assert_eq!(
        server.header("if-range"),
        [None, some("\"v1\""), some("\"v1\"")]
    );
    assert_eq!(bench.heard(), 20);
}

#[test]
fn a_server_that_cannot_go_on_starts_over() {
    let first = || {
        cut(
            200,
            &["Last-Modified: Wed, 21 Oct 2015 07:28:00 GMT"],
            BODY,
            9,
        )
    };
    let middles = [
        // It knows no ranges, or the file is another one.
        vec![],
        vec![answer(206, &["Content-Range: bytes 0-19/20"], BODY)],
        vec![answer(416, &[], "")],
    ];
    for middle in middles {
        let count = middle.len() + 2;
        let mut answers = vec![first()];
        answers.extend(middle);
        answers.push(answer(200, &[], BODY));
        let server = Server::script(answers);
        let bench = Bench::new(&[], &[]);
        assert_eq!(bench.get_sized(&server.url("a.whl")), DOWNLOADED);
        assert_eq!(fs::read_to_string(bench.path("a.whl")).unwrap(), BODY);
        assert_eq!(
            server.header("if-range")[1].as_deref(),
            Some("Wed, 21 Oct 2015 07:28:00 GMT")
        );
        assert_eq!(server.requests().len(), count);
        assert_eq!(bench.heard(), 20);
    }
}

#[test]
fn without_a_validator_nothing_is_resumed() {
    let server = Server::script(vec![
        cut(200, &["ETag: W/\"weak\""], BODY, 9),
        answer(200, &[], BODY),
    ]);
    let bench = Bench::new(&[], &[]);
    assert_eq!(bench.get(&server.url("a.whl")), DOWNLOADED);
    assert_eq!(server.header("range"), [None, None]);
}

#[test]
fn a_body_that_stays_short_is_an_error() {
    let answers = [cut(200, &[], BODY, 9), unframed(200, &[], &BODY[..9])];
    for answer in answers {
        let server = Server::script(vec![answer]);
        let bench = Bench::new(&[("PIP_RETRIES", "1")], &[]);
        let url = server.url("a.whl");
        assert_eq!(
            bench.get_sized(&url),
            Err(format!(
                "{url} broke off after 9 bytes (tries: 2); \
                 check the network, the proxy and the server"
            ))
        );
        assert!(bench.files().is_empty());
        assert_eq!(server.requests().len(), 2);
    }
}

#[test]
fn silence_is_an_error_before_and_in_the_body() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nthe bytes".to_vec();
    for bytes in [Vec::new(), head] {
        let server = Server::script(vec![Answer::Stall(bytes)]);
        let bench = Bench::new(&[("PIP_RETRIES", "0")], &[]);
        let url = server.url("a.whl");
        assert_eq!(
            bench.get(&url),
            Err(format!(
                "nothing came from 127.0.0.1:{} for 1 s, {url} (tries: 1); \
                 check the network, or raise PIP_DEFAULT_TIMEOUT",
                server.port
            ))
        );
        assert!(bench.files().is_empty());
    }
}

#[test]
fn a_server_that_is_not_there_is_named() {
    // Bound and closed again: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .unwrap()
        .port();
    let bench = Bench::new(&[("PIP_RETRIES", "1")], &[]);
    let url = format!("http://127.0.0.1:{port}/a.whl");
    assert_eq!(
        bench.get(&url),
        Err(format!(
            "cannot talk to 127.0.0.1:{port} for {url}: \
             Connection refused (os error 111) (tries: 2); \
             check the name, the network and the proxy"
        ))
    );
    assert_eq!(bench.pauses(), [500]);
}
