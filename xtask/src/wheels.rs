//! What a service is installed from: the image of its wheels, made of its
//! constraints, and its own sdist.

use std::fs;
use std::path::PathBuf;

use crate::base;
use crate::binary::Binary;
use crate::catalogue;
use crate::constraints::Constraints;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::options::Options;
use crate::process::{self, command, stage};
use crate::requirements::{self, How, Release};
use crate::{builder, network, workspace};

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

/// Makes the wheels of a service and fetches its sdist, if they are not there yet.
pub fn ensure(
    engine: Engine,
    binary: &Binary,
    pins: &Constraints,
    options: &Options,
) -> Result<Wheels> {
    let sdist = fetch(engine, pins, options)?;
    let (image, key) = make(engine, binary, pins, options)?;
    Ok(Wheels {
        directory: copied(engine, &image, &key, &name(options))?,
        image,
        sdist,
    })
}

/// The same without the sdist: the directory of the wheels alone.
pub fn directory(
    engine: Engine,
    binary: &Binary,
    pins: &Constraints,
    options: &Options,
) -> Result<PathBuf> {
    let (image, key) = make(engine, binary, pins, options)?;
    copied(engine, &image, &key, &name(options))
}

/// The wheels of an image that is there.
pub fn of_image(engine: Engine, image: &str) -> Result<PathBuf> {
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

/// The image of the wheels and what it was made from.
fn make(
    engine: Engine,
    binary: &Binary,
    pins: &Constraints,
    options: &Options,
) -> Result<(String, String)> {
    let release = Release {
        // The service comes from its source, or the image would not show that it can.
        constraints: pins.without(catalogue::distribution(&options.service)),
        global: requirements::GLOBAL_REQUIREMENTS.to_owned(),
    };
    // The tools of the virtualenv and all of pydep.txt come with every set.
    let how = How::of(options.suite);
    let root = workspace::root();
    let key = workspace::key(&[
        &base::ensure(engine, options.suite)?,
        &binary.key()?,
        &workspace::read(&root.join("Dockerfile"))?,
        &workspace::read(&root.join("bindep.txt"))?,
        &workspace::read(&root.join("pydep.txt"))?,
        &release.constraints,
    ]);
    let image = format!("localhost/loci-wheels:{}", name(options));
    if !engine.has(&image, &key) {
        requirements::build(engine, binary, &release, &how, &image, &key)?;
    }
    Ok((image, key))
}

/// The sdist of the service.
fn fetch(engine: Engine, pins: &Constraints, options: &Options) -> Result<PathBuf> {
    let distribution = catalogue::distribution(&options.service);
    let requirement = pins.requirement(distribution);
    let constraints = pins.publish(distribution);
    let key = workspace::key(&[SDIST, &requirement, &constraints]);
    let directory = workspace::kept(&format!("sdist/{}", name(options)), &key, |output| {
        let python = builder::python(engine, options.suite)?;
        stage(&format!("fetching {requirement}"), || {
            let input = workspace::fresh("sdist-in")?;
            workspace::write(&input.join("constraints.txt"), &constraints)?;
            workspace::write(&input.join("environment"), &network::assignments(&input)?)?;
            let container = engine.container(&python)?;
            let volumes = [(input.as_path(), "/in:ro"), (output, "/out")];
            let script = container.script("root", &volumes, "sdist.sh", &[&requirement]);
            let done = process::run(script);
            // It may hold the credentials of an index.
            fs::remove_dir_all(&input).map_err(Error::io("remove", &input))?;
            done
        })
    })?
    .join("sdist");
    let mut entries = fs::read_dir(&directory).map_err(Error::io("read", &directory))?;
    let sdist = entries.find_map(|entry| Some(entry.ok()?.path()));
    sdist.ok_or_else(|| Error::refused(format!("{} is empty", directory.display())))
}

fn name(options: &Options) -> String {
    format!("{}-{}", options.service, options.suite.name())
}
