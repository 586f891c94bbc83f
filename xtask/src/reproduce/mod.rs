//! `cargo xtask reproduce SERVICE`: an image built twice, and whether the layers are the same.

mod elsewhere;
mod listing;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::engine::{Build, Engine};
use crate::error::{Error, Result};
use crate::explain::tree::Tree;
use crate::image::{self, Assets, Recipe};
use crate::options;
use crate::process::stage;
use crate::workspace;

use elsewhere::Elsewhere;

/// The time that the images say: 2023-11-14.
const EPOCH: u64 = 1_700_000_000;

/// The file that a hook makes, never twice the same.
const PLANTED: &str = "/var/lib/planted";

/// Builds the image of a service twice and compares the layers.
///
/// The builds have the same base, wheels, source and `SOURCE_DATE_EPOCH`. The second has its
/// context in another directory, with other modes, one processor, another time zone and a
/// clock that is 27 hours ahead (buildah only: what is static or uses Docker has the same
/// clock). When layers differ the files that do are told, and how; the images are kept then.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    image: options::Image,
    /// Also builds a third time with a hook that writes the nanoseconds into a file, and
    /// insists that just this file is found, and what tells of it.
    #[arg(long)]
    prove: bool,
}

/// The chore.
pub fn main(options: &Options) -> Result<()> {
    let image = &options.image;
    check(image, &image::prepare(image)?, options.prove)
}

/// Insists that two builds make the same layers; with `prove` also that a difference
/// between two is found.
pub fn check(options: &options::Image, assets: &Assets, prove: bool) -> Result<()> {
    let engine = assets.engine;
    let twins = Twins {
        options,
        recipe: Recipe::of(options, assets)?,
        engine,
    };
    let [one, two] = ["one", "two"].map(|which| format!("{}:reproduced-{which}", options.image()));
    stage(&format!("building {one}"), || twins.here(&one))?;
    stage(&format!("building {two} elsewhere"), || {
        twins.elsewhere(&two, false)
    })?;
    compare(engine, &one, &two)?;
    if prove {
        stage("building another one", || twins.elsewhere(&two, true))?;
        let mut found = differences(engine, &one, &two)?;
        // The first has no such hook, and what an image says of itself tells of hooks.
        found.retain(|found| !found.path.starts_with("/etc/image_info/"));
        let paths: Vec<&str> = found.iter().map(|found| found.path.as_str()).collect();
        if paths != [PLANTED] {
            return Err(Error::refused(format!(
                "a hook made {PLANTED}; what is found to differ outside of /etc/image_info: {}",
                paths.join(", ")
            )));
        }
        eprint!("{}", listing::tell(&found));
        eprintln!("    the file that a hook made is found");
    }
    engine.remove(&one);
    engine.remove(&two);
    Ok(())
}

/// Two builds of one image.
struct Twins<'a> {
    options: &'a options::Image,
    recipe: Recipe<'a>,
    engine: Engine,
}

impl Twins<'_> {
    /// Builds as `cargo xtask image` does.
    fn here(&self, tag: &str) -> Result<()> {
        let context = self.recipe.context("reproduced")?;
        self.build(tag, &context, &[])
    }

    /// Builds with everything different that must not matter.
    fn elsewhere(&self, tag: &str, plant: bool) -> Result<()> {
        let context = self.recipe.context("reproduced-elsewhere/far/below")?;
        let elsewhere = Elsewhere::of(self.engine, self.options.service.base.suite, &context)?;
        if plant {
            let hooks = context
                .join("scripts/project_specific")
                .join(&self.options.service.name);
            std::fs::create_dir_all(&hooks).map_err(Error::io("make", &hooks))?;
            let script = format!("#!/bin/sh\ndate +%N > {PLANTED}\n");
            let hook = hooks.join("zz-planted.sh");
            workspace::write(&hook, &script)?;
            std::fs::set_permissions(&hook, Permissions::from_mode(0o755))
                .map_err(Error::io("make executable", &hook))?;
        }
        elsewhere.then(|environment| self.build(tag, &context, environment))
    }

    fn build(&self, tag: &str, context: &Path, environment: &[(&str, &str)]) -> Result<()> {
        let base = self.options.below();
        self.engine.build(&Build {
            arguments: &self.recipe.arguments(&base),
            key: &workspace::key(&[tag]),
            timestamp: Some(EPOCH),
            environment,
            ..Build::new(tag, context, &context.join("Dockerfile"))
        })
    }
}

/// Insists that two images have the same layers. Docker's layers have the times of the
/// builds, so that there it is the files that have to be the same.
fn compare(engine: Engine, one: &str, two: &str) -> Result<()> {
    let (first, second) = (engine.layers(one)?, engine.layers(two)?);
    if first == second {
        eprintln!("    the same layers:\n        {}", first.join("\n        "));
        return Ok(());
    }
    let found = differences(engine, one, two)?;
    if found.is_empty() && engine == Engine::Docker {
        eprintln!("    the same files");
        return Ok(());
    }
    Err(Error::refused(format!(
        "{one} and {two} were made from the same and differ: layers\n    {}\nand\n    {}\n{}",
        first.join("\n    "),
        second.join("\n    "),
        listing::tell(&found)
    )))
}

fn differences(engine: Engine, one: &str, two: &str) -> Result<Vec<listing::Found>> {
    engine.container(one)?.files(|first| {
        engine.container(two)?.files(|second| {
            let (before, after) = (Tree::read(first)?, Tree::read(second)?);
            let times = engine == Engine::Buildah;
            listing::find((&before, first), (&after, second), times)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::testing::parse;

    #[test]
    fn the_line_is_that_of_image_and_a_flag() {
        let options: Options = parse(&["nova", "--fetch", "--prove", "--base=bookworm"]);
        assert!(options.image.fetch && options.prove);
        assert_eq!(options.image.below(), "localhost/loci-base-bookworm");
    }
}
