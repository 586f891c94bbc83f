//! `LOCK`: read, and held against what is asked for.

use pep508_rs::pep440_rs::Version;
use pep508_rs::{MarkerEnvironment, VersionOrUrl};

use crate::findings::Findings;
use crate::inputs::{self, Wanted};
use crate::plan::View;
use crate::python::Vcs;
use crate::python::lock::{Lock, Package, Source};
use crate::python::requirement_file::{Line, RequirementFile, What};
use crate::secrets;

/// The lock that the user gives.
pub(super) fn read(view: &View<'_>, findings: &mut Findings) -> Option<Lock> {
    let given = view.settings.lock.as_ref()?;
    let Some(path) = inputs::file(view.settings, view.root, given) else {
        findings.input(inputs::no_such_file(view.settings, "LOCK", given));
        return None;
    };
    let text = match view.root.read(&path) {
        Ok(text) => text,
        Err(error) => {
            findings.input(format!("LOCK={given}: {error}"));
            return None;
        }
    };
    Lock::parse(&path, &text)
        .map_err(|error| findings.input(error.to_string()))
        .ok()
}

/// What a lock and the constraints disagree about.
///
/// Without `markers`, which only an interpreter has, nothing is said of a
/// requirement that may be meant for another one.
pub(super) fn contradictions(
    lock: &Lock,
    wanted: &[Wanted],
    markers: Option<&MarkerEnvironment>,
) -> Vec<String> {
    let mut found = Vec::new();
    for Wanted {
        name: requirement,
        origin,
    } in wanted
    {
        let file = RequirementFile::parse("", requirement).unwrap_or_default();
        let Some((line, name)) = file
            .lines
            .first()
            .and_then(|line| Some((line, line.name()?)))
        else {
            continue;
        };
        let holds = match markers {
            Some(markers) => line.holds(markers),
            None => line.marker.is_true(),
        };
        if !holds {
            continue;
        }
        match lock.package(&name) {
            None => found.push(format!("LOCK has no {name}, which {origin} asks for")),
            Some(package) if !satisfies(package, line) => found.push(format!(
                "LOCK has {name} {}, and {origin} asks for {requirement}",
                package.version.as_deref().unwrap_or("without a version")
            )),
            Some(_) => {}
        }
    }
    found
}

/// Whether a requirement's versions include a locked one. A source has none in a
/// lock, so it is as good as any unless one version alone is right.
fn satisfies(package: &Package, line: &Line) -> bool {
    let What::Named(requirement) = &line.what else {
        return true;
    };
    match (&requirement.version_or_url, &package.version) {
        (Some(VersionOrUrl::VersionSpecifier(allowed)), Some(version)) => version
            .parse::<Version>()
            .is_ok_and(|version| allowed.contains(&version)),
        (_, None) => line.pinned().is_none(),
        _ => true,
    }
}

/// The commit that a lock has of a repository.
pub(super) fn commit<'a>(lock: &'a Lock, vcs: &Vcs) -> Option<&'a str> {
    lock.packages
        .iter()
        .find_map(|package| match &package.source {
            Source::Vcs {
                repository,
                subdirectory,
                commit,
                ..
            } => (*repository == secrets::redacted(&vcs.repository)
                && *subdirectory == vcs.subdirectory)
                .then_some(commit.as_str()),
            Source::Files { .. } | Source::Directory { .. } => None,
        })
}
