//! The wheels of a service: what its sdist and pydep.txt ask for, from the
//! package index, under constraints; compiled where there is no wheel.

use std::fs;
use std::path::{Path, PathBuf};

use crate::binary::Binary;
use crate::catalogue;
use crate::constraints::{self, Constraints};
use crate::engine::{Build, Engine};
use crate::error::{Error, Result};
use crate::options::Options;
use crate::process::{self, stage};
use crate::{builder, network, workspace};

/// Part of the key: other wheels may come of another script.
const GATHER: &str = include_str!("../scripts/gather.sh");

/// The tools of the virtualenv, which is made without an index too.
const TOOLCHAIN: &[&str] = &["pip", constraints::SETUPTOOLS, "wheel", "pbr"];

const GLOBAL_REQUIREMENTS: &str = "\
# Every version is pinned by upper-constraints.txt.
";

/// What was gathered.
pub struct Wheels {
    /// *.whl, upper-constraints.txt and global-requirements.txt.
    pub directory: PathBuf,
    /// The same as an image.
    pub image: String,
    /// The service itself.
    pub sdist: PathBuf,
}

/// All that decides which wheels there are.
struct Inputs<'a> {
    /// The distribution of the service.
    distribution: &'a str,
    /// The same as a requirement.
    requirement: String,
    /// Its extras, in brackets, or nothing.
    extras: String,
    /// The constraints that the image gets.
    constraints: String,
    /// What is wanted beside the service's own dependencies.
    requirements: String,
}

/// Gathers the wheels of a service, if they are not there yet.
pub fn ensure(
    engine: Engine,
    binary: &Binary,
    pins: &Constraints,
    options: &Options,
) -> Result<Wheels> {
    let inputs = Inputs::of(binary, pins, options)?;
    let (builder, builder_key) = builder::ensure(engine, binary, options.suite)?;
    let key = inputs.key(&builder_key);
    let name = format!("{}-{}", options.service, options.suite.name());
    let home = workspace::work("wheels")?.join(&name);
    let image = format!("localhost/loci-wheels:{name}");
    if fs::read_to_string(home.join("key")).is_ok_and(|made| made == key) {
        let wheels = found(&home, &image)?;
        return publish(engine, &wheels, &key).map(|()| wheels);
    }
    let title = format!("gathering the wheels of {}", inputs.requirement);
    stage(&title, || {
        // What was gathered before stays until this has gone well.
        let output = workspace::fresh(&format!("gather/{name}"))?;
        let cache = workspace::work(&format!("pip-cache-{}", options.suite.name()))?;
        inputs.gather(engine, &builder, &output, &cache)?;
        workspace::write(&output.join("key"), &key)?;
        if home.exists() {
            fs::remove_dir_all(&home).map_err(Error::io("remove", &home))?;
        }
        fs::rename(&output, &home).map_err(Error::io("make", &home))?;
        let wheels = found(&home, &image)?;
        publish(engine, &wheels, &key).map(|()| wheels)
    })
}

impl<'a> Inputs<'a> {
    fn of(binary: &Binary, pins: &Constraints, options: &'a Options) -> Result<Self> {
        let service = options.service.as_str();
        let distribution = catalogue::distribution(service);
        let pydep = binary.pydep(service, &options.profiles, options.suite)?;
        Ok(Self {
            distribution,
            requirement: pins.requirement(distribution),
            extras: match options.extras.as_str() {
                "" => String::new(),
                extras => format!("[{extras}]"),
            },
            constraints: pins.publish(distribution),
            requirements: requirements(&pydep),
        })
    }

    fn key(&self, builder: &str) -> String {
        workspace::key(&[
            builder,
            GATHER,
            &self.requirement,
            &self.extras,
            &self.constraints,
            &self.requirements,
        ])
    }

    /// Fills `output` with `sdist` and `wheels`.
    fn gather(&self, engine: Engine, builder: &str, output: &Path, cache: &Path) -> Result<()> {
        let input = output.join("in");
        fs::create_dir(&input).map_err(Error::io("make", &input))?;
        workspace::write(&input.join("constraints.txt"), &self.constraints)?;
        workspace::write(&input.join("requirements.txt"), &self.requirements)?;
        workspace::write(&input.join("environment"), &network::assignments(&input)?)?;
        let container = engine.container(builder)?;
        let volumes = [
            (input.as_path(), "/in:ro"),
            (output, "/out"),
            (cache, "/root/.cache/pip"),
        ];
        let words = [self.requirement.as_str(), &self.extras];
        let done = process::run(container.script("root", &volumes, "gather.sh", &words));
        // It may hold the credentials of an index.
        fs::remove_dir_all(&input).map_err(Error::io("remove", &input))?;
        done?;

        let wheels = output.join("wheels");
        // It comes from its source, or the image would not show that it can.
        remove_wheel(&wheels, self.distribution)?;
        workspace::write(&wheels.join("upper-constraints.txt"), &self.constraints)?;
        workspace::write(&wheels.join("global-requirements.txt"), GLOBAL_REQUIREMENTS)
    }
}

/// Makes the wheels an image.
fn publish(engine: Engine, wheels: &Wheels, key: &str) -> Result<()> {
    if engine.has(&wheels.image, key) {
        return Ok(());
    }
    let file = workspace::work("containerfiles")?.join(key);
    workspace::write(&file, "FROM scratch\nCOPY . /\n")?;
    engine.build(&Build {
        key,
        ..Build::new(&wheels.image, &wheels.directory, &file)
    })
}

fn found(home: &Path, image: &str) -> Result<Wheels> {
    let sdists = home.join("sdist");
    let mut entries = fs::read_dir(&sdists).map_err(Error::io("read", &sdists))?;
    let sdist = entries.find_map(|entry| Some(entry.ok()?.path()));
    Ok(Wheels {
        directory: home.join("wheels"),
        image: image.to_owned(),
        sdist: sdist.ok_or_else(|| Error::refused(format!("{} is empty", sdists.display())))?,
    })
}

fn remove_wheel(directory: &Path, distribution: &str) -> Result<()> {
    let own = constraints::normal(distribution);
    for entry in fs::read_dir(directory)
        .map_err(Error::io("read", directory))?
        .flatten()
    {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if constraints::normal(name.split('-').next().unwrap_or_default()) == own {
            fs::remove_file(entry.path()).map_err(Error::io("remove", &entry.path()))?;
        }
    }
    Ok(())
}

fn requirements(pydep: &[String]) -> String {
    let tools = TOOLCHAIN.iter().map(ToString::to_string);
    tools
        .chain(pydep.iter().cloned())
        .map(|line| line + "\n")
        .collect()
}
