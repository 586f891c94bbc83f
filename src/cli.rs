//! The command line: `loci-install [SETTINGS]`, `base`, `plan`, `step`, `steps`, `bindep`,
//! `fetch-wheels`, `verify`.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::builder::ValueParser;
use clap::{
    Arg, ArgAction, ArgMatches, Args as _, Command as Clap, FromArgMatches as _, ValueHint,
    value_parser,
};
use nix::sys::stat::{Mode, umask};

use crate::bindep;
use crate::children::Children;
use crate::command::System;
use crate::findings::Problem;
use crate::git;
use crate::interrupt::Interrupt;
use crate::network::Isolation;
use crate::parent;
use crate::plan::Aim;
use crate::record;
use crate::report::{self, Format, say};
use crate::root::Root;
use crate::run;
use crate::schedule::Stopped;
use crate::settings::arguments::{ARGUMENTS, Argument};
use crate::settings::{BASE, Given, Hermetic, SettingError, Settings};
use crate::step::StepName;
use crate::steps;
use crate::variables::{variable, with_secrets};

mod bindep_machine;
mod fetch;
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
        None => install(&matches, false),
        Some((BASE, matches)) => install(matches, true),
        Some(("plan", matches)) => plan(matches),
        Some(("step", matches)) => step(matches),
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

/// Everything that is read before a plan is made.
struct Input {
    environment: Vec<(String, String)>,
    settings: Settings,
    secrets: crate::secrets::Secrets,
}

/// The whole environment.
fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        // What is not UTF-8 is no valid value of anything here, and refused as what it looks like.
        .map(|(name, value)| {
            (
                name.to_string_lossy().into_owned(),
                value.to_string_lossy().into_owned(),
            )
        })
        .collect()
}

/// What the user gave, of the arguments that the command knows.
fn given(matches: &ArgMatches, environment: &[(String, String)], is_base: bool) -> Given {
    let flags = ARGUMENTS.iter().filter_map(|argument| {
        let value = matches.try_get_one::<String>(argument.name).ok()??;
        Some((argument.name, value.clone()))
    });
    // A command of that name is the clearest word on what is made.
    let flags = flags.chain(is_base.then(|| ("PROJECT", BASE.to_owned())));
    let own_uid = uzers::get_current_uid();
    Given::new(environment.to_vec(), flags, own_uid, |path| {
        std::path::Path::new(path).is_file()
    })
}

fn input(matches: &ArgMatches, root: &Root, is_base: bool) -> Result<Input, u8> {
    let mut environment = with_secrets(environment(), root);
    let given = given(matches, &environment, is_base);
    let secrets = Settings::secrets(&given, &environment);
    let parsed = Settings::parse(&given, &environment);
    if parsed.is_err() {
        // They say how a name in the list below was really spelt.
        for note in &given.notes {
            say(&format!("warning: {}", secrets.mask(note)));
        }
    }
    match parsed {
        Ok(mut settings) => {
            settings.wheels.use_mounted(root);
            // Children know it by this name, and a flag is not in the environment.
            environment.retain(|(name, _)| name != "SOURCE_DATE_EPOCH");
            environment.extend(
                settings
                    .source_date_epoch
                    .map(|epoch| ("SOURCE_DATE_EPOCH".to_owned(), epoch.to_string())),
            );
            if settings.plugin {
                parent::hand_on(&mut settings, root);
            }
            let logins = git::credentials_file(&settings, root);
            let logins = logins.and_then(|path| root.read(path).ok());
            let of_pip = variable(&environment, "PIP_CONFIG_FILE");
            let of_pip = of_pip.and_then(|path| root.read(path).ok());
            let secrets = [logins, of_pip]
                .iter()
                .flatten()
                .fold(secrets, |secrets, text| secrets.and(text));
            Ok(Input {
                environment,
                settings,
                secrets,
            })
        }
        Err(errors) => {
            let errors: Vec<SettingError> = errors;
            say(&secrets.mask(&report::refused_settings(&errors)));
            Err(WRONG_INPUT)
        }
    }
}

fn install(matches: &ArgMatches, is_base: bool) -> u8 {
    let root = Root::default();
    match input(matches, &root, is_base) {
        Ok(input) => perform(&input, &root, None, matches.get_flag("verbose")),
        Err(status) => status,
    }
}

fn step(matches: &ArgMatches) -> u8 {
    let root = Root::default();
    let names: Result<Vec<StepName>, Vec<String>> = {
        let (good, bad): (Vec<_>, Vec<_>) = matches
            .get_many::<String>("name")
            .into_iter()
            .flatten()
            .map(|name| name.parse::<StepName>())
            .partition(Result::is_ok);
        if bad.is_empty() {
            Ok(good.into_iter().flatten().collect())
        } else {
            Err(bad.into_iter().filter_map(Result::err).collect())
        }
    };
    let names = match names {
        Ok(names) => names,
        Err(errors) => {
            let problems: Vec<_> = errors.into_iter().map(Problem::Input).collect();
            say(&report::problems(&problems));
            // What else is wrong is said now, too, and not one run later.
            let _ = input(matches, &root, false);
            return WRONG_INPUT;
        }
    };
    match input(matches, &root, false) {
        Ok(input) => perform(&input, &root, Some(&names), true),
        Err(status) => status,
    }
}

fn perform(input: &Input, root: &Root, named: Option<&[StepName]>, verbose: bool) -> u8 {
    let (isolation, refused) = isolation(input.settings.hermetic);
    let runner = System::new(&input.environment).isolated(isolation);
    let aim = named.map_or(Aim::Build, Aim::Steps);
    let make = |aim| steps::plan(&input.settings, root, &input.environment, &runner, aim);
    let mut plan = match make(aim) {
        Ok(plan) => plan,
        Err(problems) => return refuse(&problems, input),
    };
    match (refused, input.settings.hermetic) {
        (Some(text), Hermetic::Required) => plan.problems.push(Problem::Machine(text)),
        (Some(text), _) => plan.warnings.push(text),
        (None, _) => {}
    }
    let wrong = plan
        .problems
        .iter()
        .any(|problem| matches!(problem, Problem::Input(_)));
    if named.is_none()
        && !wrong
        && record::is_finished(
            root,
            &input.settings,
            plan.inputs.as_deref(),
            &input.secrets,
        )
    {
        say(&format!(
            "{}: the image is finished; there is nothing to do",
            input.settings.project
        ));
        return 0;
    }
    let mut left = record::left(
        root,
        &input.settings,
        plan.inputs.as_deref(),
        &input.secrets,
    );
    if named.is_none() && !wrong && !left.is_empty() {
        left.retain(|step| plan.steps.iter().any(|planned| planned.name == *step));
        if left.is_empty() {
            return finish(input, root);
        }
        let steps: Vec<_> = left.iter().map(|step| step.as_str()).collect();
        say(&format!(
            "{}: the image is built; what is left is {}",
            input.settings.project,
            steps.join(", ")
        ));
        plan = match make(Aim::Steps(&left)) {
            Ok(plan) => plan,
            Err(problems) => return refuse(&problems, input),
        };
    }
    for warning in &plan.warnings {
        say(&format!("warning: {}", input.secrets.mask(warning)));
    }
    if !plan.problems.is_empty() {
        return refuse(&plan.problems, input);
    }
    // Whoever runs the image has to read what is installed, whatever the base's umask.
    umask(Mode::from_bits_truncate(0o022));
    let reporter = report::reporter(verbose, input.secrets.clone());
    runner.children().adopt_orphans();
    end_children_on_panic(runner.children());
    let interrupt = match Interrupt::watch() {
        Ok(interrupt) => interrupt,
        Err(error) => {
            say(&format!("error: could not watch for signals: {error}"));
            return FAILED;
        }
    };
    let with = run::Surroundings {
        settings: &input.settings,
        root,
        runner: &runner,
        children: runner.children(),
        interrupt: &interrupt,
        abandon: &|stopped| {
            tell(stopped, input);
            std::process::exit(FAILED.into());
        },
        reporter: reporter.as_ref(),
        secrets: &input.secrets,
        environment: &input.environment,
    };
    match run::run(&plan, &with) {
        Ok(()) => 0,
        Err(stopped) => {
            tell(&stopped, input);
            FAILED
        }
    }
}

/// Ends a build of which only steps are left that are not wanted any more.
fn finish(input: &Input, root: &Root) -> u8 {
    match record::finish(root, &input.settings, &input.secrets) {
        Ok(()) => {
            say(&format!(
                "{}: the image is built; nothing is left to do",
                input.settings.project
            ));
            0
        }
        Err(failure) => {
            say(&report::explain_alone("record", &failure));
            FAILED
        }
    }
}

/// What keeps children from the network as far as that is wanted, and why nothing does.
fn isolation(wanted: Hermetic) -> (Isolation, Option<String>) {
    // Who is not root may not make a namespace, and is told that it takes root.
    if wanted == Hermetic::No || uzers::get_effective_uid() != 0 {
        return (Isolation::None, None);
    }
    match Isolation::here() {
        Ok(isolation) => (isolation, None),
        Err(refused) => (Isolation::None, Some(refused.told(wanted))),
    }
}

/// A fault of this program must not leave others running either.
fn end_children_on_panic(children: &Arc<Children>) {
    let (report, children) = (std::panic::take_hook(), Arc::clone(children));
    std::panic::set_hook(Box::new(move |fault| {
        report(fault);
        children.kill();
    }));
}

/// Says why a run did not come to its end.
fn tell(stopped: &Stopped, input: &Input) {
    let mode = input.settings.mode;
    let text = match stopped {
        Stopped::Failed { first, others } => {
            // The first comes last, where people look.
            let mut texts: Vec<String> = others
                .iter()
                .map(|(step, failure)| report::explain(mode, *step, failure) + "\n")
                .collect();
            texts.push(report::explain(mode, first.0, &first.1));
            texts.concat()
        }
        Stopped::Interrupted(signal, steps) => report::interrupted(mode, *signal, steps),
    };
    say(&input.secrets.mask(&text));
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
    let input = match input(matches, &root, is_base) {
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
