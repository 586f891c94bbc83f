//! `smoke`: whether the finished image has all that it needs. It changes nothing in it, and
//! comes after `cleanup`, because what that takes along is missed only then.

use std::num::NonZeroUsize;

use crate::context::Context;
use crate::failure::Failure;
use crate::findings::Findings;
use crate::layout::VIRTUALENV;
use crate::plan::{Action, Task, View, Work};
use crate::platform::package_manager::PackageManager;
use crate::smoke::{Image, leftovers, test};

pub(super) fn plan(view: &View<'_>, _findings: &mut Findings) -> (String, Work) {
    (
        "what is missing is found now, and not by the service's users".to_owned(),
        Work::Do(vec![Action::task(Smoke {
            manager: view.platform.package_manager,
        })]),
    )
}

#[derive(Debug)]
struct Smoke {
    manager: &'static dyn PackageManager,
}

impl Task for Smoke {
    fn describe(&self) -> String {
        format!(
            "test requirements, programs, imports and shared libraries of what is in {VIRTUALENV}"
        )
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        // No other test runs in a build.
        context.remove(&leftovers())?;
        let cpus = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let report = test(&Image {
            root: context.root,
            runner: context.runner,
            record: &context.record(|record| record.clone()),
            manager: Some(self.manager),
            jobs: context.settings.jobs.unwrap_or(cpus).get(),
        })?;
        report.notes.iter().for_each(|note| context.note(note));
        report.into_result().map(drop)
    }
}
