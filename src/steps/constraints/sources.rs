//! Projects that are built from source: found, checked, cloned.

use std::path::Path;

use super::super::source::{self, Clone as Checkout};
use crate::context::Context;
use crate::failure::Failure;
use crate::findings::Findings;
use crate::inputs;
use crate::plan::{Task, View};
use crate::python::lock::{Package, Source};
use crate::python::metadata::project_name;
use crate::python::source::PROJECT_FILES;
use crate::python::{Name, Vcs};
use crate::record;
use crate::requirements::edits::{Edited, Place};
use crate::requirements::local::{self, LocalSource, NameMapping};
use crate::requirements::unit::checked_out;
use crate::requirements::workshop::home;
use crate::secrets;
use crate::settings::GitRef;
use crate::wheels::UPPER_CONSTRAINTS;

/// The user's sources, wherever they may be put.
pub(super) fn local_sources(view: &View<'_>, findings: &mut Findings) -> Vec<LocalSource> {
    let mut mapping = NameMapping::default();
    for path in inputs::files(view.settings, view.root, "python-custom-name-mapping.txt") {
        let text = view.root.read(&path).unwrap_or_default();
        match NameMapping::parse(&path, &text) {
            Ok(lines) => mapping.extend(lines),
            Err(errors) => errors.into_iter().for_each(|error| findings.input(error)),
        }
    }
    let mut directories = vec![view.settings.sources_dir.clone()];
    directories.extend(inputs::data_directories(view.settings));
    let project = view.settings.project.as_str();
    local::find(view.root, &directories, project, &mapping, findings)
}

/// Refuses a source that is built and whose version its build could not find.
pub(super) fn check_sources(view: &View<'_>, edited: &Edited, findings: &mut Findings) {
    for tree in &edited.trees {
        let Place::Directory(path) = &tree.place else {
            continue;
        };
        if view.root.is_directory(path) {
            source::check_version(view, path, findings);
        } else {
            findings.input(format!(
                "{UPPER_CONSTRAINTS} names {path}, which is not there"
            ));
        }
    }
}

/// A directory as a package of the lock.
pub(super) fn directory(
    context: &Context<'_>,
    name: Option<&Name>,
    path: &str,
) -> Result<Package, Failure> {
    Ok(Package {
        name: named(context, name, path)?,
        version: None,
        marker: None,
        source: Source::Directory {
            path: path.to_owned(),
        },
    })
}

/// Clones the repository of a constraint, at the commit that is locked if one is.
pub(super) fn checkout(
    context: &Context<'_>,
    name: Option<&Name>,
    vcs: &Vcs,
    locked: Option<&str>,
) -> Result<Package, Failure> {
    // Its own name may be known only once it is there.
    let folder = vcs
        .repository
        .trim_end_matches('/')
        .trim_end_matches(".git")
        .rsplit('/')
        .next()
        .unwrap_or("source");
    let path = format!("{}/git/{folder}", home());
    context.remove(&path)?;
    let reference = locked.or(vcs.reference.as_deref()).unwrap_or("HEAD");
    let clone = Checkout {
        repository: vcs.repository.clone(),
        reference: reference.parse::<GitRef>().map_err(|refused| {
            Failure::Input(vec![format!(
                "{}: `{reference}` is {refused}",
                vcs.repository
            )])
        })?,
        directory: path.clone(),
        project: folder.to_owned(),
        holds: if vcs.subdirectory.is_none() {
            PROJECT_FILES
        } else {
            &[".git/HEAD"]
        },
    };
    clone.perform(context)?;
    let commit = source::commit_of(context, &path)?;
    context.record(|record| {
        let source: &mut record::Source = record.sources.entry(folder.to_owned()).or_default();
        source.commit = Some(commit.clone());
    });
    let inside = match &vcs.subdirectory {
        Some(subdirectory) => format!("{path}/{subdirectory}"),
        None => path.clone(),
    };
    let name = named(context, name, &inside)?;
    let place = checked_out(&name, None);
    context.remove(&place)?;
    context.rename(&path, &place)?;
    Ok(Package {
        name,
        version: None,
        marker: None,
        source: Source::Vcs {
            repository: secrets::redacted(&vcs.repository),
            reference: vcs.reference.clone(),
            commit,
            subdirectory: vcs.subdirectory.clone(),
        },
    })
}

fn named(context: &Context<'_>, name: Option<&Name>, path: &str) -> Result<Name, Failure> {
    name.cloned()
        .or_else(|| {
            Some(Name::new(&project_name(
                &context.root.join(Path::new(path)),
            )?))
        })
        .ok_or_else(|| {
            Failure::Input(vec![format!(
                "{path} does not say its name; write it behind the URL as #egg=NAME"
            )])
        })
}
