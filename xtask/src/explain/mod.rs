//! `cargo xtask explain IMAGE`: how an image differs from its base, and why, file by file.
//!
//! It judges what loci-install made, and so reads dpkg's lists, RECORDs and trees by itself: a
//! mistake in how the program reads them would excuse itself.

pub mod difference;
mod dpkg;
mod made;
mod planted;
mod python;
mod reason;
mod tmpfiles;
pub mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use clap::ValueEnum as _;

use crate::base::Suite;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::process::stage;

use difference::Difference;
use reason::{Reason, judge};
use tree::{Entry, Kind, Tree};

/// Tells how an image differs from its base, and why.
///
/// It compares what was added, removed or changed, by content, mode, owner, attributes and
/// time. Each path needs a reason, such as a package whose file it is and whose checksum it
/// has. Those without one are told, and the status is 1.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The image.
    image: String,
    /// Image of the base [default: localhost/loci-base-SUITE, of the image's own suite].
    #[arg(long, value_name = "IMAGE")]
    base: Option<String>,
    /// Tells every path with its reason.
    #[arg(long)]
    list: bool,
    /// Also changes files in a container of the image, and insists that just these changes
    /// are found.
    // It lists nothing.
    #[arg(long, conflicts_with = "list")]
    prove: bool,
}

/// The chore.
pub fn main(options: &Options) -> Result<()> {
    let engine = Engine::detect();
    let image = read(engine, &options.image)?;
    let base = match &options.base {
        Some(base) => base.clone(),
        None => suite(&image)?.image(),
    };
    if options.prove {
        return prove(engine, &options.image, &base);
    }
    let judged = judge(&read(engine, &base)?, &image);
    if options.list {
        print!("{}", list(&judged));
    }
    tell(&options.image, &base, &judged, &image)
}

/// Insists that every difference between an image and its base has a reason.
pub fn check(engine: Engine, image: &str, base: &str) -> Result<()> {
    stage(&format!("explaining {image}"), || {
        let (before, after) = (read(engine, base)?, read(engine, image)?);
        tell(image, base, &judge(&before, &after), &after)
    })
}

/// The same, and that changes of files in a container of the image are found: just these.
pub fn prove(engine: Engine, image: &str, base: &str) -> Result<()> {
    stage(&format!("explaining {image} and changes of it"), || {
        let (before, after) = (read(engine, base)?, read(engine, image)?);
        let judged = judge(&before, &after);
        tell(image, base, &judged, &after)?;
        let (planted, changed) = engine.container(image)?.files(|files| {
            let planted = planted::plant(files, &after, &judged)?;
            Ok((planted, Tree::read(files)?))
        })?;
        let judged = judge(&before, &changed);
        let without = judged.into_iter().filter(|(_, reason)| reason.is_none());
        let found: BTreeSet<String> = without.map(|(difference, _)| difference.path).collect();
        if found == planted {
            eprintln!("    all {} changes are found", planted.len());
            return Ok(());
        }
        let differ: Vec<&str> = found
            .symmetric_difference(&planted)
            .map(String::as_str)
            .collect();
        Err(Error::refused(format!(
            "changed and not found, or found and not changed: {}",
            differ.join(", ")
        )))
    })
}

fn read(engine: Engine, image: &str) -> Result<Tree> {
    engine.container(image)?.files(Tree::read)
}

type Judged = [(Difference, Option<Reason>)];

/// Prints how many paths have which reason, and fails with those that have none.
fn tell(image: &str, base: &str, judged: &Judged, tree: &Tree) -> Result<()> {
    eprint!("{}", summary(judged));
    let unexplained = unexplained(judged, tree);
    if unexplained.is_empty() {
        eprintln!("    unexplained: none");
        return Ok(());
    }
    let mut text = format!(
        "{image} differs from {base} without a reason at {} of {} paths:",
        unexplained.len(),
        judged.len()
    );
    for line in unexplained {
        write!(text, "\n    {line}").ok();
    }
    text.push_str(
        "\nWhat a build left behind is for `cleanup` to remove; \
         what a package's scripts make belongs in xtask/src/explain/made.rs.",
    );
    Err(Error::refused(text))
}

fn summary(judged: &Judged) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in judged.iter().filter_map(|(_, reason)| reason.as_ref()) {
        *counts.entry(reason.heading()).or_default() += 1;
    }
    let lines = counts
        .into_iter()
        .map(|(heading, count)| format!("    {count:6}  {heading}\n"));
    lines.collect()
}

/// Every path without a reason, and what is there.
fn unexplained(judged: &Judged, tree: &Tree) -> Vec<String> {
    let without = judged.iter().filter(|(_, reason)| reason.is_none());
    without
        .map(|(difference, _)| {
            let Difference { path, what } = difference;
            let is = tree.entries.get(path).map(described);
            let is = is.map_or_else(String::new, |is| format!(" ({is})"));
            format!("{path}: {what}{is}")
        })
        .collect()
}

/// What something in a tree is, in words.
pub fn described(entry: &Entry) -> String {
    let kind = match &entry.kind {
        Kind::File(content) => format!("file of {} bytes", content.size),
        Kind::Directory => "directory".to_owned(),
        Kind::Link(target) => format!("link to {target}"),
        Kind::Other(what) => (*what).to_owned(),
    };
    let (user, group) = entry.owner;
    format!("{kind}, {:04o} {user}:{group}", entry.mode)
}

fn list(judged: &Judged) -> String {
    let lines = judged.iter().map(|(difference, reason)| {
        let reason = reason.as_ref();
        let reason = reason.map_or_else(|| "UNEXPLAINED".to_owned(), ToString::to_string);
        format!("{}\t{}\t{reason}\n", difference.path, difference.what)
    });
    lines.collect()
}

/// The Debian release that an image is of.
fn suite(image: &Tree) -> Result<Suite> {
    let mut lines = image.text("/usr/lib/os-release").lines();
    let name = lines.find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    let suite = Suite::from_str(name.unwrap_or_default(), false);
    suite.map_err(|_| Error::refused("the image is no Debian that has a base here: give --base"))
}

#[cfg(test)]
pub mod testing;

#[cfg(test)]
mod tests {
    use super::difference::What;
    use super::testing::{directory, file, tree};
    use super::*;
    use crate::options::testing::refusal;
    use clap::error::ErrorKind;

    #[test]
    fn a_proof_is_no_list() {
        let kind = refusal::<Options>(&["i", "--list", "--prove"]);
        assert_eq!(kind, ErrorKind::ArgumentConflict);
    }

    #[test]
    fn what_has_no_reason_is_told_by_path() {
        let tree = tree(&[("/opt/stray", file("1")), ("/srv/empty", directory())]);
        let difference = |path: &str, what| Difference {
            path: path.to_owned(),
            what,
        };
        let judged = [
            (difference("/etc/issue", What::Removed), None),
            (difference("/opt/stray", What::Added), None),
            (difference("/srv/empty", What::Added), Some(Reason::Info)),
        ];
        let error = tell("it", "base", &judged, &tree).unwrap_err().to_string();
        assert_eq!(
            error,
            "it differs from base without a reason at 2 of 3 paths:\n    \
             /etc/issue: removed\n    \
             /opt/stray: added (file of 1 bytes, 0644 0:0)\n\
             What a build left behind is for `cleanup` to remove; \
             what a package's scripts make belongs in xtask/src/explain/made.rs."
        );
        assert_eq!(summary(&judged), "         1  /etc/image_info\n");
        assert_eq!(
            list(&judged[2..]),
            "/srv/empty\tadded\twhat the image says of itself\n"
        );
    }
}
