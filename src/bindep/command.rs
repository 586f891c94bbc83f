//! `bindep`, the command: a drop-in for the reference's.

use std::ffi::{OsStr, OsString};
use std::io;

use super::check::Report;
use super::installed::{self, Answer, Query, Versions};
use super::{Active, Distribution, File, Rule, SyntaxError, render, universal_newlines};

/// The arguments of `bindep`.
///
/// As in the reference, a long option may be shortened while it stays unique,
/// and the last of several counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
#[command(infer_long_args = true, args_override_self = true)]
pub struct Options {
    /// Package list, `-` for standard input [default: bindep.txt or other-requirements.txt]
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<OsString>,

    /// List only missing packages, one per line
    #[arg(short, long)]
    pub brief: bool,

    /// List all packages for this platform and these profiles, installed or not
    #[arg(
        short,
        long = "list_all",
        visible_alias = "list-all",
        value_name = "FORMAT"
    )]
    pub list_all: Option<Format>,

    /// List the platform and configuration profiles
    // `--p` and `--l` were unique in the reference.
    #[arg(long, alias = "p")]
    pub profiles: bool,

    /// Answer for another distribution, such as ubuntu-noble or rocky-9
    #[arg(long, value_name = "NAME")]
    pub platform: Option<String>,

    /// Profiles to select by [default: default]
    #[arg(value_name = "PROFILE")]
    pub profile: Vec<String>,
}

/// How to list packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// One per line
    Newline,
    /// Separated by commas
    Csv,
}

/// The machine, as far as this command needs it.
pub trait Surroundings {
    /// The bytes of a file, relative to the working directory.
    fn read(&self, path: &OsStr) -> io::Result<Vec<u8>>;
    /// Whether a regular file is there.
    fn is_file(&self, path: &OsStr) -> bool;
    /// All of the standard input.
    fn read_stdin(&self) -> io::Result<Vec<u8>>;
    /// The distribution this runs on, or in words why it is not known.
    fn distribution(&self) -> Result<Distribution, String>;
    /// Runs `argv` with `environment` added to the own one.
    fn query(&self, argv: &[String], environment: &[(&str, &str)]) -> io::Result<Answer>;
}

/// What the command prints, and its exit status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Results.
    pub stdout: String,
    /// Warnings and errors.
    pub stderr: String,
    /// 0 satisfied or listed, 1 missing packages or a file that cannot be
    /// read, 2 syntax or usage.
    pub status: u8,
}

/// Runs the command.
pub fn run(options: &Options, surroundings: &impl Surroundings) -> Outcome {
    let mut stderr = String::new();
    let (stdout, status) = match answer(options, surroundings, &mut stderr) {
        Ok(answer) => answer,
        Err(failure) => {
            stderr.push_str(&failure.message);
            (String::new(), failure.status)
        }
    };
    Outcome {
        stdout,
        stderr,
        status,
    }
}

struct Failure {
    message: String,
    status: u8,
}

/// Standard output and exit status.
fn answer(
    options: &Options,
    surroundings: &impl Surroundings,
    stderr: &mut String,
) -> Result<(String, u8), Failure> {
    // An empty name is none at all, so that a script may pass an unset variable.
    let given = options.file.as_deref().filter(|name| !name.is_empty());
    let loaded = load(given, surroundings);
    if options.profiles {
        let (file, given) = match loaded {
            Err(failure) if failure.status == 1 => {
                stderr.push_str(&failure.message);
                (File::default(), None)
            }
            loaded => (loaded?.1, given),
        };
        let distribution = distribution(options, surroundings)?;
        return Ok((list_profiles(&file, given.is_some(), &distribution), 0));
    }
    let (name, file) = loaded?;
    stderr.extend(file.warnings().iter().map(|warning| warning.render(&name)));
    let distribution = distribution(options, surroundings)?;
    let atoms = distribution.atoms();
    let active = Active::new(options.profile.iter().map(String::as_str), &atoms);
    let rules: Vec<&Rule> = file.active(&active).collect();
    if let Some(format) = options.list_all {
        return Ok((list(&rules, format), 0));
    }
    let report = Report::new(
        rules.iter().copied(),
        &versions(&rules, &distribution, surroundings)?,
    );
    let text = if options.brief {
        report.brief()
    } else {
        report.verbose()
    };
    Ok((text, u8::from(!report.is_satisfied())))
}

/// The file and the name to call it by.
fn load(
    given: Option<&OsStr>,
    surroundings: &impl Surroundings,
) -> Result<(String, File), Failure> {
    let name = match given {
        Some(name) => name,
        None => default_file(surroundings)?,
    };
    let is_stdin = name == "-";
    let read = if is_stdin {
        surroundings.read_stdin()
    } else {
        surroundings.read(name)
    };
    let name = if is_stdin {
        "standard input".into()
    } else {
        name.to_string_lossy()
    };
    let bytes = read.map_err(|_| failed(format!("Error reading file {name}.")))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        failed(format!(
            "Error reading file {name}: it is not UTF-8 at byte {place}."
        ))
    })?;
    // The reference gets its line ends translated in files only.
    let text = if is_stdin {
        text
    } else {
        universal_newlines(&text)
    };
    let file = File::parse(&text).map_err(|errors| syntax(&name, &errors))?;
    Ok((name.into_owned(), file))
}

fn default_file(surroundings: &impl Surroundings) -> Result<&'static OsStr, Failure> {
    let [new, old] = ["bindep.txt", "other-requirements.txt"].map(OsStr::new);
    match (surroundings.is_file(new), surroundings.is_file(old)) {
        (true, false) => Ok(new),
        (false, true) => Ok(old),
        (true, true) => Err(failed(
            "Both bindep.txt and other-requirements.txt files exist, choose one.",
        )),
        (false, false) => Err(failed(
            "Neither file bindep.txt nor file other-requirements.txt exist.",
        )),
    }
}

fn distribution(
    options: &Options,
    surroundings: &impl Surroundings,
) -> Result<Distribution, Failure> {
    match &options.platform {
        None => surroundings.distribution().map_err(failed),
        Some(name) => Distribution::named(name).map_err(|error| Failure {
            message: format!("{error}\n"),
            status: 2,
        }),
    }
}

/// The reference lists configuration profiles only for a file that was named.
fn list_profiles(file: &File, is_named: bool, distribution: &Distribution) -> String {
    let mut lines = vec!["Platform profiles:".to_owned()];
    lines.extend(distribution.atoms().iter().map(str::to_owned));
    if is_named {
        lines.extend([String::new(), "Configuration profiles:".to_owned()]);
        lines.extend(file.user_profiles().into_iter().map(str::to_owned));
    }
    lines.join("\n") + "\n"
}

fn list(rules: &[&Rule], format: Format) -> String {
    let names: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
    let separator = match format {
        Format::Newline => "\n",
        Format::Csv => ",",
    };
    names.join(separator) + "\n"
}

fn versions(
    rules: &[&Rule],
    distribution: &Distribution,
    surroundings: &impl Surroundings,
) -> Result<Versions, Failure> {
    let mut names: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let queries = distribution
        .backend()
        .queries(&names)
        .map_err(|error| failed(error.to_string()))?;
    let mut versions = Versions::new();
    for query in &queries {
        versions.extend(ask(query, surroundings)?);
    }
    Ok(versions)
}

fn ask(query: &Query, surroundings: &impl Surroundings) -> Result<Versions, Failure> {
    let answer = surroundings
        .query(&query.argv, &installed::ENVIRONMENT)
        .map_err(|error| failed(format!("cannot run `{}`: {error}", query.argv[0])))?;
    query
        .read(&answer)
        .map_err(|error| failed(error.to_string()))
}

fn failed(message: impl Into<String>) -> Failure {
    Failure {
        message: message.into() + "\n",
        status: 1,
    }
}

fn syntax(name: &str, errors: &[SyntaxError]) -> Failure {
    Failure {
        message: render(name, errors),
        status: 2,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        options: Options,
    }

    #[derive(Default)]
    struct Machine {
        files: BTreeMap<&'static str, &'static str>,
        distribution: Option<Distribution>,
        answer: Answer,
    }

    impl Surroundings for Machine {
        fn read(&self, path: &OsStr) -> io::Result<Vec<u8>> {
            let text = path.to_str().and_then(|path| self.files.get(path));
            text.map(|text| text.as_bytes().to_vec())
                .ok_or_else(|| io::ErrorKind::NotFound.into())
        }
        fn is_file(&self, path: &OsStr) -> bool {
            self.read(path).is_ok()
        }
        fn read_stdin(&self) -> io::Result<Vec<u8>> {
            self.read(OsStr::new("-"))
        }
        fn distribution(&self) -> Result<Distribution, String> {
            self.distribution
                .clone()
                .ok_or_else(|| "no os-release".to_owned())
        }
        fn query(&self, _: &[String], _: &[(&str, &str)]) -> io::Result<Answer> {
            Ok(self.answer.clone())
        }
    }

    fn machine(files: &[(&'static str, &'static str)]) -> Machine {
        Machine {
            files: files.iter().copied().collect(),
            distribution: Distribution::named("debian-13").ok(),
            answer: Answer::default(),
        }
    }

    fn options(arguments: &str) -> Result<Options, clap::Error> {
        let words = std::iter::once("bindep").chain(arguments.split_whitespace());
        Cli::try_parse_from(words).map(|cli| cli.options)
    }

    fn bindep(machine: &Machine, arguments: &str) -> (String, String, u8) {
        let outcome = run(&options(arguments).unwrap(), machine);
        (outcome.stdout, outcome.stderr, outcome.status)
    }

    fn printed(stdout: &str, stderr: &str, status: u8) -> (String, String, u8) {
        (stdout.to_owned(), stderr.to_owned(), status)
    }

    const FILE: &str =
        "git\nlibpq-dev [platform:dpkg db]\nlibpq-devel [platform:rpm db]\ngit >=2\n";

    #[test]
    fn lists_as_loci_asks() {
        let machine = machine(&[("/opt/loci/bindep.txt", FILE)]);
        assert_eq!(
            bindep(
                &machine,
                "-f /opt/loci/bindep.txt -b -l newline keystone db trixie"
            ),
            printed("git\nlibpq-dev\ngit\n", "", 0)
        );
        assert_eq!(
            bindep(
                &machine,
                "--file=/opt/loci/bindep.txt --list-all csv --platform rocky-9 db"
            ),
            printed("git,libpq-devel,git\n", "", 0)
        );
    }

    #[test]
    fn a_list_of_nothing_is_an_empty_line() {
        let machine = machine(&[("bindep.txt", "git [x]\n")]);
        assert_eq!(bindep(&machine, "-l csv"), printed("\n", "", 0));
    }

    #[test]
    fn long_options_may_be_shortened_and_the_last_counts() {
        let options = options("--fi a --list n --li csv -f b --br --pro x").unwrap_err();
        assert_eq!(
            options.kind(),
            clap::error::ErrorKind::InvalidValue,
            "a format is not shortened"
        );
        let options =
            super::tests::options("--fi a --list newline --li csv -f b --br --p x y").unwrap();
        assert_eq!(options.file, Some("b".into()));
        assert_eq!(options.list_all, Some(Format::Csv));
        assert!(options.brief && options.profiles);
        assert_eq!(options.profile, ["x", "y"]);
        let attached = super::tests::options("-fa -bl csv").unwrap();
        assert_eq!(attached.file, Some("a".into()));
        let stdin = super::tests::options("-f - x").unwrap();
        assert_eq!(stdin.file, Some("-".into()));
        assert!(
            super::tests::options("-f -b").is_err(),
            "a forgotten file name"
        );
    }

    #[test]
    fn checks_and_tells_by_status() {
        let mut machine = machine(&[("bindep.txt", "git >=3\nacl\n")]);
        machine.answer = Answer {
            status: Some(1),
            stdout: "git install ok installed 1:2.47-1\n".to_owned(),
            stderr: "dpkg-query: no packages found matching acl\n".to_owned(),
        };
        assert_eq!(
            bindep(&machine, ""),
            printed("Missing packages:\n    acl\n", "", 1)
        );
        assert_eq!(bindep(&machine, "-b"), printed("acl\n", "", 1));
        machine.files.insert("bindep.txt", "git >2:0\n");
        assert_eq!(
            bindep(&machine, ""),
            printed(
                "Bad versions of installed packages:\n    git version 1:2.47-1 does not match >2:0\n",
                "",
                1
            )
        );
        assert_eq!(bindep(&machine, "-b"), printed("", "", 1));
        machine.files.insert("bindep.txt", "git\n");
        assert_eq!(bindep(&machine, ""), printed("", "", 0));
    }

    #[test]
    fn profiles_are_listed_for_a_named_file() {
        let machine = machine(&[
            ("bindep.txt", "aa [x !y]\n"),
            ("-", "aa [z (platform:rpm)]\n"),
        ]);
        let platform = "Platform profiles:\nplatform:base-py3\nplatform:debian\nplatform:debian-13\n\
                        platform:debian-trixie\nplatform:dpkg\n";
        assert_eq!(bindep(&machine, "--profiles"), printed(platform, "", 0));
        assert_eq!(
            bindep(&machine, "--profiles -f bindep.txt"),
            printed(
                &format!("{platform}\nConfiguration profiles:\nx\ny\n"),
                "",
                0
            )
        );
        assert_eq!(
            bindep(&machine, "--profiles -f -"),
            printed(
                &format!("{platform}\nConfiguration profiles:\nplatform:rpm\nz\n"),
                "",
                0
            )
        );
        assert_eq!(
            bindep(&machine, "--profiles -f nosuch"),
            printed(platform, "Error reading file nosuch.\n", 0)
        );
    }

    #[test]
    fn every_bad_line_ends_it_with_2() {
        let machine = machine(&[("bindep.txt", "aa\r\nb\nc [\n")]);
        assert_eq!(
            bindep(&machine, "-l newline"),
            printed(
                "",
                "bindep.txt:2:2: expected a package name of at least two characters\n  2 | b\n    |  ^\n\
                 bindep.txt:3:2: expected a package name of at least two characters\n  3 | c [\n    |  ^\n",
                2
            )
        );
    }

    #[test]
    fn standard_input_keeps_its_carriage_returns() {
        let machine = machine(&[("-", "aa\r\n")]);
        let (stdout, stderr, status) = bindep(&machine, "-f - -l newline");
        assert_eq!((&stdout[..], status), ("", 2));
        assert!(
            stderr.starts_with("standard input:1:3: expected a line that ends in LF alone"),
            "{stderr}"
        );
    }

    #[test]
    fn dead_selectors_are_warned_of() {
        let machine = machine(&[("bindep.txt", "aa [platform:apt]\n")]);
        let (stdout, stderr, status) = bindep(&machine, "-l newline");
        assert_eq!((&stdout[..], status), ("\n", 0));
        assert!(stderr.starts_with("bindep.txt:1:5: warning: "), "{stderr}");
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        let none = machine(&[]);
        let neither = "Neither file bindep.txt nor file other-requirements.txt exist.\n";
        assert_eq!(bindep(&none, ""), printed("", neither, 1));
        assert_eq!(
            bindep(&none, "-f x"),
            printed("", "Error reading file x.\n", 1)
        );
        let both = machine(&[("bindep.txt", ""), ("other-requirements.txt", "")]);
        let choose = "Both bindep.txt and other-requirements.txt files exist, choose one.\n";
        assert_eq!(bindep(&both, ""), printed("", choose, 1));
        let lost = Machine {
            distribution: None,
            ..machine(&[("bindep.txt", "aa\n")])
        };
        assert_eq!(bindep(&lost, ""), printed("", "no os-release\n", 1));
        let (_, stderr, status) = bindep(&lost, "--platform beos");
        assert!(
            stderr.starts_with("unknown platform `beos`; known are: "),
            "{stderr}"
        );
        assert_eq!(status, 2);
        let guix = Machine {
            distribution: Some(Distribution {
                id: "guix".to_owned(),
                ..Distribution::default()
            }),
            ..machine(&[("bindep.txt", "aa\n")])
        };
        assert_eq!(bindep(&guix, "-l newline"), printed("aa\n", "", 0));
        assert_eq!(bindep(&guix, "").2, 1);
    }
}
