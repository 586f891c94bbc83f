//! The steps. One file each; the file's name is the step's name and its heading in the log.
//! `transaction` is no step: it is what `bootstrap` and `packages` share, as `account` is
//! of `user` and `hooks` and `pins` of `build` and `pip`; `inventory` is what `cleanup` writes
//! down and `dates` what it takes out; `weight` is what a step did, in bytes.

mod account;
mod bootstrap;
mod build;
mod ceph;
mod cleanup;
mod config;
mod constraints;
mod dates;
mod distributions;
mod hooks;
mod info;
mod inventory;
mod manifest;
mod origins;
mod packages;
mod pins;
mod pip;
mod publish;
mod repositories;
mod smoke;
mod source;
mod transaction;
mod user;
mod venv;
mod weight;
mod wheels;
mod wheels_build;

pub use weight::weight;

use std::fs;
use std::os::unix::fs::FileTypeExt;

use nix::sys::statvfs::{FsFlags, statvfs};

use crate::command::Runner;
use crate::findings::{Findings, Problem};
use crate::inputs::Inputs;
use crate::plan::{Aim, Expected, Plan, PlannedStep, View, Work};
use crate::platform::Platform;
use crate::record::{self, Record};
use crate::root::Root;
use crate::schedule::STEPS_AT_ONCE;
use crate::settings::{Hermetic, Settings};
use crate::step::{Mode, StepName};

/// Makes the plan of what is aimed at, for the image below `root`.
///
/// # Errors
/// What makes any plan impossible: a distribution that cannot be told.
/// All that can be found out in spite of a problem is in the plan's own list.
pub fn plan(
    settings: &Settings,
    root: &Root,
    environment: &[(String, String)],
    runner: &dyn Runner,
    aim: Aim<'_>,
) -> Result<Plan, Vec<Problem>> {
    let mut findings = Findings::default();
    check_place(root, &mut findings);
    let platform = match Platform::detect(root, &settings.distribution) {
        Ok(platform) => platform,
        Err(error) => {
            findings.input(error.to_string());
            return Err(findings.problems);
        }
    };
    findings
        .warnings
        .extend(settings.given.notes.iter().cloned());
    platform.check(&settings.distribution, &mut findings);
    let steps = StepName::of(settings.mode);
    let named = match aim {
        Aim::Steps(named) => named,
        Aim::Look | Aim::Build => &[],
    };
    for foreign in named {
        if !steps.contains(foreign) {
            let own: Vec<_> = steps.iter().map(|name| name.as_str()).collect();
            findings.input(format!(
                "PROJECT={} has no step {foreign}; its steps are {}",
                settings.project,
                own.join(", ")
            ));
        }
    }
    let wants_repositories = repositories::is_wanted(settings, root, platform.family)
        || named.contains(&StepName::Repositories);
    let wants_smoke = settings.smoke || named.contains(&StepName::Smoke);
    let mut steps = steps.to_vec();
    steps.retain(|name| match name {
        StepName::Repositories => wants_repositories,
        StepName::Smoke => wants_smoke,
        _ => true,
    });
    let whole = steps.iter().all(|name| aim.has(*name));
    steps.retain(|name| aim.has(*name));
    let has = |some: &[StepName]| steps.iter().any(|name| some.contains(name));
    let inputs = Inputs::find(settings, &platform, root, &mut findings);
    if has(&[StepName::Bootstrap, StepName::Packages, StepName::Cleanup]) {
        inputs.check(settings, &mut findings);
    }
    let view = View {
        settings,
        platform: &platform,
        root,
        inputs: &inputs,
        aim,
        environment,
        runner,
    };
    if wheels::are_needed(&view)
        && has(&[
            StepName::Wheels,
            StepName::Venv,
            StepName::Build,
            StepName::Pip,
        ])
    {
        wheels::check(&view, &mut findings);
    }
    bootstrap::check_logins(&view, &mut findings);
    repositories::warn_of_unsigned(&view, &mut findings);
    let last = record::last(root).unwrap_or_default();
    let steps = steps
        .into_iter()
        .map(|name| plan_step(name, &view, &last, &mut findings))
        .collect();
    Ok(Plan {
        project: settings.project.to_string(),
        inputs: inputs.fingerprint.clone(),
        jobs: settings.jobs.unwrap_or(STEPS_AT_ONCE),
        steps,
        whole,
        hermetic: settings.hermetic != Hermetic::No,
        problems: findings.problems,
        warnings: findings.warnings,
        platform,
    })
}

/// Notes what keeps this process from installing here at all.
fn check_place(root: &Root, findings: &mut Findings) {
    let is_root = uzers::get_effective_uid() == 0;
    if !is_root {
        findings.machine(
            "installing needs root; run it as root, or use `loci-install plan` to look only",
        );
    }
    if !root.is_system() {
        findings.machine(
            "--root is for `plan` only; to install, run this program inside that root directory",
        );
    } else if is_root {
        check_machine(root, findings);
    }
}

/// Notes what every build needs and a container may be without.
fn check_machine(root: &Root, findings: &mut Findings) {
    if root.read("/proc/self/mountinfo").is_err() {
        findings.machine(
            "/proc is not mounted: what is mounted here would be taken for a part of the image, \
             and be removed; mount it, as container engines do",
        );
    }
    let is_device = |null: fs::Metadata| null.file_type().is_char_device();
    if !fs::metadata(root.join("/dev/null")).is_ok_and(is_device) {
        findings.machine(
            "/dev/null is not there, or is no device: no child can be started; \
             mount /dev, as container engines do",
        );
    }
    let flags = statvfs(&root.join("/")).map(|filesystem| filesystem.flags());
    if flags.is_ok_and(|flags| flags.contains(FsFlags::ST_RDONLY)) {
        findings
            .machine("/ can only be read; run this in a container whose root can be written to");
    }
}

fn plan_step(
    name: StepName,
    view: &View<'_>,
    last: &Record,
    findings: &mut Findings,
) -> PlannedStep {
    let plan = match name {
        StepName::Bootstrap => bootstrap::plan,
        StepName::Packages => packages::plan,
        StepName::User => user::plan,
        StepName::Wheels => wheels::plan,
        StepName::Venv => venv::plan,
        StepName::Source => source::plan,
        StepName::Build => build::plan,
        StepName::Pip => pip::plan,
        StepName::Hooks => hooks::plan,
        StepName::Config => config::plan,
        StepName::Info => info::plan,
        StepName::Cleanup => cleanup::plan,
        StepName::Smoke => smoke::plan,
        StepName::Constraints => constraints::plan,
        StepName::WheelsBuild => wheels_build::plan,
        StepName::Publish => publish::plan,
        StepName::Repositories => repositories::plan,
        StepName::Ceph => ceph::plan,
    };
    let (why, work) = plan(view, findings);
    let mut expected = Expected::default();
    if matches!(work, Work::Do(_)) {
        findings.working.push(name);
        let remembered = last.seconds_of(name.as_str());
        expected = Expected {
            seconds: remembered.unwrap_or(name.usual_seconds()),
            remembered: remembered.is_some(),
        };
    }
    PlannedStep {
        name,
        why,
        work,
        expected,
        also_needs: match name {
            StepName::Wheels => wheels::also_needs(view),
            // There is no `build` between them.
            StepName::Pip if view.settings.mode == Mode::Infra => vec![StepName::Source],
            StepName::Build => hooks::also_needs_of_build(view),
            // Its packages may be that archive's.
            StepName::Packages if view.settings.mode == Mode::Base => vec![StepName::Ceph],
            _ => Vec::new(),
        },
    }
}
