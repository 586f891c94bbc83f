//! `info`: what is in the image, for people and for programs.

use super::build::BUILT;
use super::venv::sees_system;
use super::{distributions, packages, source};
use crate::command::Command;
use crate::context::Context;
use crate::failure::Failure;
use crate::findings::Findings;
use crate::git;
use crate::installer::pip::pip;
use crate::layout::{IMAGE_INFO, PYTHON, VIRTUALENV};
use crate::plan::{Action, Task, View, Work};
use crate::platform::package_manager::PackageManager;
use crate::python::freeze::frozen;
use crate::record;
use crate::secrets;
use crate::step::Mode;

pub(super) fn plan(view: &View<'_>, _findings: &mut Findings) -> (String, Work) {
    let packages = packages::wanted(view)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    (
        format!("{IMAGE_INFO} says what the image is made of"),
        Work::Do(vec![Action::task(WriteInfo {
            manager: view.platform.package_manager,
            packages,
            has_virtualenv: view.settings.mode != Mode::Base,
        })]),
    )
}

#[derive(Debug)]
struct WriteInfo {
    manager: &'static dyn PackageManager,
    packages: Vec<String>,
    has_virtualenv: bool,
}

impl Task for WriteInfo {
    fn describe(&self) -> String {
        if self.has_virtualenv {
            format!("write {IMAGE_INFO}/{{packages.txt,pip.txt,project.txt,build.json}}")
        } else {
            format!("write {IMAGE_INFO}/{{packages.txt,build.json}}")
        }
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        list_packages(context, self.manager)?;
        if self.has_virtualenv {
            describe_project(context)?;
        }
        context.record(|record| record.asked_for.clone_from(&self.packages));
        let record = context.record(|record| record.image_json(context.settings));
        context.write(&record::path_in_image(), &record)
    }
}

/// Writes pip.txt and project.txt.
fn describe_project(context: &Context<'_>) -> Result<(), Failure> {
    let settings = context.settings;
    let distributions = list_distributions(context)?;
    context.write(
        &format!("{IMAGE_INFO}/pip.txt"),
        &secrets::redacted(&distributions),
    )?;

    let mut project = format!(
        "PROJECT={}\nPROJECT_REPO={}\nPROJECT_REF={}\nPROJECT_RELEASE={}\n",
        settings.project, settings.repository.url, settings.repository.reference, settings.release
    );
    let path = source::place(context.root, settings, settings.project.as_str());
    if git::is_checkout(context.root, &path) {
        let log = Command::new("git").args(["-C", &path, "log", "-1"]);
        project.push_str(&context.ask("read the source's last commit", &log)?);
    }
    context.write(
        &format!("{IMAGE_INFO}/project.txt"),
        &secrets::redacted(&project),
    )?;
    source::record_versions(context, BUILT);
    distributions::record(context);
    Ok(())
}

/// The text of `pip freeze`. pip itself is asked only for what it alone can tell: of
/// unusual installations, and of the distribution's packages where they are seen.
fn list_distributions(context: &Context<'_>) -> Result<String, Failure> {
    let own = || frozen(&context.root.join(VIRTUALENV));
    let known = if sees_system(context.root) {
        None
    } else {
        own()
    };
    match known {
        Some(text) => Ok(text),
        None => context.ask("list the installed distributions", &pip(PYTHON, "freeze")),
    }
}

/// Writes packages.txt; `cleanup` does it again after it removed some.
pub(super) fn list_packages(
    context: &Context<'_>,
    manager: &dyn PackageManager,
) -> Result<(), Failure> {
    let packages = manager.list(context.runner);
    let packages = packages.map_err(Failure::command("list the installed packages"))?;
    context.write(&format!("{IMAGE_INFO}/packages.txt"), &packages)
}
