//! `hooks`: what a project needs beyond its distributions, then the image author's own
//! scripts.
//!
//! LOCI has all of it as scripts, in the same directory. An author's script that is called
//! as LOCI's own takes the place of what this program does itself.

mod console;
mod horizon;
mod keystone;
mod nova;
mod scripts;

use super::source;
use crate::findings::Findings;
use crate::git;
use crate::plan::{Action, View, Work};
use crate::settings::Settings;
use crate::step::{Mode, StepName};

pub(super) use console::Console;

/// What this program does for a project.
struct Hook {
    /// What it makes, as part of a list.
    what: &'static str,
    /// LOCI's script for it.
    script: &'static str,
    /// What is still to be done.
    plan: fn(&View<'_>, &mut Findings) -> Vec<Action>,
}

fn own(view: &View<'_>) -> &'static [Hook] {
    let settings = view.settings;
    let project = match settings.project.as_str() {
        // Its panels are Horizon's to serve.
        _ if settings.plugin && horizon::is_there(view.root) => horizon::PROJECT,
        project => project,
    };
    match project {
        "nova" => &[
            Hook {
                what: "consoles",
                script: "01_install_console.sh",
                plan: nova::consoles,
            },
            Hook {
                what: "the account of swtpm",
                script: "02_add_tss_user.sh",
                plan: nova::tss,
            },
        ],
        horizon::PROJECT => &[Hook {
            what: "panels, settings and assets",
            script: "01_configure_horizon.sh",
            plan: horizon::plan,
        }],
        "keystone" if keystone::wants_oauth2(settings) => &[Hook {
            what: "Apache's module oauth2",
            script: keystone::SCRIPT,
            plan: keystone::oauth2,
        }],
        _ => &[],
    }
}

pub(super) fn plan(view: &View<'_>, findings: &mut Findings) -> (String, Work) {
    let project = &view.settings.project;
    if view.settings.mode == Mode::Infra && !view.inputs.before_pip.is_empty() {
        findings.warn(
            "PROJECT=infra builds nothing: no script in before-pip is run; those beside it run after pip",
        );
    }
    keystone::warn_of_unused(view, findings);
    let hooks: Vec<&Hook> = of(view).collect();
    if hooks.is_empty() && view.inputs.hooks.is_empty() {
        let why = format!("the image author's scripts for {project}");
        return (why, Work::Done("there are none".to_owned()));
    }
    let mut what: Vec<String> = hooks.iter().map(|hook| hook.what.to_owned()).collect();
    what.extend(scripts::described(&view.inputs.hooks));
    let why = format!("{} for {project}", what.join(", "));
    let mut actions = Vec::new();
    for hook in hooks {
        actions.extend((hook.plan)(view, findings));
    }
    actions.extend(scripts::after_pip(view, findings));
    if actions.is_empty() {
        let done = "all have run, and have not changed since; `step hooks` runs them again";
        (why, Work::Done(done.to_owned()))
    } else {
        (why, Work::Do(actions))
    }
}

/// The author's scripts that the step `build` begins with, and how they are told of.
pub(super) fn before_pip(view: &View<'_>, findings: &Findings) -> (Option<String>, Vec<Action>) {
    let what = scripts::described(&view.inputs.before_pip);
    (what, scripts::before_pip(view, findings))
}

/// What `build` waits for beside sources and virtualenv: with scripts, for all that a
/// script may count on. So nothing runs beside them.
pub(super) fn also_needs_of_build(view: &View<'_>) -> Vec<StepName> {
    if view.inputs.before_pip.is_empty() {
        Vec::new()
    } else {
        vec![StepName::Packages, StepName::User]
    }
}

/// Those that no script of the author stands for.
fn of(view: &View<'_>) -> impl Iterator<Item = &'static Hook> {
    let is_replaced = |hook: &Hook| {
        let mut scripts = view.inputs.hooks.iter();
        scripts.any(|script| script.rsplit('/').next() == Some(hook.script))
    };
    own(view).iter().filter(move |hook| !is_replaced(hook))
}

/// Whether a console is cloned.
pub(super) fn clone(view: &View<'_>) -> bool {
    let mut consoles = consoles(view.settings).into_iter();
    consoles.any(|console| source::of(view, console.name()).is_none())
}

/// Whether a console is cloned, or has a commit to be told.
pub(super) fn need_git(view: &View<'_>) -> bool {
    let mut consoles = consoles(view.settings).into_iter();
    consoles.any(|console| {
        let source = source::of(view, console.name());
        source.is_none_or(|at| git::is_checkout(view.root, &at))
    })
}

/// The consoles of a project.
pub(super) fn consoles(settings: &Settings) -> Vec<Console> {
    match settings.project.as_str() {
        "nova" => nova::list(settings),
        _ => Vec::new(),
    }
}
