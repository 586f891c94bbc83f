//! The schedule with steps that only take time.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use super::*;
use crate::bindep::Distribution;
use crate::command::{Command, Ending, Runner, System};
use crate::failure::FailedChild;
use crate::plan::{Expected, Work};
use crate::platform::{Family, Platform, package_manager};
use crate::step::{Lock, Mode};

fn plan(steps: &[StepName], jobs: usize) -> Plan {
    Plan {
        hermetic: false,
        whole: true,
        project: "keystone".to_owned(),
        platform: Platform {
            distribution: Distribution::default(),
            parent: None,
            family: Family::Debian,
            architecture: String::new(),
            package_manager: package_manager::of(Family::Debian, &crate::root::Root::default()),
        },
        inputs: None,
        jobs: NonZeroUsize::new(jobs).unwrap(),
        steps: steps
            .iter()
            .map(|name| PlannedStep {
                also_needs: Vec::new(),
                name: *name,
                why: String::new(),
                work: Work::Do(Vec::new()),
                expected: Expected::default(),
            })
            .collect(),
        problems: Vec::new(),
        warnings: Vec::new(),
    }
}

fn run_with(
    plan: &Plan,
    perform: impl Fn(StepName, &Children) -> Result<(), Failure> + Sync,
) -> Result<(), Stopped> {
    let children = Children::default();
    let conduct = Conduct {
        children: &children,
        interrupt: &Interrupt::default(),
        grace: Duration::from_millis(20),
        waits: &|_, _| {},
        abandon: &|_| {},
    };
    run(plan, &conduct, |step| perform(step.name, &children))
}

fn failure() -> Failure {
    Failure::Command {
        doing: "work".to_owned(),
        child: Box::new(FailedChild {
            command: "false".to_owned(),
            ending: Ending::Exited(1),
            tail: Vec::new(),
        }),
    }
}

/// What a run ends with when this step alone failed.
fn failed(step: StepName) -> Result<(), Stopped> {
    Err(Stopped::Failed {
        first: (step, Box::new(failure())),
        others: Vec::new(),
    })
}

fn order(steps: &[StepName], jobs: usize) -> Vec<StepName> {
    let order = Mutex::new(Vec::new());
    let result = run_with(&plan(steps, jobs), |step, _| {
        order.lock().unwrap().push(step);
        Ok(())
    });
    assert_eq!(result, Ok(()));
    order.into_inner().unwrap()
}

#[test]
fn one_at_a_time_is_the_order_of_the_plan() {
    for mode in [Mode::Project, Mode::Requirements] {
        assert_eq!(order(StepName::of(mode), 1), StepName::of(mode));
    }
    let mut shuffled = StepName::of(Mode::Project).to_vec();
    shuffled.reverse();
    let order = order(&shuffled, 1);
    for (index, step) in order.iter().enumerate() {
        let before = &order[..index];
        assert!(
            step.needs().iter().all(|need| before.contains(need)),
            "{step}"
        );
    }
}

#[test]
fn a_step_alone_does_not_wait_for_what_is_not_in_the_plan() {
    assert_eq!(order(&[StepName::Pip], 4), [StepName::Pip]);
}

#[test]
fn packages_and_what_pip_needs_go_on_beside_each_other() {
    let both = std::sync::Barrier::new(2);
    let result = run_with(&plan(StepName::of(Mode::Project), 4), |step, _| {
        if matches!(step, StepName::Packages | StepName::Pip) {
            // Each would wait for ever if the other had to end first.
            both.wait();
        }
        Ok(())
    });
    assert_eq!(result, Ok(()));
}

#[test]
fn no_step_starts_after_one_that_failed() {
    let started = Mutex::new(Vec::new());
    let result = run_with(&plan(StepName::of(Mode::Project), 1), |step, _| {
        started.lock().unwrap().push(step);
        if step == StepName::User {
            Err(failure())
        } else {
            Ok(())
        }
    });
    assert_eq!(result, failed(StepName::User));
    assert_eq!(started.into_inner().unwrap().last(), Some(&StepName::User));
}

#[test]
fn the_first_failure_counts_and_not_what_it_brings_down() {
    let venv_runs = OnceLock::new();
    let result = run_with(
        &plan(StepName::of(Mode::Project), 4),
        |step, children| match step {
            StepName::Packages => {
                while venv_runs.get().is_none() {
                    thread::yield_now();
                }
                Err(failure())
            }
            StepName::Venv => {
                venv_runs.get_or_init(|| ());
                while !children.stopping() {
                    thread::yield_now();
                }
                Err(Failure::Wheels("it was stopped".to_owned()))
            }
            _ => Ok(()),
        },
    );
    assert_eq!(result, failed(StepName::Packages));
}

#[test]
fn what_fails_by_itself_in_the_grace_time_is_told_too() {
    let both = std::sync::Barrier::new(2);
    let steps = [StepName::Packages, StepName::Source];
    let result = run_with(&plan(&steps, 4), |_, _| {
        both.wait();
        Err(failure())
    });
    let Err(Stopped::Failed { first, others }) = result else {
        panic!("{result:?}");
    };
    let mut names = vec![first.0, others[0].0];
    names.sort();
    assert_eq!((names.as_slice(), others.len()), (steps.as_slice(), 1));
}

/// A child that ignores what it is asked, as its own child does.
const STUBBORN: &str = "trap '' TERM; sh -c 'echo ready; sleep 300' & wait";

#[test]
fn a_signal_ends_the_children_of_every_step_and_names_the_steps() {
    let system = System::new(&[("PATH".to_owned(), "/usr/bin:/bin".to_owned())]);
    let interrupt = Interrupt::default();
    let conduct = Conduct {
        children: system.children(),
        interrupt: &interrupt,
        grace: Duration::from_millis(200),
        waits: &|_, _| {},
        abandon: &|_| {},
    };
    let heard = AtomicUsize::new(0);
    let steps = [StepName::Packages, StepName::Source];
    let result = run(&plan(&steps, 4), &conduct, |_| {
        let shell = Command::new("sh").args(["-c", STUBBORN]);
        let output = system.run(&shell, &mut |_| {
            // With both of them there.
            if heard.fetch_add(1, Ordering::Relaxed) == 1 {
                interrupt.pretend(Signal::SIGTERM);
            }
        });
        assert_eq!(output.ending, Ending::Killed(9));
        Err(failure())
    });
    assert_eq!(
        result,
        Err(Stopped::Interrupted(Signal::SIGTERM, steps.to_vec()))
    );
    let sleeping = system.ask(&Command::new("true"));
    assert_eq!(
        sleeping.ending,
        Ending::NotStarted("the build is being stopped".to_owned())
    );
}

/// What steps do in the stress below, told from outside.
struct Watch {
    held: Mutex<BTreeMap<Lock, StepName>>,
    done: Mutex<Vec<StepName>>,
    running: AtomicUsize,
}

/// The same numbers for the same seed: a failure can be had again
/// (xorshift, <https://www.jstatsoft.org/article/view/v008i14>).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// Plans of random steps in random order, with random delays and failures: each
/// ends, no step runs before its needs or twice, no lock has two holders, no more
/// run at once than were asked for, and nothing starts after a failure.
#[test]
fn a_hundred_random_runs_keep_every_promise() {
    for seed in 1..=100 {
        let mut dice = Dice(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
        let mode = [Mode::Project, Mode::Requirements][usize::from(dice.roll(3) == 0)];
        let mut steps = StepName::of(mode).to_vec();
        steps.retain(|_| dice.roll(8) > 0);
        for last in (1..steps.len()).rev() {
            let other = usize::try_from(dice.roll(last as u64 + 1)).unwrap();
            steps.swap(last, other);
        }
        let jobs = usize::try_from(1 + dice.roll(6)).unwrap();
        let delays: BTreeMap<_, _> = steps.iter().map(|step| (*step, dice.roll(1500))).collect();
        let failing: Vec<_> = steps
            .iter()
            .filter(|_| dice.roll(12) == 0)
            .copied()
            .collect();
        let plan = plan(&steps, jobs);
        let watch = Watch {
            held: Mutex::default(),
            done: Mutex::default(),
            running: AtomicUsize::new(0),
        };
        let failed = Mutex::new(Vec::new());
        let result = run_with(&plan, |step, children| {
            assert!(
                watch.running.fetch_add(1, Ordering::SeqCst) < jobs,
                "seed {seed}"
            );
            {
                let done = watch.done.lock().unwrap();
                assert!(
                    plan.needs(step).all(|need| done.contains(&need)),
                    "seed {seed}: {step}"
                );
                assert!(!done.contains(&step), "seed {seed}: {step} twice");
            }
            for lock in step.locks() {
                let holder = watch.held.lock().unwrap().insert(*lock, step);
                assert_eq!(holder, None, "seed {seed}: {step} takes {lock:?}");
            }
            let end = Instant::now() + Duration::from_micros(delays[&step]);
            while Instant::now() < end && !children.stopping() {
                thread::yield_now();
            }
            for lock in step.locks() {
                watch.held.lock().unwrap().remove(lock);
            }
            watch.running.fetch_sub(1, Ordering::SeqCst);
            if failing.contains(&step) {
                failed.lock().unwrap().push(step);
                return Err(failure());
            }
            watch.done.lock().unwrap().push(step);
            Ok(())
        });
        let done = watch.done.into_inner().unwrap();
        let failed = failed.into_inner().unwrap();
        match result {
            Ok(()) => assert_eq!(done.len(), steps.len(), "seed {seed}"),
            Err(Stopped::Failed {
                first: (step, _),
                others,
            }) => {
                assert!(
                    others.iter().all(|(other, _)| failed.contains(other)),
                    "seed {seed}"
                );
                assert!(failed.contains(&step), "seed {seed}: {step}");
                assert!(done.len() + failed.len() <= steps.len(), "seed {seed}");
            }
            Err(Stopped::Interrupted(..)) => panic!("seed {seed}: nobody interrupts"),
        }
        assert_eq!(watch.running.into_inner(), 0, "seed {seed}");
    }
}

#[test]
fn a_forecast_knows_what_decides_the_length() {
    let seconds = |step| match step {
        StepName::Bootstrap | StepName::Pip => 5.0,
        StepName::Packages => 14.0,
        StepName::Source => 2.0,
        StepName::Venv => 1.0,
        StepName::Build => 4.0,
        StepName::Cleanup => 1.5,
        _ => 0.0,
    };
    let forecast = |jobs| {
        let mut plan = plan(StepName::of(Mode::Project), jobs);
        for step in &mut plan.steps {
            step.expected.seconds = seconds(step.name);
        }
        super::forecast(&plan)
    };
    let path = [
        (StepName::Bootstrap, 5.0),
        (StepName::Packages, 14.0),
        (StepName::Cleanup, 1.5),
    ];
    assert_eq!(
        forecast(4),
        Forecast {
            seconds: 20.5,
            path: path.to_vec()
        }
    );
    let one_by_one = forecast(1);
    assert!((one_by_one.seconds - 32.5).abs() < 1e-9);
    assert_eq!(one_by_one.path.len(), 7);
}
