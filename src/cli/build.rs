//! `loci-install`, `loci-install base`, `loci-install step`: what changes the image.

use std::sync::Arc;

use clap::ArgMatches;
use nix::sys::stat::{Mode, umask};

use super::input::Input;
use super::{FAILED, WRONG_INPUT, refuse, watch};
use crate::children::Children;
use crate::command::System;
use crate::findings::Problem;
use crate::network::Isolation;
use crate::plan::{Aim, Plan};
use crate::record;
use crate::report::{self, say};
use crate::root::Root;
use crate::run;
use crate::schedule::Stopped;
use crate::settings::Hermetic;
use crate::step::StepName;
use crate::steps;

/// The whole build.
pub fn run(matches: &ArgMatches, is_base: bool) -> u8 {
    let root = Root::default();
    match Input::read(matches, &root, is_base) {
        Ok(input) => perform(&input, &root, None, matches.get_flag("verbose")),
        Err(status) => status,
    }
}

/// The steps that are named.
pub fn run_steps(matches: &ArgMatches) -> u8 {
    let root = Root::default();
    let names: Result<Vec<StepName>, Vec<String>> = {
        let (good, bad): (Vec<_>, Vec<_>) = matches
            .get_many::<String>("name")
            .into_iter()
            .flatten()
            .map(|name| name.parse::<StepName>())
            .partition(Result::is_ok);
        if bad.is_empty() {
            Ok(good.into_iter().flatten().collect())
        } else {
            Err(bad.into_iter().filter_map(Result::err).collect())
        }
    };
    let names = match names {
        Ok(names) => names,
        Err(errors) => {
            let problems: Vec<_> = errors.into_iter().map(Problem::Input).collect();
            say(&report::problems(&problems));
            // What else is wrong is said now, too, and not one run later.
            let _ = Input::read(matches, &root, false);
            return WRONG_INPUT;
        }
    };
    match Input::read(matches, &root, false) {
        Ok(input) => perform(&input, &root, Some(&names), true),
        Err(status) => status,
    }
}

/// Runs a build, or the steps that are named.
fn perform(input: &Input, root: &Root, named: Option<&[StepName]>, verbose: bool) -> u8 {
    let (isolation, refused) = isolation(input.settings.hermetic);
    let runner = System::new(&input.environment).isolated(isolation);
    let make = |aim| -> Result<Plan, Vec<Problem>> {
        let mut plan = steps::plan(&input.settings, root, &input.environment, &runner, aim)?;
        match (&refused, input.settings.hermetic) {
            (Some(text), Hermetic::Required) => plan.problems.push(Problem::Machine(text.clone())),
            (Some(text), _) => plan.warnings.push(text.clone()),
            (None, _) => {}
        }
        Ok(plan)
    };
    let mut plan = match make(named.map_or(Aim::Build, Aim::Steps)) {
        Ok(plan) => plan,
        Err(problems) => return refuse(&problems, input),
    };
    let wrong = plan
        .problems
        .iter()
        .any(|problem| matches!(problem, Problem::Input(_)));
    let left = || {
        let inputs = plan.inputs.as_deref();
        record::left(root, &input.settings, inputs, &input.secrets)
    };
    if named.is_none()
        && !wrong
        && let Some(left) = left()
    {
        if left.is_empty() {
            say_of(input, "the image is finished; there is nothing to do");
            return 0;
        }
        let is_planned = |step: &StepName| plan.steps.iter().any(|planned| planned.name == *step);
        let left: Vec<_> = left.into_iter().filter(is_planned).collect();
        if left.is_empty() {
            return finish(input, root);
        }
        let steps: Vec<_> = left.iter().map(|step| step.as_str()).collect();
        let steps = steps.join(", ");
        say_of(
            input,
            &format!("the image is built; what is left is {steps}"),
        );
        plan = match make(Aim::Steps(&left)) {
            Ok(plan) => plan,
            Err(problems) => return refuse(&problems, input),
        };
    }
    for warning in &plan.warnings {
        say(&format!("warning: {}", input.secrets.mask(warning)));
    }
    if !plan.problems.is_empty() {
        return refuse(&plan.problems, input);
    }
    carry_out(&plan, input, root, &runner, verbose)
}

/// Runs what is planned.
fn carry_out(plan: &Plan, input: &Input, root: &Root, runner: &System, verbose: bool) -> u8 {
    // Whoever runs the image has to read what is installed, whatever the base's umask.
    umask(Mode::from_bits_truncate(0o022));
    let reporter = report::reporter(verbose, input.secrets.clone());
    runner.children().adopt_orphans();
    end_children_on_panic(runner.children());
    let interrupt = match watch() {
        Ok(interrupt) => interrupt,
        Err(status) => return status,
    };
    let with = run::Surroundings {
        settings: &input.settings,
        root,
        runner,
        children: runner.children(),
        interrupt: &interrupt,
        abandon: &|stopped| {
            tell(stopped, input);
            std::process::exit(FAILED.into());
        },
        reporter: reporter.as_ref(),
        secrets: &input.secrets,
        environment: &input.environment,
    };
    match run::run(plan, &with) {
        Ok(()) => 0,
        Err(stopped) => {
            tell(&stopped, input);
            FAILED
        }
    }
}

fn say_of(input: &Input, text: &str) {
    say(&format!("{}: {text}", input.settings.project));
}

/// Ends a build of which only steps are left that are not wanted any more.
fn finish(input: &Input, root: &Root) -> u8 {
    match record::finish(root, &input.settings) {
        Ok(()) => {
            say_of(input, "the image is built; nothing is left to do");
            0
        }
        Err(failure) => {
            say(&report::explain_alone("record", &failure));
            FAILED
        }
    }
}

/// What keeps children from the network as far as that is wanted, and why nothing does.
fn isolation(wanted: Hermetic) -> (Isolation, Option<String>) {
    // Who is not root may not make a namespace, and is told that it takes root.
    if wanted == Hermetic::No || uzers::get_effective_uid() != 0 {
        return (Isolation::None, None);
    }
    match Isolation::here() {
        Ok(isolation) => (isolation, None),
        Err(refused) => (Isolation::None, Some(refused.told(wanted))),
    }
}

/// A fault of this program must not leave others running either.
fn end_children_on_panic(children: &Arc<Children>) {
    let (report, children) = (std::panic::take_hook(), Arc::clone(children));
    std::panic::set_hook(Box::new(move |fault| {
        report(fault);
        children.kill();
    }));
}

/// Says why a run did not come to its end.
fn tell(stopped: &Stopped, input: &Input) {
    let mode = input.settings.mode;
    let text = match stopped {
        Stopped::Failed { first, others } => {
            // The first comes last, where people look.
            let mut texts: Vec<String> = others
                .iter()
                .map(|(step, failure)| report::explain(mode, *step, failure) + "\n")
                .collect();
            texts.push(report::explain(mode, first.0, &first.1));
            texts.concat()
        }
        Stopped::Interrupted(signal, steps) => report::interrupted(mode, *signal, steps),
    };
    say(&input.secrets.mask(&text));
}
