//! `config`: the configuration files that the project ships, where services look for them.

use crate::context::{Context, copy_tree};
use crate::failure::Failure;
use crate::findings::Findings;
use crate::layout::VIRTUALENV;
use crate::parent;
use crate::plan::{Action, Task, View, Work};

pub(super) fn plan(view: &View<'_>, _findings: &mut Findings) -> (String, Work) {
    let settings = view.settings;
    let mut projects = vec![settings.project.to_string()];
    if settings.plugin {
        // A plugin's files are there for the service that reads them.
        projects.extend(parent::service(view.root));
    }
    let copies: Vec<Copy> = projects.into_iter().map(Copy::of).collect();
    let said: Vec<String> = copies
        .iter()
        .map(|copy| format!("{} to {}", copy.from, copy.to))
        .collect();
    let why = format!("COPY_DEFAULT_CONFIG_FILES copies {}", said.join(", "));
    if settings.copy_default_config_files {
        let actions = copies.into_iter().map(Action::task).collect();
        (why, Work::Do(actions))
    } else {
        (why, Work::Done("it is off".to_owned()))
    }
}

#[derive(Debug)]
struct Copy {
    from: String,
    to: String,
    project: String,
}

impl Copy {
    fn of(project: String) -> Self {
        Self {
            from: format!("{VIRTUALENV}/etc/{project}"),
            to: format!("/etc/{project}"),
            project,
        }
    }
}

impl Task for Copy {
    fn describe(&self) -> String {
        format!("copy {}/* to {}", self.from, self.to)
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let from = context.root.join(&self.from);
        if !from.is_dir() {
            context.note(&format!("{} ships no configuration files", self.project));
            return Ok(());
        }
        copy_tree(&from, &context.root.join(&self.to))
    }
}
