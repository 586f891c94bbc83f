//! zypper: openSUSE and SUSE Linux Enterprise.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::{Facts, Installed, PackageManager, Tool, also, rpm};
use crate::command::{Command, Ending, Output, Runner};
use crate::failure::FailedChild;
use crate::root::Root;

/// The driver.
#[derive(Debug)]
pub struct Zypper;

static UNKNOWN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)(?:^No provider of '([^']+)' found|^Package '([^']+)' not found)")
        .expect("constant")
});

static NAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"<solvable [^>]*\bname="([^"]+)""#).expect("constant"));

/// With lists that were brought up to date once in a build.
const OFFLINE: &str = "--no-refresh";

fn zypper(options: &[&str]) -> Command {
    Command::new("zypper")
        .arg("--non-interactive")
        .args(options.iter().copied())
        .variable("LC_ALL", "C.UTF-8")
        // libzypp 17.36 and later fetch packages in parallel; from 17.37 on they do so unasked.
        .variable("ZYPP_PCK_PRELOAD", "1")
}

fn install() -> Command {
    // Nobody is there to read a licence; whoever names the package has agreed to it.
    zypper(&[OFFLINE, "install"]).args(["--no-recommends", "--auto-agree-with-licenses"])
}

impl PackageManager for Zypper {
    fn name(&self) -> &'static str {
        "zypper"
    }

    fn installed(&self, root: &Root, runner: &dyn Runner) -> Result<Installed, Box<FailedChild>> {
        rpm::installed(root, runner)
    }

    fn inventory(&self, root: &Root, runner: &dyn Runner) -> Result<Vec<Facts>, Box<FailedChild>> {
        rpm::inventory(root, runner)
    }

    fn meant(&self, names: &[String], runner: &dyn Runner) -> BTreeSet<String> {
        rpm::meant(names, runner)
    }

    fn installed_bytes(&self, root: &Root, runner: &dyn Runner) -> u64 {
        rpm::installed_bytes(root, runner)
    }

    fn has_lists(&self, root: &Root) -> bool {
        !root.glob("/var/cache/zypp/solv/*/solv").is_empty()
    }

    /// A repository that does not answer is skipped, and then the status is 106 (zypper(8)).
    fn refresh(&self) -> Command {
        // Repositories may come from a service (zypper(8)), as in images of Leap 16.
        zypper(&["refresh", "--services"]).online(true)
    }

    fn available(&self) -> Option<Command> {
        Some(zypper(&[OFFLINE, "--xmlout", "search", "--type=package"]))
    }

    fn names<'a>(&self, answer: &'a str) -> BTreeSet<&'a str> {
        let captures = NAME.captures_iter(answer);
        captures
            .filter_map(|capture| capture.get(1).map(|name| name.as_str()))
            .collect()
    }

    /// 102 and 103 (zypper(8)) say what should be started again, which nothing runs of here.
    fn succeeded(&self, output: &Output) -> bool {
        matches!(output.ending, Ending::Exited(0 | 102 | 103))
    }

    fn broken(&self, output: &Output) -> BTreeSet<String> {
        rpm::broken(output)
    }

    fn reinstall(&self, packages: &[String]) -> Command {
        install().online(true).arg("--force").args(packages)
    }

    fn simulate(&self, packages: &[String]) -> Command {
        install().arg("--dry-run").args(packages)
    }

    fn unknown(&self, simulation: &Output) -> Vec<String> {
        let text = format!("{}{}", simulation.stdout, simulation.stderr);
        let names: BTreeSet<String> = UNKNOWN
            .captures_iter(&text)
            .filter_map(|capture| {
                let mut groups = capture.iter().skip(1).flatten();
                groups.next().map(|name| name.as_str().to_owned())
            })
            .collect();
        names.into_iter().collect()
    }

    fn install(&self, packages: &[String]) -> Command {
        install().online(true).args(packages)
    }

    fn in_two(&self, install: &Command) -> Option<(Command, Command)> {
        let fetch = also(install, "--download-only");
        Some((fetch, install.clone().online(false)))
    }

    fn unneeded(
        &self,
        candidates: &BTreeSet<String>,
        runner: &dyn Runner,
    ) -> Result<BTreeSet<String>, Box<FailedChild>> {
        rpm::unneeded(candidates, runner)
    }

    fn remove(&self, packages: &[String]) -> Command {
        // What else nobody needs is the base image's.
        zypper(&[OFFLINE, "remove"])
            .arg("--no-clean-deps")
            .args(packages)
    }

    fn list(&self, runner: &dyn Runner) -> Result<String, Box<FailedChild>> {
        rpm::list(runner)
    }

    fn leftovers(&self) -> Vec<&'static str> {
        let own = [
            "/var/cache/ldconfig/aux-cache",
            "/var/cache/zypp/*",
            "/var/lib/zypp/AnonymousUniqueId",
            "/var/log/zypp/*",
            "/var/log/zypper.log",
            "/run/zypp.pid",
        ];
        [&own, rpm::LEFTOVERS].concat()
    }

    fn package_of(&self, tool: Tool, python: &str) -> String {
        // python311 is what has python3.11.
        let python = python.replace('.', "");
        match tool {
            Tool::Python | Tool::Ensurepip => python,
            Tool::Headers => format!("{python}-devel"),
            // git's own package brings Perl.
            Tool::Git => "git-core".to_owned(),
            Tool::Certificates => "ca-certificates-mozilla".to_owned(),
            Tool::Accounts => "shadow".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn every_way_of_not_having_a_package_is_read() {
        let output = Output {
            ending: Ending::Exited(104),
            stdout: "'nosuch' not found in package names. Trying capabilities.\nNo provider of 'nosuch' found.\n"
                .to_owned(),
            stderr: "Package 'other' not found.\n".to_owned(),
        };
        assert_eq!(Zypper.unknown(&output), ["nosuch", "other"]);
    }

    #[test]
    fn names_are_read_from_its_xml() {
        let answer = "<stream>\n<solvable status=\"not-installed\" name=\"git-core\" kind=\"package\"/>\n\
                      <solvable status=\"installed\" name=\"bash\" summary=\"x\" kind=\"package\"/>\n</stream>\n";
        assert_eq!(Zypper.names(answer), ["bash", "git-core"].into());
    }

    #[test]
    fn one_transaction_without_recommended_packages() {
        let install = Zypper.install(&["git-core".to_owned()]);
        assert_eq!(
            install.to_string(),
            "zypper --non-interactive --no-refresh install --no-recommends --auto-agree-with-licenses git-core"
        );
        let (fetch, rest) = Zypper.in_two(&install).expect("two");
        assert_eq!(
            fetch.to_string(),
            "zypper --non-interactive --no-refresh install --download-only --no-recommends --auto-agree-with-licenses git-core"
        );
        assert_eq!(rest.to_string(), install.to_string());
        assert!(install.online && fetch.online && !rest.online);
    }
}
