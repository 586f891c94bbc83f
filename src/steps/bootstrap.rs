//! `bootstrap`: what this program itself needs and the base image lacks.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::hooks;
use super::packages;
use super::source;
use super::transaction::{
    Origin, RefreshLists, base_packages, check, described, install, installed, note_base, parts,
    restrain,
};
use super::user;
use crate::context::Context;
use crate::download::{BUNDLES, SYSTEM};
use crate::failure::Failure;
use crate::findings::Findings;
use crate::git::credentials_file;
use crate::layout::STATE;
use crate::plan::{Action, Task, View, Work};
use crate::platform::Family;
use crate::platform::package_manager::{PackageManager, Tool};
use crate::root::Root;
use crate::settings::Hermetic;
use crate::step::Mode;
use crate::wheels::Directory;

/// Something that is needed, and whether the image keeps it.
struct Need {
    tool: Tool,
    why: &'static str,
    /// Needed by the service, too, and so not removed by `cleanup`.
    kept: bool,
}

pub(super) fn plan(view: &View<'_>, _findings: &mut Findings) -> (String, Work) {
    let manager = view.platform.package_manager;
    let python = view.python();
    let missing: Vec<Need> = needs(view)
        .into_iter()
        .filter(|need| !present(need.tool, python, view.root))
        .collect();
    // Of a release's build nothing is kept that could be linked with it. Elsewhere than in
    // Debian's family the library comes with the interpreter.
    let library = view.settings.mode != Mode::Requirements
        && view.platform.family == Family::Debian
        && !python_library_present(view.root);
    let unfinished = manager.unfinished(view.root).map(|command| Action::Run {
        doing: "finish the installation that was cut off",
        command,
    });
    if missing.is_empty() && !library {
        if let Some(finish) = unfinished {
            return (
                "an earlier installation was cut off".to_owned(),
                Work::Do(restrain(manager).into_iter().chain([finish]).collect()),
            );
        }
        let why = match view.settings.mode {
            Mode::Project => {
                "this program needs python3 and its shared library, certificates and useradd"
            }
            Mode::Infra => "this program needs python3 and its shared library, and certificates",
            Mode::Requirements => "this program needs python3 with venv, and certificates",
            Mode::Base => "services need python3 and its shared library, and certificates",
        };
        return (why.to_owned(), Work::Done("all are there".to_owned()));
    }
    let packages = |needs: &[&Need]| -> Vec<String> {
        let names: BTreeSet<_> = needs
            .iter()
            .map(|need| manager.package_of(need.tool, python))
            .collect();
        names.into_iter().collect()
    };
    let (kept, build): (Vec<&Need>, Vec<&Need>) = missing.iter().partition(|need| need.kept);
    let mut reasons: Vec<String> = missing
        .iter()
        .map(|need| format!("{} {}", manager.package_of(need.tool, python), need.why))
        .collect();
    if library {
        reasons.push("python3's shared library, which uwsgi is linked with".to_owned());
    }
    let kept = packages(&kept);
    let mut actions: Vec<Action> = restrain(manager).into_iter().chain(unfinished).collect();
    actions.push(Action::task(RefreshLists(manager)));
    actions.push(Action::task(InstallNeeds {
        manager,
        python: python.to_owned(),
        // Of SUSE's interpreters pip's bundle is a part.
        build: packages(&build)
            .into_iter()
            .filter(|name| !kept.contains(name))
            .collect(),
        kept,
        library,
        hermetic: view.settings.hermetic,
        // The step `ceph` may add the archive that has some of them.
        later: match view.settings.repositories.ceph {
            Some(_) => Vec::new(),
            None => packages::wanted(view),
        },
    }));
    (
        format!("the base image lacks {}", reasons.join(", ")),
        Work::Do(actions),
    )
}

fn needs(view: &View<'_>) -> Vec<Need> {
    match view.settings.mode {
        Mode::Project | Mode::Infra => needs_of_project(view),
        Mode::Requirements => needs_of_release(view),
        Mode::Base => vec![PYTHON, CERTIFICATES],
    }
}

const PYTHON: Need = Need {
    tool: Tool::Python,
    why: "to run the service",
    kept: true,
};

const CERTIFICATES: Need = Need {
    tool: Tool::Certificates,
    why: "to trust other services",
    kept: true,
};

/// All of it is kept: the image is a stage of a build, of which only the wheels go on.
fn needs_of_release(view: &View<'_>) -> Vec<Need> {
    let need = |tool, why| Need {
        tool,
        why,
        kept: true,
    };
    let mut needs = vec![
        need(Tool::Python, "to build wheels for"),
        need(Tool::Ensurepip, "for a virtualenv of tools"),
        need(Tool::Certificates, "to trust the index"),
        need(Tool::Git, "to clone sources and tell their versions"),
    ];
    // Those of python3 are among the packages of the profile `requirements`.
    needs.extend((view.python() != "python3").then(|| need(Tool::Headers, "to compile for")));
    needs
}

fn needs_of_project(view: &View<'_>) -> Vec<Need> {
    let settings = view.settings;
    let wheels_have_pip = settings.wheels.sources.is_empty()
        && Directory::new(view.root, settings.wheels.directory()).has("pip");
    let mut needs = vec![PYTHON, CERTIFICATES];
    needs.extend(user::is_needed(settings).then_some(Need {
        tool: Tool::Accounts,
        why: "to make the account",
        kept: false,
    }));
    needs.extend(why_git(view).map(|why| Need {
        tool: Tool::Git,
        why,
        kept: false,
    }));
    if !wheels_have_pip {
        needs.push(Need {
            tool: Tool::Ensurepip,
            why: "for a pip, which the wheels do not have",
            kept: false,
        });
    }
    needs
}

/// Notes that a file of git's logins is not there, when something may be cloned.
pub(super) fn check_logins(view: &View<'_>, findings: &mut Findings) {
    let clones = view.settings.mode == Mode::Requirements || why_cloned(view).is_some();
    if let Some(path) = credentials_file(view.settings, view.root).filter(|_| clones)
        && !view.root.is_file(&path)
    {
        findings.machine(format!("GIT_CREDENTIALS_FILE={path}: no such file"));
    }
}

/// What is cloned, if anything is.
fn why_cloned(view: &View<'_>) -> Option<&'static str> {
    let settings = view.settings;
    if settings.mode == Mode::Base {
        None
    } else if settings.pip.has_repositories() {
        Some("to clone what PIP_PACKAGES names")
    } else if source::is_cloned(view) {
        Some("to clone the project")
    } else if hooks::clone(view) {
        Some("to get the consoles")
    } else {
        None
    }
}

/// What git is needed for, if it is.
fn why_git(view: &View<'_>) -> Option<&'static str> {
    let cloned = why_cloned(view);
    if cloned.is_some() {
        cloned
    } else if hooks::need_git(view) {
        Some("to get the consoles")
    } else if source::is_checkout(view) {
        Some("to tell the source's version")
    } else if source::changes(view) {
        Some("to patch the source")
    } else {
        None
    }
}

/// Whether a tool is there, whoever installed it.
fn present(tool: Tool, python: &str, root: &Root) -> bool {
    match tool {
        Tool::Python => on_path(python, root).is_some(),
        Tool::Headers => any(root, &format!("/usr/include/{python}*/Python.h")),
        Tool::Git => on_path("git", root).is_some(),
        Tool::Accounts => on_path("useradd", root).is_some_and(|path| !is_applet(&path)),
        Tool::Certificates => SYSTEM.iter().any(|path| root.is_file(path)),
        Tool::Ensurepip => ["lib", "lib64", "local/lib"].iter().any(|library| {
            any(
                root,
                &format!("/usr/{library}/{python}*/ensurepip/__init__.py"),
            )
        }),
    }
}

/// Whether certificates can be checked before this step.
pub(super) fn trusts(view: &View<'_>) -> bool {
    present(Tool::Certificates, view.python(), view.root)
        || BUNDLES.iter().any(|name| view.variable(name).is_some())
}

fn python_library_present(root: &Root) -> bool {
    [
        "/usr/lib/*/libpython3.*.so*",
        "/usr/lib/libpython3.*.so*",
        "/usr/lib64/libpython3.*.so*",
        "/usr/local/lib/libpython3.*.so*",
    ]
    .iter()
    .any(|pattern| any(root, pattern))
}

fn any(root: &Root, pattern: &str) -> bool {
    !root.glob(pattern).is_empty()
}

/// Whether a program is a name of busybox or toybox, whose accounts have other options.
fn is_applet(path: &Path) -> bool {
    let target = path.read_link().unwrap_or_default();
    let name = target.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with("busybox") || name.starts_with("toybox"))
}

fn on_path(program: &str, root: &Root) -> Option<PathBuf> {
    let directories = [
        "/usr/local/sbin",
        "/usr/local/bin",
        "/usr/sbin",
        "/usr/bin",
        "/sbin",
        "/bin",
    ]
    .map(|directory| root.join(directory));
    let path = std::env::join_paths(directories).unwrap_or_default();
    which::which_in(program, Some(path), Path::new("/")).ok()
}

/// Installs the needs after checking that every package of the whole build is to be had.
#[derive(Debug)]
struct InstallNeeds {
    manager: &'static dyn PackageManager,
    python: String,
    kept: Vec<String>,
    build: Vec<String>,
    library: bool,
    hermetic: Hermetic,
    /// What the step `packages` will install: a typing mistake there ends the
    /// build here, before the first change.
    later: Vec<(String, Origin)>,
}

impl Task for InstallNeeds {
    fn describe(&self) -> String {
        let mut packages: Vec<String> = self.kept.iter().chain(&self.build).cloned().collect();
        if self.library {
            packages.push("libpython3.X".to_owned());
        }
        let install = self.manager.install(&packages);
        described(&parts(install, self.manager, self.hermetic))
    }

    fn online(&self) -> bool {
        true
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let (manager, root) = (self.manager, context.root);
        let library = if self.library {
            let answer = manager.python_library(&self.python, context.runner);
            answer.map_err(Failure::command("find out the version of python3"))?
        } else {
            None
        };
        let kept: Vec<&String> = self.kept.iter().chain(&library).collect();
        let own: Vec<(String, Origin)> = kept
            .iter()
            .copied()
            .chain(&self.build)
            .map(|name| (name.clone(), "loci-install itself".to_owned()))
            .collect();
        check(
            context,
            manager,
            &own.iter().chain(&self.later).cloned().collect::<Vec<_>>(),
        )?;
        // Not fetched beforehand: these are few, and an image whose apt keeps no packages
        // would remove those of the step `packages` behind this transaction.
        note_base(context, manager)?;
        // What an installation that was cut off has brought is there now.
        let is_cut_off = root.exists(build_packages()) && !root.exists(brought_packages());
        let before: BTreeSet<String> = if is_cut_off {
            let base = root.read(base_packages()).unwrap_or_default();
            base.lines().map(str::to_owned).collect()
        } else {
            let installed = installed(context, manager)?;
            let names = installed.packages().map(|(name, _)| name.to_owned());
            names.collect()
        };
        // Written before the installation: one that is cut off still gets cleaned up.
        let earlier = root.read(build_packages()).unwrap_or_default();
        let mut build: BTreeSet<&str> = earlier.lines().collect();
        build.extend(self.build.iter().map(String::as_str));
        let lines: Vec<_> = build.into_iter().collect();
        context.write(&build_packages(), &lines.join("\n"))?;
        let names: Vec<&str> = kept.iter().map(|name| name.as_str()).collect();
        context.write(&kept_packages(), &names.join("\n"))?;
        install(context, "install what the build needs", manager, &own)?;
        let after = installed(context, manager)?;
        let kept: Vec<String> = kept.into_iter().cloned().collect();
        let kept = manager.meant(&kept, context.runner);
        let earlier = root.read(brought_packages()).unwrap_or_default();
        let brought: Vec<&str> = after
            .packages()
            .map(|(name, _)| name)
            .filter(|name| !before.contains(*name) && !kept.contains(*name))
            .collect();
        // Now and not in `cleanup`: whoever asks for one of them from here on, a
        // bindep file or a hook, makes it a package that is kept. What was cut off may
        // have marked nothing.
        let mut unneeded = self.build.clone();
        if is_cut_off {
            let is_later = |name: &str| self.later.iter().any(|(later, _)| later == name);
            let brought = brought.iter().filter(|name| !is_later(name));
            unneeded.extend(brought.map(|name| (*name).to_owned()));
        }
        let mark = manager.mark_unneeded(&unneeded);
        if let Some(mark) = mark.filter(|_| !unneeded.is_empty()) {
            context.run("mark what only the build needs", &mark)?;
        }
        let all: Vec<&str> = earlier.lines().chain(brought).collect();
        context.write(&brought_packages(), &all.join("\n"))?;
        Ok(())
    }
}

/// The file that lists what came with this step, beside the packages that are kept.
pub(super) fn brought_packages() -> String {
    format!("{STATE}/brought-packages")
}

/// The file that lists what this step asked for and the image keeps.
pub(super) fn kept_packages() -> String {
    format!("{STATE}/kept-packages")
}

/// The file that lists packages which only the build needs.
pub(super) fn build_packages() -> String {
    format!("{STATE}/build-packages")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_looked_for_below_the_root() {
        let directory = tempfile::tempdir().expect("a directory");
        assert!(on_path("sh", &Root::new(directory.path())).is_none());
        assert!(on_path("sh", &Root::default()).is_some());
    }
}
