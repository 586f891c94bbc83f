//! `cargo xtask bench bytecode SERVICE`: what Python's bytecode costs a build and an
//! image, and what it spares every start of the service.

use std::fmt::Write;

use super::contest::Ring;
use super::service::Terms;
use super::table::median;
use crate::error::{Error, Result};
use crate::process::stage;
use crate::workspace;

/// Measures BYTECODE: builds, images, starts
///
/// Installs a service with BYTECODE=none, checked and unchecked, in turns, and starts
/// `SERVICE-manage --help` seven times in each image, as a user who can write nothing
/// there. It prints the medians of
///   RUN    seconds of the build
///   MB     that the image grows by
///   start  seconds of a start
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Options {
    #[command(flatten)]
    terms: Terms,
}

const KINDS: [&str; 3] = ["none", "checked", "unchecked"];

/// What an image took and makes of a start.
struct Run {
    kind: &'static str,
    seconds: f64,
    layer: f64,
    starts: Vec<f64>,
}

/// The chore.
pub fn main(options: &Options) -> Result<()> {
    let terms = &options.terms;
    let ring = terms.ring()?;
    let mut runs = Vec::new();
    for round in 1..=terms.rounds.get() {
        for kind in KINDS {
            let title = format!("round {round}: BYTECODE={kind}");
            runs.push(stage(&title, || run(&ring, kind))?);
        }
    }
    println!("{}{}", terms.title(), table(&runs));
    Ok(())
}

fn run(ring: &Ring, kind: &'static str) -> Result<Run> {
    let command = format!("{}-manage", ring.service.name);
    let out = workspace::fresh("bench/bytecode")?;
    let with = format!("BYTECODE={kind}");
    let words = [&with, "/usr/local/bin/loci-install"];
    let run = ring.build(&out, &["started.sh", &command], &words)?;
    let started = workspace::read(&out.join("started"))?;
    let starts: Vec<f64> = started.lines().flat_map(str::parse).collect();
    if starts.is_empty() {
        return Err(Error::refused(format!("{command} was not started")));
    }
    Ok(Run {
        kind,
        seconds: run.took.seconds,
        layer: run.layer,
        starts,
    })
}

fn table(runs: &[Run]) -> String {
    let mut out = String::from("| `BYTECODE` | RUN | MB | start |\n| --- | ---: | ---: | ---: |\n");
    for kind in KINDS {
        let of_kind = || runs.iter().filter(|run| run.kind == kind);
        let middle = |values: Vec<f64>| median(&values).unwrap_or_default();
        let seconds = middle(of_kind().map(|run| run.seconds).collect());
        let layer = middle(of_kind().map(|run| run.layer).collect());
        let start = middle(of_kind().flat_map(|run| run.starts.clone()).collect());
        let _ = writeln!(
            out,
            "| `{kind}` | {seconds:.1} s | {layer:.0} | {start:.2} s |"
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_medians() {
        let run = |kind, seconds, starts: &[f64]| Run {
            kind,
            seconds,
            layer: 100.0 + seconds,
            starts: starts.to_vec(),
        };
        let runs = [
            run("none", 10.0, &[4.0, 5.0]),
            run("checked", 20.0, &[1.5]),
            run("unchecked", 21.0, &[1.25]),
            run("none", 12.0, &[6.0]),
        ];
        assert_eq!(
            table(&runs),
            "| `BYTECODE` | RUN | MB | start |\n\
             | --- | ---: | ---: | ---: |\n\
             | `none` | 11.0 s | 111 | 5.00 s |\n\
             | `checked` | 20.0 s | 120 | 1.50 s |\n\
             | `unchecked` | 21.0 s | 121 | 1.25 s |\n"
        );
    }
}
