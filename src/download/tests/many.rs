//! Many files at once.

use std::sync::Mutex;

use super::super::{Progress, Tally};
use super::*;

#[test]
fn all_are_fetched_whatever_happens_to_one() {
    let server = Server::start(|head, _| {
        if head.starts_with("GET /missing") {
            answer(404, &[], "")
        } else {
            answer(200, &[], BODY)
        }
    });
    let bench = Bench::new(&[], &[]);
    let size = Some(BODY.len() as u64);
    let file = |name: &str| Wanted {
        path: bench.path(name),
        size,
        ..bench.wanted(&server.url(name))
    };
    let wanted = ["a", "missing1", "b", "present", "missing2", "c"].map(file);
    fs::write(bench.path("present"), BODY).unwrap();
    let last = Mutex::new(Progress::default());
    let (tally, failures) = bench
        .client
        .fetch_all(&wanted, 3, &|progress| *last.lock().unwrap() = *progress);
    assert_eq!(
        tally,
        Tally {
            downloaded: 3,
            present: 1,
            bytes: 60,
            retries: 0
        }
    );
    let failures: Vec<_> = failures
        .iter()
        .map(|(index, error)| (*index, error.to_string()))
        .collect();
    let missing = |name: &str| {
        let url = server.url(name);
        format!("there is no {url}; check that the index still has the file that was locked")
    };
    assert_eq!(
        failures,
        [(1, missing("missing1")), (4, missing("missing2"))]
    );
    assert_eq!(bench.files(), ["a", "b", "c", "present"]);
    assert_eq!(
        *last.lock().unwrap(),
        Progress {
            done: 6,
            total: 6,
            bytes: 80,
            total_bytes: 120
        }
    );
}

#[test]
fn tries_are_counted_and_none_at_a_time_is_one() {
    let server = Server::script(vec![
        answer(500, &[], ""),
        answer(500, &[], ""),
        answer(200, &[], BODY),
    ]);
    let bench = Bench::new(&[], &[]);
    let wanted = [bench.wanted(&server.url("a.whl"))];
    let (tally, failures) = bench.client.fetch_all(&wanted, 0, &|_| {});
    assert!(failures.is_empty());
    assert_eq!(
        tally,
        Tally {
            downloaded: 1,
            present: 0,
            bytes: 20,
            retries: 2
        }
    );
    assert_eq!(
        bench.client.fetch_all(&[], 16, &|_| {}),
        (Tally::default(), vec![])
    );
}
