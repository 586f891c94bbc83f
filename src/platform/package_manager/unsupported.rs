//! Stands where a driver is not written yet, so that a plan can still be shown.

use super::{Installed, PackageManager, Tool};
use crate::command::{Command, Output};
use crate::root::Root;

/// A package manager that plans can name and runs refuse.
#[derive(Debug)]
pub struct Unsupported(pub &'static str);

impl Unsupported {
    fn command(&self, arguments: &[&str], packages: &[String]) -> Command {
        Command::new(self.0)
            .args(arguments.iter().copied())
            .args(packages)
    }
}

impl PackageManager for Unsupported {
    fn name(&self) -> &'static str {
        self.0
    }

    fn supported(&self) -> bool {
        false
    }

    fn installed(&self, _root: &Root) -> Installed {
        Installed::default()
    }

    fn has_lists(&self, _root: &Root) -> bool {
        false
    }

    fn refresh(&self) -> Command {
        self.command(&["makecache"], &[])
    }

    fn simulate(&self, packages: &[String]) -> Command {
        self.command(&["install"], packages)
    }

    fn unknown(&self, _simulation: &Output) -> Vec<String> {
        Vec::new()
    }

    fn install(&self, packages: &[String]) -> Command {
        self.command(&["install"], packages)
    }

    fn mark_unneeded(&self, packages: &[String]) -> Command {
        self.command(&["mark"], packages)
    }

    fn simulate_removal(&self) -> Command {
        self.command(&["autoremove"], &[])
    }

    fn removed(&self, _simulation: &str) -> Vec<String> {
        Vec::new()
    }

    fn remove(&self, packages: &[String]) -> Command {
        self.command(&["remove"], packages)
    }

    fn list(&self) -> Command {
        self.command(&["list", "installed"], &[])
    }

    fn leftovers(&self) -> &'static [&'static str] {
        &[]
    }

    fn package_of(&self, tool: Tool) -> &'static str {
        match tool {
            Tool::Python | Tool::Ensurepip => "python3",
            Tool::Git => "git",
            Tool::Certificates => "ca-certificates",
            Tool::Accounts => "shadow-utils",
        }
    }

    fn python_library_query(&self) -> Command {
        self.command(&["info", "python3-libs"], &[])
    }

    fn python_library(&self, _answer: &str) -> Option<String> {
        None
    }
}
