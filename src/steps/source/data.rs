//! What came with the inputs besides the projects: LOCI puts all of `data/` into
//! `SOURCES_DIR`, and hooks and requirements may name it there.

use super::{directory, partial, projects};
use crate::context::{Context, copy_tree, file};
use crate::failure::Failure;
use crate::findings::Findings;
use crate::layout::STATE;
use crate::plan::{Action, Task, View};

/// Copies what `SOURCES_DIR` does not have.
pub(super) fn plan(view: &View<'_>, findings: &mut Findings) -> Option<Action> {
    let settings = view.settings;
    let mut entries = Vec::new();
    for (name, from) in &view.inputs.sources {
        let to = directory(&settings.sources_dir, name);
        let is_project = projects(settings).any(|project| project == name);
        if is_project || view.root.exists(&to) {
            continue;
        }
        if view.root.is_mounted(&to) {
            findings.warn(format!(
                "{from} is not copied to {to}: what is mounted there is not written to"
            ));
        } else {
            entries.push((from.clone(), to));
        }
    }
    (!entries.is_empty()).then(|| Action::task(Bring(entries)))
}

/// Removes that again, and nothing that was there before.
pub(in super::super) fn removal(view: &View<'_>) -> Option<Action> {
    let is_expected = view.root.exists(brought()) || plan(view, &mut Findings::default()).is_some();
    is_expected.then(|| Action::task(TakeAway))
}

/// The file that lists what was copied.
fn brought() -> String {
    format!("{STATE}/brought-sources")
}

#[derive(Debug)]
struct Bring(Vec<(String, String)>);

impl Task for Bring {
    fn describe(&self) -> String {
        let copies = self.0.iter().map(|(from, to)| format!("{from} to {to}"));
        format!("copy {}", copies.collect::<Vec<_>>().join(", "))
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let list = context.root.read(brought()).unwrap_or_default();
        let mut list: Vec<String> = list.lines().map(str::to_owned).collect();
        for (from, to) in &self.0 {
            let partial = partial(to);
            context.remove(&partial)?;
            // Before it is there: a build that is cut off still gets cleaned up.
            list.extend([partial.clone(), to.clone()]);
            context.write(&brought(), &list.join("\n"))?;
            let (source, target) = (context.root.join(from), context.root.join(&partial));
            if source.is_dir() {
                copy_tree(&source, &target)?;
            } else {
                context.make_directory(&context.settings.sources_dir, None)?;
                std::fs::copy(&source, &target)
                    .map_err(|error| file("copy to", &target, &error))?;
            }
            context.rename(&partial, to)?;
        }
        Ok(())
    }
}

#[derive(Debug)]
struct TakeAway;

impl Task for TakeAway {
    fn describe(&self) -> String {
        "remove from SOURCES_DIR what came with the inputs' data".to_owned()
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let list = context.root.read(brought()).unwrap_or_default();
        list.lines().try_for_each(|path| context.remove(path))
    }
}
