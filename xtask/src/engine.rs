//! The program that builds and runs images: Docker where its engine answers,
//! buildah everywhere else. Both read the same Dockerfiles.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::error::{Error, Result};
use crate::process::{self, command};
use crate::{layer, network, workspace};

/// The label that tells what an image was made from.
const KEY: &str = "loci-install.key";

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// `docker`, with its engine answering.
    Docker,
    /// `buildah`, which needs no engine.
    Buildah,
}

/// An image to build.
pub struct Build<'a> {
    /// What it is called afterwards.
    pub tag: &'a str,
    /// The build context.
    pub context: &'a Path,
    /// The Dockerfile.
    pub file: &'a Path,
    /// Build arguments.
    pub arguments: &'a [(&'a str, &'a str)],
    /// The stage to build, when it is not the last.
    pub target: Option<&'a str>,
    /// Whether it is told what the environment says of the network.
    pub network: bool,
    /// What it is made from; see [`Engine::has`].
    pub key: &'a str,
    /// The time of all its files, in seconds since 1970. Docker leaves files their own.
    pub timestamp: Option<u64>,
    /// Further variables of its environment; buildah only.
    pub environment: &'a [(&'a str, &'a str)],
}

impl<'a> Build<'a> {
    /// One without arguments and key.
    pub fn new(tag: &'a str, context: &'a Path, file: &'a Path) -> Self {
        Self {
            tag,
            context,
            file,
            arguments: &[],
            target: None,
            network: false,
            key: "",
            timestamp: None,
            environment: &[],
        }
    }
}

/// A container to run a script in, removed when this is dropped.
pub struct Container {
    engine: Engine,
    /// Docker: the image; buildah: the container.
    name: String,
    /// Docker: what the container of a script is called that is still there when
    /// the script has ended.
    kept: Option<String>,
}

impl Engine {
    /// Which of the two works here.
    pub fn detect() -> Self {
        if process::succeeds(command("docker", ["info"])) {
            Self::Docker
        } else {
            Self::Buildah
        }
    }

    /// Builds an image, in the place of the one of that name.
    pub fn build(self, build: &Build) -> Result<()> {
        self.told(build).map(drop)
    }

    /// The same, and what was said on the way.
    pub fn told(self, build: &Build) -> Result<String> {
        let old = self.identity(build.tag);
        let mut engine = match self {
            Self::Docker => self.command(&["build", "--network=host"]),
            // Without --force-rm the containers behind mounted images stay.
            Self::Buildah => self.command(&["build", "--layers=false", "--force-rm"]),
        };
        engine.arg("--tag").arg(build.tag);
        engine.arg(format!("--label={KEY}={}", build.key));
        engine.arg("--file").arg(build.file);
        for (name, value) in build.arguments {
            engine.arg("--build-arg").arg(format!("{name}={value}"));
        }
        if let Some(target) = build.target {
            engine.arg("--target").arg(target);
        }
        if let Some(seconds) = build.timestamp {
            engine.args(["--build-arg", &format!("SOURCE_DATE_EPOCH={seconds}")]);
            match self {
                Self::Docker => engine.arg("--no-cache"),
                Self::Buildah => engine.args(["--timestamp", &seconds.to_string()]),
            };
        }
        for (name, value) in build.environment {
            engine.args(["--env", &format!("{name}={value}")]);
        }
        if build.network {
            network::arguments(&mut engine);
        }
        engine.arg(build.context);
        let said = process::told(engine)?;
        let nameless = old.filter(|old| self.identity(build.tag).as_ref() != Some(old));
        if let Some(nameless) = nameless {
            // Refused while another image is made from it, and that is fine.
            self.remove(&nameless);
        }
        Ok(said)
    }

    /// Removes an image, if nothing is made from it.
    pub fn remove(self, image: &str) {
        process::succeeds(self.command(&["rmi", image]));
    }

    /// Whether an image of that name was made from just that.
    pub fn has(self, tag: &str, key: &str) -> bool {
        let labels = match self {
            Self::Docker => ".Config.Labels",
            Self::Buildah => ".OCIv1.Config.Labels",
        };
        let label = self.inspect(tag, &format!("{{{{index {labels} \"{KEY}\"}}}}"));
        label.is_some_and(|label| label == key)
    }

    /// What tells the image of that name from others that have had it.
    pub fn identity(self, tag: &str) -> Option<String> {
        let template = match self {
            Self::Docker => "{{.Id}}",
            Self::Buildah => "{{.FromImageID}}",
        };
        self.inspect(tag, template)
    }

    /// The digests of an image's layers, uncompressed, the lowest one first.
    pub fn layers(self, tag: &str) -> Result<Vec<String>> {
        let template = match self {
            Self::Docker => "{{range .RootFS.Layers}}{{.}} {{end}}",
            Self::Buildah => "{{range .OCIv1.RootFS.DiffIDs}}{{.}} {{end}}",
        };
        let unknown = || Error::refused(format!("there is no image {tag}"));
        let said = self.inspect(tag, template).ok_or_else(unknown)?;
        Ok(said.split_whitespace().map(str::to_owned).collect())
    }

    fn inspect(self, tag: &str, template: &str) -> Option<String> {
        let mut engine = match self {
            Self::Docker => self.command(&["image", "inspect"]),
            Self::Buildah => self.command(&["inspect", "--type=image"]),
        };
        engine.arg(format!("--format={template}")).arg(tag);
        let said = process::read(engine).ok()?;
        Some(said.trim().to_owned())
    }

    /// A container of an image.
    pub fn container(self, image: &str) -> Result<Container> {
        let name = match self {
            Self::Docker => image.to_owned(),
            Self::Buildah => {
                let from = self.command(&["from", "--quiet", "--pull-never", image]);
                process::read(from)?.trim().to_owned()
            }
        };
        Ok(Container {
            engine: self,
            name,
            kept: None,
        })
    }

    /// A container for one script, whose layer can be weighed afterwards.
    pub fn weighable(self, image: &str) -> Result<Container> {
        let mut container = self.container(image)?;
        if self == Self::Docker {
            container.kept = Some(format!("loci-{}", std::process::id()));
        }
        Ok(container)
    }

    /// `skopeo copy` of an image of that name; to where and how is left to the caller.
    pub fn copy(self, image: &str) -> Result<Command> {
        let mut skopeo = command("skopeo", ["copy", "--insecure-policy"]);
        match self {
            Self::Docker => {
                let unknown = || Error::refused(format!("there is no image {image}"));
                // By a name it would have to have a tag.
                let identity = self.identity(image).ok_or_else(unknown)?;
                skopeo.arg(format!("docker-daemon:{identity}"));
            }
            Self::Buildah => {
                preset(&mut skopeo, "STORAGE_DRIVER", "overlay");
                skopeo.arg(format!("containers-storage:{image}"));
            }
        }
        Ok(skopeo)
    }

    fn command(self, arguments: &[&str]) -> Command {
        match self {
            Self::Docker => {
                let mut docker = command("docker", arguments);
                docker.env("DOCKER_BUILDKIT", "1");
                docker
            }
            Self::Buildah => {
                let mut buildah = command("buildah", arguments);
                // Works without an OCI runtime and inside of containers too.
                preset(&mut buildah, "BUILDAH_ISOLATION", "chroot");
                // The default driver, vfs, copies the whole image for each step.
                preset(&mut buildah, "STORAGE_DRIVER", "overlay");
                buildah
            }
        }
    }
}

/// Sets a variable that the environment does not set.
fn preset(command: &mut Command, name: &str, value: &str) {
    if std::env::var_os(name).is_none() {
        command.env(name, value);
    }
}

impl Container {
    /// Hands the directory that holds the files of the container to `work`.
    pub fn files<T>(&self, work: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
        match self.engine {
            Engine::Buildah => {
                let mount = self.engine.command(&["mount", &self.name]);
                work(Path::new(process::read(mount)?.trim()))
            }
            Engine::Docker => {
                // Of its own: others may be looked at meanwhile.
                let name = format!("files/{}", workspace::key(&[&self.name]));
                let directory = workspace::fresh(&name)?;
                // An image of files has no command, and Docker wants one.
                let create = self.engine.command(&["create", &self.name, "none"]);
                let container = process::read(create)?.trim().to_owned();
                let mut copy =
                    self.engine
                        .command(&["cp", "--archive", &format!("{container}:/.")]);
                copy.arg(&directory);
                let copied = process::read(copy);
                process::succeeds(self.engine.command(&["rm", &container]));
                copied?;
                let done = work(&directory);
                fs::remove_dir_all(&directory).map_err(Error::io("remove", &directory))?;
                done
            }
        }
    }

    /// The bytes that have come to it over its image.
    pub fn layer(&self) -> Result<u64> {
        match (self.engine, &self.kept) {
            (Engine::Buildah, _) => self.files(|merged| {
                // Of the overlay driver, which `command` asks for.
                layer::bytes(&merged.with_file_name("diff"))
            }),
            (Engine::Docker, kept) => {
                let name = kept.as_deref().unwrap_or_default();
                let inspect = ["container", "inspect", "--size", "--format={{.SizeRw}}"];
                let mut inspect = self.engine.command(&inspect);
                inspect.arg(name);
                let said = process::read(inspect)?;
                let bytes = said.trim().parse();
                bytes.map_err(|_| Error::refused(format!("the size of {name}: {said}")))
            }
        }
    }

    /// The command that runs one of `xtask/scripts` in the container: as some
    /// user, with the host's network and some of its directories.
    pub fn script(
        &self,
        user: &str,
        volumes: &[(&Path, &str)],
        script: &str,
        arguments: &[&str],
    ) -> Command {
        let mut run = match self.engine {
            Engine::Docker => {
                let options = ["run", "--interactive", "--network=host", "--entrypoint="];
                let mut run = self.engine.command(&options);
                match &self.kept {
                    Some(name) => run.arg("--name").arg(name),
                    None => run.arg("--rm"),
                };
                run
            }
            Engine::Buildah => self.engine.command(&["run"]),
        };
        run.arg("--user").arg(user);
        let scripts = workspace::scripts();
        for (host, inside) in [&[(scripts.as_path(), "/chores:ro")], volumes].concat() {
            let mut volume = OsString::from(host);
            volume.push(":");
            volume.push(inside);
            run.arg("--volume").arg(volume);
        }
        run.arg(&self.name);
        if self.engine == Engine::Buildah {
            run.arg("--");
        }
        run.args(["sh", "-eu"])
            .arg(format!("/chores/{script}"))
            .args(arguments);
        run
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if self.engine == Engine::Buildah {
            // One that stays costs disk space only, and the next run its time.
            process::succeeds(self.engine.command(&["rm", &self.name]));
        }
        if let Some(kept) = &self.kept {
            process::succeeds(self.engine.command(&["rm", "--force", kept]));
        }
    }
}
