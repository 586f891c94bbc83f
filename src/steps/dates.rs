//! What package managers of RPM's families write times into that are the image's state, and no
//! log that could go. With apt there is no such file.

use crate::command::Command;
use crate::context::Context;
use crate::failure::Failure;
use crate::layout::PYTHON;
use crate::plan::{Action, Task, View};
use crate::platform::Family;
use crate::step::Mode;

/// The packages that nobody asked for, as libzypp remembers them: names below a comment that
/// says when.
const AUTOINSTALLED: &str = "/var/lib/zypp/AutoInstalled";

/// Why dnf 4 installed each package, and in which transaction. dnf 5 goes by
/// `SOURCE_DATE_EPOCH` itself (<https://github.com/rpm-software-management/dnf5/pull/2584>).
const HISTORY: &str = "/var/lib/dnf/history.sqlite";

/// Later times become the one that is given; the rest is to write the same file from the same
/// rows.
const CLAMP: &str = r#"
import sqlite3, sys
path, epoch = sys.argv[1], int(sys.argv[2])
history = sqlite3.connect(path)
with history:
    history.execute("UPDATE trans SET dt_begin = min(dt_begin, ?), dt_end = min(dt_end, ?)", (epoch, epoch))
history.execute("PRAGMA journal_mode = DELETE")
history.execute("VACUUM")
history.close()
"#;

/// Takes the time of the build out of them.
pub(super) fn removal(view: &View<'_>) -> Option<Action> {
    let settings = view.settings;
    match view.platform.family {
        Family::Debian => None,
        Family::RedHat => {
            let epoch = settings.source_date_epoch?;
            // Python is the image's to have where there is a virtualenv.
            (settings.mode != Mode::Base).then(|| Action::task(ClampHistory(epoch)))
        }
        Family::Suse => Some(Action::task(StripComment)),
    }
}

#[derive(Debug)]
struct StripComment;

impl Task for StripComment {
    fn describe(&self) -> String {
        format!("remove the time from {AUTOINSTALLED}")
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let Ok(text) = context.root.read(AUTOINSTALLED) else {
            return Ok(());
        };
        context.write(AUTOINSTALLED, &without_comments(&text))
    }
}

fn without_comments(text: &str) -> String {
    let names = text.lines().filter(|line| !line.starts_with('#'));
    names.flat_map(|name| [name, "\n"]).collect()
}

#[derive(Debug)]
struct ClampHistory(u64);

impl Task for ClampHistory {
    fn describe(&self) -> String {
        format!("set later times in {HISTORY} to {}", self.0)
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        if !context.root.exists(HISTORY) {
            return Ok(());
        }
        // Bytecode is gone by now: none is written, and nothing of the virtualenv imported.
        let clamp = Command::new(PYTHON).args(["-I", "-S", "-B", "-c", CLAMP, HISTORY]);
        let clamp = clamp.arg(self.0.to_string());
        context
            .run("set the times in dnf's history", &clamp)
            .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept() {
        let text = "# AutoInstalled generated Sun Nov 22 19:32:43 2026\n#\nless\nperl\n#\n";
        assert_eq!(without_comments(text), "less\nperl\n");
        assert_eq!(without_comments(""), "");
    }
}
