//! The reference's own unit tests, recorded as data.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use clap::Parser;
use loci_install::bindep::check::Report;
use loci_install::bindep::command::{self, Options, Outcome, Surroundings};
use loci_install::bindep::installed::Answer;
use loci_install::bindep::{Active, Backend, Distribution, File};
use serde_json::{Value, json};

use super::{Verdict, atoms, distribution, grammar, names, parsed, same, text, texts};

/// The reference's own tests, by `kind`.
pub(super) fn compare(row: &Value, directory: &Path) -> Result<Verdict, String> {
    match text(row, "kind")? {
        "parse" => grammar(row),
        "parse_error" => Ok(match File::parse(text(row, "text")?) {
            Ok(_) => Verdict::Failed("no error".to_owned()),
            Err(_) => Verdict::Agreed,
        }),
        "profiles" => {
            let file = parsed(text(row, "text")?)?;
            Ok(same(&json!(file.user_profiles()), &row["profiles"]))
        }
        "active" => {
            let file = parsed(text(row, "text")?)?;
            let active = Active::exactly(texts(row, "profiles"));
            Ok(same(&json!(names(&file, &active)), &row["packages"]))
        }
        "atoms" if row["system"] == "Darwin" => {
            Ok(Verdict::Deviated("no macOS: the binary is for Linux"))
        }
        "atoms" if !directory.join(text(row, "os_release")?).exists() => Ok(Verdict::WithoutInput),
        "atoms" => {
            let distribution = distribution(row, directory)?;
            let backend = format!("{:?}", distribution.backend());
            Ok(same(
                &(json!(atoms(&distribution)), json!(backend)),
                &(row["all_atoms"].clone(), row["backend"].clone()),
            ))
        }
        "backend" => backend(row),
        "vercmp" => {
            let line = format!("name {}{}", text(row, "op")?, text(row, "constraint")?);
            let admits = parsed(&line)?.rules()[0].constraints[0].admits(text(row, "installed")?);
            Ok(same(&json!(admits.ok()), &row["result"]))
        }
        "check" => check(row),
        "cli" => cli(row),
        kind => Err(format!("no such kind of test: {kind}")),
    }
}

/// The output of a package manager -> `version`.
fn backend(row: &Value) -> Result<Verdict, String> {
    let backend = match text(row, "backend")? {
        "Dpkg" => Backend::Dpkg,
        "Rpm" => Backend::Rpm,
        "Pacman" => Backend::Pacman,
        "Apk" => Backend::Apk,
        "Emerge" => Backend::Emerge,
        other => return Err(format!("no such backend: {other}")),
    };
    let argv: Vec<&str> = texts(row, "argv").collect();
    let name = argv.last().ok_or("no name")?;
    let query = backend
        .queries(&[name])
        .map_err(|error| error.to_string())?
        .remove(0);
    let answer = Answer {
        status: row["rc"]
            .as_i64()
            .and_then(|status| i32::try_from(status).ok()),
        stdout: text(row, "output")?.to_owned(),
        stderr: String::new(),
    };
    let versions = query.read(&answer).map_err(|error| error.to_string())?;
    let agreed = same(&json!(versions.get(*name)), &row["version"]);
    let asks_alike =
        query.argv[0] == argv[0] && query.argv.last().map(String::as_str) == Some(name);
    Ok(match agreed {
        Verdict::Agreed if query.argv != argv && !asks_alike => {
            Verdict::Failed(format!("{:?}", query.argv))
        }
        other => other,
    })
}

/// `rules` x `installed_version` -> missing and bad versions.
fn check(row: &Value) -> Result<Verdict, String> {
    let mut lines = String::new();
    for rule in row["rules"].as_array().ok_or("no rules")? {
        let constraints = rule[2].as_array().ok_or("no versions")?.iter();
        let words = constraints.map(|c| {
            c[0].as_str()
                .zip(c[1].as_str())
                .map(|(op, v)| format!("{op}{v}"))
        });
        let words: Option<Vec<String>> = words.collect();
        let name = rule[0].as_str().ok_or("no name")?;
        lines += format!("{name} {}", words.ok_or("no versions")?.join(",")).trim_end();
        lines += "\n";
    }
    let file = parsed(&lines)?;
    let version = row["installed_version"].as_str();
    let installed = file
        .rules()
        .iter()
        .filter_map(|rule| Some((rule.name.clone(), version?.to_owned())));
    let report = Report::new(file.rules(), &installed.collect());
    let mut ours = Vec::new();
    if !report.missing.is_empty() {
        ours.push(json!(["missing", report.missing]));
    }
    if !report.bad_versions.is_empty() {
        let bad = report.bad_versions.iter();
        let bad: Vec<Value> = bad
            .map(|bad| json!([bad.name, bad.constraint, bad.installed]))
            .collect();
        ours.push(json!(["badversion", bad]));
    }
    Ok(same(&json!(ours), &row["result"]))
}

/// Command lines whose setting the row gives in words.
fn cli(row: &Value) -> Result<Verdict, String> {
    let setting = match text(row, "test")? {
        "test_called_as_module" => {
            return Ok(Verdict::Deviated("--version is that of the whole program"));
        }
        "test_profiles_lists_profiles" | "test_profiles_lists_profiles_no_file_loaded" => {
            return Ok(Verdict::Deviated(
                "the test invents a platform that no distribution has",
            ));
        }
        "test_missing_default_requirements_file" | "test_missing_specific_requirements_file" => {
            Setting::default()
        }
        "test_empty_requirements_file" => Setting::with("other-requirements.txt", ""),
        "test_specific_requirements_file" => Setting::with("alternative-requirements.txt", ""),
        "test_stdin_requirements_file" => Setting::with("-", ""),
        "test_specific_profile" => {
            Setting::with("bindep.txt", "name [!myprofile]\nname [default]\n")
        }
        "test_default_profile" => Setting::with("bindep.txt", "name [!default]\n"),
        "test_errors_shown" | "test_brief_mode" => Setting {
            stdout: "quux install ok installed 13\nqaaz install ok installed 10\n",
            ..Setting::with("bindep.txt", "foo\nbar\nquux <=12\nqaaz !=10\n")
        },
        "test_invalid_syntax_returns_exit_code_2" => {
            Setting::with("bindep.txt", "foo [platform:bar@baz]\n")
        }
        test => return Err(format!("no such test: {test}")),
    };
    let outcome = run(&setting, texts(row, "argv"))?;
    if row["exit"] == 2 {
        let ours = (json!(outcome.status), json!(outcome.stdout));
        return Ok(
            match same(&ours, &(row["exit"].clone(), row["stdout"].clone())) {
                Verdict::Agreed => Verdict::Deviated("syntax errors name file, line and column"),
                other => other,
            },
        );
    }
    let ours = json!([outcome.status, outcome.stdout, outcome.stderr]);
    if row["setup"]
        .as_str()
        .is_some_and(|setup| setup.contains("foo bar") || setup.contains("test_errors_shown"))
    {
        // Only a test that replaces the whole check can get unsorted names.
        let theirs = text(row, "stdout")?
            .replace("foo bar", "bar foo")
            .replace("foo\nbar", "bar\nfoo");
        return Ok(
            match same(&ours, &json!([row["exit"], theirs, row["stderr"]])) {
                Verdict::Agreed => Verdict::Deviated("the test invents an order of missing names"),
                other => other,
            },
        );
    }
    Ok(same(
        &ours,
        &json!([row["exit"], row["stdout"], row["stderr"]]),
    ))
}

/// One file in the working directory of an Ubuntu, and what dpkg-query says.
#[derive(Default)]
struct Setting {
    file: Option<(&'static str, &'static str)>,
    stdout: &'static str,
}

impl Setting {
    fn with(name: &'static str, text: &'static str) -> Self {
        Self {
            file: Some((name, text)),
            stdout: "",
        }
    }
}

impl Surroundings for Setting {
    fn read(&self, path: &OsStr) -> io::Result<Vec<u8>> {
        let file = self.file.filter(|(name, _)| *name == path);
        file.map(|(_, text)| text.into())
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn is_file(&self, path: &OsStr) -> bool {
        self.read(path).is_ok()
    }

    fn read_stdin(&self) -> io::Result<Vec<u8>> {
        self.read(OsStr::new("-"))
    }

    fn distribution(&self) -> Result<Distribution, String> {
        Distribution::named("ubuntu-noble").map_err(|error| error.to_string())
    }

    fn query(&self, _: &[String], _: &[(&str, &str)]) -> io::Result<Answer> {
        Ok(Answer {
            status: Some(1),
            stdout: self.stdout.to_owned(),
            stderr: "dpkg-query: no packages found matching foo\n".to_owned(),
        })
    }
}

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    options: Options,
}

fn run<'a>(setting: &Setting, arguments: impl Iterator<Item = &'a str>) -> Result<Outcome, String> {
    let words = std::iter::once("bindep").chain(arguments);
    let cli = Cli::try_parse_from(words).map_err(|error| error.to_string())?;
    Ok(command::run(&cli.options, setting))
}
