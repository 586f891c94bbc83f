//! rpm's database, which dnf and zypper share, asked by rpm(8) itself: of which kind it is
//! depends on the distribution and its release.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::sync::LazyLock;

use regex::Regex;
use tempfile::TempDir;

use super::{Facts, Installed, asked};
use crate::command::{Command, Output, Runner};
use crate::failure::FailedChild;
use crate::root::Root;
use crate::words::reason;

/// Where the database is, the newer place first: Fedora, EL 10 and openSUSE have it with
/// the system's read-only part.
pub const PLACES: [&str; 2] = ["/usr/lib/sysimage/rpm", "/var/lib/rpm"];

/// What it is called, by its kind, `_db_backend`.
const DATABASES: [(&str, &str); 3] = [
    ("rpmdb.sqlite", "sqlite"),
    ("Packages.db", "ndb"),
    ("Packages", "bdb_ro"),
];

/// Keys that packages are verified with, which dnf and zypper import: no packages.
pub const KEY: &str = "gpg-pubkey";

/// What rpm leaves behind.
pub const LEFTOVERS: &[&str] = &[
    "/usr/lib/sysimage/rpm/.rpm.lock",
    "/var/lib/rpm/.rpm.lock",
    "/var/lib/rpm/__db.*",
];

static NEEDED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^\s+(.+) is needed by \(installed\) ").expect("constant"));

/// What rpm and dnf 5 say of a script that failed and left its package installed. Of one that
/// comes before the installation rpm says "error", and the package is not there.
static BROKEN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?m)(?:warning: %\w+\(([^)\s]+)\) scriptlet failed|Non-critical error in [\w-]+ scriptlet: (\S+))",
    )
    .expect("constant")
});

/// The packages whose scripts failed, by name.
pub fn broken(output: &Output) -> BTreeSet<String> {
    let text = format!("{}{}", output.stdout, output.stderr);
    let packages = BROKEN.captures_iter(&text).filter_map(|capture| {
        // NAME-VERSION-RELEASE.ARCHITECTURE
        let package = capture.iter().skip(1).flatten().next()?.as_str();
        Some(package.rsplitn(3, '-').nth(2)?.to_owned())
    });
    packages.collect()
}

/// Asks a copy of rpm's database, of every package in this format: rpm makes files beside
/// the one that it reads. The error says why there is no answer.
pub fn query_copy(root: &Root, runner: &dyn Runner, format: &str) -> Result<String, String> {
    let Some((place, _)) = database(root) else {
        return Ok(String::new());
    };
    let copied = || -> io::Result<TempDir> {
        let copy = tempfile::tempdir()?;
        let to = Root::new(copy.path()).join(place);
        fs::create_dir_all(&to)?;
        // A log that belongs to it, an index: all that is there.
        for entry in fs::read_dir(root.join(place))? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                fs::copy(entry.path(), to.join(entry.file_name()))?;
            }
        }
        Ok(copy)
    };
    let copy = copied().map_err(|error| format!("could not copy {place}: {}", reason(&error)))?;
    let answer = query(&Root::new(copy.path()), runner, format);
    answer.map_err(|failed| format!("{} {}", failed.command, failed.ending))
}

/// The database: where it is, and its kind.
fn database(root: &Root) -> Option<(&'static str, &'static str)> {
    PLACES.iter().find_map(|place| {
        let is_there = |(name, _): &&(&str, &str)| root.is_file(format!("{place}/{name}"));
        let (_, kind) = DATABASES.iter().find(is_there)?;
        Some((*place, *kind))
    })
}

/// Asks the whole database; nothing where there is none, because rpm would make one.
fn query(root: &Root, runner: &dyn Runner, format: &str) -> Result<String, Box<FailedChild>> {
    let Some((place, kind)) = database(root) else {
        return Ok(String::new());
    };
    let mut rpm = Command::new("rpm").variable("LC_ALL", "C");
    if !root.is_system() {
        // `--root` would need chroot(2).
        rpm = rpm.arg(format!("--dbpath={}", root.join(place).display()));
        // This machine's rpm would make one of its own kind beside one that it does not know.
        rpm = rpm.arg(format!("--define=_db_backend {kind}"));
    }
    asked(
        &rpm.args(["--query", "--all", "--queryformat", format]),
        runner,
    )
}

/// What is installed.
pub fn installed(root: &Root, runner: &dyn Runner) -> Result<Installed, Box<FailedChild>> {
    let format = "%{NAME}\\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\\n[%{PROVIDENAME}\\n]";
    query(root, runner, format).map(|answer| parse(&answer))
}

fn parse(answer: &str) -> Installed {
    let mut installed = Installed::default();
    for line in answer.lines() {
        match line.split_once('\t') {
            Some((KEY, _)) => {}
            Some((name, version)) => installed.add(name, version),
            None => installed.provide(line),
        }
    }
    installed
}

/// What is known of the installed packages. What they depend on, rpm says in capabilities and
/// files, and not in packages.
pub fn inventory(root: &Root, runner: &dyn Runner) -> Result<Vec<Facts>, Box<FailedChild>> {
    let format = "%{NAME}\\t%{ARCH}\\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\\t%{SOURCERPM}\\t%{LICENSE}\\n";
    query(root, runner, format).map(|answer| parse_facts(&answer))
}

fn parse_facts(answer: &str) -> Vec<Facts> {
    let parsed = answer.lines().filter_map(|line| {
        let mut fields = line.splitn(5, '\t');
        let mut field = || fields.next().map(str::to_owned);
        // What rpm says of a field that is not there.
        let given = |value: String| (value != "(none)").then_some(value);
        Some(Facts {
            name: field()?,
            architecture: field()?,
            version: field()?,
            source: field().and_then(given),
            licence: field().and_then(given),
            depends: Vec::new(),
            provides: Vec::new(),
        })
    });
    let mut packages: Vec<Facts> = parsed.filter(|package| package.name != KEY).collect();
    packages.sort();
    packages
}

/// What the installed packages weigh, in bytes.
pub fn installed_bytes(root: &Root, runner: &dyn Runner) -> u64 {
    let sizes = query(root, runner, "%{LONGSIZE}\\n").unwrap_or_default();
    sizes
        .lines()
        .filter_map(|size| size.parse::<u64>().ok())
        .sum()
}

/// What is installed, sorted: rpm lists it as it was installed.
pub fn list(runner: &dyn Runner) -> Result<String, Box<FailedChild>> {
    let query = Command::new("rpm").args(["--query", "--all", "--queryformat", "%{NEVRA}\\n"]);
    let lines = asked(&query, runner)?;
    let sorted: BTreeSet<&str> = lines.lines().collect();
    Ok(sorted
        .into_iter()
        .fold(String::new(), |text, line| text + line + "\n"))
}

/// Those of the candidates that nothing else requires: what is required is taken from
/// them until rpm would let go of the rest. The error is what rpm said.
pub fn unneeded(
    candidates: &BTreeSet<String>,
    runner: &dyn Runner,
) -> Result<BTreeSet<String>, Box<FailedChild>> {
    let mut unneeded = candidates.clone();
    while !unneeded.is_empty() {
        let trial = Command::new("rpm")
            .args(["--erase", "--test"])
            .args(&unneeded)
            .variable("LC_ALL", "C");
        let output = runner.ask(&trial);
        if output.ending.success() {
            break;
        }
        let needed = providers(&required(&output.stderr), runner);
        let before = unneeded.len();
        unneeded.retain(|name| !needed.contains(name));
        if unneeded.len() == before {
            return Err(FailedChild::new(&trial, &output));
        }
    }
    Ok(unneeded)
}

/// The capabilities that a trial names. Of `(git if diffutils)`
/// (<https://rpm.org/docs/latest/manual/boolean_dependencies.html>) all words are taken:
/// keeping one package too many does no harm.
fn required(said: &str) -> BTreeSet<String> {
    let words = NEEDED.captures_iter(said).flat_map(|capture| {
        let whole = capture.get(1).map_or("", |capability| capability.as_str());
        if whole.starts_with('(') {
            whole.split(['(', ')', ' ']).collect()
        } else {
            // A version may follow: `perl >= 5`.
            whole.split(' ').take(1).collect::<Vec<_>>()
        }
    });
    words
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The installed packages that these names stand for, as dnf and zypper take them: with an
/// architecture or a version behind them, as a capability, as a file.
pub fn meant(names: &[String], runner: &dyn Runner) -> BTreeSet<String> {
    let bare = names
        .iter()
        .map(|name| name.split('=').next().unwrap_or(name));
    let bare: BTreeSet<String> = bare.map(str::to_owned).collect();
    if bare.is_empty() {
        return bare;
    }
    let by_name = Command::new("rpm")
        .args(["--query", "--queryformat", "%{NAME}\\n"])
        .args(bare.iter().filter(|name| !name.starts_with('/')))
        .variable("LC_ALL", "C");
    let answer = runner.ask(&by_name).stdout;
    let installed = answer.lines().map(str::to_owned);
    let mut packages = providers(&bare, runner);
    packages.extend(installed);
    // `package x is not installed`
    packages.retain(|name| !name.contains(' '));
    packages
}

/// The installed packages that provide any of the capabilities.
fn providers(capabilities: &BTreeSet<String>, runner: &dyn Runner) -> BTreeSet<String> {
    let query = Command::new("rpm")
        .args(["--query", "--queryformat", "%{NAME}\\n", "--whatprovides"])
        .args(capabilities)
        .variable("LC_ALL", "C");
    runner
        .ask(&query)
        .stdout
        .lines()
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Ending;

    /// Answers as rpm would.
    #[derive(Debug)]
    struct Rpm(fn(&str) -> Output);

    impl Runner for Rpm {
        fn run(&self, command: &Command, _line: &mut dyn FnMut(&str)) -> Output {
            (self.0)(&command.to_string())
        }

        fn ask(&self, command: &Command) -> Output {
            (self.0)(&command.to_string())
        }
    }

    fn said(status: i32, stdout: &str, stderr: &str) -> Output {
        Output {
            ending: Ending::Exited(status),
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
        }
    }

    #[test]
    fn packages_are_told_from_what_they_provide() {
        let installed =
            parse("git-core\t1:2.43-1\ngit-core\ngit-core(x86-64)\nbash\t5.1-9\n/bin/sh\n");
        assert_eq!(
            installed.packages().collect::<Vec<_>>(),
            [("bash", "5.1-9"), ("git-core", "1:2.43-1")]
        );
        assert!(installed.has("/bin/sh") && installed.has("git-core(x86-64)"));
        assert!(!installed.has("git"));
    }

    #[test]
    fn a_key_is_no_package() {
        let installed = parse("gpg-pubkey\t8483c65d-5ccc5b19\ngpg(CentOS)\nbash\t5.1-9\n");
        assert_eq!(
            installed.packages().collect::<Vec<_>>(),
            [("bash", "5.1-9")]
        );
    }

    #[test]
    fn what_is_known_of_packages_is_read() {
        let all = parse_facts(
            "gpg-pubkey\t(none)\t8483c65d-5ccc5b19\t(none)\tpubkey\n\
             git-core\tx86_64\t1:2.43-1\tgit-2.43-1.src.rpm\tGPLv2 and (LGPLv2+ or MIT)\n\
             bash\tnoarch\t5.1-9\t(none)\t(none)\n",
        );
        let told: Vec<_> = all
            .iter()
            .map(|one| {
                (
                    &*one.name,
                    &*one.version,
                    one.source.as_deref(),
                    one.licence.as_deref(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("bash", "5.1-9", None, None),
                (
                    "git-core",
                    "1:2.43-1",
                    Some("git-2.43-1.src.rpm"),
                    Some("GPLv2 and (LGPLv2+ or MIT)")
                )
            ]
        );
    }

    #[test]
    fn names_stand_for_what_is_installed() {
        let rpm = Rpm(|line| match line {
            r#"rpm --query --queryformat "%{NAME}\\n" git-core.x86_64 python3"# => {
                said(1, "git-core\npackage python3 is not installed\n", "")
            }
            r#"rpm --query --queryformat "%{NAME}\\n" --whatprovides git-core.x86_64 python3"# => {
                said(1, "no package provides git-core.x86_64\npython313\n", "")
            }
            _ => panic!("{line}"),
        });
        let names = ["python3", "git-core.x86_64"].map(str::to_owned);
        assert_eq!(
            meant(&names, &rpm),
            ["git-core", "python313"].map(str::to_owned).into()
        );
    }

    #[test]
    fn what_is_needed_stays_and_the_rest_goes() {
        let candidates = ["git", "perl", "less"].map(str::to_owned).into();
        let rpm = Rpm(|line| match line {
            "rpm --erase --test git less perl" => said(
                1,
                "",
                "error: Failed dependencies:\n\tperl >= 5 is needed by (installed) exiftool-1-1.noarch\n",
            ),
            r#"rpm --query --queryformat "%{NAME}\\n" --whatprovides perl"# => {
                said(0, "perl\n", "")
            }
            "rpm --erase --test git less" => said(0, "", ""),
            _ => panic!("{line}"),
        });
        assert_eq!(
            unneeded(&candidates, &rpm).expect("an answer"),
            ["git", "less"].map(str::to_owned).into()
        );
    }

    #[test]
    fn a_trial_that_fails_for_another_reason_is_an_error() {
        let candidates = ["git"].map(str::to_owned).into();
        let rpm = Rpm(|_| said(1, "", "error: cannot open Packages database\n"));
        assert!(unneeded(&candidates, &rpm).is_err());
    }

    #[test]
    fn packages_whose_scripts_failed_are_named() {
        let dnf = "warning: %post(git-core-2.47-1.noarch) scriptlet failed, exit status 3\nError in POSTIN scriptlet in rpm package git-core\n";
        assert_eq!(broken(&said(0, dnf, "")), ["git-core".to_owned()].into());
        let five = ">>> Non-critical error in post-install scriptlet: git-core-0:2.47-1.x86_64\n";
        assert_eq!(broken(&said(0, "", five)), ["git-core".to_owned()].into());
        let before = "error: %prein(git-core-2.47-1.noarch) scriptlet failed, exit status 3\n";
        assert!(broken(&said(1, before, "")).is_empty());
        assert!(broken(&said(0, "Complete!\n", "")).is_empty());
    }

    #[test]
    fn all_words_of_a_rich_dependency_count() {
        let said = "error: Failed dependencies:\n\t(git-core if (diffutils or less)) is needed by (installed) x-1-1.noarch\n\
                    \t/usr/bin/perl is needed by (installed) y-1-1.noarch\n";
        assert_eq!(
            required(said).into_iter().collect::<Vec<_>>(),
            ["/usr/bin/perl", "diffutils", "git-core", "if", "less", "or"]
        );
    }
}
