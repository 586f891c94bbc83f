//! `cargo xtask bench wheels`: how long wheels take to come out of a registry, beside a
//! plain script and beside curl and tar.

mod comparison;
mod race;
mod table;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;

use crate::base::Suite;
use crate::binary::Binary;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::options;
use crate::process::stage;
use crate::registry::{Compression, Format, Registry};
use crate::{requirements, setup, workspace};
use race::{Contestant, Race, Run};

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

/// Measures how wheels come out of a registry, beside a plain script
///
/// Pushes an image of wheels into a registry on this machine and fetches the wheels from
/// there, into fresh directories of one file system. The contestants take turns:
///   old script    benches/fetch.py: the last layer, whole in memory, then unpacked
///   curl | tar    each layer, nothing kept; what the image has is known before
///   loci-install  `loci-install fetch-wheels`
/// Their wheels have to be the same. Medians come first, then ratios of medians, then
/// the least and the most. Directories are removed in the end: a round takes four times
/// the disk space of the image.
#[derive(Debug, PartialEq, Eq, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Options {
    /// An image with wheels at its root, in the engine's storage.
    #[arg(
        long = "wheels",
        value_name = "IMAGE",
        default_value_t = requirements::default_image(Suite::Trixie)
    )]
    image: String,
    /// How often.
    #[arg(long, value_name = "N", default_value = "3")]
    rounds: NonZeroUsize,
    /// Of the image in the registry; oci is the default with zstd.
    #[arg(
        long,
        value_enum,
        default_value_t = Format::Docker,
        default_value_if("compression", Compression::Zstd.name(), Format::Oci.name())
    )]
    format: Format,
    /// Of its layers.
    #[arg(long, value_enum, default_value_t = Compression::Gzip)]
    compression: Compression,
    #[command(flatten)]
    binary: options::Binary,
}

/// The chore.
pub fn main(options: &Options) -> Result<()> {
    options.check()?;
    let engine = Engine::detect();
    let packages = match engine {
        Engine::Docker => PACKAGES.to_vec(),
        Engine::Buildah => [PACKAGES, setup::BUILDAH].concat(),
    };
    setup::packages(&packages)?;
    let wheels = count(engine, &options.image)?;
    let binary = Binary::ensure(options.binary.path.as_deref())?;

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
        for round in 1..=self.rounds.get() {
            for contestant in Contestant::ALL {
                let title = format!("round {round}: {}", contestant.title());
                runs.push(stage(&title, || race.run(contestant, round))?);
            }
        }
        Ok(runs)
    }

    /// What the tables are of.
    fn title(&self, layers: usize, bytes: u64, wheels: usize) -> String {
        let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
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

    fn check(&self) -> Result<()> {
        if self.format == Format::Docker && self.compression == Compression::Zstd {
            return Err(Error::usage(
                "--compression zstd: Docker's format has no such layers; --format oci does",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::testing::parse;

    #[test]
    fn what_is_asked_for() {
        let options: Options = parse(&[]);
        assert_eq!(options.image, "localhost/loci-requirements:trixie");
        assert_eq!((options.rounds.get(), options.format), (3, Format::Docker));
    }

    #[test]
    fn zstd_needs_oci() {
        let options: Options = parse(&["--compression=zstd"]);
        assert_eq!(options.format, Format::Oci);
        options.check().unwrap();
        let options: Options = parse(&["--compression=zstd", "--format=docker"]);
        assert_eq!(
            options.check().unwrap_err().to_string(),
            "--compression zstd: Docker's format has no such layers; --format oci does"
        );
    }

    #[test]
    fn the_title_tells_what_was_fetched() {
        let options: Options = parse(&["--wheels=wheels"]);
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
