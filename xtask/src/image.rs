//! `cargo xtask image SERVICE`: from nothing to an image that has been tried.

use std::path::{Path, PathBuf};

use crate::binary::{self, Binary};
use crate::engine::{Build, Engine};
use crate::error::Result;
use crate::figures::Figures;
use crate::options::{Options, USAGE, asks_for_help};
use crate::process::{self, stage};
use crate::registry::{Compression, Format, Registry};
use crate::wheels::{Origin, Wheels};
use crate::{catalogue, consoles, setup, smoke, source, wheels, workspace};

/// The chore, from the words after `image`.
pub fn main(arguments: &[String]) -> Result<()> {
    if asks_for_help(arguments) {
        print!("{USAGE}");
        return Ok(());
    }
    let options = Options::parse(arguments)?;
    build(&options, &prepare(&options)?).map(drop)
}

/// Everything an image is made from.
pub struct Assets {
    /// What builds.
    pub engine: Engine,
    /// The program.
    pub binary: Binary,
    /// The dependencies.
    pub wheels: Wheels,
    /// The service, unpacked.
    pub source: PathBuf,
    /// Sources beside it, by their names.
    pub beside: Vec<(&'static str, PathBuf)>,
}

/// Obtains what an image is made from; what is there already is used again.
pub fn prepare(options: &Options) -> Result<Assets> {
    // What can be refused is refused before anything takes long.
    let origin = Origin::of(options)?;
    let (engine, binary) = tools(options.binary.as_deref())?;
    binary.publish(engine)?;
    let wheels = wheels::ensure(engine, &binary, &origin, options)?;
    let source = source::unpack(&wheels.sdist, &options.service)?;
    Ok(Assets {
        engine,
        binary,
        wheels,
        source,
        beside: consoles::sources(engine, options.suite, &options.service)?,
    })
}

/// What every image is made with.
pub fn tools(binary: Option<&Path>) -> Result<(Engine, Binary)> {
    let engine = Engine::detect();
    let packages = match engine {
        Engine::Docker => setup::BASE.to_vec(),
        Engine::Buildah => [setup::BASE, setup::BUILDAH].concat(),
    };
    setup::packages(&packages)?;
    Ok((engine, Binary::ensure(binary)?))
}

/// A registry that has the image of the wheels.
fn serve(assets: &Assets) -> Result<Registry> {
    setup::packages(setup::REGISTRY)?;
    let registry = Registry::serve(&workspace::fresh("registry")?)?;
    let image = &assets.wheels.image;
    stage(&format!("pushing {image}"), || {
        registry.push(assets.engine, image, Format::Docker, Compression::Gzip)
    })?;
    Ok(registry)
}

/// What came of an image.
pub struct Built {
    /// What it tells of itself.
    pub figures: Figures,
    /// What was seen when it was tried, a phrase each.
    pub seen: Vec<String>,
}

/// Builds the image, tries it, and builds it again: in a container of it, and by the
/// Dockerfile on top of it.
pub fn build(options: &Options, assets: &Assets) -> Result<Built> {
    let image = options.image();
    let engine = assets.engine;
    // Until the image is there.
    let registry = options.fetch.then(|| serve(assets)).transpose()?;
    let fetched = registry.as_ref().map(Registry::reference);
    let (wheels, mounted) = match &fetched {
        Some(reference) => (reference, "scratch"),
        None => (&assets.wheels.image, assets.wheels.image.as_str()),
    };
    let mut sources = vec![(options.service.as_str(), assets.source.as_path())];
    sources.extend(assets.beside.iter().map(|(name, at)| (*name, at.as_path())));
    let context = source::context(&options.service, &sources)?;
    let plugin = if options.plugin_of.is_some() {
        "yes"
    } else {
        "no"
    };
    let build = |from: &str, tag: &str| {
        engine.told(&Build {
            arguments: &[
                ("FROM", from),
                ("WHEELS", wheels),
                ("WHEELS_FROM", mounted),
                ("LOCI_INSTALL", binary::IMAGE),
                ("PROJECT", &options.service),
                ("PLUGIN", plugin),
                ("PROFILES", &options.profiles),
                ("PROJECT_PIP_EXTRAS", &options.extras),
                // Nothing is asked of the network but distribution packages.
                ("KEEP_ALL_WHEELS", "True"),
            ],
            // Not used again: the point is to see it built.
            key: &workspace::key(&[tag]),
            ..Build::new(tag, &context, &context.join("Dockerfile"))
        })
    };
    let base = options.below();
    stage(&format!("building {image}"), || build(&base, &image))?;
    let distribution = catalogue::distribution(&options.service);
    let figures = Figures::of(engine, &image, &base, distribution)?;
    let seen = stage(&format!("trying {image}"), || {
        smoke::run(engine, &image, options.tried())
    })?;
    stage(&format!("building {image} again"), || {
        let program = (
            assets.binary.path.as_path(),
            "/usr/local/bin/loci-install:ro",
        );
        let container = engine.container(&image)?;
        let said = process::told(container.script("root", &[program], "again.sh", &[]))?;
        smoke::is_finished(&options.service, &said)?;
        let again = format!("{image}:again");
        let said = build(&image, &again)?;
        engine.remove(&again);
        smoke::is_finished(&options.service, &said)
    })?;
    Ok(Built { figures, seen })
}
