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
