//! Which steps are done, which run and which may start. It knows nothing of
//! threads and clocks, so that a run and a forecast of one go by the same rules.

use std::collections::BTreeSet;

use crate::plan::{Plan, PlannedStep};
use crate::step::StepName;

/// The state of a run.
pub(super) struct Board<'a> {
    plan: &'a Plan,
    waiting: Vec<&'a PlannedStep>,
    running: Vec<StepName>,
    finished: BTreeSet<StepName>,
}

impl<'a> Board<'a> {
    /// Every step waits.
    pub(super) fn new(plan: &'a Plan) -> Self {
        Self {
            plan,
            waiting: plan.steps.iter().collect(),
            running: Vec::new(),
            finished: BTreeSet::new(),
        }
    }

    /// Starts the first step, in the plan's order, that may start now.
    pub(super) fn start(&mut self) -> Option<&'a PlannedStep> {
        if self.running.len() >= self.plan.jobs.get() {
            return None;
        }
        let index = self
            .waiting
            .iter()
            .position(|step| self.is_free(step.name))?;
        let step = self.waiting.remove(index);
        self.running.push(step.name);
        Some(step)
    }

    /// A step has ended, well or not.
    pub(super) fn finish(&mut self, step: StepName) {
        self.running.retain(|running| *running != step);
        self.finished.insert(step);
    }

    pub(super) fn running(&self) -> &[StepName] {
        &self.running
    }

    pub(super) fn is_idle(&self) -> bool {
        self.running.is_empty()
    }

    pub(super) fn is_done(&self) -> bool {
        self.is_idle() && self.waiting.is_empty()
    }

    /// Whether all that a step waits for is done, and nobody holds a lock of its.
    fn is_free(&self, step: StepName) -> bool {
        let held = |lock| {
            self.running
                .iter()
                .any(|other| other.locks().contains(lock))
        };
        self.plan
            .needs(step)
            .all(|need| self.finished.contains(&need))
            && !step.locks().iter().any(held)
    }
}
