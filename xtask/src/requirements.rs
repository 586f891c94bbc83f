//! `cargo xtask requirements`: the image with the wheels of a release.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::base::{self, Suite};
use crate::binary::{self, Binary};
use crate::constraints::Constraints;
use crate::engine::{Build, Engine};
use crate::error::{Error, Result};
use crate::options::{Flags, asks_for_help};
use crate::process::stage;
use crate::{image, source, workspace};

const USAGE: &str = "\
Usage: cargo xtask requirements [OPTION...]

Builds localhost/loci-requirements:BASE, the image with the wheels of a release,
by the stock Dockerfile, and tells what is in it.

  --constraints FILE      upper-constraints.txt (all files of constraints/ together)
  --global FILE           global-requirements.txt (the one beside --constraints, if any)
  --base trixie|bookworm  the Debian release (trixie)
  --keep-all True|False   False keeps only what had to be compiled (True)
  --lock FILE             a pylock.toml: takes exactly the files that it names
  --jobs N                builds at once
  --binary FILE           a loci-install to use in the place of a release build
  --source DIR            a project to build in the place of its constraint; repeatable
  --pip-packages TEXT     further requirements, apart by spaces
  --tag NAME              another name for the image
";

/// global-requirements.txt of whoever has none.
pub const GLOBAL_REQUIREMENTS: &str = "\
# Every version is pinned by upper-constraints.txt.
";

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    constraints: Option<PathBuf>,
    global: Option<PathBuf>,
    binary: Option<PathBuf>,
    tag: Option<String>,
    how: How,
}

/// How wheels are made of constraints.
#[derive(Debug, PartialEq, Eq)]
pub struct How {
    /// The Debian release below.
    pub suite: Suite,
    /// `KEEP_ALL_WHEELS`.
    pub keep_all: bool,
    /// A pylock.toml.
    pub lock: Option<PathBuf>,
    /// JOBS.
    pub jobs: Option<usize>,
    /// Projects to build in the place of their constraints.
    pub sources: Vec<PathBuf>,
    /// `PIP_PACKAGES`.
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
            suite,
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

/// The chore, from the words after `requirements`.
pub fn main(arguments: &[String]) -> Result<()> {
    if asks_for_help(arguments) {
        print!("{USAGE}");
        return Ok(());
    }
    let options = Options::parse(arguments)?;
    let release = Release::load(options.constraints.as_deref(), options.global.as_deref())?;
    let how = &options.how;
    let (engine, binary) = image::tools(options.binary.as_deref())?;
    base::ensure(engine, how.suite)?;
    let image = options.tag.unwrap_or_else(|| default_image(how.suite));
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
                ("FROM", &how.suite.image()),
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

impl Options {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            constraints: None,
            global: None,
            binary: None,
            tag: None,
            how: How::of(Suite::Trixie),
        };
        let mut flags = Flags::of(arguments, USAGE);
        while let Some(flag) = flags.next() {
            let how = &mut options.how;
            match flag {
                "--constraints" => options.constraints = Some(flags.value()?.into()),
                "--global" => options.global = Some(flags.value()?.into()),
                "--binary" => options.binary = Some(flags.value()?.into()),
                "--tag" => options.tag = Some(flags.value()?),
                "--base" => {
                    how.suite = Suite::parse(&flags.value()?).map_err(|what| flags.wrong(&what))?;
                }
                "--keep-all" => {
                    how.keep_all = match flags.value()?.as_str() {
                        "True" => true,
                        "False" => false,
                        other => {
                            let what = format!("--keep-all {other}: it is True or False");
                            return Err(flags.wrong(&what));
                        }
                    }
                }
                "--lock" => how.lock = Some(flags.value()?.into()),
                "--jobs" => how.jobs = Some(flags.number()?),
                "--source" => {
                    let path = PathBuf::from(flags.value()?);
                    how.sources
                        .push(path.canonicalize().map_err(Error::io("find", &path))?);
                }
                "--pip-packages" => how.pip_packages = flags.value()?,
                _ => return Err(flags.unknown()),
            }
        }
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

    fn refusal(line: &[&str]) -> String {
        first_line(parse(line))
    }

    #[test]
    fn nothing_asked_for_keeps_everything_on_trixie() {
        assert_eq!(parse(&[]).unwrap().how, How::of(Suite::Trixie));
    }

    #[test]
    fn what_is_asked_for() {
        let options = parse(&[
            "--base=bookworm",
            "--keep-all",
            "False",
            "--jobs=3",
            "--lock",
            "pylock.toml",
            "--pip-packages=a b",
        ])
        .unwrap();
        assert_eq!(
            options.how,
            How {
                suite: Suite::Bookworm,
                keep_all: false,
                lock: Some("pylock.toml".into()),
                jobs: Some(3),
                sources: Vec::new(),
                pip_packages: "a b".to_owned(),
            }
        );
    }

    #[test]
    fn wrong_lines_are_told() {
        assert_eq!(refusal(&["keystone"]), "\"keystone\" is unknown");
        assert_eq!(
            refusal(&["--keep-all=yes"]),
            "--keep-all yes: it is True or False"
        );
        assert_eq!(refusal(&["--jobs=0"]), "--jobs 0: it is a number above 0");
        assert_eq!(refusal(&["--tag"]), "--tag needs a value");
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
