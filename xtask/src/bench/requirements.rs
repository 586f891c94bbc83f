//! `cargo xtask bench requirements`: how long a release's wheels take to make,
//! and what is fetched and built for them, beside a plain script.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use super::measured::{Measured, said};
use crate::binary::Binary;
use crate::constraints::Constraints;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::network::Input;
use crate::options;
use crate::process::stage;
use crate::requirements::{self, How, Release};
use crate::{builder, image, record, workspace};

/// Measures how the wheels of a release are made, beside a plain script
///
/// Makes them in fresh containers of one image, with nothing cached: by
/// benches/requirements.sh, then by loci-install. For every run it prints
///   seconds    from start to end
///   CPU        seconds of processor time, those of all children included
///   peak       MiB that loci-install itself had in memory; children apart
///   downloads  distributions fetched, those that builds need included
///   files      how many of them were different ones
///   builds     wheels built of sdists
///   sdists     how many of these were different ones
///   wheels     what was made
///   failed     requirements without a wheel
/// The script's counts are taken from pip's log, those of loci-install from its
/// record, and - stands for what does not apply. loci-install makes the wheels that
/// builds need and the tools of virtualenvs as well; the script does not.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Options {
    /// upper-constraints.txt [default: all files of constraints/ together].
    #[arg(long, value_name = "FILE")]
    constraints: Option<PathBuf>,
    /// The first N constraints alone: the script takes long.
    #[arg(long, value_name = "N")]
    only: Option<NonZeroUsize>,
    /// How often.
    #[arg(long, value_name = "N", default_value = "1")]
    rounds: NonZeroUsize,
    /// loci-install alone.
    #[arg(long)]
    skip_script: bool,
    #[command(flatten)]
    base: options::Base,
    /// Builds at once, of loci-install.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    binary: options::Binary,
}

/// Everything that both contestants get.
struct Ring {
    engine: Engine,
    binary: Binary,
    /// The image, with all distribution packages.
    builder: String,
    /// Mounted as /in: what the script makes, under which constraints.
    input: Input,
    /// Mounted as /opt/loci.
    context: PathBuf,
    jobs: String,
}

/// What a run took and did.
#[derive(Debug, Default, PartialEq)]
struct Run {
    seconds: f64,
    cpu: f64,
    /// MiB
    peak: Option<f64>,
    counts: Counts,
    wheels: usize,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    downloads: Option<usize>,
    files: Option<usize>,
    builds: Option<usize>,
    sdists: Option<usize>,
    failed: Option<usize>,
}

/// The chore.
pub fn main(options: &Options) -> Result<()> {
    let suite = options.base.suite;
    let how = How {
        jobs: options.jobs,
        ..How::of(suite)
    };
    let mut release = Release::load(options.constraints.as_deref(), None)?;
    let all = release.constraints.clone();
    if let Some(only) = options.only {
        release.constraints = Constraints::parse(&all).first(only.get()).text();
    }
    let (engine, binary) = image::tools(options.binary.path.as_deref())?;
    let builder = builder::compiler(engine, &binary, suite)?;
    let pydep = binary.pydep(suite)?;

    let input = Input::new("bench/in")?;
    let wanted = Constraints::parse(&release.constraints).with(pydep);
    workspace::write(&input.path.join("requirements.txt"), &wanted.text())?;
    workspace::write(&input.path.join("constraints.txt"), &all)?;
    let ring = Ring {
        context: requirements::context(&release, &how)?,
        jobs: how.jobs_argument(),
        engine,
        binary,
        builder,
        input,
    };
    let done = ring.rounds(options)?;
    print!("{HEADING}");
    for (name, run) in done {
        println!("{name:<14}{run}");
    }
    Ok(())
}

impl Ring {
    fn rounds(&self, options: &Options) -> Result<Vec<(&'static str, Run)>> {
        let mut runs = Vec::new();
        for round in 1..=options.rounds.get() {
            if !options.skip_script {
                let title = format!("round {round}: requirements.sh");
                runs.push(("script", stage(&title, || self.script())?));
            }
            let title = format!("round {round}: loci-install");
            runs.push(("loci-install", stage(&title, || self.ours())?));
        }
        Ok(runs)
    }

    fn script(&self) -> Result<Run> {
        let out = workspace::fresh("bench/script")?;
        let took = self.measure(
            &out,
            &[
                "sh",
                "/bench/requirements.sh",
                "/in/requirements.txt",
                "/in/constraints.txt",
                "/out/wheels",
                "/out/pip.log",
            ],
        )?;
        let log = fs::read(out.join("pip.log")).map_err(Error::io("read", &out))?;
        let mut counts = of_pip(&String::from_utf8_lossy(&log));
        counts.failed = before(&said(&out)?, "failed");
        Ok(Run {
            seconds: took.seconds,
            cpu: took.cpu,
            peak: None,
            counts,
            wheels: requirements::count(&out.join("wheels"))?.0,
        })
    }

    fn ours(&self) -> Result<Run> {
        let out = workspace::fresh("bench/loci-install")?;
        let jobs = format!("JOBS={}", self.jobs);
        let took = self.measure(
            &out,
            &[
                "env",
                "PROJECT=requirements",
                "KEEP_ALL_WHEELS=True",
                "WHEELS_DEST=/out/wheels",
                &jobs,
                "/usr/local/bin/loci-install",
                "step",
                "constraints",
                "wheels-build",
                "publish",
            ],
        )?;
        Ok(Run {
            seconds: took.seconds,
            cpu: took.cpu,
            peak: Some(took.peak),
            counts: of_ours(&workspace::read(&out.join("wheels/build.json"))?)?,
            wheels: requirements::count(&out.join("wheels"))?.0,
        })
    }

    /// Runs a command in a fresh container.
    fn measure(&self, out: &Path, words: &[&str]) -> Result<Measured> {
        let container = self.engine.container(&self.builder)?;
        let volumes = [
            (self.input.path.as_path(), "/in:ro"),
            (out, "/out"),
            (&workspace::root().join("benches"), "/bench:ro"),
            (&self.context, "/opt/loci:ro"),
            (&self.binary.path, "/usr/local/bin/loci-install:ro"),
        ];
        Measured::run(container.script("root", &volumes, "measure.sh", words), out)
    }
}

/// The log holds what the pips say that pip starts for builds, too: they are
/// children whose output it takes down.
fn of_pip(log: &str) -> Counts {
    let mut files = Vec::new();
    let mut sdists = Vec::new();
    for line in log.lines() {
        // A time comes first.
        let said = line.split_once(' ').map_or("", |(_, said)| said).trim();
        if let Some(what) = said.strip_prefix("Downloading ") {
            let file = what.split(' ').next().unwrap_or_default();
            let file = file.rsplit('/').next().unwrap_or_default();
            if [".whl", ".tar.gz", ".zip"]
                .iter()
                .any(|end| file.ends_with(end))
            {
                files.push(file);
            }
        } else if let Some(what) = said.strip_prefix("Created wheel for ") {
            sdists.push(what.split(" size=").next().unwrap_or_default());
        }
    }
    Counts {
        downloads: Some(files.len()),
        files: Some(files.into_iter().collect::<BTreeSet<_>>().len()),
        builds: Some(sdists.len()),
        sdists: Some(sdists.into_iter().collect::<BTreeSet<_>>().len()),
        failed: None,
    }
}

/// The record says what was done. No file is fetched twice.
fn of_ours(record: &str) -> Result<Counts> {
    let wrong = |what: &str| Error::refused(format!("build.json: {what}"));
    let done = record::parse(record)?.release;
    let done = done.ok_or_else(|| wrong("it is of no release"))?;
    // Nothing may come from an earlier run, or the comparison is none. One file
    // may be there before: the wheel of uv, which pip fetches and the rest uses.
    if done.earlier > 0 || done.present > 1 {
        return Err(wrong("something was there before"));
    }
    let downloads = done.downloads + done.present;
    Ok(Counts {
        downloads: Some(downloads),
        files: Some(downloads),
        builds: Some(done.builds),
        sdists: Some(done.sources),
        // With one that fails the whole build does.
        failed: Some(0),
    })
}

/// The number before the last place where a word follows a number.
fn before(text: &str, word: &str) -> Option<usize> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is = |said: &str| said.trim_end_matches(|c: char| c.is_ascii_punctuation()) == word;
    let mut pairs = words.windows(2).rev();
    pairs.find_map(|pair| is(pair[1]).then(|| pair[0].parse().ok()).flatten())
}

const HEADING: &str =
    "               seconds      CPU  peak  downloads  files  builds  sdists  wheels  failed\n";

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |count: Option<usize>| count.map_or("-".to_owned(), |count| count.to_string());
        let Counts {
            downloads,
            files,
            builds,
            sdists,
            failed,
        } = self.counts;
        let peak = self
            .peak
            .map_or("-".to_owned(), |peak| format!("{peak:.1}"));
        write!(f, "{:>8.1} {:>8.1} {peak:>5}", self.seconds, self.cpu)?;
        write!(f, " {:>10} {:>6}", told(downloads), told(files))?;
        write!(f, " {:>7} {:>7}", told(builds), told(sdists))?;
        write!(f, " {:>7} {:>7}", self.wheels, told(failed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pips_log_tells_what_was_fetched_and_built() {
        let log = "\
2026-01-01T00:00:00,000   Downloading a-1-py3-none-any.whl.metadata (3 kB)
2026-01-01T00:00:00,000   Downloading a-1-py3-none-any.whl (9.0 kB)
2026-01-01T00:00:00,000   Downloading b-2.tar.gz (9.0 kB)
2026-01-01T00:00:00,000     Downloading a-1-py3-none-any.whl (9.0 kB)
2026-01-01T00:00:00,000   Building wheel for b (pyproject.toml): started
2026-01-01T00:00:00,000   Created wheel for b: filename=b-2-py3-none-any.whl size=1 sha256=0
2026-01-01T00:00:00,000   Created wheel for b: filename=b-2-py3-none-any.whl size=1 sha256=1
";
        assert_eq!(
            of_pip(log),
            Counts {
                downloads: Some(3),
                files: Some(2),
                builds: Some(2),
                sdists: Some(1),
                failed: None,
            }
        );
    }

    #[test]
    fn the_record_tells_what_loci_install_did() {
        let record = |earlier: u8| {
            format!(
                r#"{{"format": 2, "release": {{"downloads": 11, "bytes": 5, "retries": 0, "present": 1,
                "builds": 3, "sources": 2, "earlier": {earlier}}}}}"#
            )
        };
        assert_eq!(
            of_ours(&record(0)).unwrap(),
            Counts {
                downloads: Some(12),
                files: Some(12),
                builds: Some(3),
                sdists: Some(2),
                failed: Some(0),
            }
        );
        let refusal = |record: &str| of_ours(record).unwrap_err().to_string();
        assert_eq!(
            refusal(&record(1)),
            "build.json: something was there before"
        );
        assert_eq!(
            refusal(r#"{"format": 2}"#),
            "build.json: it is of no release"
        );
        assert_eq!(refusal("{}"), "build.json is no record");
    }

    #[test]
    fn a_number_stands_before_its_word() {
        assert_eq!(before("x: 3 builds, 12 downloads.", "downloads"), Some(12));
        assert_eq!(before("1 failed\nall failed\n2 failed", "failed"), Some(2));
        assert_eq!(before("nothing failed", "failed"), None);
    }

    #[test]
    fn a_row_is_as_wide_as_the_heading() {
        let row = format!("{:<14}{}\n", "loci-install", Run::default());
        assert_eq!(row.len(), HEADING.len(), "{row}");
    }
}
