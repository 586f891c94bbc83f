//! `loci-install verify`: is the image still what its record says?

use std::path::PathBuf;

use clap::ArgMatches;

use super::input::environment;
use super::{FAILED, WRONG_INPUT, print};
use crate::command::System;
use crate::report::say;
use crate::root::Root;
use crate::verify::{Format, Question, render, summary, verify};

/// Runs it: 0 when nothing differs, 1 when something does, 2 when that cannot be told.
pub fn run(matches: &ArgMatches) -> u8 {
    let path = |name: &str| matches.get_one::<PathBuf>(name).cloned();
    let question = Question {
        root: path("root").map_or_else(Root::default, Root::new),
        record: path("record"),
        manifest: path("manifest"),
    };
    let format = matches.get_one::<Format>("format").copied();
    let report = match verify(&question, &System::new(&environment())) {
        Ok(report) => report,
        Err(error) => {
            say(&format!("error: {error}"));
            return WRONG_INPUT;
        }
    };
    let printed = print(&render(&report, format.unwrap_or(Format::Text)));
    say(&summary(&report));
    if report.differences.is_empty() {
        printed
    } else {
        FAILED
    }
}
