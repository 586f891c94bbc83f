//! Whether all contestants have fetched the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::race::{Contestant, Run};
use crate::error::{Error, Result};
use crate::process::{self, command};

/// Names of wheels with their digests.
type Wheels = BTreeMap<String, String>;

/// As many differences as explain themselves.
const SHOWN: usize = 5;

/// Refuses to compare the times of those that did not fetch the same wheels; else tells
/// what there is to know of the runs.
pub fn compare(runs: &[Run], layers: usize) -> Result<Vec<String>> {
    let fetched = runs
        .iter()
        .map(|run| Ok((run.contestant, wheels(&run.wheels)?)))
        .collect::<Result<Vec<_>>>()?;
    judge(&fetched, layers)
}

fn judge(fetched: &[(Contestant, Wheels)], layers: usize) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    let pipe = fetched.iter().find(|(who, _)| *who == Contestant::Pipe);
    let Some((pipe, all)) = pipe else {
        return Ok(notes);
    };
    for (contestant, wheels) in fetched {
        let mut all = all.clone();
        if *contestant == Contestant::Script && layers > 1 {
            let note = format!(
                "The {} takes the last of {layers} layers alone: {} of {} wheels, and its time \
                 is that of those.",
                contestant.title(),
                wheels.len(),
                all.len()
            );
            if !notes.contains(&note) {
                notes.push(note);
            }
            // What the last layer has is on top.
            all.retain(|name, _| wheels.contains_key(name));
        }
        let differences = differences(&all, wheels);
        if !differences.is_empty() {
            return Err(Error::refused(format!(
                "{} and {} fetched different wheels, and their times do not compare:\n    {}",
                pipe.title(),
                contestant.title(),
                differences.join("\n    ")
            )));
        }
    }
    Ok(notes)
}

fn differences(left: &Wheels, right: &Wheels) -> Vec<String> {
    let only = |one: &Wheels, other: &Wheels, who: &str| -> Vec<String> {
        let names = one.keys().filter(|name| !other.contains_key(*name));
        names
            .map(|name| format!("{name}: only the {who} has it"))
            .collect()
    };
    let mut all = only(left, right, "first");
    all.extend(only(right, left, "second"));
    let changed = left.iter().filter(|(name, digest)| {
        let other = right.get(*name);
        other.is_some_and(|other| other != *digest)
    });
    all.extend(changed.map(|(name, _)| format!("{name}: its bytes differ")));
    let more = all.len().saturating_sub(SHOWN);
    all.truncate(SHOWN);
    if more > 0 {
        all.push(format!("and {more} more"));
    }
    all
}

/// Those at the root of a directory.
fn wheels(directory: &Path) -> Result<Wheels> {
    let entries = fs::read_dir(directory).map_err(Error::io("read", directory))?;
    let names = entries.flatten().map(|entry| entry.file_name());
    let names = names.filter(|name| Path::new(name).extension().is_some_and(|end| end == "whl"));
    let names: Vec<_> = names.collect();
    if names.is_empty() {
        // Without names it reads what it is given.
        return Ok(Wheels::new());
    }
    // Unlike the sha256sum of some releases it has the processor's instructions for it.
    let mut openssl = command("openssl", ["dgst", "-sha256", "-r", "--"]);
    openssl.args(names).current_dir(directory);
    Ok(parse(&process::read(openssl)?))
}

/// What `openssl dgst -r` says: `DIGEST *NAME`.
fn parse(said: &str) -> Wheels {
    let lines = said.lines().filter_map(|line| line.split_once(" *"));
    lines
        .map(|(digest, name)| (name.to_owned(), digest.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    fn made(contestant: Contestant, said: &str) -> (Contestant, Wheels) {
        (contestant, parse(said))
    }

    #[test]
    fn all_have_to_have_the_same_bytes() {
        let pipe = made(Contestant::Pipe, "1 *a.whl\n2 *b.whl\n");
        let ours = made(Contestant::Ours, "1 *a.whl\n2 *b.whl\n");
        let same = judge(&[pipe.clone(), ours], 1).unwrap();
        assert!(same.is_empty());
        let ours = made(Contestant::Ours, "3 *a.whl\n2 *c.whl\n");
        assert_eq!(
            judge(&[pipe, ours], 1).unwrap_err().to_string(),
            "curl | tar and loci-install fetched different wheels, and their times do not \
             compare:\n    b.whl: only the first has it\n    c.whl: only the second has it\n    \
             a.whl: its bytes differ"
        );
    }

    #[test]
    fn of_many_differences_some_are_shown() {
        let one = |number: u8| (format!("{number}.whl"), "1".to_owned());
        let shown = differences(&(0..9).map(one).collect(), &Wheels::new());
        assert_eq!(shown.len(), 6);
        assert_eq!(shown[5], "and 4 more");
    }

    #[test]
    fn the_old_script_may_lack_the_lower_layers_and_nothing_else() {
        let pipe = made(Contestant::Pipe, "1 *a.whl\n2 *b.whl\n");
        let script = made(Contestant::Script, "2 *b.whl\n");
        let runs = [script.clone(), pipe.clone(), script, pipe.clone()];
        assert_eq!(
            judge(&runs, 2).unwrap(),
            [
                "The old script takes the last of 2 layers alone: 1 of 2 wheels, and its time is \
                 that of those."
            ]
        );
        assert!(judge(&runs, 1).is_err());
        let script = made(Contestant::Script, "3 *b.whl\n");
        assert!(judge(&[pipe, script], 2).is_err());
    }

    #[test]
    fn wheels_at_the_root_are_read() {
        let directory = workspace::fresh("test-fetched").unwrap();
        assert!(wheels(&directory).unwrap().is_empty());
        workspace::write(&directory.join("a.whl"), "").unwrap();
        workspace::write(&directory.join("hashes.txt"), "").unwrap();
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(
            wheels(&directory).unwrap(),
            parse(&format!("{empty} *a.whl\n"))
        );
    }
}
