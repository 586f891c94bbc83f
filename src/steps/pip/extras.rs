//! `PROJECT_PIP_EXTRAS`: which of them the project has.

use super::super::build::BUILT;
use super::super::source;
use super::own_wheel;
use crate::context::Context;
use crate::failure::Failure;
use crate::findings::Findings;
use crate::plan::View;
use crate::python::metadata::{extras_of_sdist, extras_of_wheel};
use crate::python::{Name, wheels_in};
use crate::settings::Settings;

/// Notes extras that a source does not have, where it says so itself: an sdist.
pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    let (settings, project) = (view.settings, view.settings.project.as_str());
    // A patch or a script may give it more.
    if view.inputs.patches.contains_key(project) || !view.inputs.before_pip.is_empty() {
        return;
    }
    let source = source::of(view, project).map(|at| view.root.join(at));
    if let Some(known) = source.and_then(|source| extras_of_sdist(&source)) {
        for text in unknown(settings, &known) {
            findings.warn(text);
        }
    }
}

/// Says which extras the project's wheel does not have. Releases drop extras, and LOCI's
/// users go on asking for them: it is no error, as it is none for pip.
pub(super) fn tell(context: &Context<'_>) -> Result<(), Failure> {
    let (root, settings) = (context.root, context.settings);
    let built = wheels_in(&root.join(BUILT));
    let Some(wheel) = own_wheel(root, settings, &built) else {
        if settings.extras.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = built.iter().map(|(wheel, _)| wheel.name.as_str()).collect();
        return Err(Failure::Wheels(format!(
            "which of the built wheels is {}'s, to have PROJECT_PIP_EXTRAS, is not known: {}",
            settings.project,
            names.join(", ")
        )));
    };
    let known = extras_of_wheel(wheel).map_err(|error| Failure::Wheels(error.to_string()))?;
    for text in unknown(settings, &known) {
        context.note(&text);
    }
    Ok(())
}

fn unknown(settings: &Settings, known: &[String]) -> Vec<String> {
    let names: Vec<Name> = known.iter().map(|extra| Name::new(extra)).collect();
    let wanted = settings.extras.iter();
    let unknown = wanted.filter(|extra| !names.contains(&Name::new(extra)));
    let has = if known.is_empty() {
        "it has none".to_owned()
    } else {
        format!("it has {}", known.join(", "))
    };
    unknown
        .map(|extra| {
            let project = &settings.project;
            format!("PROJECT_PIP_EXTRAS={extra}: {project} has no such extra, and nothing is installed for it; {has}")
        })
        .collect()
}
