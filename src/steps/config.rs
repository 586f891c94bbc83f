//! `config`: the configuration files that the project ships, where services look for them.

use crate::context::{Context, copy_tree};
use crate::failure::Failure;
use crate::findings::Findings;
use crate::layout::VIRTUALENV;
use crate::plan::{Action, Task, View, Work};

pub(super) fn plan(view: &View<'_>, _findings: &mut Findings) -> (String, Work) {
    let project = &view.settings.project;
    let copy = Copy {
        from: format!("{VIRTUALENV}/etc/{project}"),
        to: format!("/etc/{project}"),
    };
    let why = format!(
        "COPY_DEFAULT_CONFIG_FILES copies {} to {}",
        copy.from, copy.to
    );
    if view.settings.copy_default_config_files {
        (why, Work::Do(vec![Action::task(copy)]))
    } else {
        (why, Work::Done("it is off".to_owned()))
    }
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
            context.note(&format!(
                "{} ships no configuration files",
                context.settings.project
            ));
            return Ok(());
        }
        copy_tree(&from, &context.root.join(&self.to))
    }
}
