//! Asks Debian's archive for every package that `bindep.txt` selects.
//!
//! apt answers from a state of its own in a temporary directory: no root, nothing of the machine
//! is touched, and the release in question need not be the machine's. Mirrors are those of the
//! machine's own sources, with the codename replaced; signatures are checked.

mod catalogue;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

#[test]
#[ignore = "asks the Debian archive: cargo xtask test"]
fn debian_12_has_every_package() {
    every_package_is_in("bookworm");
}

#[test]
#[ignore = "asks the Debian archive: cargo xtask test"]
fn debian_13_has_every_package() {
    every_package_is_in("trixie");
}

/// The question itself has to be able to fail: names that are virtual here, belong to another
/// release, or exist nowhere.
#[test]
#[ignore = "asks the Debian archive: cargo xtask test"]
fn names_of_elsewhere_are_told_apart() {
    let candidates = Apt::new("trixie").candidates(&[
        "libz-dev",
        "libldap-2.5-0",
        "mysql-client",
        "no-such-package",
        "netbase",
    ]);
    assert_eq!(candidates, BTreeSet::from(["netbase".to_owned()]));
}

fn every_package_is_in(suite: &str) {
    let platform = format!("debian-{suite}");
    let mut asked_for_by: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for image in catalogue::IMAGES {
        for package in catalogue::packages(&platform, image) {
            asked_for_by.entry(package).or_default().push(image);
        }
    }
    assert!(
        !asked_for_by.is_empty(),
        "nothing is selected on {platform}"
    );

    let names: Vec<&str> = asked_for_by.keys().map(String::as_str).collect();
    let candidates = Apt::new(suite).candidates(&names);

    let mut missing = String::new();
    for (package, images) in &asked_for_by {
        if !candidates.contains(package) {
            writeln!(
                missing,
                "{package} is no package of {suite}; selected for: {}",
                images.join(", ")
            )
            .expect("a string takes everything");
        }
    }
    assert!(missing.is_empty(), "\n{missing}");
}

/// apt with the indexes of one release, and nothing installed.
struct Apt {
    /// The state, for as long as it is asked.
    _directory: TempDir,
    configuration: PathBuf,
}

impl Apt {
    /// Downloads the indexes of `suite`. Panics when one of them cannot be had.
    fn new(suite: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let root = directory.path();
        for path in ["lists/partial", "archives/partial", "preferences.d", "log"] {
            fs::create_dir_all(root.join(path)).expect("a directory of apt's state");
        }
        let configuration = root.join("apt.conf");
        fs::write(&configuration, apt_configuration(root)).expect("apt.conf");
        fs::write(root.join("sources.list"), sources_of(suite)).expect("sources.list");
        fs::write(root.join("status"), "").expect("dpkg's status");

        let apt = Self {
            _directory: directory,
            configuration,
        };
        apt.run("apt-get", ["update"]);
        apt
    }

    /// Those of `names` that `apt-get install` would find a version of. A virtual package has no
    /// version of its own, and a name that apt has never heard of does not appear at all.
    fn candidates(&self, names: &[&str]) -> BTreeSet<String> {
        let policy = self.run("apt-cache", ["policy"].iter().chain(names));
        let mut candidates = BTreeSet::new();
        let mut package = "";
        for line in policy.lines() {
            if let Some(candidate) = line.trim_start().strip_prefix("Candidate: ") {
                if candidate != "(none)" {
                    candidates.insert(package.to_owned());
                }
            } else if !line.starts_with(' ') {
                package = line.trim_end_matches(':');
            }
        }
        candidates
    }

    fn run(&self, program: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> String {
        let mut command = Command::new(program);
        command.arg("-c").arg(&self.configuration);
        command.args(arguments).env("LC_ALL", "C");
        let output = command
            .output()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        assert!(
            output.status.success(),
            "{command:?}: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("apt speaks UTF-8")
    }
}

/// Read after the machine's own configuration, so that its proxies hold and its places, its
/// hooks and its indexes beyond the packages do not.
fn apt_configuration(root: &Path) -> String {
    let root = root.display();
    format!(
        r#"Dir::State "{root}";
Dir::State::lists "{root}/lists";
Dir::State::status "{root}/status";
Dir::Cache "{root}";
Dir::Cache::archives "{root}/archives";
Dir::Etc::sourcelist "{root}/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferences "-";
Dir::Etc::preferencesparts "{root}/preferences.d";
Dir::Log "{root}/log";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::IndexTargets::deb::DEP-11;
Acquire::Languages "none";
Acquire::Retries "3";
APT::Default-Release "";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
"#
    )
}

/// The `sources.list` of `suite`, made from the machine's own: the same mirrors, another
/// codename, only `main`.
fn sources_of(suite: &str) -> String {
    let release = fs::read_to_string("/etc/os-release").expect("/etc/os-release");
    let field = |name: &str| {
        let line = release.lines().find_map(|line| line.strip_prefix(name));
        line.map_or("", |value| value.trim_matches('"'))
    };
    assert_eq!(
        field("ID="),
        "debian",
        "the mirrors are taken from the sources of a Debian machine; this is another system"
    );
    let here = field("VERSION_CODENAME=");

    let mut lines = BTreeSet::new();
    for source in machine_sources() {
        let Some(part) = source.suite.strip_prefix(here) else {
            continue;
        };
        if matches!(part, "" | "-updates" | "-security") {
            let uri = &source.uri;
            lines.insert(format!(
                "deb [signed-by={KEYRING}] {uri} {suite}{part} main\n"
            ));
        }
    }
    assert!(
        lines
            .iter()
            .any(|line| line.ends_with(&format!(" {suite} main\n"))),
        "no source of {here} signed by Debian in /etc/apt/sources.list and sources.list.d"
    );
    lines.into_iter().collect()
}

/// One mirror of one suite.
struct Source {
    uri: String,
    suite: String,
}

/// The Debian sources in `/etc/apt`, in either of their two formats.
fn machine_sources() -> Vec<Source> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    if let Ok(entries) = fs::read_dir("/etc/apt/sources.list.d") {
        files.extend(entries.map(|entry| entry.expect("a source").path()));
    }
    let mut sources = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap_or_default();
        match file.extension().and_then(OsStr::to_str) {
            Some("list") => sources.extend(text.lines().filter_map(one_line_source)),
            Some("sources") => sources.extend(stanzas(&text).iter().flat_map(stanza_sources)),
            _ => {}
        }
    }
    sources
}

/// `deb [OPTION=VALUE ...] URI SUITE COMPONENT...`, when it is Debian's.
fn one_line_source(line: &str) -> Option<Source> {
    let rest = line.trim().strip_prefix("deb ")?.trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => ("", rest),
    };
    let signed_by = options
        .split_whitespace()
        .find_map(|option| option.strip_prefix("signed-by="));
    let mut words = rest.split_whitespace();
    let source = Source {
        uri: words.next()?.to_owned(),
        suite: words.next()?.to_owned(),
    };
    is_debians(signed_by, words).then_some(source)
}

/// The stanzas of a deb822 file as fields in lower case. Continuation lines join their field.
fn stanzas(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut stanzas: Vec<BTreeMap<String, String>> = vec![BTreeMap::new()];
    let mut field = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let stanza = stanzas.last_mut().expect("there is a first one");
        if line.trim().is_empty() {
            stanzas.push(BTreeMap::new());
        } else if line.starts_with(' ') {
            stanza.entry(field.clone()).or_default().push_str(line);
        } else if let Some((name, value)) = line.split_once(':') {
            field = name.to_ascii_lowercase();
            stanza.insert(field.clone(), value.trim().to_owned());
        }
    }
    stanzas
}

/// Every mirror of every suite of a stanza, when it is Debian's.
fn stanza_sources(stanza: &BTreeMap<String, String>) -> Vec<Source> {
    let words = |field: &str| {
        stanza
            .get(field)
            .map_or("", String::as_str)
            .split_whitespace()
    };
    let mut sources = Vec::new();
    if words("types").any(|kind| kind == "deb")
        && words("enabled").all(|word| word != "no")
        && is_debians(words("signed-by").next(), words("components"))
    {
        for uri in words("uris") {
            sources.extend(words("suites").map(|suite| Source {
                uri: uri.to_owned(),
                suite: suite.to_owned(),
            }));
        }
    }
    sources
}

/// Other archives may call their suites like Debian's, but they sign with their own key.
fn is_debians<'a>(signed_by: Option<&str>, mut components: impl Iterator<Item = &'a str>) -> bool {
    let signed_by_debian = signed_by.is_none_or(|key| key.contains("debian-archive"));
    signed_by_debian && components.any(|component| component == "main")
}
