//! Files that are read while they come.

use std::io::{ErrorKind, Read};

use super::server::{Answer, cut, unframed};
use super::*;

impl Bench {
    /// What is read, a few bytes at a time, or the error.
    pub(super) fn read(&self, url: &str) -> Result<String, String> {
        let heard = |bytes| {
            self.heard.fetch_add(bytes, Ordering::Relaxed);
        };
        let opened = self.client.open(Request::of(url), &heard);
        let mut stream = opened.map_err(|error| error.to_string())?;
        let mut text = Vec::new();
        let mut buffer = [0; 7];
        loop {
            match stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => text.extend(&buffer[..read]),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Other);
                    let inner = error.into_inner().expect("an error inside");
                    assert!(inner.is::<DownloadError>());
                    return Err(inner.to_string());
                }
            }
        }
        // The end stays the end.
        assert_eq!(stream.read(&mut buffer).expect("the end"), 0);
        Ok(String::from_utf8(text).expect("a text"))
    }
}

const TAGGED: &[&str] = &["ETag: \"v1\""];

#[test]
fn it_goes_on_where_it_broke_off() {
    let server = Server::script(vec![
        cut(200, TAGGED, BODY, 9),
        cut(206, &["Content-Range: bytes 9-19/20"], &BODY[9..], 3),
        answer(500, &[], "no"),
        answer(206, &["Content-Range: bytes 12-19/20"], &BODY[12..]),
    ]);
    let bench = Bench::new(&[], &[]);
    assert_eq!(bench.read(&server.url("w.tar")), Ok(BODY.to_owned()));
    let some = |text: &str| Some(text.to_owned());
    let ranges = [None, some("bytes=9-"), some("bytes=12-"), some("bytes=12-")];
    assert_eq!(server.header("range"), ranges);
    assert_eq!(bench.heard(), 20);
    assert_eq!(bench.pauses(), [500, 1000, 2000]);
}

#[test]
fn a_server_without_ranges_is_read_anew_up_to_there() {
    let server = Server::script(vec![
        cut(200, TAGGED, BODY, 9),
        // Cut before what is wanted.
        cut(200, TAGGED, BODY, 4),
        answer(200, TAGGED, BODY),
    ]);
    let bench = Bench::new(&[], &[]);
    assert_eq!(bench.read(&server.url("w.tar")), Ok(BODY.to_owned()));
    assert_eq!(bench.heard(), 20);
}

#[test]
fn a_cut_is_seen_without_a_frame_when_the_length_is_known() {
    let server = Server::script(vec![
        cut(200, TAGGED, BODY, 9),
        unframed(206, &["Content-Range: bytes 9-19/20"], &BODY[9..12]),
        answer(206, &["Content-Range: bytes 12-19/20"], &BODY[12..]),
    ]);
    assert_eq!(
        Bench::new(&[], &[]).read(&server.url("w.tar")),
        Ok(BODY.to_owned())
    );
}

#[test]
fn another_file_is_not_gone_on_with() {
    let none: &[&str] = &[];
    for (first, second) in [
        (TAGGED, &["ETag: \"v2\""][..]),
        (none, none),
        (TAGGED, none),
    ] {
        let server = Server::script(vec![cut(200, first, BODY, 9), answer(200, second, BODY)]);
        let url = server.url("w.tar");
        assert_eq!(
            Bench::new(&[], &[]).read(&url),
            Err(format!(
                "{url} broke off, and cannot be gone on with: it was replaced, or its server \
                 tells no version of it; try again"
            ))
        );
        assert_eq!(server.requests().len(), 2);
    }
}

#[test]
fn it_gives_up_after_so_many_tries() {
    let server = Server::script(vec![cut(200, TAGGED, BODY, 9), Answer::Stall(Vec::new())]);
    let url = server.url("w.tar");
    let error = Bench::new(&[("PIP_RETRIES", "1")], &[]).read(&url);
    let port = server.port;
    assert_eq!(
        error,
        Err(format!(
            "nothing came from 127.0.0.1:{port} for 1 s, {url} (tries: 2); \
             check the network, or raise PIP_DEFAULT_TIMEOUT"
        ))
    );
}

#[test]
fn what_is_not_there_is_known_at_once() {
    let server = Server::script(vec![answer(404, &[], "no")]);
    let url = server.url("w.tar");
    let error = Bench::new(&[], &[]).read(&url).expect_err("an error");
    assert!(error.starts_with(&format!("there is no {url}")), "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn its_length_is_known_where_the_server_tells() {
    let server = Server::script(vec![answer(200, &[], BODY), unframed(200, &[], BODY)]);
    let bench = Bench::new(&[], &[]);
    let url = server.url("w.tar");
    let length = || {
        bench
            .client
            .open(Request::of(&url), &|_| ())
            .expect("opened")
            .length()
    };
    assert_eq!((length(), length()), (Some(20), None));
}

#[test]
fn a_pause_ends_when_nobody_waits_any_more() {
    struct Gone;
    impl crate::download::Patience for Gone {
        fn is_lost(&self) -> bool {
            true
        }
    }
    let server = Server::script(vec![answer(503, &["Retry-After: 60"], "later")]);
    let bench = Bench::new(&[], &[]);
    let request = Request {
        patience: Some(&Gone),
        ..Request::of(server.url("w.tar"))
    };
    let error = bench.client.open(request, &|_| ()).err().expect("an error");
    assert!(error.to_string().contains("status 503"), "{error}");
    assert!(bench.pauses().is_empty());
}

#[test]
fn what_is_pinned_is_gone_on_with_whatever_the_server_says() {
    let server = Server::script(vec![
        cut(200, &[], BODY, 9),
        answer(206, &["Content-Range: bytes 9-19/20"], &BODY[9..]),
    ]);
    let bench = Bench::new(&[], &[]);
    let request = Request {
        immutable: true,
        ..Request::of(server.url("w.tar"))
    };
    let mut text = String::new();
    let opened = bench.client.open(request, &|_| ());
    let mut stream = opened.expect("opened");
    stream.read_to_string(&mut text).expect("read");
    assert_eq!(text, BODY);
}
