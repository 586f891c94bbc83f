//! `cargo xtask fuzz`: gives libFuzzer what is read from elsewhere, for a while.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::binary;
use crate::error::{Error, Result};
use crate::process::{self, command, stage};
use crate::setup;
use crate::workspace;

/// The longest input, in bytes: what is slow with short ones is slow with long ones.
const LONGEST: usize = 4096;

/// The longest input that is kept.
const LONGEST_KEPT: usize = 1024;

/// How long one input may take, in seconds, on a machine that does other things as well.
const PATIENCE: usize = 20;

/// How many inputs each target gets in `cargo xtask test`.
const INPUTS: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();

/// How long each target runs, in seconds.
const SECONDS: NonZeroUsize = NonZeroUsize::new(5).unwrap();

/// Gives random inputs to what reads files from elsewhere.
///
/// Runs the targets of fuzz/, all of them or those that are named, each for some seconds
/// from its kept corpus, fuzz/corpus/TARGET. What is new goes to fuzz/found/TARGET; an
/// input that breaks a target goes to fuzz/artifacts/TARGET, and the status is 1.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Some of the targets, as they are called in fuzz/targets.
    #[arg(value_name = "TARGET", value_parser = target)]
    targets: Vec<String>,
    /// How long each, in seconds.
    #[arg(long, value_name = "N", default_value_t = SECONDS)]
    seconds: NonZeroUsize,
    /// How many inputs each, in the place of a time: the same ones on every machine.
    #[arg(long, value_name = "N", conflicts_with = "seconds")]
    inputs: Option<NonZeroUsize>,
    /// Runs the one TARGET with this input alone.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seconds", "inputs", "keep"])]
    input: Option<PathBuf>,
    /// Makes the kept corpus anew from it and what was found: the fewest and smallest
    /// inputs that reach as much.
    #[arg(long)]
    keep: bool,
}

/// The chore.
pub fn main(options: &Options) -> Result<()> {
    // What can be refused is refused before anything takes long.
    let alone = options.alone()?;
    let targets = match options.targets.as_slice() {
        [] => &targets()?,
        asked => asked,
    };
    setup::packages(setup::FUZZ)?;
    let programs = build(targets)?;
    if let Some((target, input)) = alone {
        let mut program = fuzzer(&programs[target], target);
        program.arg(input);
        return process::run(program);
    }
    let seconds = options.seconds;
    let (limit, told) = options.inputs.map_or_else(
        || (format!("-max_total_time={seconds}"), format!("{seconds} s")),
        |inputs| (format!("-runs={inputs}"), format!("{inputs} inputs")),
    );
    stage(&format!("fuzzing, {told} each"), || run(&limit, &programs))?;
    if options.keep {
        for (target, program) in &programs {
            keep(program, target)?;
        }
    }
    Ok(())
}

/// Every target for some seconds. How many inputs that would be depends on the machine, and
/// an old fault that a fast one finds is no fault of the change that is tested.
pub fn all() -> Result<()> {
    main(&Options {
        targets: Vec::new(),
        seconds: SECONDS,
        inputs: Some(INPUTS),
        input: None,
        keep: false,
    })
}

impl Options {
    /// The input that is to run alone, and the target that it is for.
    fn alone(&self) -> Result<Option<(&str, &Path)>> {
        match (&self.input, self.targets.as_slice()) {
            (None, _) => Ok(None),
            (Some(input), [target]) => Ok(Some((target, input))),
            (Some(_), _) => Err(Error::usage("--input is for one TARGET")),
        }
    }
}

/// One of the targets.
fn target(name: &str) -> Result<String> {
    let known = targets()?;
    if known.iter().any(|target| target == name) {
        return Ok(name.to_owned());
    }
    Err(Error::usage(format!(
        "the targets are {}",
        known.join(", ")
    )))
}

fn home() -> PathBuf {
    workspace::root().join("fuzz")
}

/// The names of the targets.
fn targets() -> Result<Vec<String>> {
    let directory = home().join("targets");
    let entries = fs::read_dir(&directory).map_err(Error::io("read", &directory))?;
    let paths = entries.flatten().map(|entry| entry.path());
    let mut names: Vec<String> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}

/// Builds the targets and tells where each is.
fn build(targets: &[String]) -> Result<BTreeMap<String, PathBuf>> {
    let directory = workspace::target().join("xtask/fuzz");
    stage("building the fuzz targets", || {
        let mut cargo = command("cargo", ["build", "--quiet", "--locked"]);
        cargo.args(targets.iter().map(|target| format!("--bin={target}")));
        cargo.current_dir(home());
        cargo.env("CARGO_TARGET_DIR", &directory);
        cargo.env("RUSTC_WRAPPER", home().join("instrument"));
        // In the place of those that make programs static: libFuzzer's library is not.
        cargo.env("RUSTFLAGS", "--cfg=fuzzing");
        process::run(cargo)
    })?;
    let built = directory.join(binary::host()?).join("debug");
    let program = |target: &String| (target.clone(), built.join(target));
    Ok(targets.iter().map(program).collect())
}

/// Runs all targets, as many at once as there are processors, and tells of each.
fn run(limit: &str, programs: &BTreeMap<String, PathBuf>) -> Result<()> {
    let waiting = Mutex::new(programs.iter());
    let broken = Mutex::new(Vec::new());
    let work = || {
        while let Some((target, program)) = next(&waiting) {
            if let Err(error) = fuzz(program, target, limit) {
                eprintln!("    {target}: {error}");
                broken
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(target.as_str());
            }
        }
    };
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        for _ in 0..processors {
            scope.spawn(work);
        }
    });
    let broken = broken.into_inner().unwrap_or_else(PoisonError::into_inner);
    if broken.is_empty() {
        return Ok(());
    }
    Err(Error::refused(format!(
        "broken: {}. The inputs are in fuzz/artifacts/TARGET; each again: \
         cargo xtask fuzz TARGET --input FILE",
        broken.join(", ")
    )))
}

fn next<T>(waiting: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
    waiting.next()
}

/// Runs one target from its corpora, and tells what came of it in a line.
fn fuzz(program: &Path, target: &str, limit: &str) -> Result<()> {
    let found = home().join("found").join(target);
    for directory in [
        &found,
        &corpus(target),
        &home().join("artifacts").join(target),
    ] {
        fs::create_dir_all(directory).map_err(Error::io("make", directory))?;
    }
    let mut fuzzer = fuzzer(program, target);
    fuzzer.arg(limit);
    fuzzer.arg(found).arg(corpus(target));
    let line = process::literal(&fuzzer);
    let spoken = |error| Error::Io(format!("cannot run {line}"), error);
    let output = fuzzer.output().map_err(spoken)?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let (how, tail) = (output.status.to_string(), process::last_lines(&said));
        return Err(Error::Command { line, how, tail });
    }
    let done = said.lines().find(|line| line.contains("\tDONE "));
    eprintln!("    {target}: {}", done.unwrap_or_default().trim());
    Ok(())
}

/// The command of a target with what all runs have in common.
fn fuzzer(program: &Path, target: &str) -> Command {
    let artifacts = home().join("artifacts").join(target);
    let mut fuzzer = command(
        &program.to_string_lossy(),
        [
            format!("-artifact_prefix={}/", artifacts.display()),
            format!("-max_len={LONGEST}"),
            format!("-timeout={PATIENCE}"),
            // What is found depends on the programs, and not on the day.
            "-seed=1".to_owned(),
        ],
    );
    // Some make a directory for each input.
    if Path::new(MEMORY).is_dir() {
        fuzzer.env("TMPDIR", MEMORY);
    }
    fuzzer
}

const MEMORY: &str = "/dev/shm";

fn corpus(target: &str) -> PathBuf {
    home().join("corpus").join(target)
}

/// Makes a target's corpus anew, of what is in it and what was found.
fn keep(program: &Path, target: &str) -> Result<()> {
    let kept = corpus(target);
    let fewest = home().join("found").join(format!("{target}.kept"));
    if fewest.exists() {
        fs::remove_dir_all(&fewest).map_err(Error::io("remove", &fewest))?;
    }
    fs::create_dir_all(&fewest).map_err(Error::io("make", &fewest))?;
    let mut merge = fuzzer(program, target);
    merge.args([
        "-set_cover_merge=1".to_owned(),
        format!("-max_len={LONGEST_KEPT}"),
    ]);
    merge
        .arg(&fewest)
        .arg(&kept)
        .arg(home().join("found").join(target));
    process::run(merge)?;
    fs::remove_dir_all(&kept).map_err(Error::io("remove", &kept))?;
    fs::rename(&fewest, &kept).map_err(Error::io("make", &kept))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::testing::{parse, refusal};
    use clap::error::ErrorKind;

    #[test]
    fn an_input_is_for_one_target() {
        let options: Options = parse(&["lock", "--input=a"]);
        assert_eq!(options.alone().unwrap(), Some(("lock", Path::new("a"))));
        assert_eq!(parse::<Options>(&["lock"]).alone().unwrap(), None);
        for targets in [&[] as &[&str], &["lock", "wheel"]] {
            let options: Options = parse(&[targets, &["--input=a"]].concat());
            let error = options.alone().unwrap_err();
            assert_eq!(error.to_string(), "--input is for one TARGET");
            assert_eq!(error.exit_status(), 2);
        }
        let kind = refusal::<Options>(&["lock", "--input=a", "--keep"]);
        assert_eq!(kind, ErrorKind::ArgumentConflict);
    }

    #[test]
    fn targets_have_to_be_there_and_time_to_end() {
        // libFuzzer takes 0 seconds for no end.
        for word in ["no-such-target", "--seconds=0"] {
            let kind = refusal::<Options>(&[word]);
            assert_eq!(kind, ErrorKind::ValueValidation, "{word}");
        }
    }
}
