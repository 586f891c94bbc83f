//! What a service is installed from: the image of its wheels, made of its
//! constraints, and its own sdist.

use std::fs;
use std::path::PathBuf;

use crate::base::{self, Suite};
use crate::binary::Binary;
use crate::catalogue;
use crate::constraints::Constraints;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::network::Input;
use crate::options::{Image, Service};
use crate::process::{self, command, stage};
use crate::requirements::{self, How, Release};
use crate::{builder, workspace};

/// Part of the key: another script may fetch another file.
const SDIST: &str = include_str!("../scripts/sdist.sh");

/// What a service is installed from.
pub struct Wheels {
    /// *.whl, upper-constraints.txt and global-requirements.txt.
    pub directory: PathBuf,
    /// The same as an image.
    pub image: String,
    /// The service itself.
    pub sdist: PathBuf,
}

/// Where wheels come from.
pub enum Origin {
    /// An image that is there.
    Image(String),
    /// They are made of these.
    Constraints(Constraints),
}

impl Origin {
    /// What was asked for, else the constraints of the service.
    pub fn of(service: &Service) -> Result<Self> {
        let asked = &service.wheels;
        Ok(match &asked.image {
            Some(image) => Self::Image(image.clone()),
            None => Self::Constraints(Constraints::load(
                &service.name,
                asked.constraints.as_deref(),
            )?),
        })
    }
}

/// Makes the wheels of a service and fetches its sdist, if they are not there yet.
pub fn ensure(engine: Engine, binary: &Binary, origin: &Origin, options: &Image) -> Result<Wheels> {
    match origin {
        Origin::Image(image) => {
            let directory = of_image(engine, image)?;
            let constraints = workspace::read(&directory.join("upper-constraints.txt"))?;
            Ok(Wheels {
                directory,
                image: image.clone(),
                sdist: fetch(engine, &Constraints::parse(&constraints), options)?,
            })
        }
        Origin::Constraints(pins) => {
            let service = &options.service;
            let sdist = fetch(engine, pins, options)?;
            let (image, key) = make(engine, binary, pins, service)?;
            Ok(Wheels {
                directory: copied(engine, &image, &key, &name(service))?,
                image,
                sdist,
            })
        }
    }
}

/// The same without the sdist: the directory of the wheels alone.
pub fn directory(
    engine: Engine,
    binary: &Binary,
    origin: &Origin,
    service: &Service,
) -> Result<PathBuf> {
    match origin {
        Origin::Image(image) => of_image(engine, image),
        Origin::Constraints(pins) => {
            let (image, key) = make(engine, binary, pins, service)?;
            copied(engine, &image, &key, &name(service))
        }
    }
}

/// The wheels of an image that is there.
fn of_image(engine: Engine, image: &str) -> Result<PathBuf> {
    let unknown = || Error::refused(format!("there is no image {image}"));
    let identity = engine.identity(image).ok_or_else(unknown)?;
    let name = workspace::key(&[image]);
    let directory = copied(engine, image, &identity, &name)?;
    let constraints = directory.join("upper-constraints.txt");
    if constraints.exists() {
        return Ok(directory);
    }
    Err(Error::refused(format!(
        "{image} has no wheels: upper-constraints.txt is not at its root"
    )))
}

/// The files of an image, as a directory that is copied again with another key.
fn copied(engine: Engine, image: &str, key: &str, name: &str) -> Result<PathBuf> {
    workspace::kept(&format!("wheels/{name}"), key, |output| {
        engine.container(image)?.files(|files| {
            let mut cp = command("cp", ["-R", "--"]);
            cp.arg(files.join(".")).arg(output);
            process::read(cp).map(drop)
        })
    })
}

/// The image of a service's wheels and what it was made from.
fn make(
    engine: Engine,
    binary: &Binary,
    pins: &Constraints,
    service: &Service,
) -> Result<(String, String)> {
    let release = Release {
        // The service comes from its source, or the image would not show that it can.
        constraints: pins.without(catalogue::distribution(&service.name)),
        global: requirements::GLOBAL_REQUIREMENTS.to_owned(),
    };
    let image = format!("localhost/loci-wheels:{}", name(service));
    let key = of_release(engine, binary, &release, service.base.suite, &image)?;
    Ok((image, key))
}

/// Makes the image of a release's wheels, if it is not there yet, and tells what
/// it was made from. The tools of the virtualenv and all of pydep.txt come with it.
pub fn of_release(
    engine: Engine,
    binary: &Binary,
    release: &Release,
    suite: Suite,
    image: &str,
) -> Result<String> {
    let root = workspace::root();
    let key = workspace::key(&[
        &base::ensure(engine, suite)?,
        &binary.key()?,
        &workspace::read(&root.join("Dockerfile"))?,
        &workspace::read(&root.join("bindep.txt"))?,
        &workspace::read(&root.join("pydep.txt"))?,
        &release.constraints,
        &release.global,
    ]);
    if !engine.has(image, &key) {
        requirements::build(engine, binary, release, &How::of(suite), image, &key)?;
    }
    Ok(key)
}

/// The sdist of the service.
fn fetch(engine: Engine, pins: &Constraints, options: &Image) -> Result<PathBuf> {
    let service = &options.service;
    let distribution = catalogue::distribution(&service.name);
    let requirement = requirement(pins, options);
    let constraints = pins.publish(distribution);
    let key = workspace::key(&[SDIST, &requirement, &constraints]);
    let directory = workspace::kept(&format!("sdist/{}", name(service)), &key, |output| {
        let python = builder::python(engine, service.base.suite)?;
        stage(&format!("fetching {requirement}"), || {
            let input = Input::new("sdist-in")?;
            workspace::write(&input.path.join("constraints.txt"), &constraints)?;
            let container = engine.container(&python)?;
            let volumes = [(input.path.as_path(), "/in:ro"), (output, "/out")];
            let script = container.script("root", &volumes, "sdist.sh", &[&requirement]);
            process::run(script)
        })
    })?
    .join("sdist");
    let mut entries = fs::read_dir(&directory).map_err(Error::io("read", &directory))?;
    let sdist = entries.find_map(|entry| Some(entry.ok()?.path()));
    sdist.ok_or_else(|| Error::refused(format!("{} is empty", directory.display())))
}

/// The service as a requirement: the version that was asked for, else that of the
/// constraints, else the one that is known, else the newest.
fn requirement(pins: &Constraints, options: &Image) -> String {
    let service = &options.service.name;
    let distribution = catalogue::distribution(service);
    let known = catalogue::find(service).map(|service| service.version);
    let known = known.filter(|_| !pins.names(distribution));
    match options.version.as_deref().or(known) {
        Some(version) => format!("{distribution}==={version}"),
        None => pins.requirement(distribution),
    }
}

fn name(service: &Service) -> String {
    format!("{}-{}", service.name, service.base.suite.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_whose_it_is() {
        let pins = Constraints::parse("horizon===25.7.3\n");
        let of = |service| requirement(&pins, &Image::of(service));
        assert_eq!(of("horizon"), "horizon===25.7.3");
        assert_eq!(of("heat"), "openstack-heat===26.0.2");
        assert_eq!(of("placement"), "openstack-placement");
        let asked = Image {
            version: Some("25.0.0".to_owned()),
            ..Image::of("horizon")
        };
        assert_eq!(requirement(&pins, &asked), "horizon===25.0.0");
    }
}
