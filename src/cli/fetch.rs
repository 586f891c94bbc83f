//! `loci-install fetch-wheels`: the step `wheels` alone, for any directory, without a
//! project and without root.

use std::time::Instant;

use clap::ArgMatches;
use nix::sys::stat::{Mode, umask};

use super::input::{environment, given};
use super::{FAILED, WRONG_INPUT, stopped_by, watch};
use crate::command::System;
use crate::findings::Problem;
use crate::report::{self, say};
use crate::reporter::{Progress, Reporter};
use crate::root::Root;
use crate::secrets::Secrets;
use crate::settings::{Given, Settings, WheelsSettings};
use crate::step::StepName;
use crate::variables::with_secrets;
use crate::wheels::{Fetch, abandon, absent};

/// The arguments that it knows.
pub const ARGUMENTS: [&str; 7] = [
    "WHEELS",
    "WHEELS_PATH",
    "WHEELS_DEST",
    "REGISTRY_PROTOCOL",
    "REGISTRY_INSECURE",
    "REGISTRY_CA",
    "REGISTRY_AUTH_FILE",
];

/// Runs it.
pub fn run(matches: &ArgMatches) -> u8 {
    let root = Root::default();
    let environment = with_secrets(environment(), &root);
    let given: Given = given(matches, &environment, false);
    let secrets = Settings::secrets(&given, &environment);
    let settings = match WheelsSettings::parse(&given) {
        Ok(settings) => settings,
        Err(errors) => {
            say(&secrets.mask(&report::refused_settings(&errors)));
            return WRONG_INPUT;
        }
    };
    let problems = problems(&settings, &root);
    if !problems.is_empty() {
        say(&secrets.mask(&report::problems(&problems)));
        return WRONG_INPUT;
    }
    // Whoever installs from them has to read them.
    umask(Mode::from_bits_truncate(0o022));
    fetch(&settings, &root, &environment, &secrets)
}

fn problems(settings: &WheelsSettings, root: &Root) -> Vec<Problem> {
    let mut problems = Vec::new();
    let destination = &settings.destination;
    if !root.is_empty(destination) {
        problems.push(Problem::Input(format!(
            "{destination} is not empty; wheels go to a directory of their own, which WHEELS_DEST names"
        )));
    }
    if root.is_mount_point(destination) {
        problems.push(Problem::Input(format!(
            "{destination} is mounted; name a directory below it in WHEELS_DEST"
        )));
    }
    let absent = absent(root, &settings.sources);
    problems.extend(absent.into_iter().map(Problem::Input));
    problems
}

fn fetch(
    settings: &WheelsSettings,
    root: &Root,
    environment: &[(String, String)],
    secrets: &Secrets,
) -> u8 {
    let reporter = report::reporter(false, secrets.clone());
    let reporter: &dyn Reporter = reporter.as_ref();
    let (step, start) = (StepName::Wheels, Instant::now());
    let destination = &settings.destination;
    let interrupt = match watch() {
        Ok(interrupt) => interrupt,
        Err(status) => return status,
    };
    let unfinished = root.join(destination);
    let leave = move |signal| {
        abandon(&unfinished);
        say(&stopped_by(signal));
        std::process::exit(FAILED.into());
    };
    interrupt.when_told(|| {}, leave);
    let sources: Vec<String> = settings.sources.iter().map(ToString::to_string).collect();
    reporter.started(step, &format!("{destination} from {}", sources.join(" ")));
    let runner = System::new(environment);
    let fetch = Fetch {
        root,
        environment,
        settings,
        runner: &runner,
        note: &|text| reporter.note(step, text),
        tell: &|read, expected| reporter.progress(step, &Progress::of_bytes(read, expected)),
        stopping: &|| interrupt.signal().is_some(),
    };
    match (fetch.fetch(destination), interrupt.signal()) {
        (Ok(fetched), _) => {
            for origin in fetched.origins {
                reporter.note(step, &origin.to_string());
            }
            reporter.done(step, start.elapsed());
            0
        }
        (Err(_), Some(signal)) => {
            reporter.stopped(step, start.elapsed());
            say(&stopped_by(signal));
            FAILED
        }
        (Err(why), None) => {
            reporter.failed(step, start.elapsed());
            say(&secrets.mask(&format!("error: {why}")));
            FAILED
        }
    }
}
