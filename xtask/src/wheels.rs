//! What a service is installed from: the image of its wheels, made of its
//! constraints, and its own sdist.

use std::fs;
use std::path::{Path, PathBuf};

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
    let name = name(options);
    let directory = kept(&format!("wheels/{name}"), &key, |output| {
        engine.container(&image)?.files(|files| {
            let mut cp = command("cp", ["-R", "--"]);
            cp.arg(files.join(".")).arg(output);
            process::read(cp).map(drop)
        })
    })?;
    Ok(Wheels {
        directory,
        image,
        sdist,
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
    let directory = kept(&format!("sdist/{}", name(options)), &key, |output| {
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

/// The directory of this name below `target/xtask`, filled again when its key
/// has changed. What was there stays until that has gone well.
fn kept(name: &str, key: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let home = workspace::work(name)?;
    let stamp = home.with_file_name(format!(
        "{}.key",
        home.file_name().unwrap_or_default().display()
    ));
    if fs::read_to_string(&stamp).is_ok_and(|made| made == key) {
        return Ok(home);
    }
    let output = workspace::fresh(&format!("new/{name}"))?;
    fill(&output)?;
    if stamp.exists() {
        fs::remove_file(&stamp).map_err(Error::io("remove", &stamp))?;
    }
    fs::remove_dir_all(&home).map_err(Error::io("remove", &home))?;
    fs::rename(&output, &home).map_err(Error::io("make", &home))?;
    workspace::write(&stamp, key)?;
    Ok(home)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_filled_again_with_its_key_and_not_when_that_fails() {
        workspace::fresh("test-kept").unwrap();
        let fill = |key: &str, text: &str| {
            kept("test-kept/it", key, |output| {
                workspace::write(&output.join("text"), text)
            })
        };
        let read = |home: &Path| workspace::read(&home.join("text")).unwrap();
        let home = fill("1", "one").unwrap();
        assert_eq!(read(&home), "one");
        assert_eq!(read(&fill("1", "other").unwrap()), "one");
        kept("test-kept/it", "2", |_| Err(Error::refused("no"))).unwrap_err();
        assert_eq!(read(&fill("1", "other").unwrap()), "one");
        assert_eq!(read(&fill("2", "two").unwrap()), "two");
    }
}
