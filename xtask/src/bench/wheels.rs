//! `cargo xtask bench wheels`: how long wheels take to come out of a registry, beside a
//! plain script and beside curl and tar.

mod comparison;
mod race;
mod table;

use std::path::PathBuf;
use std::thread;

use crate::base::Suite;
use crate::binary::Binary;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::options::Flags;
use crate::process::stage;
use crate::registry::{Compression, Format, Registry};
use crate::{requirements, setup, workspace};
use race::{Contestant, Race, Run};

/// How it is called.
pub const USAGE: &str = "\
Usage: cargo xtask bench wheels [OPTION...]

Pushes an image of wheels into a registry on this machine and fetches the wheels from
there, into fresh directories of one file system. The contestants take turns:
  old script    benches/fetch.py: the last layer, whole in memory, then unpacked
  curl | tar    each layer, nothing kept; what the image has is known before
  loci-install  `loci-install fetch-wheels`
Their wheels have to be the same. Medians come first, then ratios of medians, then
the least and the most. Directories are removed in the end: a round takes four times
the disk space of the image.

  --wheels IMAGE           an image with wheels at its root, in the engine's storage
                           (localhost/loci-requirements:trixie)
  --rounds N               how often (3)
  --format docker|oci      of the image in the registry (docker; oci with zstd)
  --compression gzip|zstd  of its layers (gzip)
  --binary FILE            a loci-install to use in the place of a release build
";

/// What contestants, the registry and the comparison need, `bash` for its `pipefail`.
const PACKAGES: &[&str] = &[
    "bash",
    "curl",
    "docker-registry",
    "gzip",
    "openssl",
    "python3",
    "skopeo",
    "tar",
    "zstd",
];

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    image: String,
    rounds: usize,
    format: Format,
    compression: Compression,
    binary: Option<PathBuf>,
}

/// The chore, from the words after `wheels`.
pub fn main(arguments: &[String]) -> Result<()> {
    let options = Options::parse(arguments)?;
    let engine = Engine::detect();
    let packages = match engine {
        Engine::Docker => PACKAGES.to_vec(),
        Engine::Buildah => [PACKAGES, setup::BUILDAH].concat(),
    };
    setup::packages(&packages)?;
    let wheels = count(engine, &options.image)?;
    let binary = Binary::ensure(options.binary.as_deref())?;

    let work = Work(workspace::fresh("bench/fetch")?);
    let registry = Registry::serve(&work.0)?;
    stage(&format!("pushing {}", options.image), || {
        registry.push(engine, &options.image, options.format, options.compression)
    })?;
    let layers = registry.layers()?;
    let bytes = layers.iter().map(|layer| layer.size).sum();
    let title = options.title(layers.len(), bytes, wheels);
    eprintln!("==> {title}");

    let race = Race {
        binary,
        registry,
        layers,
        compression: options.compression,
        directory: work.0.join("runs"),
    };
    let runs = options.rounds(&race)?;
    let notes = comparison::compare(&runs, race.layers.len())?;
    println!("{title}\n");
    println!("{}", table::all(&runs));
    for note in notes {
        println!("{note}");
    }
    Ok(())
}

/// How many wheels an image has at its root.
fn count(engine: Engine, image: &str) -> Result<usize> {
    if engine.identity(image).is_none() {
        return Err(Error::refused(format!(
            "there is no image {image}: `cargo xtask requirements` makes one, --wheels names another"
        )));
    }
    let (wheels, _) = engine.container(image)?.files(requirements::count)?;
    if wheels == 0 {
        return Err(Error::refused(format!("{image} has no wheels at its root")));
    }
    Ok(wheels)
}

/// What the registry and all runs leave on disk, removed when this is dropped. Not before:
/// see `used` in contest.rs.
struct Work(PathBuf);

impl Drop for Work {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

impl Options {
    fn rounds(&self, race: &Race) -> Result<Vec<Run>> {
        let mut runs = Vec::new();
        for round in 1..=self.rounds {
            for contestant in Contestant::ALL {
                let title = format!("round {round}: {}", contestant.title());
                runs.push(stage(&title, || race.run(contestant, round))?);
            }
        }
        Ok(runs)
    }

    /// What the tables are of.
    fn title(&self, layers: usize, bytes: u64, wheels: usize) -> String {
        let processors = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        #[allow(clippy::cast_precision_loss)] // No image has 9 PB.
        let megabytes = bytes as f64 / 1e6;
        format!(
            "{}: {wheels} wheels, {layers} layer{}, {megabytes:.1} MB compressed by {}, format {}, \
             {processors} processors, median of {}:",
            self.image,
            if layers == 1 { "" } else { "s" },
            self.compression.name(),
            self.format.name(),
            self.rounds
        )
    }

    fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            image: requirements::default_image(Suite::Trixie),
            rounds: 3,
            format: Format::Docker,
            compression: Compression::Gzip,
            binary: None,
        };
        let mut format = None;
        let mut flags = Flags::of(arguments, USAGE);
        while let Some(flag) = flags.next() {
            match flag {
                "--wheels" => options.image = flags.value()?,
                "--rounds" => options.rounds = flags.number()?,
                "--format" => {
                    let parsed = Format::parse(&flags.value()?);
                    format = Some(parsed.map_err(|what| flags.wrong(&what))?);
                }
                "--compression" => {
                    let parsed = Compression::parse(&flags.value()?);
                    options.compression = parsed.map_err(|what| flags.wrong(&what))?;
                }
                "--binary" => options.binary = Some(flags.value()?.into()),
                _ => return Err(flags.unknown()),
            }
        }
        options.format = match (format, options.compression) {
            (Some(Format::Docker), Compression::Zstd) => {
                return Err(flags.wrong(
                    "--compression zstd: Docker's format has no such layers; --format oci does",
                ));
            }
            (Some(format), _) => format,
            (None, Compression::Gzip) => Format::Docker,
            (None, Compression::Zstd) => Format::Oci,
        };
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::testing::{first_line, words};

    fn parse(line: &[&str]) -> Result<Options> {
        Options::parse(&words(line))
    }

    #[test]
    fn what_is_asked_for() {
        assert_eq!(
            parse(&[
                "--wheels=wheels:1",
                "--rounds",
                "5",
                "--format=oci",
                "--binary=loci-install",
            ])
            .unwrap(),
            Options {
                image: "wheels:1".to_owned(),
                rounds: 5,
                format: Format::Oci,
                compression: Compression::Gzip,
                binary: Some("loci-install".into()),
            }
        );
        let options = parse(&[]).unwrap();
        assert_eq!(options.image, "localhost/loci-requirements:trixie");
        assert_eq!((options.rounds, options.format), (3, Format::Docker));
        let options = parse(&["--compression=zstd"]).unwrap();
        assert_eq!(options.format, Format::Oci);
    }

    #[test]
    fn wrong_lines_are_told() {
        let refusal = |line: &[&str]| first_line(parse(line));
        assert_eq!(refusal(&["keystone"]), "\"keystone\" is unknown");
        assert_eq!(
            refusal(&["--format", "v1"]),
            "--format v1: it is docker or oci"
        );
        assert_eq!(
            refusal(&["--compression=xz"]),
            "--compression xz: it is gzip or zstd"
        );
        // In any order.
        assert_eq!(
            refusal(&["--compression=zstd", "--format=docker"]),
            "--compression zstd: Docker's format has no such layers; --format oci does"
        );
    }

    #[test]
    fn the_title_tells_what_was_fetched() {
        let options = parse(&["--wheels=wheels"]).unwrap();
        let title = options.title(2, 452_310_000, 600);
        assert!(
            title.starts_with(
                "wheels: 600 wheels, 2 layers, 452.3 MB compressed by gzip, format docker, "
            ),
            "{title}"
        );
        assert!(title.ends_with(" processors, median of 3:"), "{title}");
    }
}
