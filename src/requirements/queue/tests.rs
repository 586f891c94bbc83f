//! Queues without builds: what is started when, and what becomes of it.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

pub fn job(name: &str, weight: u32, after: &[usize]) -> Job {
    Job {
        name: name.to_owned(),
        after: after.to_vec(),
        weight,
    }
}

/// Runs the jobs one at a time; the order of the tries, and the outcomes
/// without their times.
fn tried(
    jobs: &[Job],
    work: impl Fn(usize) -> Verdict<&'static str> + Sync,
) -> (Vec<usize>, Vec<Outcome<&'static str>>) {
    let order = Mutex::new(Vec::new());
    let work = |index| {
        order.lock().unwrap().push(index);
        work(index)
    };
    let outcomes = timeless(run(jobs, 1, work, |_| {}));
    (order.into_inner().unwrap(), outcomes)
}

fn timeless(outcomes: Vec<Outcome<&'static str>>) -> Vec<Outcome<&'static str>> {
    outcomes
        .into_iter()
        .map(|outcome| match outcome {
            Outcome::Done(_) => DONE,
            other => other,
        })
        .collect()
}

const DONE: Outcome<&'static str> = Outcome::Done(Duration::ZERO);

#[test]
fn no_jobs_have_no_outcomes() {
    let outcomes = run(
        &[],
        4,
        |_| Verdict::<()>::Done,
        |_| panic!("nothing changed"),
    );
    assert_eq!(outcomes, []);
}

#[test]
fn the_heaviest_is_first_and_the_first_of_equals() {
    let jobs = [
        job("six", 2, &[]),
        job("numpy", 400, &[]),
        job("krb5", 119, &[]),
        job("pbr", 2, &[]),
    ];
    let (order, _) = tried(&jobs, |_| Verdict::Done);
    assert_eq!(order, [1, 2, 0, 3]);
}

#[test]
fn a_light_job_that_a_heavy_chain_waits_for_goes_first() {
    let jobs = [
        job("lxml", 120, &[]),
        job("cython", 1, &[]),
        job("numpy", 100, &[1]),
        job("scipy", 100, &[2]),
    ];
    let (order, _) = tried(&jobs, |_| Verdict::Done);
    assert_eq!(order, [1, 2, 0, 3]);
}

#[test]
fn a_failure_blocks_what_waits_for_it_and_nothing_else() {
    let jobs = [
        job("krb5", 9, &[]),
        job("gssapi", 8, &[0]),
        job("pyspnego", 7, &[1]),
        job("six", 1, &[]),
    ];
    let (order, outcomes) = tried(&jobs, |index| match index {
        0 => Verdict::Failed("no krb5.h"),
        _ => Verdict::Done,
    });
    assert_eq!(order, [0, 3]);
    assert_eq!(
        outcomes,
        [
            Outcome::Failed("no krb5.h"),
            Outcome::Blocked(0),
            Outcome::Blocked(0),
            DONE
        ]
    );
}

#[test]
fn a_job_that_asks_for_another_is_tried_again_after_it() {
    let jobs = [job("scipy", 9, &[]), job("numpy", 1, &[])];
    let numpy = AtomicUsize::new(0);
    let (order, outcomes) = tried(&jobs, |index| {
        if index == 1 {
            numpy.store(1, Ordering::Relaxed);
        } else if numpy.load(Ordering::Relaxed) == 0 {
            return Verdict::After(vec![1]);
        }
        Verdict::Done
    });
    assert_eq!(order, [0, 1, 0]);
    assert_eq!(outcomes, [DONE, DONE]);
}

#[test]
fn a_job_that_asks_for_one_that_failed_or_was_blocked_is_blocked() {
    let jobs = [
        job("numpy", 9, &[]),
        job("pandas", 8, &[0]),
        job("scipy", 1, &[]),
    ];
    let (order, outcomes) = tried(&jobs, |index| match index {
        0 => Verdict::Failed("no compiler"),
        _ => Verdict::After(vec![1]),
    });
    assert_eq!(order, [0, 2]);
    assert_eq!(outcomes[1..], [Outcome::Blocked(0), Outcome::Blocked(0)]);
}

#[test]
fn asking_in_vain_ends() {
    for asked in [vec![0], vec![], vec![1, 1], vec![99]] {
        let jobs = [job("a", 1, &[]), job("b", 2, &[]), job("c", 1, &[0])];
        let (order, outcomes) = tried(&jobs, |index| match index {
            0 => Verdict::After(asked.clone()),
            _ => Verdict::Done,
        });
        // To ask for `b` is something new once.
        let tries = 4 + usize::from(asked.contains(&1));
        assert_eq!(order.iter().filter(|index| **index == 0).count(), tries);
        assert_eq!(
            outcomes,
            [
                Outcome::Blocked(usize::from(asked.contains(&1))),
                DONE,
                Outcome::Blocked(0)
            ],
            "{asked:?}"
        );
    }
}

#[test]
fn a_circle_is_cut_at_the_heaviest() {
    let jobs = [
        job("hatchling", 1, &[1]),
        job("pluggy", 5, &[2]),
        job("setuptools-scm", 3, &[0]),
        job("self", 1, &[3]),
    ];
    let (order, outcomes) = tried(&jobs, |_| Verdict::Done);
    assert_eq!(order, [3, 1, 0, 2]);
    assert_eq!(outcomes, [DONE, DONE, DONE, DONE]);
}

#[test]
fn a_circle_of_requests_tries_the_next_one() {
    let jobs = [job("a", 2, &[]), job("b", 1, &[])];
    let built = AtomicUsize::new(0);
    let (order, outcomes) = tried(&jobs, |index| {
        if index == 1 && built.fetch_add(1, Ordering::Relaxed) > 0 {
            Verdict::Done
        } else if index == 1 {
            Verdict::After(vec![0])
        } else if built.load(Ordering::Relaxed) < 2 {
            Verdict::After(vec![1])
        } else {
            Verdict::Done
        }
    });
    assert_eq!(order, [0, 1, 0, 1, 0]);
    assert_eq!(outcomes, [DONE, DONE]);
}

#[test]
fn so_many_run_at_once_and_no_more() {
    for (at_once, expected) in [(0, 1), (1, 1), (3, 3), (99, 6)] {
        let jobs: Vec<Job> = (0..6).map(|_| job("x", 1, &[])).collect();
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        // Nobody goes on before as many run as may.
        let all = Barrier::new(expected);
        let work = |_| {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            all.wait();
            running.fetch_sub(1, Ordering::SeqCst);
            Verdict::<()>::Done
        };
        let heard = |state: &State<'_>| assert!(state.running.len() <= expected);
        assert_eq!(run(&jobs, at_once, work, heard).len(), 6);
        assert_eq!(most.into_inner(), expected);
    }
}

#[test]
fn every_change_is_heard() {
    let jobs = [
        job("krb5", 9, &[]),
        job("gssapi", 8, &[0]),
        job("six", 1, &[]),
    ];
    let told = Mutex::new(Vec::new());
    let work = |index| match index {
        0 => Verdict::Failed(()),
        _ => Verdict::Done,
    };
    run(&jobs, 1, work, |state| {
        told.lock().unwrap().push(format!(
            "{} + {} of {}, {:?}, {} left",
            state.done, state.failed, state.total, state.running, state.left
        ));
    });
    assert_eq!(
        told.into_inner().unwrap(),
        [
            "0 + 0 of 3, [\"krb5\"], 2 left",
            "0 + 1 of 3, [], 1 left",
            "0 + 1 of 3, [\"six\"], 0 left",
            "1 + 1 of 3, [], 0 left",
        ]
    );
}

#[test]
fn a_panic_comes_out_after_the_others() {
    let jobs = [
        job("bad", 9, &[]),
        job("behind", 8, &[0]),
        job("x", 2, &[]),
        job("y", 1, &[]),
    ];
    for at_once in [1, 2] {
        let tried = Mutex::new(Vec::new());
        let result = panic::catch_unwind(AssertUnwindSafe(|| {
            let work = |index| {
                assert_ne!(index, 0, "panics on purpose");
                tried.lock().unwrap().push(index);
                Verdict::<()>::Done
            };
            run(&jobs, at_once, work, |_| {})
        }));
        assert!(result.is_err());
        let mut tried = tried.into_inner().unwrap();
        tried.sort_unstable();
        assert_eq!(tried, [2, 3]);
    }
}
