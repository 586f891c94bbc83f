//! Makes what uv installed the same as what pip would have.

use std::fs;
use std::io;
use std::path::Path;

use crate::context::{Context, file};
use crate::failure::Failure;
use crate::layout::VIRTUALENV;
use crate::python::Name;
use crate::python::installed::{distributions, forget};

/// Files that uv puts beside the metadata of a distribution for its own later use:
/// where it came from and when that was written.
const NOTES: [&str; 2] = ["uv_cache.json", "uv_build.json"];

/// Removes what only uv writes. Of the distributions, `requested` are those that were
/// asked for by name: uv takes those that only a constraint names for requested, too
/// (PEP 376, REQUESTED).
///
/// Whichever engine it is now: an earlier try may have had the other one.
///
/// # Errors
/// The file that could not be removed or rewritten.
pub fn tidy(context: &Context<'_>, requested: &[Name]) -> Result<(), Failure> {
    context.remove(&format!("{VIRTUALENV}/.lock"))?;
    for (name, metadata) in distributions(&context.root.join(VIRTUALENV)) {
        let asked_for = requested.contains(&name);
        clean(&metadata, asked_for)
            .map_err(|error| file("remove uv's notes from", &metadata, &error))?;
    }
    Ok(())
}

/// Only of what uv installed: a hook's `pip install` is none of ours.
fn clean(metadata: &Path, requested: bool) -> io::Result<()> {
    if fs::read_to_string(metadata.join("INSTALLER"))
        .is_ok_and(|installer| installer.trim() != "uv")
    {
        return Ok(());
    }
    let more: &[&str] = if requested { &[] } else { &["REQUESTED"] };
    forget(metadata, &[&NOTES, more].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_go_and_only_what_was_asked_for_stays_requested() {
        for (installer, requested, kept) in [
            ("uv", true, vec!["INSTALLER", "RECORD", "REQUESTED"]),
            ("uv", false, vec!["INSTALLER", "RECORD"]),
            (
                "pip\n",
                false,
                vec!["INSTALLER", "RECORD", "REQUESTED", "uv_cache.json"],
            ),
        ] {
            let site = tempfile::tempdir().expect("a directory");
            let metadata = site.path().join("a-1.dist-info");
            fs::create_dir(&metadata).expect("made");
            let all = ["INSTALLER", "RECORD", "REQUESTED", "uv_cache.json"];
            let record = all.map(|name| format!("a-1.dist-info/{name},,\n")).concat();
            for name in all {
                fs::write(metadata.join(name), "").expect("written");
            }
            fs::write(metadata.join("INSTALLER"), installer).expect("written");
            fs::write(metadata.join("RECORD"), record).expect("written");
            clean(&metadata, requested).expect("cleaned");
            let record = fs::read_to_string(metadata.join("RECORD")).expect("read");
            let recorded: Vec<&str> = record
                .lines()
                .filter_map(|row| row.strip_prefix("a-1.dist-info/")?.strip_suffix(",,"))
                .collect();
            assert_eq!(recorded, kept);
            for name in all {
                assert_eq!(metadata.join(name).exists(), kept.contains(&name), "{name}");
            }
        }
    }
}
