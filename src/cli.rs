//! The command line: `loci-install [SETTINGS]`, `base`, `plan`, `step`, `steps`, `bindep`,
//! `fetch-wheels`, `smoke`, `verify`.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::ValueParser;
use clap::{
    Arg, ArgAction, ArgMatches, Args as _, Command as Clap, FromArgMatches as _, ValueHint,
    value_parser,
};
use nix::sys::signal::Signal;

use self::input::Input;
use crate::bindep;
use crate::command::System;
use crate::findings::Problem;
use crate::interrupt::Interrupt;
use crate::plan::Aim;
use crate::report::{self, Format, say};
use crate::root::Root;
use crate::settings::BASE;
use crate::settings::arguments::{ARGUMENTS, Argument};
use crate::step::StepName;
use crate::steps;

mod bindep_machine;
mod build;
mod fetch;
mod input;
mod smoke;
mod verify;

/// What `plan` is asked of, beside `PROJECT`.
const WHAT: &str = "what";

/// The input is wrong; nothing was touched.
const WRONG_INPUT: u8 = 2;

/// A step failed.
const FAILED: u8 = 1;

/// Runs the program with these arguments.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let matches = match command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(WRONG_INPUT));
        }
    };
    let status = match matches.subcommand() {
        None => build::run(&matches, false),
        Some((BASE, matches)) => build::run(matches, true),
        Some(("plan", matches)) => plan(matches),
        Some(("step", matches)) => build::run_steps(matches),
        Some(("steps", _)) => list_steps(),
        Some(("bindep", matches)) => evaluate(matches),
        Some(("smoke", _)) => smoke::run(),
        Some(("fetch-wheels", matches)) => fetch::run(matches),
        Some(("verify", matches)) => verify::run(matches),
        Some((other, _)) => unreachable!("clap knows no command {other}"),
    };
    ExitCode::from(status)
}

/// The grammar of the command line.
#[must_use]
pub fn command() -> Clap {
    let verbose = Arg::new("verbose")
        .long("verbose")
        .short('v')
        .action(ArgAction::SetTrue)
        .help("Show every command and all that it says");
    let root = Arg::new("root")
        .long("root")
        .value_name("DIR")
        .value_hint(ValueHint::DirPath)
        .value_parser(value_parser!(PathBuf))
        .default_value("/")
        .help("Look at the image whose root directory this is");
    let top = Clap::new("loci-install")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Installs an OpenStack service into a container image under construction")
        .after_help(
            "Every setting is also an environment variable of the same name in capitals; a flag wins.\n\
             Exit status: 0 done, 1 a step failed, 2 the input is wrong and nothing was touched.",
        )
        .args_conflicts_with_subcommands(true)
        .arg(verbose.clone())
        .subcommand(with_settings(
            Clap::new("plan")
                .about("Shows every step, why it is needed and what it would do; changes nothing")
                .arg(
                    Arg::new(WHAT)
                        .value_name("base")
                        .value_parser([BASE])
                        .help("Of the image below the others, as `loci-install base` makes it"),
                )
                .arg(
                    Arg::new("format")
                        .long("format")
                        .value_name("FORMAT")
                        .value_parser(value_parser!(Format))
                        .default_value("text")
                        .help("text for people, json for programs, dot for a picture"),
                )
                .arg(root.clone()),
        ))
        .subcommand(with_settings(
            Clap::new("step")
                .about("Runs just these steps, from what is on disk, showing all that they say")
                .arg(
                    Arg::new("name")
                        .value_name("NAME")
                        .required(true)
                        .num_args(1..)
                        .help("Names as `loci-install steps` lists them"),
                ),
        ))
        .subcommand(Clap::new("steps").about("Lists the steps"))
        .subcommand(
            bindep::command::Options::augment_args(Clap::new("bindep"))
                .about("Lists or checks the packages of a bindep file; a drop-in for bindep")
                .arg(root.clone()),
        )
        .subcommand(
            Clap::new("verify")
                .about("Compares a finished image with its record: files, packages, accounts; changes nothing")
                .after_help("Exit status: 0 nothing differs, 1 something does, 2 it cannot be compared.")
                .arg(root)
                .arg(copy("record", "A copy of the image's build.json that was kept elsewhere"))
                .arg(copy("manifest", "A copy of the image's files.mtree that was kept elsewhere"))
                .arg(
                    Arg::new("format")
                        .long("format")
                        .value_name("FORMAT")
                        .value_parser(value_parser!(crate::verify::Format))
                        .default_value("text")
                        .help("text, a line for each difference, or json for programs"),
                ),
        )
        .subcommand(
            with_settings(Clap::new(BASE).about(
                "Makes the image below the others of a distribution's, the same as PROJECT=base",
            ))
            .arg(verbose.clone()),
        )
        .subcommand(Clap::new("smoke").about(
            "Tests a finished image: requirements, programs, imports, shared libraries; needs no root",
        ))
        .subcommand(with_some_settings(
            Clap::new("fetch-wheels").about(
                "Only fetches wheels: from WHEELS to WHEELS_DEST, or WHEELS_PATH; needs no root",
            ),
            |argument| fetch::ARGUMENTS.contains(&argument.name),
        ));
    with_settings(top)
}

/// A flag that names a copy of a file of the image.
fn copy(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name("FILE")
        .value_hint(ValueHint::FilePath)
        .value_parser(value_parser!(PathBuf))
        .help(help)
}

/// Adds a flag for every build argument.
fn with_settings(command: Clap) -> Clap {
    with_some_settings(command, |_| true)
}

/// Adds a flag for some build arguments.
fn with_some_settings(command: Clap, some: impl Fn(&Argument) -> bool) -> Clap {
    let arguments = ARGUMENTS.iter().filter(|argument| some(argument));
    command.args(arguments.map(|argument| {
        let default = if argument.default.is_empty() {
            String::new()
        } else {
            format!(" [default: {}]", argument.default)
        };
        Arg::new(argument.name)
            .long(argument.flag())
            .value_name(argument.value)
            // `--pip-args --pre` is what people type.
            .allow_hyphen_values(true)
            .value_parser(ValueParser::string())
            .help_heading("Settings")
            .help(format!("{}{default}", argument.help))
    }))
}

/// Notes signals from now on; the error is the status to end with.
fn watch() -> Result<Interrupt, u8> {
    Interrupt::watch().map_err(|error| {
        say(&format!("error: could not watch for signals: {error}"));
        FAILED
    })
}

/// What is said of work that leaves nothing behind.
fn stopped_by(signal: Signal) -> String {
    format!("error: stopped by {signal}; nothing was left behind")
}

fn refuse(problems: &[Problem], input: &Input) -> u8 {
    say(&input.secrets.mask(&report::problems(problems)));
    WRONG_INPUT
}

fn plan(matches: &ArgMatches) -> u8 {
    let root = matches
        .get_one::<PathBuf>("root")
        .map_or_else(Root::default, Root::new);
    let is_base = matches.contains_id(WHAT);
    let input = match Input::read(matches, &root, is_base) {
        Ok(input) => input,
        Err(status) => return status,
    };
    let runner = System::new(&input.environment);
    let made = steps::plan(
        &input.settings,
        &root,
        &input.environment,
        &runner,
        Aim::Look,
    );
    let (warnings, problems) = match &made {
        Ok(plan) => (plan.warnings.as_slice(), plan.problems.as_slice()),
        Err(problems) => (&[][..], problems.as_slice()),
    };
    for warning in warnings {
        say(&format!("warning: {}", input.secrets.mask(warning)));
    }
    // What keeps this machine from building is no mistake of someone who only looks.
    let (wrong, elsewhere): (Vec<Problem>, Vec<Problem>) = problems
        .iter()
        .cloned()
        .partition(|problem| matches!(problem, Problem::Input(_)));
    for problem in &elsewhere {
        say(&format!(
            "cannot be run here: {}",
            input.secrets.mask(problem.text())
        ));
    }
    let plan = match made {
        Ok(plan) if wrong.is_empty() => plan,
        _ => return refuse(&wrong, &input),
    };
    let format = matches
        .get_one::<Format>("format")
        .copied()
        .unwrap_or(Format::Text);
    print(&report::render_plan(&plan, format, &input.secrets))
}

fn list_steps() -> u8 {
    let lines: Vec<String> = StepName::ALL
        .iter()
        .map(|step| format!("{step:<12} {}\n", step.summary()))
        .collect();
    print(&lines.concat())
}

fn evaluate(matches: &ArgMatches) -> u8 {
    let options = match bindep::command::Options::from_arg_matches(matches) {
        Ok(options) => options,
        Err(error) => error.exit(),
    };
    let root = matches
        .get_one::<PathBuf>("root")
        .map_or_else(Root::default, Root::new);
    let outcome = bindep::command::run(&options, &bindep_machine::Machine(root));
    say(&outcome.stderr);
    match print(&outcome.stdout) {
        0 => outcome.status,
        status => status,
    }
}

/// Prints results. A reader that goes away early, such as `head`, is no failure.
fn print(text: &str) -> u8 {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            say(&format!(
                "error: could not write to standard output: {error}"
            ));
            FAILED
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_sound() {
        command().debug_assert();
    }
}
