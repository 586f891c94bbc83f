//! The program itself, as the images get it.

use std::path::{Path, PathBuf};

use crate::base::Suite;
use crate::engine::{Build, Engine};
use crate::error::{Error, Result};
use crate::process::{self, command, stage};
use crate::workspace;

/// The image that holds nothing but the program.
pub const IMAGE: &str = "localhost/loci-install";

/// A loci-install on this machine.
pub struct Binary {
    /// Where it is.
    pub path: PathBuf,
}

impl Binary {
    /// The one that was asked for, else a release build.
    pub fn ensure(asked: Option<&Path>) -> Result<Self> {
        if let Some(path) = asked {
            let path = path.canonicalize().map_err(Error::io("find", path))?;
            return Ok(Self { path });
        }
        stage("building loci-install", || {
            let mut cargo = command("cargo", ["build", "--release", "--locked"]);
            cargo.args(["--package", "loci-install"]);
            cargo.current_dir(workspace::root());
            process::run(cargo)
        })?;
        let directory = workspace::target().join(host()?).join("release");
        Ok(Self {
            path: directory.join("loci-install"),
        })
    }

    /// Makes it an image, from which the stock Dockerfile mounts it.
    pub fn publish(&self, engine: Engine) -> Result<()> {
        let key = self.key()?;
        if engine.has(IMAGE, &key) {
            return Ok(());
        }
        let context = workspace::fresh("binary")?;
        let copy = context.join("loci-install");
        std::fs::copy(&self.path, &copy).map_err(Error::io("copy", &self.path))?;
        let file = context.join("Containerfile");
        workspace::write(&file, "FROM scratch\nCOPY loci-install /loci-install\n")?;
        engine.build(&Build {
            key: &key,
            ..Build::new(IMAGE, &context, &file)
        })
    }

    /// A short name for just this program.
    pub fn key(&self) -> Result<String> {
        let bytes = std::fs::read(&self.path).map_err(Error::io("read", &self.path))?;
        Ok(workspace::key(&[bytes]))
    }

    /// What pydep.txt asks for, whatever the service and its profiles: it is all
    /// among the wheels of a release.
    pub fn pydep(&self, suite: Suite) -> Result<Vec<String>> {
        let mut bindep = command(&self.path.to_string_lossy(), ["bindep", "--profiles"]);
        bindep.arg("-f").arg(workspace::root().join("pydep.txt"));
        let said = process::read(bindep)?;
        let profiles: Vec<&str> = said
            .lines()
            .skip_while(|line| *line != "Configuration profiles:")
            .skip(1)
            .filter(|line| !line.is_empty())
            .collect();
        self.bindep("pydep.txt", &profiles, suite)
    }

    /// What a file of the repository asks for.
    pub fn bindep(&self, file: &str, profiles: &[&str], suite: Suite) -> Result<Vec<String>> {
        let platform = format!("debian-{}", suite.name());
        let mut bindep = command(
            &self.path.to_string_lossy(),
            ["bindep", "-b", "-l", "newline"],
        );
        bindep.arg("-f").arg(workspace::root().join(file));
        bindep.arg("--platform").arg(platform).args(profiles);
        Ok(process::read(bindep)?
            .lines()
            .map(ToOwned::to_owned)
            .collect())
    }
}

/// The target that .cargo/config.toml calls `host-tuple`.
pub fn host() -> Result<String> {
    let version = process::read(command("rustc", ["--version", "--verbose"]))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(ToOwned::to_owned)
        .ok_or_else(|| Error::refused(format!("rustc does not name its host:\n{version}")))
}
