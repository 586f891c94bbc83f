//! `cargo xtask image SERVICE`: from nothing to an image that has been tried.

use std::path::{Path, PathBuf};

use crate::binary::{self, Binary};
use crate::engine::{Build, Engine};
use crate::error::Result;
use crate::options::{Options, USAGE};
use crate::process::stage;
use crate::registry::{Compression, Format, Registry};
use crate::wheels::{Origin, Wheels};
use crate::{setup, smoke, source, wheels, workspace};

/// The chore, from the words after `image`.
pub fn main(arguments: &[String]) -> Result<()> {
    if arguments
        .iter()
        .any(|word| word == "--help" || word == "-h")
    {
        print!("{USAGE}");
        return Ok(());
    }
    let options = Options::parse(arguments)?;
    build(&options, &prepare(&options)?)
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

/// Builds the image and tries it.
pub fn build(options: &Options, assets: &Assets) -> Result<()> {
    let image = format!("localhost/loci-{}", options.service);
    let engine = assets.engine;
    // Until the image is there.
    let registry = options.fetch.then(|| serve(assets)).transpose()?;
    let fetched = registry.as_ref().map(Registry::reference);
    let (wheels, mounted) = match &fetched {
        Some(reference) => (reference, "scratch"),
        None => (&assets.wheels.image, assets.wheels.image.as_str()),
    };
    stage(&format!("building {image}"), || {
        let sources = [(options.service.as_str(), assets.source.as_path())];
        let context = source::context(&options.service, &sources)?;
        engine.build(&Build {
            arguments: &[
                ("FROM", &options.suite.image()),
                ("WHEELS", wheels),
                ("WHEELS_FROM", mounted),
                ("LOCI_INSTALL", binary::IMAGE),
                ("PROJECT", &options.service),
                ("PROFILES", &options.profiles),
                ("PROJECT_PIP_EXTRAS", &options.extras),
                // Nothing is asked of the network but distribution packages.
                ("KEEP_ALL_WHEELS", "True"),
            ],
            // Not used again: the point is to see it built.
            key: &workspace::key(&[&image]),
            ..Build::new(&image, &context, &context.join("Dockerfile"))
        })
    })?;
    stage(&format!("trying {image}"), || {
        smoke::run(engine, &image, &options.service)
    })
}
