//! Compares the bindep evaluator with recorded answers of the reference.
//!
//! The directory holds JSON lines: `grammar`, `select`, `vercmp`, `osrelease`,
//! `upstream-tests` and `expected`. A row agrees, deviates by a rule that has
//! a name here, or fails.

mod distributions;
mod upstream;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use loci_install::bindep::{
    Active, Constraint, Distribution, File, Item, Rule, Term, universal_newlines,
};
use loci_install::platform::os_release;
use serde_json::{Value, json};

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Agreed,
    /// By the rule of this name.
    Deviated(&'static str),
    /// The directory lacks a file that the row is about.
    WithoutInput,
    /// In words.
    Failed(String),
}

/// The counts of one file.
#[derive(Debug, Default)]
pub struct Tally {
    agreed: usize,
    deviated: BTreeMap<&'static str, usize>,
    without_input: usize,
    failures: Vec<String>,
}

/// The counts of all files.
#[derive(Debug)]
pub struct Summary(Vec<(&'static str, Tally)>);

impl Summary {
    /// Whether no row failed.
    pub fn is_good(&self) -> bool {
        self.0.iter().all(|(_, tally)| tally.failures.is_empty())
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (file, tally) in &self.0 {
            let deviated: usize = tally.deviated.values().sum();
            let failed = tally.failures.len();
            writeln!(
                f,
                "{file}: {} agreed, {deviated} deviated, {failed} failed",
                tally.agreed
            )?;
            if tally.without_input > 0 {
                writeln!(
                    f,
                    "  {} not compared: their input is absent",
                    tally.without_input
                )?;
            }
            for (rule, count) in &tally.deviated {
                writeln!(f, "  deviated {count} by {rule}")?;
            }
            for failure in &tally.failures {
                writeln!(f, "  failed {failure}")?;
            }
        }
        Ok(())
    }
}

/// Compares the bindep evaluator with recorded answers of the reference.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Holds them, as JSON lines.
    directory: PathBuf,
}

/// The chore.
pub fn main(options: &Options) -> ExitCode {
    match run(&options.directory) {
        Ok(summary) => {
            print!("{summary}");
            ExitCode::from(u8::from(!summary.is_good()))
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Compares every row under `directory`.
pub fn run(directory: &Path) -> Result<Summary, String> {
    let mut files = Expectations::new(directory)?;
    let os_release = |row: &Value| osrelease(row, directory);
    let classified = |row: &Value| classified(row, directory);
    let upstream = |row: &Value| upstream::compare(row, directory);
    Ok(Summary(vec![
        ("grammar.jsonl", tally(directory, "grammar.jsonl", grammar)?),
        ("select.jsonl", tally(directory, "select.jsonl", select)?),
        ("vercmp.jsonl", tally(directory, "vercmp.jsonl", vercmp)?),
        (
            "osrelease.jsonl",
            tally(directory, "osrelease.jsonl", os_release)?,
        ),
        (
            "osrelease.jsonl beside docs/distributions.md",
            tally(directory, "osrelease.jsonl", classified)?,
        ),
        (
            "upstream-tests.jsonl",
            tally(directory, "upstream-tests.jsonl", upstream)?,
        ),
        ("platforms.json", files.platforms()),
        (
            "expected.jsonl",
            tally(directory, "expected.jsonl", |row| files.compare(row))?,
        ),
    ]))
}

fn tally(
    directory: &Path,
    file: &str,
    mut compare: impl FnMut(&Value) -> Result<Verdict, String>,
) -> Result<Tally, String> {
    let mut tally = Tally::default();
    for (index, line) in read(&directory.join(file))?.lines().enumerate() {
        let row: Value = serde_json::from_str(line).map_err(|error| format!("{file}: {error}"))?;
        tally.add(compare(&row), || format!("line {}: {line:.300}", index + 1));
    }
    Ok(tally)
}

impl Tally {
    fn add(&mut self, verdict: Result<Verdict, String>, row: impl Fn() -> String) {
        match verdict.unwrap_or_else(Verdict::Failed) {
            Verdict::Agreed => self.agreed += 1,
            Verdict::WithoutInput => self.without_input += 1,
            Verdict::Deviated(rule) => *self.deviated.entry(rule).or_default() += 1,
            Verdict::Failed(reason) => self.failures.push(format!("{}\n    {reason}", row())),
        }
    }
}

fn same<T: PartialEq + fmt::Debug>(ours: &T, theirs: &T) -> Verdict {
    if ours == theirs {
        Verdict::Agreed
    } else {
        Verdict::Failed(format!("ours {ours:?}, theirs {theirs:?}"))
    }
}

/// `text` -> `rules` or `error_line`.
fn grammar(row: &Value) -> Result<Verdict, String> {
    let ours = match File::parse(text(row, "text")?) {
        Ok(file) => json!({ "rules": rules(&file) }),
        Err(errors) => json!({ "error_line": errors[0].line }),
    };
    let theirs = match &row["error_line"] {
        Value::Null => json!({ "rules": row["rules"] }),
        line => json!({ "error_line": line }),
    };
    Ok(same(&ours, &theirs))
}

fn rules(file: &File) -> Vec<Value> {
    let term = |term: &Term| json!([term.positive, term.name]);
    let item = |item: &Item| match item {
        Item::Term(one) => term(one),
        Item::Group(terms) => terms.iter().map(term).collect(),
    };
    let constraint = |constraint: &Constraint| {
        json!([constraint.operator.as_str(), constraint.version.as_str()])
    };
    let rule = |rule: &Rule| {
        let items: Vec<Value> = rule.selector.items.iter().map(item).collect();
        let constraints: Vec<Value> = rule.constraints.iter().map(constraint).collect();
        json!([rule.name, items, constraints])
    };
    file.rules().iter().map(rule).collect()
}

/// `selector` x `profiles` -> `active`.
fn select(row: &Value) -> Result<Verdict, String> {
    let line = match row["selector"].as_str() {
        None => "name".to_owned(),
        Some(selector) if selector.contains('[') => format!("name {selector}"),
        Some(selector) => format!("name [{selector}]"),
    };
    let file = parsed(&line)?;
    let active = Active::exactly(texts(row, "profiles"));
    Ok(same(
        &json!(file.active(&active).count() == 1),
        &row["active"],
    ))
}

/// `installed` x `constraint` -> the result of each operator, or an exception.
fn vercmp(row: &Value) -> Result<Verdict, String> {
    let (installed, wanted) = (text(row, "installed")?, text(row, "constraint")?);
    let mut deviation = None;
    for operator in ["<", "<=", "==", "!=", ">=", ">"] {
        let theirs = &row[operator];
        // A constraint that is no version is no rule either: a file cannot say it.
        let ours = File::parse(&format!("name {operator}{wanted}"))
            .ok()
            .filter(|file| file.rules().len() == 1 && !wanted.contains(' '))
            .map(|file| file.rules()[0].constraints[0].admits(installed));
        match (ours, theirs) {
            (None, Value::Bool(equal)) if matches!(operator, "==" | "!=") => {
                deviation = Some("a constraint that is no version is a syntax error");
                if *equal != ((operator == "==") == (installed == wanted)) {
                    return Ok(Verdict::Failed(format!("{operator}: {theirs}")));
                }
            }
            (None, Value::String(exception)) if exception == "ParseError" => {
                deviation = Some("a constraint that is no version is a syntax error");
            }
            (Some(Err(_)), Value::String(exception)) if exception == "ParseError" => {
                deviation =
                    Some("an installed version without order is a bad version, no traceback");
            }
            (Some(Ok(ours)), Value::Bool(theirs)) if ours == *theirs => {}
            (ours, _) => return Ok(Verdict::Failed(format!("{operator}: ours {ours:?}"))),
        }
    }
    Ok(deviation.map_or(Verdict::Agreed, Verdict::Deviated))
}

/// An os-release file -> id, version, codename, atoms, backend.
fn osrelease(row: &Value, directory: &Path) -> Result<Verdict, String> {
    let distribution = distribution(row, directory)?;
    let ours = json!({
        "id": distribution.id,
        "version": distribution.version,
        "codename": distribution.codename,
        "atoms": atoms(&distribution),
        "backend": format!("{:?}", distribution.backend()),
    });
    let mut theirs = row.clone();
    theirs
        .as_object_mut()
        .ok_or("no object")?
        .remove("os_release");
    Ok(same(&ours, &theirs))
}

/// An os-release file -> what serves it, as docs/distributions.md says of its id.
fn classified(row: &Value, directory: &Path) -> Result<Verdict, String> {
    let text = read(&directory.join(text(row, "os_release")?))?;
    let (ours, documented) = distributions::compare(&text)?;
    Ok(same(&ours, &documented))
}

fn distribution(row: &Value, directory: &Path) -> Result<Distribution, String> {
    let text = read(&directory.join(text(row, "os_release")?))?;
    let os_release = os_release::parse(&text).map_err(|error| error.to_string())?;
    let identity = os_release.identity("").ok_or("no ID")?;
    Ok(identity.distribution)
}

fn atoms(distribution: &Distribution) -> Vec<String> {
    distribution.atoms().iter().map(str::to_owned).collect()
}

/// The real files, and what each selects on each platform.
struct Expectations {
    directory: PathBuf,
    platforms: BTreeMap<String, Vec<String>>,
    parsed: BTreeMap<String, Result<File, usize>>,
}

impl Expectations {
    fn new(directory: &Path) -> Result<Self, String> {
        let platforms = read(&directory.join("platforms.json"))?;
        Ok(Self {
            directory: directory.to_owned(),
            platforms: serde_json::from_str(&platforms).map_err(|error| error.to_string())?,
            parsed: BTreeMap::new(),
        })
    }

    /// Whether `--platform` knows every name.
    fn platforms(&self) -> Tally {
        let mut tally = Tally::default();
        for (name, theirs) in &self.platforms {
            let ours = Distribution::named(name).map_err(|error| error.to_string());
            tally.add(ours.map(|ours| same(&atoms(&ours), theirs)), || {
                name.clone()
            });
        }
        tally
    }

    /// `file` x `platform` x `cli_profiles` -> `packages`, or `error`.
    fn compare(&mut self, row: &Value) -> Result<Verdict, String> {
        let name = text(row, "file")?;
        if !self.parsed.contains_key(name) {
            let text = universal_newlines(&read(&self.directory.join("files").join(name))?);
            let parsed = File::parse(&text).map_err(|errors| errors[0].line);
            self.parsed.insert(name.to_owned(), parsed);
        }
        match &self.parsed[name] {
            Err(line) => Ok(same(&json!(line), &row["error"]["line"])),
            Ok(file) => {
                let platform = Distribution::named(text(row, "platform")?);
                let atoms = platform.map_err(|error| error.to_string())?.atoms();
                let active = Active::new(texts(row, "cli_profiles"), &atoms);
                Ok(same(&json!(names(file, &active)), &row["packages"]))
            }
        }
    }
}

fn names<'a>(file: &'a File, active: &'a Active) -> Vec<&'a str> {
    file.active(active).map(|rule| rule.name.as_str()).collect()
}

fn parsed(text: &str) -> Result<File, String> {
    File::parse(text).map_err(|errors| errors[0].to_string())
}

fn text<'a>(row: &'a Value, field: &str) -> Result<&'a str, String> {
    row[field]
        .as_str()
        .ok_or_else(|| format!("`{field}` is no text"))
}

fn texts<'a>(row: &'a Value, field: &str) -> impl Iterator<Item = &'a str> {
    row[field]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}
