//! apt and dpkg: Debian, Ubuntu and what descends from them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::{Download, Facts, Installed, PackageManager, Tool, also, asked};
use crate::command::{Command, Output, Runner};
use crate::failure::FailedChild;
use crate::layout::PROGRAMS;
use crate::root::Root;

mod downloads;

/// The driver.
#[derive(Debug)]
pub struct Apt;

/// dpkg's database of installed packages.
pub const STATUS: &str = "/var/lib/dpkg/status";

/// apt's marks: which packages came only because others need them.
const MARKS: &str = "/var/lib/apt/extended_states";

/// Options of every apt-get call. They say how to work and nothing about what
/// is installed: the base image's own configuration stays in force.
const OPTIONS: [&str; 7] = [
    "-qq",
    // A mirror that drops a connection is asked again.
    "--option=Acquire::Retries=3",
    // Translated descriptions are a third of the lists and nobody reads them here.
    "--option=Acquire::Languages=none",
    "--option=Dpkg::Use-Pty=false",
    // Nobody is there to answer: a changed configuration file stays as the image's author left it.
    "--option=Dpkg::Options::=--force-confold",
    "--option=Dpkg::Options::=--force-confdef",
    // A build that is cut off is thrown away, so there is no file that must survive it.
    "--option=Dpkg::Options::=--force-unsafe-io",
];

static UNKNOWN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?m)^E: (?:Unable to locate package (\S+)|Package '([^']+)' has no installation candidate|Version '[^']*' for '([^']+)' was not found|Release '[^']*' for '([^']+)' was not found)",
    )
    .expect("constant")
});

static PURGED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^(?:Purg|Remv) (\S+)").expect("constant"));

static PYTHON: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^\s*Depends: (python3\.\d+)\s*$").expect("constant"));

fn apt_get(command: &str) -> Command {
    Command::new("apt-get").args(OPTIONS).arg(command)
}

impl PackageManager for Apt {
    fn name(&self) -> &'static str {
        "apt"
    }

    fn installed(&self, root: &Root, _runner: &dyn Runner) -> Result<Installed, Box<FailedChild>> {
        let status = root.read(STATUS);
        Ok(status.map(|text| parse_status(&text)).unwrap_or_default())
    }

    fn inventory(&self, root: &Root, _runner: &dyn Runner) -> Result<Vec<Facts>, Box<FailedChild>> {
        let status = root.read(STATUS).unwrap_or_default();
        let mut packages: Vec<Facts> = installed(&status).filter_map(|one| facts(&one)).collect();
        packages.sort();
        Ok(packages)
    }

    /// Those that are not marked as there for others.
    fn marked(&self, root: &Root, _runner: &dyn Runner) -> Option<BTreeSet<String>> {
        let marks = root.read(MARKS).unwrap_or_default();
        let status = root.read(STATUS).ok()?;
        Some(not_automatic(&status, &marks))
    }

    /// `Installed-Size`, deb-control(5), in KiB. What is not installed any more has none.
    fn installed_bytes(&self, root: &Root, _runner: &dyn Runner) -> u64 {
        let status = root.read(STATUS).unwrap_or_default();
        let sizes = status
            .lines()
            .filter_map(|line| line.strip_prefix("Installed-Size: "))
            .filter_map(|size| size.parse::<u64>().ok());
        sizes.sum::<u64>() << 10
    }

    fn unfinished(&self, root: &Root) -> Option<Command> {
        let status = root.read(STATUS).unwrap_or_default();
        // dpkg's journal, which is empty whenever dpkg came to its end.
        let journal = std::fs::read_dir(root.join("/var/lib/dpkg/updates"));
        let cut_off = journal.is_ok_and(|mut entries| entries.next().is_some());
        (cut_off || has_unconfigured(&status))
            .then(|| Command::new("dpkg").args(["--configure", "--pending", "--force-confold"]))
    }

    /// By policy-rc.d and py3compile: Debian's packages do both.
    fn starts_services(&self) -> bool {
        true
    }

    fn has_lists(&self, root: &Root) -> bool {
        !root.glob("/var/lib/apt/lists/*_Packages*").is_empty()
    }

    fn refresh(&self) -> Command {
        apt_get("update").online(true).args([
            // Without this apt reports a list that it could not get and succeeds.
            "--error-on=any",
            // Otherwise it makes its index of all packages twice; whoever needs it makes it.
            "--option=pkgCacheFile::Generate=false",
        ])
    }

    fn available(&self) -> Option<Command> {
        // Its cache of all packages is made in memory, for whoever may not write it.
        Some(Command::new("apt-cache").args([
            "--option=Dir::Cache::pkgcache=",
            "--option=Dir::Cache::srcpkgcache=",
            "pkgnames",
        ]))
    }

    /// `git:amd64`, `git=9` and `git/sid`.
    fn bare<'a>(&self, name: &'a str) -> &'a str {
        name.split(['=', '/', ':']).next().unwrap_or(name)
    }

    fn simulate(&self, packages: &[String]) -> Command {
        // It decides all that an installation decides; --simulate takes four times as
        // long, because it lists every package with what it depends on.
        install()
            // It names MD5 sums if it is not told otherwise.
            .args(["--print-uris", "--option=Acquire::ForceHash=SHA256"])
            .args(packages)
    }

    fn unknown(&self, simulation: &Output) -> Vec<String> {
        let text = format!("{}{}", simulation.stdout, simulation.stderr);
        UNKNOWN
            .captures_iter(&text)
            .filter_map(|capture| {
                capture
                    .iter()
                    .skip(1)
                    .flatten()
                    .next()
                    .map(|name| name.as_str().to_owned())
            })
            .collect()
    }

    fn downloads(&self, simulation: &str, connections: usize) -> Vec<Download> {
        downloads::shares(simulation, connections)
    }

    fn install(&self, packages: &[String]) -> Command {
        install().online(true).args(packages)
    }

    fn in_two(&self, install: &Command) -> Option<(Command, Command)> {
        let fetch = also(install, "--download-only");
        Some((fetch, also(install, "--no-download").online(false)))
    }

    fn mark_unneeded(&self, packages: &[String]) -> Option<Command> {
        Some(Command::new("apt-mark").arg("auto").args(packages))
    }

    fn unneeded(
        &self,
        candidates: &BTreeSet<String>,
        runner: &dyn Runner,
    ) -> Result<BTreeSet<String>, Box<FailedChild>> {
        // A package that another one merely recommends or suggests is one that
        // this program, which installs neither, would not have brought in.
        let trial = apt_get("autoremove").args([
            "--simulate",
            "--purge",
            "--option=APT::AutoRemove::RecommendsImportant=false",
            "--option=APT::AutoRemove::SuggestsImportant=false",
        ]);
        let purged = purged(&asked(&trial, runner)?).into_iter();
        let known = |name: &String| candidates.contains(self.bare(name));
        Ok(purged.filter(known).collect())
    }

    fn remove(&self, packages: &[String]) -> Command {
        apt_get("purge").arg("--yes").args(packages)
    }

    fn list(&self, runner: &dyn Runner) -> Result<String, Box<FailedChild>> {
        // Wide enough for every name; dpkg cuts columns to the terminal it thinks it has.
        asked(
            &Command::new("dpkg").arg("-l").variable("COLUMNS", "200"),
            runner,
        )
    }

    fn leftovers(&self) -> Vec<&'static str> {
        vec![
            "/var/lib/apt/lists/*",
            "/var/cache/apt/*.bin*",
            "/var/cache/apt/archives/*.deb",
            "/var/cache/apt/archives/partial/*",
            "/var/cache/debconf/*-old",
            "/var/cache/ldconfig/aux-cache",
            "/var/lib/dpkg/*-old",
            "/var/log/alternatives.log",
            "/var/log/apt/*",
            "/var/log/bootstrap.log",
            "/var/log/dpkg.log",
        ]
    }

    fn package_of(&self, tool: Tool, python: &str) -> String {
        match tool {
            Tool::Python => python.to_owned(),
            Tool::Ensurepip => format!("{python}-venv"),
            Tool::Headers => format!("{python}-dev"),
            Tool::Git => "git".to_owned(),
            Tool::Certificates => "ca-certificates".to_owned(),
            Tool::Accounts => "passwd".to_owned(),
        }
    }

    fn python_library(
        &self,
        python: &str,
        runner: &dyn Runner,
    ) -> Result<Option<String>, Box<FailedChild>> {
        if python != "python3" {
            return Ok(Some(format!("lib{python}")));
        }
        let query = Command::new("apt-cache").args(["depends", python]);
        Ok(library(&asked(&query, runner)?))
    }
}

/// Reads which version `python3` stands for.
fn library(dependencies: &str) -> Option<String> {
    let version = PYTHON.captures(dependencies)?;
    Some(format!("lib{}", &version[1]))
}

/// Installs what is asked for and what that depends on, whatever the base image's
/// configuration says: one that asks for suggested packages brings a thousand.
fn install() -> Command {
    Command::new("apt-get")
        .args(OPTIONS)
        .arg("--option=APT::Install-Suggests=false")
        // apt's own value behind our directory, apt.conf(5).
        .arg(format!(
            "--option=DPkg::Path={PROGRAMS}:/usr/sbin:/usr/bin:/sbin:/bin"
        ))
        .args(["install", "--yes", "--no-install-recommends"])
}

/// The packages that a simulated removal would purge.
fn purged(simulation: &str) -> Vec<String> {
    let captures = PURGED.captures_iter(simulation);
    captures.map(|capture| capture[1].to_owned()).collect()
}

/// A package in one of dpkg's and apt's files (deb822, deb-control(5)).
#[derive(Debug)]
pub struct Paragraph<'a>(&'a str);

impl<'a> Paragraph<'a> {
    /// What it says of this, its first line.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'a str> {
        let mut lines = self.0.lines();
        lines
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .map(str::trim)
    }
}

/// All packages of such a file.
pub fn paragraphs(text: &str) -> impl Iterator<Item = Paragraph<'_>> {
    text.split("\n\n").map(Paragraph)
}

/// The packages of dpkg's status file whose state is `installed`.
fn installed(status: &str) -> impl Iterator<Item = Paragraph<'_>> {
    paragraphs(status).filter(|package| {
        let status = package.field("Status").unwrap_or_default();
        status.split_whitespace().nth(2) == Some("installed")
    })
}

fn parse_status(text: &str) -> Installed {
    let mut all = Installed::default();
    for package in installed(text) {
        let (Some(name), Some(version)) = (package.field("Package"), package.field("Version"))
        else {
            continue;
        };
        for provided in names(package.field("Provides").unwrap_or_default(), ',') {
            all.provide(provided);
        }
        all.add(name, version);
    }
    all
}

/// The names in a field of relationships, deb-control(5), without versions and architectures.
fn names(field: &str, separator: char) -> impl Iterator<Item = &str> {
    field.split(separator).filter_map(|one| {
        let name = one.split_whitespace().next()?;
        Some(name.split(['(', ':']).next().unwrap_or(name))
    })
}

fn facts(package: &Paragraph<'_>) -> Option<Facts> {
    let owned = |field: &str| package.field(field).map(str::to_owned);
    let needed = ["Pre-Depends", "Depends"].into_iter();
    let needed = needed.flat_map(|field| package.field(field).unwrap_or_default().split(','));
    let alternatives = |one: &str| -> Vec<String> { names(one, '|').map(str::to_owned).collect() };
    let provides = names(package.field("Provides").unwrap_or_default(), ',');
    Some(Facts {
        name: owned("Package")?,
        architecture: owned("Architecture")?,
        version: owned("Version")?,
        // `glibc (2.41-12)`, the version only where it is another one.
        source: package
            .field("Source")
            .map(|source| source.replace(" (", "@").replace(')', "")),
        // It is in /usr/share/doc.
        licence: None,
        depends: needed
            .map(alternatives)
            .filter(|alternatives| !alternatives.is_empty())
            .collect(),
        provides: provides.map(str::to_owned).collect(),
    })
}

/// The installed packages that apt's marks do not call automatic.
fn not_automatic(status: &str, marks: &str) -> BTreeSet<String> {
    let automatic: BTreeSet<&str> = paragraphs(marks)
        .filter(|package| package.field("Auto-Installed") == Some("1"))
        .filter_map(|package| package.field("Package"))
        .collect();
    installed(status)
        .filter_map(|package| package.field("Package"))
        .filter(|name| !automatic.contains(name))
        .map(str::to_owned)
        .collect()
}

/// Whether the status file has packages that are unpacked and not set up.
fn has_unconfigured(text: &str) -> bool {
    text.lines()
        .filter_map(|line| line.strip_prefix("Status: "))
        .filter_map(|status| status.split_whitespace().nth(2))
        .any(|state| {
            matches!(
                state,
                "unpacked" | "half-configured" | "triggers-awaited" | "triggers-pending"
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Ending;

    #[test]
    fn only_installed_packages_count_and_provides_do() {
        let installed = parse_status(
            "Package: libpython3.12t64\nStatus: install ok installed\nProvides: libpython3.12 (= 3.12.3-1)\nVersion: 3.12.3-1\n\n\
             Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n\
             Package: held\nStatus: hold ok installed\nVersion: 2\n",
        );
        assert_eq!(
            installed.names(),
            ["held", "libpython3.12", "libpython3.12t64"].into()
        );
    }

    #[test]
    fn what_is_known_of_packages_is_read() {
        let status = "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nSource: glibc\nVersion: 2.41-12\n\n\
             Package: gone\nStatus: deinstall ok config-files\nArchitecture: all\nVersion: 1\n\n\
             Package: git\nStatus: install ok installed\nArchitecture: amd64\nSource: git-all (1:2.4)\nVersion: 1:2.4+b1\n\
             Pre-Depends: dpkg (>= 1.15)\nDepends: libc6 (>= 2.38), perl:any, a-mta | mail-transport-agent\n\
             Provides: git-completion, git-core (= 1:2.4)\n";
        let all: Vec<Facts> = installed(status).filter_map(|one| facts(&one)).collect();
        let [libc, git] = &all[..] else {
            panic!("{all:?}");
        };
        assert_eq!(libc.source.as_deref(), Some("glibc"));
        assert_eq!(git.source.as_deref(), Some("git-all@1:2.4"));
        assert_eq!((&*git.version, &*git.architecture), ("1:2.4+b1", "amd64"));
        assert_eq!(
            git.depends,
            [
                vec!["dpkg"],
                vec!["libc6"],
                vec!["perl"],
                vec!["a-mta", "mail-transport-agent"]
            ]
        );
        assert_eq!(git.provides, ["git-completion", "git-core"]);
        let marks = "Package: libc6\nArchitecture: amd64\nAuto-Installed: 1\n\n\
                     Package: git\nArchitecture: amd64\nAuto-Installed: 0\n";
        assert_eq!(not_automatic(status, marks), ["git".to_owned()].into());
    }

    #[test]
    fn a_package_that_is_not_set_up_is_seen() {
        assert!(!has_unconfigured(
            "Package: a\nStatus: install ok installed\n\nPackage: b\nStatus: deinstall ok config-files\n"
        ));
        assert!(has_unconfigured(
            "Package: a\nStatus: install ok installed\n\nPackage: b\nStatus: install ok half-configured\n"
        ));
    }

    #[test]
    fn every_way_of_not_having_a_package_is_read() {
        let output = Output {
            ending: Ending::Exited(100),
            stdout: "Reading package lists...\nE: Unable to locate package nosuch\n\
                     E: Package 'libldap-2.4-2' has no installation candidate\n\
                     E: Version '9' for 'git' was not found\n"
                .to_owned(),
            stderr: String::new(),
        };
        assert_eq!(Apt.unknown(&output), ["nosuch", "libldap-2.4-2", "git"]);
    }

    #[test]
    fn a_simulated_removal_names_packages() {
        assert_eq!(
            purged("NOTE: simulated\nPurg git [1:2.47]\nPurg liberror-perl [0.17]\nRemv x [1]\n"),
            ["git", "liberror-perl", "x"]
        );
    }

    #[test]
    fn the_interpreters_library_follows_its_version() {
        assert_eq!(
            library("python3\n  PreDepends: python3-minimal\n  Depends: python3.13\n  Depends: libpython3-stdlib\n").as_deref(),
            Some("libpython3.13")
        );
    }

    #[test]
    fn one_transaction_without_recommended_packages() {
        assert_eq!(
            Apt.install(&["git".to_owned()]).to_string(),
            "apt-get -qq '--option=Acquire::Retries=3' '--option=Acquire::Languages=none' '--option=Dpkg::Use-Pty=false' '--option=Dpkg::Options::=--force-confold' '--option=Dpkg::Options::=--force-confdef' '--option=Dpkg::Options::=--force-unsafe-io' '--option=APT::Install-Suggests=false' '--option=DPkg::Path=/var/lib/loci-install/programs:/usr/sbin:/usr/bin:/sbin:/bin' install --yes --no-install-recommends git"
        );
    }
}
