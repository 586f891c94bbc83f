//! `cargo xtask requirements`: the image with the wheels of a release.

use std::ffi::OsStr;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};

use crate::base::{self, Suite};
use crate::binary::{self, Binary};
use crate::constraints::Constraints;
use crate::engine::{Build, Engine};
use crate::error::{Error, Result};
use crate::options;
use crate::process::stage;
use crate::{image, source, workspace};

/// global-requirements.txt of whoever has none.
pub const GLOBAL_REQUIREMENTS: &str = "\
# Every version is pinned by upper-constraints.txt.
";

/// Builds the image with the wheels of a release.
///
/// That is localhost/loci-requirements:BASE, by the stock Dockerfile. It tells what is in it.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// upper-constraints.txt [default: all files of constraints/ together].
    #[arg(long, value_name = "FILE")]
    constraints: Option<PathBuf>,
    /// global-requirements.txt [default: the one beside --constraints, if any].
    #[arg(long, value_name = "FILE")]
    global: Option<PathBuf>,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    binary: options::Binary,
    /// Another name for the image.
    #[arg(long, value_name = "NAME")]
    tag: Option<String>,
}

/// How wheels are made of constraints.
#[derive(Debug, PartialEq, Eq, clap::Args)]
pub struct How {
    #[command(flatten)]
    pub base: options::Base,
    /// Whether to keep all wheels, or only what had to be compiled.
    #[arg(
        long,
        value_name = "True|False",
        action = clap::ArgAction::Set,
        default_value = "True",
        hide_possible_values = true,
        value_parser = PossibleValuesParser::new(["True", "False"]).map(|all| all == "True")
    )]
    pub keep_all: bool,
    /// A pylock.toml: takes exactly the files that it names.
    #[arg(long, value_name = "FILE")]
    pub lock: Option<PathBuf>,
    /// Builds at once.
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// A project to build in the place of its constraint; repeatable.
    // The last part of the path is the project's name, which `.` does not have.
    #[arg(
        long = "source",
        value_name = "DIR",
        value_parser = |path: &str| fs::canonicalize(path)
    )]
    pub sources: Vec<PathBuf>,
    /// Further requirements, apart by spaces.
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    pub pip_packages: String,
}

/// A release: the files that say what there is a wheel of.
pub struct Release {
    /// upper-constraints.txt
    pub constraints: String,
    /// global-requirements.txt
    pub global: String,
}

impl How {
    /// Everything by default.
    pub fn of(suite: Suite) -> Self {
        Self {
            base: options::Base { suite },
            keep_all: true,
            lock: None,
            jobs: None,
            sources: Vec::new(),
            pip_packages: String::new(),
        }
    }

    /// JOBS, as an argument.
    pub fn jobs_argument(&self) -> String {
        self.jobs.map(|jobs| jobs.to_string()).unwrap_or_default()
    }
}

/// The chore.
pub fn main(options: &Options) -> Result<()> {
    let release = Release::load(options.constraints.as_deref(), options.global.as_deref())?;
    let how = &options.how;
    let suite = how.base.suite;
    let (engine, binary) = image::tools(options.binary.path.as_deref())?;
    base::ensure(engine, suite)?;
    let image = options.tag.clone();
    let image = image.unwrap_or_else(|| default_image(suite));
    let start = Instant::now();
    // Not used again: the point is to see it built.
    build(engine, &binary, &release, how, &image, "")?;
    let seconds = start.elapsed().as_secs_f64();
    let (wheels, bytes) = engine.container(&image)?.files(count)?;
    println!("{wheels} wheels, {bytes} bytes, {image}, {seconds:.1} s");
    Ok(())
}

/// Builds the image of a release.
pub fn build(
    engine: Engine,
    binary: &Binary,
    release: &Release,
    how: &How,
    image: &str,
    key: &str,
) -> Result<()> {
    binary.publish(engine)?;
    stage(&format!("building {image}"), || {
        let context = context(release, how)?;
        let keep_all = if how.keep_all { "True" } else { "False" };
        let lock = how.lock.as_ref().map_or("", |_| LOCK);
        engine.build(&Build {
            arguments: &[
                ("FROM", &how.base.suite.image()),
                ("LOCI_INSTALL", binary::IMAGE),
                ("KEEP_ALL_WHEELS", keep_all),
                ("LOCK", lock),
                ("JOBS", &how.jobs_argument()),
                ("PIP_PACKAGES", &how.pip_packages),
            ],
            target: Some("requirements"),
            network: true,
            key,
            ..Build::new(image, &context, &context.join("Dockerfile"))
        })
    })
}

/// The name of a lock in the context.
const LOCK: &str = "pylock.toml";

/// Lays out a build context: the release, and the projects that take the place
/// of constraints.
pub fn context(release: &Release, how: &How) -> Result<PathBuf> {
    let directory = workspace::fresh("release")?;
    workspace::write(
        &directory.join("upper-constraints.txt"),
        &release.constraints,
    )?;
    workspace::write(&directory.join("global-requirements.txt"), &release.global)?;
    let mut sources = vec![("requirements", directory.as_path())];
    for project in &how.sources {
        // The directory's name is the project's.
        let name = project.file_name().and_then(OsStr::to_str);
        let name = name.filter(|name| *name != "requirements" && project.is_dir());
        let wrong = || Error::refused(format!("--source {}: no project", project.display()));
        sources.push((name.ok_or_else(wrong)?, project));
    }
    let context = source::context("requirements", &sources)?;
    if let Some(lock) = &how.lock {
        fs::copy(lock, context.join(LOCK)).map_err(Error::io("copy", lock))?;
    }
    Ok(context)
}

/// What the image is called that has the wheels of a release.
pub fn default_image(suite: Suite) -> String {
    format!("localhost/loci-requirements:{}", suite.name())
}

/// How many wheels a directory holds, and how many bytes they have.
pub fn count(directory: &Path) -> Result<(usize, u64)> {
    let entries = fs::read_dir(directory).map_err(Error::io("read", directory))?;
    let wheels = entries
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|end| end == "whl"));
    let sizes: Vec<u64> = wheels
        .filter_map(|wheel| Some(wheel.metadata().ok()?.len()))
        .collect();
    Ok((sizes.len(), sizes.iter().sum()))
}

impl Release {
    /// From the files that were asked for, else from the repository's own.
    pub fn load(constraints: Option<&Path>, global: Option<&Path>) -> Result<Self> {
        let beside = constraints.map(|path| path.with_file_name("global-requirements.txt"));
        let beside = beside.filter(|path| path.exists());
        Ok(Self {
            constraints: match constraints {
                Some(path) => workspace::read(path)?,
                None => Constraints::repository()?.text(),
            },
            global: match global.or(beside.as_deref()) {
                Some(path) => workspace::read(path)?,
                None => GLOBAL_REQUIREMENTS.to_owned(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::testing::{parse, refusal};
    use clap::error::ErrorKind;

    #[test]
    fn nothing_asked_for_keeps_everything_on_trixie() {
        assert_eq!(parse::<Options>(&[]).how, How::of(Suite::Trixie));
    }

    #[test]
    fn what_is_asked_for() {
        let options: Options = parse(&[
            "--base=bookworm",
            "--keep-all",
            "False",
            "--jobs=3",
            "--source",
            "src/..",
            "--source=src",
            "--pip-packages=a b",
        ]);
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).to_owned();
        assert_eq!(
            options.how,
            How {
                keep_all: false,
                jobs: NonZeroUsize::new(3),
                sources: vec![here.clone(), here.join("src")],
                pip_packages: "a b".to_owned(),
                ..How::of(Suite::Bookworm)
            }
        );
    }

    #[test]
    fn values_that_mean_nothing_are_refused() {
        let kind = refusal::<Options>(&["--keep-all=yes"]);
        assert_eq!(kind, ErrorKind::InvalidValue);
        for word in ["--jobs=0", "--source=no-such-directory"] {
            let kind = refusal::<Options>(&[word]);
            assert_eq!(kind, ErrorKind::ValueValidation, "{word}");
        }
    }

    #[test]
    fn the_repository_has_a_release() {
        let release = Release::load(None, None).unwrap();
        assert!(release.constraints.contains("\nkeystoneauth1==="));
        assert_eq!(release.global, GLOBAL_REQUIREMENTS);
    }

    #[test]
    fn the_file_beside_the_constraints_is_taken() {
        let directory = workspace::fresh("test-release").unwrap();
        let constraints = directory.join("uc.txt");
        workspace::write(&constraints, "a===1\n").unwrap();
        let load = || Release::load(Some(&constraints), None).unwrap();
        assert_eq!(load().global, GLOBAL_REQUIREMENTS);
        workspace::write(&directory.join("global-requirements.txt"), "a\n").unwrap();
        assert_eq!(load().global, "a\n");
        assert_eq!(load().constraints, "a===1\n");
    }

    #[test]
    fn only_wheels_count() {
        let directory = workspace::fresh("test-count").unwrap();
        for (name, text) in [("a.whl", "12"), ("b.whl", "3"), ("hashes.txt", "4")] {
            workspace::write(&directory.join(name), text).unwrap();
        }
        assert_eq!(count(&directory).unwrap(), (2, 3));
    }
}
