//! Runs the steps of a plan, each after what it waits for.

use std::collections::BTreeSet;

use crate::failure::Failure;
use crate::plan::{Plan, PlannedStep};
use crate::step::StepName;

/// Runs every step of the plan by `perform`, one after another.
///
/// What a step waits for and what it must have to itself is known to the plan
/// ([`Plan::needs`], [`StepName::locks`]) and not to the steps, so running
/// several at once changes this function alone.
///
/// # Errors
/// The first step that failed; no step is started after it.
pub fn run(
    plan: &Plan,
    perform: impl Fn(&PlannedStep) -> Result<(), Failure> + Sync,
) -> Result<(), (StepName, Failure)> {
    let mut finished = BTreeSet::new();
    let mut waiting: Vec<&PlannedStep> = plan.steps.iter().collect();
    while let Some(index) = waiting
        .iter()
        .position(|step| plan.needs(step.name).all(|need| finished.contains(&need)))
    {
        let step = waiting.remove(index);
        perform(step).map_err(|failure| (step.name, failure))?;
        finished.insert(step.name);
    }
    debug_assert!(waiting.is_empty(), "steps wait for each other");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::bindep::Distribution;
    use crate::command::Ending;
    use crate::failure::FailedChild;
    use crate::plan::Work;
    use crate::platform::{Family, Platform};
    use crate::step::Mode;

    fn plan(steps: &[StepName]) -> Plan {
        Plan {
            project: "keystone".to_owned(),
            platform: Platform {
                distribution: Distribution::default(),
                parent: None,
                family: Family::Debian,
                architecture: String::new(),
            },
            inputs: None,
            steps: steps
                .iter()
                .map(|name| PlannedStep {
                    name: *name,
                    why: String::new(),
                    work: Work::Do(Vec::new()),
                })
                .collect(),
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn order(steps: &[StepName]) -> Vec<StepName> {
        let order = Mutex::new(Vec::new());
        run(&plan(steps), |step| {
            order.lock().unwrap().push(step.name);
            Ok(())
        })
        .unwrap();
        order.into_inner().unwrap()
    }

    #[test]
    fn every_step_runs_once_and_after_what_it_waits_for() {
        let mut shuffled = StepName::of(Mode::Project).to_vec();
        shuffled.reverse();
        let order = order(&shuffled);
        assert_eq!(order.len(), shuffled.len());
        for (index, step) in order.iter().enumerate() {
            assert!(
                step.needs()
                    .iter()
                    .all(|need| order[..index].contains(need)),
                "{step}"
            );
        }
    }

    #[test]
    fn a_step_alone_does_not_wait_for_what_is_not_in_the_plan() {
        assert_eq!(order(&[StepName::Pip]), [StepName::Pip]);
    }

    #[test]
    fn no_step_starts_after_one_that_failed() {
        let started = Mutex::new(Vec::new());
        let failure = || Failure::Command {
            doing: "work".to_owned(),
            child: Box::new(FailedChild {
                command: "false".to_owned(),
                ending: Ending::Exited(1),
                tail: Vec::new(),
            }),
        };
        let result = run(&plan(StepName::of(Mode::Project)), |step| {
            started.lock().unwrap().push(step.name);
            if step.name == StepName::User {
                Err(failure())
            } else {
                Ok(())
            }
        });
        assert_eq!(result, Err((StepName::User, failure())));
        assert_eq!(started.into_inner().unwrap().last(), Some(&StepName::User));
    }
}
