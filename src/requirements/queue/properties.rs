//! Random graphs: every job has one outcome, and none starts before its needs.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use super::tests::job;
use super::*;

#[derive(Debug, Clone)]
struct Case {
    jobs: Vec<Job>,
    failing: Vec<bool>,
    learnt: Vec<Vec<usize>>,
    at_once: usize,
}

/// Jobs that need some of those before them, know most of it, and find the rest out.
fn cases() -> impl Strategy<Value = Case> {
    let one = (
        any::<u8>(),
        proptest::collection::vec(any::<prop::sample::Index>(), 0..4),
        proptest::collection::vec(any::<prop::sample::Index>(), 0..2),
        proptest::bool::weighted(0.1),
    );
    (proptest::collection::vec(one, 0..24), 0_usize..5).prop_map(|(drawn, at_once)| {
        let before = |index: usize, drawn: &[prop::sample::Index]| -> Vec<usize> {
            drawn
                .iter()
                .filter(|_| index > 0)
                .map(|draw| draw.index(index))
                .collect()
        };
        Case {
            jobs: drawn
                .iter()
                .enumerate()
                .map(|(index, (weight, after, ..))| {
                    job(&index.to_string(), (*weight).into(), &before(index, after))
                })
                .collect(),
            learnt: drawn
                .iter()
                .enumerate()
                .map(|(index, (_, _, learnt, _))| before(index, learnt))
                .collect(),
            failing: drawn.iter().map(|(.., failing)| *failing).collect(),
            at_once,
        }
    })
}

proptest! {
    #[test]
    fn what_runs_has_what_it_needs_and_what_does_not_lacks_it(case in cases()) {
        let done: Vec<AtomicUsize> = case.jobs.iter().map(|_| AtomicUsize::new(0)).collect();
        let is_done = |index: usize| done[index].load(Ordering::SeqCst) > 0;
        let too_early = AtomicUsize::new(0);
        let work = |index: usize| {
            if !case.jobs[index].after.iter().all(|need| is_done(*need)) {
                too_early.fetch_add(1, Ordering::SeqCst);
            }
            if !case.learnt[index].iter().all(|need| is_done(*need)) {
                return Verdict::After(case.learnt[index].clone());
            }
            if case.failing[index] {
                return Verdict::Failed(index);
            }
            done[index].fetch_add(1, Ordering::SeqCst);
            Verdict::Done
        };
        let outcomes = run(&case.jobs, case.at_once, work, |_| {});
        prop_assert_eq!(too_early.into_inner(), 0);
        prop_assert_eq!(outcomes.len(), case.jobs.len());
        for (index, outcome) in outcomes.iter().enumerate() {
            let tries = done[index].load(Ordering::SeqCst);
            let needs = || case.jobs[index].after.iter().chain(&case.learnt[index]);
            let has_all = needs().all(|need| matches!(outcomes[*need], Outcome::Done(_)));
            match outcome {
                Outcome::Done(_) => prop_assert!(tries == 1 && has_all),
                Outcome::Failed(who) => prop_assert!(*who == index && tries == 0 && has_all),
                Outcome::Blocked(cause) => {
                    prop_assert!(tries == 0 && !has_all);
                    prop_assert!(matches!(outcomes[*cause], Outcome::Failed(_)));
                }
            }
        }
    }

    #[test]
    fn any_graph_with_circles_ends(
        edges in proptest::collection::vec((0_usize..12, 0_usize..12), 0..40),
        asked in proptest::collection::vec(0_usize..14, 12),
        at_once in 0_usize..4,
    ) {
        let after = |index: usize| -> Vec<usize> {
            edges.iter().filter(|edge| edge.0 == index).map(|edge| edge.1).collect()
        };
        let jobs: Vec<Job> = (0_u32..12)
            .map(|weight| job("x", weight, &after(weight as usize)))
            .collect();
        let work = |index: usize| Verdict::<()>::After(vec![asked[index]]);
        let outcomes = run(&jobs, at_once, work, |_| {});
        prop_assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Blocked(_))));
    }
}
