//! `config`: the configuration files that the project ships, where services look for them.

use std::fs;

use super::pip::installed_here;
use crate::context::{Context, copy_tree, file};
use crate::failure::Failure;
use crate::findings::Findings;
use crate::layout::VIRTUALENV;
use crate::plan::{Action, Task, View, Work};
use crate::python::installed::files;

/// How a distribution's RECORD names files below the virtualenv's `etc`: from
/// `lib/python3.X/site-packages`.
const RECORDED: &str = "../../../etc/";

pub(super) fn plan(view: &View<'_>, _findings: &mut Findings) -> (String, Work) {
    let settings = view.settings;
    let project = &settings.project;
    let (what, copy) = if settings.plugin {
        let what = format!("what {project} has in {VIRTUALENV}/etc to /etc");
        (what, Action::task(CopyOfPlugin))
    } else {
        let copy = Copy {
            from: format!("{VIRTUALENV}/etc/{project}"),
            to: format!("/etc/{project}"),
        };
        (format!("{} to {}", copy.from, copy.to), Action::task(copy))
    };
    let why = format!("COPY_DEFAULT_CONFIG_FILES copies {what}");
    if settings.copy_default_config_files {
        (why, Work::Do(vec![copy]))
    } else {
        (why, Work::Done("it is off".to_owned()))
    }
}

fn none(context: &Context<'_>) {
    let project = &context.settings.project;
    context.note(&format!("{project} ships no configuration files"));
}

#[derive(Debug)]
struct Copy {
    from: String,
    to: String,
}

impl Task for Copy {
    fn describe(&self) -> String {
        format!("copy {}/* to {}", self.from, self.to)
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let from = context.root.join(&self.from);
        if !from.is_dir() {
            none(context);
            return Ok(());
        }
        copy_tree(&from, &context.root.join(&self.to))
    }
}

/// Copies what was built here and nothing else: the service's files are the parent
/// image's, which may have others by now.
#[derive(Debug)]
struct CopyOfPlugin;

impl Task for CopyOfPlugin {
    fn describe(&self) -> String {
        format!("copy the plugin's files below {VIRTUALENV}/etc to /etc")
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let root = context.root;
        let mut copied = 0;
        for (_, metadata) in installed_here(root) {
            for name in files(&metadata) {
                let Some(name) = name.strip_prefix(RECORDED) else {
                    continue;
                };
                let to = format!("/etc/{name}");
                let directory = to.rsplit_once('/').map_or("/", |(directory, _)| directory);
                context.make_directory(directory, None)?;
                let (from, to) = (root.join(format!("{VIRTUALENV}{to}")), root.join(&to));
                fs::copy(from, &to).map_err(|error| file("copy to", &to, &error))?;
                copied += 1;
            }
        }
        if copied == 0 {
            none(context);
        }
        Ok(())
    }
}
