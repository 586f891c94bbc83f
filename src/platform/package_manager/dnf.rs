//! dnf, yum and microdnf: Red Hat, its relatives and Fedora.
//!
//! Three programs answer to these names: dnf 4 (EL 8 to 10, where yum is another name of it),
//! dnf 5 (Fedora 41 and later) and microdnf (minimal images), which has no marks.

use std::collections::BTreeSet;
use std::fs;
use std::sync::LazyLock;

use regex::Regex;

use super::{Facts, Installed, PackageManager, Tool, also, asked, rpm};
use crate::command::{Command, Ending, Output, Runner};
use crate::failure::FailedChild;
use crate::root::Root;

/// The driver.
#[derive(Debug)]
pub struct Dnf {
    /// What it is called by.
    program: &'static str,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Four,
    Five,
    Micro,
}

const fn driver(program: &'static str, kind: Kind) -> Dnf {
    Dnf { program, kind }
}

static DRIVERS: [Dnf; 5] = [
    driver("dnf", Kind::Five),
    driver("dnf", Kind::Four),
    driver("yum", Kind::Four),
    driver("microdnf", Kind::Five),
    driver("microdnf", Kind::Micro),
];

/// The one that the image has; dnf 4 when it has none, which then says so.
pub fn of(root: &Root) -> &'static Dnf {
    let is_there = |driver: &&Dnf| {
        let path = format!("/usr/bin/{}", driver.program);
        // dnf 5 takes over the names of the others by links.
        let is_five = fs::read_link(root.join(&path))
            .is_ok_and(|target| target.file_name().is_some_and(|name| name == "dnf5"));
        root.exists(&path) && is_five == (driver.kind == Kind::Five)
    };
    DRIVERS.iter().find(is_there).unwrap_or(&DRIVERS[1])
}

/// Options of every call. They say how to work and nothing about what is installed: the
/// base image's own configuration stays in force (dnf.conf(5)).
const OPTIONS: [&str; 5] = [
    "--assumeyes",
    // `strict` is dnf's own, but an image may say otherwise: a name that is not to be had
    // would then be left out without a word.
    "--setopt=strict=1",
    "--setopt=max_parallel_downloads=10",
    // A repository that does not answer is an error, as it is with apt.
    "--setopt=skip_if_unavailable=0",
    "--setopt=install_weak_deps=0",
];

/// microdnf refuses options that it does not know.
const MICRO_OPTIONS: [&str; 2] = ["--assumeyes", "--setopt=install_weak_deps=0"];

static UNKNOWN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?m)(?:^No match for argument: (\S+)|Unable to find a match: (.+)|No package matches '([^']+)')",
    )
    .expect("constant")
});

impl Dnf {
    fn call(&self, command: &str) -> Command {
        let options: &[&str] = match self.kind {
            Kind::Four | Kind::Five => &OPTIONS,
            Kind::Micro => &MICRO_OPTIONS,
        };
        Command::new(self.program)
            .args(options.iter().copied())
            .arg(command)
            .variable("LC_ALL", "C.UTF-8")
    }

    /// Names, one a line, from what is here: without a network.
    fn names(&self, which: &str) -> Command {
        self.call("repoquery")
            .args(["--quiet", "--cacheonly", which, "--queryformat=%{name}\\n"])
    }
}

impl PackageManager for Dnf {
    fn name(&self) -> &'static str {
        self.program
    }

    fn installed(&self, root: &Root, runner: &dyn Runner) -> Result<Installed, Box<FailedChild>> {
        rpm::installed(root, runner)
    }

    fn inventory(&self, root: &Root, runner: &dyn Runner) -> Result<Vec<Facts>, Box<FailedChild>> {
        rpm::inventory(root, runner)
    }

    fn marked(&self, _root: &Root, runner: &dyn Runner) -> Option<BTreeSet<String>> {
        if self.kind == Kind::Micro {
            return None;
        }
        let answer = asked(&self.names("--userinstalled"), runner).ok()?;
        Some(answer.lines().map(str::to_owned).collect())
    }

    fn meant(&self, names: &[String], runner: &dyn Runner) -> BTreeSet<String> {
        rpm::meant(names, runner)
    }

    fn installed_bytes(&self, root: &Root, runner: &dyn Runner) -> u64 {
        rpm::installed_bytes(root, runner)
    }

    fn has_lists(&self, root: &Root) -> bool {
        // microdnf's are one level deeper.
        ["dnf", "libdnf5", "yum/metadata"].iter().any(|cache| {
            !root
                .glob(&format!("/var/cache/{cache}/*/repodata"))
                .is_empty()
        })
    }

    fn refresh(&self) -> Command {
        let refresh = (self.kind != Kind::Micro).then_some("--refresh");
        self.call("makecache").args(refresh).online(true)
    }

    fn available(&self) -> Option<Command> {
        (self.kind != Kind::Micro).then(|| self.names("--available"))
    }

    fn simulate(&self, packages: &[String]) -> Command {
        // The lists are as new as they are to be; microdnf has no such option.
        let offline = (self.kind != Kind::Micro).then_some("--cacheonly");
        // The later of two contradicting answers counts.
        let install = self.call("install").args(offline);
        let install = install.online(self.kind == Kind::Micro);
        install.arg("--assumeno").args(packages)
    }

    /// Who answers a trial's question with "no" is told that the operation was aborted, with
    /// status 1. When a script fails the status is 0.
    fn succeeded(&self, output: &Output) -> bool {
        let says = |what: &str| output.stdout.contains(what) || output.stderr.contains(what);
        let aborted = output.ending == Ending::Exited(1) && says("Operation aborted");
        aborted || (output.ending.success() && rpm::broken(output).is_empty())
    }

    fn broken(&self, output: &Output) -> BTreeSet<String> {
        rpm::broken(output)
    }

    fn reinstall(&self, packages: &[String]) -> Command {
        self.call("reinstall").args(packages).online(true)
    }

    fn unknown(&self, simulation: &Output) -> Vec<String> {
        let text = format!("{}{}", simulation.stdout, simulation.stderr);
        let names: BTreeSet<&str> = UNKNOWN
            .captures_iter(&text)
            .flat_map(|capture| {
                let groups = capture.iter().skip(1).flatten().next();
                groups.map_or("", |group| group.as_str()).split_whitespace()
            })
            .collect();
        names.into_iter().map(str::to_owned).collect()
    }

    fn install(&self, packages: &[String]) -> Command {
        self.call("install").args(packages).online(true)
    }

    /// microdnf cannot be told to ask nobody.
    fn in_two(&self, install: &Command) -> Option<(Command, Command)> {
        let fetch = also(install, "--downloadonly");
        let rest = also(install, "--cacheonly").online(false);
        (self.kind != Kind::Micro).then_some((fetch, rest))
    }

    fn mark_unneeded(&self, packages: &[String]) -> Option<Command> {
        let how = match self.kind {
            Kind::Four => "remove",
            Kind::Five => "dependency",
            Kind::Micro => return None,
        };
        Some(self.call("mark").arg(how).args(packages))
    }

    fn unneeded(
        &self,
        candidates: &BTreeSet<String>,
        runner: &dyn Runner,
    ) -> Result<BTreeSet<String>, Box<FailedChild>> {
        let mut candidates = candidates.clone();
        if self.kind != Kind::Micro {
            // A hook may have asked for one since.
            let wanted = asked(&self.names("--userinstalled"), runner)?;
            for name in wanted.lines() {
                candidates.remove(name);
            }
        }
        rpm::unneeded(&candidates, runner)
    }

    fn remove(&self, packages: &[String]) -> Command {
        // What else nobody needs is the base image's.
        let exactly =
            (self.kind != Kind::Micro).then_some("--setopt=clean_requirements_on_remove=0");
        self.call("remove").args(exactly).args(packages)
    }

    fn list(&self, runner: &dyn Runner) -> Result<String, Box<FailedChild>> {
        rpm::list(runner)
    }

    fn leftovers(&self) -> Vec<&'static str> {
        let own = [
            "/var/cache/dnf/*",
            "/var/cache/ldconfig/aux-cache",
            "/var/cache/libdnf5/*",
            "/var/cache/yum/*",
            "/var/log/dnf*",
            "/var/log/hawkey.log",
            "/var/log/yum.log",
        ];
        [&own, rpm::LEFTOVERS].concat()
    }

    fn package_of(&self, tool: Tool, python: &str) -> String {
        match tool {
            Tool::Python => python.to_owned(),
            Tool::Ensurepip => format!("{python}-libs"),
            Tool::Headers => format!("{python}-devel"),
            // git's own package brings Perl.
            Tool::Git => "git-core".to_owned(),
            Tool::Certificates => "ca-certificates".to_owned(),
            Tool::Accounts => "shadow-utils".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: i32, stdout: &str, stderr: &str) -> Output {
        Output {
            ending: Ending::Exited(status),
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
        }
    }

    fn root(links: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("a directory");
        let programs = directory.path().join("usr/bin");
        fs::create_dir_all(&programs).expect("usr/bin");
        for (name, target) in links {
            fs::write(programs.join(target), "").expect("a program");
            std::os::unix::fs::symlink(target, programs.join(name)).expect("a link");
        }
        directory
    }

    #[test]
    fn the_program_is_the_one_that_the_image_has() {
        let kinds = [
            (vec![("dnf", "dnf-3"), ("yum", "dnf-3")], "dnf", Kind::Four),
            (vec![("yum", "dnf-3")], "yum", Kind::Four),
            (
                vec![("dnf", "dnf5"), ("microdnf", "dnf5")],
                "dnf",
                Kind::Five,
            ),
            (vec![("microdnf", "dnf5")], "microdnf", Kind::Five),
            (vec![("microdnf", "microdnf-3")], "microdnf", Kind::Micro),
            (vec![], "dnf", Kind::Four),
        ];
        for (links, program, kind) in kinds {
            let directory = root(&links);
            let driver = of(&Root::new(directory.path()));
            assert_eq!((driver.program, driver.kind), (program, kind), "{links:?}");
        }
    }

    #[test]
    fn a_trial_that_came_to_its_question_succeeded() {
        let dnf = &DRIVERS[1];
        assert!(dnf.succeeded(&said(1, "Install  1 Package\n", "Operation aborted.\n")));
        assert!(dnf.succeeded(&said(0, "Nothing to do.\n", "")));
        assert!(!dnf.succeeded(&said(1, "", "Error: \n Problem: conflicting requests\n")));
    }

    #[test]
    fn a_failed_script_is_a_failure() {
        let output = said(
            0,
            "warning: %post(broken-1-1.noarch) scriptlet failed, exit status 3\nComplete!\n",
            "",
        );
        assert!(!DRIVERS[1].succeeded(&output));
    }

    #[test]
    fn every_way_of_not_having_a_package_is_read() {
        for (driver, output) in [
            (
                &DRIVERS[1],
                said(
                    1,
                    "No match for argument: nosuch\n",
                    "Error: Unable to find a match: nosuch other\n",
                ),
            ),
            (
                &DRIVERS[0],
                said(
                    1,
                    "",
                    "Failed to resolve the transaction:\nNo match for argument: nosuch\nNo match for argument: other\n",
                ),
            ),
        ] {
            assert_eq!(driver.unknown(&output), ["nosuch", "other"]);
        }
        let micro = said(1, "", "error: No package matches 'nosuch'\n");
        assert_eq!(DRIVERS[4].unknown(&micro), ["nosuch"]);
    }

    #[test]
    fn one_transaction_without_weak_dependencies() {
        let packages = ["git-core".to_owned()];
        assert_eq!(
            DRIVERS[1].install(&packages).to_string(),
            "dnf --assumeyes '--setopt=strict=1' '--setopt=max_parallel_downloads=10' '--setopt=skip_if_unavailable=0' '--setopt=install_weak_deps=0' install git-core"
        );
        assert_eq!(
            DRIVERS[4].install(&packages).to_string(),
            "microdnf --assumeyes '--setopt=install_weak_deps=0' install git-core"
        );
    }

    #[test]
    fn marks_are_spelt_as_the_version_has_them() {
        let packages = ["git-core".to_owned()];
        let mark = |driver: &Dnf| {
            driver
                .mark_unneeded(&packages)
                .map(|mark| mark.arguments.join(" "))
        };
        assert!(mark(&DRIVERS[1]).is_some_and(|mark| mark.ends_with(" mark remove git-core")));
        assert!(mark(&DRIVERS[0]).is_some_and(|mark| mark.ends_with(" mark dependency git-core")));
        assert_eq!(mark(&DRIVERS[4]), None);
    }
}
