//! `cargo xtask image SERVICE`: from nothing to an image that has been tried.

use std::path::{Path, PathBuf};

use crate::binary::{self, Binary};
use crate::engine::{Build, Engine};
use crate::error::Result;
use crate::figures::Figures;
use crate::options;
use crate::process::{self, stage};
use crate::registry::{Compression, Format, Registry};
use crate::wheels::{Origin, Wheels};
use crate::{catalogue, consoles, setup, smoke, source, wheels, workspace};

/// The chore.
pub fn main(options: &options::Image) -> Result<()> {
    build(options, &prepare(options)?).map(drop)
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
pub fn prepare(options: &options::Image) -> Result<Assets> {
    let service = &options.service;
    // What can be refused is refused before anything takes long.
    let origin = Origin::of(service)?;
    let (engine, binary) = tools(service.binary.path.as_deref())?;
    binary.publish(engine)?;
    let wheels = wheels::ensure(engine, &binary, &origin, options)?;
    let source = source::unpack(&wheels.sdist, &service.name)?;
    Ok(Assets {
        engine,
        binary,
        wheels,
        source,
        beside: consoles::sources(engine, service.base.suite, &service.name)?,
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

/// What the stock Dockerfile is told to make of all that.
pub struct Recipe<'a> {
    options: &'a options::Image,
    assets: &'a Assets,
    /// Serves the wheels that a build fetches, as long as this is there.
    _registry: Option<Registry>,
    /// WHEELS.
    wheels: String,
}

impl<'a> Recipe<'a> {
    /// Of these; a build that fetches its wheels gets a registry with them.
    pub fn of(options: &'a options::Image, assets: &'a Assets) -> Result<Self> {
        let registry = options.fetch.then(|| serve(assets)).transpose()?;
        let wheels = registry.as_ref().map(Registry::reference);
        Ok(Self {
            options,
            assets,
            _registry: registry,
            wheels: wheels.unwrap_or_else(|| assets.wheels.image.clone()),
        })
    }

    /// The build arguments, for an image on top of another.
    pub fn arguments<'b>(&'b self, from: &'b str) -> [(&'b str, &'b str); 9] {
        let options = self.options;
        [
            ("FROM", from),
            ("WHEELS", &self.wheels),
            (
                "WHEELS_FROM",
                if options.fetch {
                    "scratch"
                } else {
                    &self.wheels
                },
            ),
            ("LOCI_INSTALL", binary::IMAGE),
            ("PROJECT", &options.service.name),
            (
                "PLUGIN",
                if options.plugin_of.is_some() {
                    "yes"
                } else {
                    "no"
                },
            ),
            ("PROFILES", options.service.profiles()),
            ("PROJECT_PIP_EXTRAS", options.service.extras()),
            // Nothing is asked of the network but distribution packages.
            ("KEEP_ALL_WHEELS", "True"),
        ]
    }

    /// The build context, in the directory of this name.
    pub fn context(&self, name: &str) -> Result<PathBuf> {
        let service = self.options.service.name.as_str();
        let mut sources = vec![(service, self.assets.source.as_path())];
        let beside = self.assets.beside.iter();
        sources.extend(beside.map(|(name, at)| (*name, at.as_path())));
        source::context(name, &sources)
    }
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
pub fn build(options: &options::Image, assets: &Assets) -> Result<Built> {
    let service = options.service.name.as_str();
    let image = options.image();
    let engine = assets.engine;
    let recipe = Recipe::of(options, assets)?;
    let context = recipe.context(service)?;
    let build = |from: &str, tag: &str| {
        engine.told(&Build {
            arguments: &recipe.arguments(from),
            // Not used again: the point is to see it built.
            key: &workspace::key(&[tag]),
            ..Build::new(tag, &context, &context.join("Dockerfile"))
        })
    };
    let base = options.below();
    stage(&format!("building {image}"), || build(&base, &image))?;
    let distribution = catalogue::distribution(service);
    let figures = Figures::of(engine, &image, &base, distribution)?;
    let seen = stage(&format!("trying {image}"), || {
        smoke::run(engine, &image, options.tried())
    })?;
    let program = (
        assets.binary.path.as_path(),
        "/usr/local/bin/loci-install:ro",
    );
    stage(&format!("verifying {image}"), || {
        verify(engine, &image, program)
    })?;
    stage(&format!("building {image} again"), || {
        let container = engine.container(&image)?;
        let said = process::told(container.script("root", &[program], "again.sh", &[]))?;
        smoke::is_finished(service, &said)?;
        let again = format!("{image}:again");
        let said = build(&image, &again)?;
        let verified = verify(engine, &again, program);
        engine.remove(&again);
        verified?;
        smoke::is_finished(service, &said)
    })?;
    Ok(Built { figures, seen })
}

/// Insists that an image is what its record says.
fn verify(engine: Engine, image: &str, program: (&Path, &str)) -> Result<()> {
    let container = engine.container(image)?;
    process::run(container.script("root", &[program], "verify.sh", &[]))
}
