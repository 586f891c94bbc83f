//! upper-constraints files: which version of each package.

use std::fs;
use std::path::{Path, PathBuf};

use loci_install::python::Name;

use crate::error::{Error, Result};
use crate::workspace;

/// The newest setuptools that released services can be built with: 82 has no
/// `pkg_resources`.
const SETUPTOOLS: &str = "setuptools<81";

/// A file of constraints.
pub struct Constraints {
    lines: Vec<String>,
}

impl Constraints {
    /// From the file that was asked for, else from the repository's own, if one of
    /// these is for the service.
    pub fn load(service: &str, asked: Option<&Path>) -> Result<Self> {
        if let Some(path) = asked {
            return Ok(Self::parse(&workspace::read(path)?));
        }
        let own = format!("constraints/{service}.txt");
        if !workspace::root().join(&own).exists() {
            return Err(Error::refused(format!(
                "which versions {service} needs is not known: there is no {own}.\n\
                 Give OpenStack's: cargo xtask image {service} --constraints FILE, where FILE is\n\
                 upper-constraints.txt of openstack/requirements at the release of {service}."
            )));
        }
        Self::repository()
    }

    /// All the files of the repository together.
    pub fn repository() -> Result<Self> {
        let directory = workspace::root().join("constraints");
        let entries = fs::read_dir(&directory).map_err(Error::io("read", &directory))?;
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|end| end == "txt"));
        paths.sort();
        let mut all = Self { lines: Vec::new() };
        for path in paths {
            let more = Self::parse(&workspace::read(&path)?);
            all.add(more)
                .map_err(|clash| Error::refused(format!("{}: {clash}", path.display())))?;
        }
        Ok(all)
    }

    fn add(&mut self, more: Self) -> std::result::Result<(), String> {
        for line in more.lines {
            match self.pin(package(&line)) {
                None => self.lines.push(line),
                Some(pin) if *pin == line => {}
                Some(pin) => return Err(format!("{line}, and another file says {pin}")),
            }
        }
        Ok(())
    }

    /// The file as it is, comments apart.
    pub fn text(&self) -> String {
        self.lines.iter().flat_map(|line| [line, "\n"]).collect()
    }

    /// The first so many.
    pub fn first(mut self, count: usize) -> Self {
        self.lines.truncate(count);
        self
    }

    /// With these packages, where there is no line for them yet.
    pub fn with(mut self, packages: Vec<String>) -> Self {
        for line in packages {
            if self.pin(package(&line)).is_none() {
                self.lines.push(line);
            }
        }
        self
    }

    /// Whether there is a line for a package.
    pub fn names(&self, name: &str) -> bool {
        self.pin(name).is_some()
    }

    fn pin(&self, name: &str) -> Option<&String> {
        let name = Name::new(name);
        self.lines
            .iter()
            .find(|line| Name::new(package(line)) == name)
    }

    /// From a text.
    pub fn parse(text: &str) -> Self {
        let lines = text
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default().trim());
        let lines = lines.filter(|line| !line.is_empty());
        Self {
            lines: lines.map(ToOwned::to_owned).collect(),
        }
    }

    /// A package as a requirement: pinned when the file pins it.
    pub fn requirement(&self, name: &str) -> String {
        self.pin(name).cloned().unwrap_or_else(|| name.to_owned())
    }

    /// The file less a service, whose version is that of its source.
    pub fn without(&self, service: &str) -> String {
        let own = Name::new(service);
        let kept = self
            .lines
            .iter()
            .filter(|line| Name::new(package(line)) != own);
        kept.flat_map(|line| [line, "\n"]).collect()
    }

    /// The same with a setuptools that still works.
    pub fn publish(&self, service: &str) -> String {
        let mut text = self.without(service);
        if self.pin("setuptools").is_none() {
            text.push_str(SETUPTOOLS);
            text.push('\n');
        }
        text
    }
}

fn package(line: &str) -> &str {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    line.split(|c| !is_name(c)).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "# why\nkeystone===30.0.0\nkeystoneauth1===5.15.0\noslo.config===10.7.0  # x\n";

    #[test]
    fn a_service_is_pinned_but_not_published() {
        let constraints = Constraints::parse(TEXT);
        assert_eq!(constraints.requirement("Keystone"), "keystone===30.0.0");
        assert_eq!(
            constraints.publish("keystone"),
            "keystoneauth1===5.15.0\noslo.config===10.7.0\nsetuptools<81\n"
        );
        assert_eq!(
            constraints.without("keystone"),
            "keystoneauth1===5.15.0\noslo.config===10.7.0\n"
        );
    }

    #[test]
    fn names_compare_as_python_says() {
        let constraints = Constraints::parse(TEXT);
        assert_eq!(
            constraints.requirement("oslo_config"),
            "oslo.config===10.7.0"
        );
        assert_eq!(constraints.requirement("osloXconfig"), "osloXconfig");
    }

    #[test]
    fn every_line_of_the_repository_is_a_pin() {
        let constraints = Constraints::load("keystone", None).unwrap();
        assert!(constraints.lines.len() > 100);
        for line in &constraints.lines {
            assert!(line.contains("==="), "{line}");
        }
    }

    #[test]
    fn an_unknown_service_tells_how_to_go_on() {
        let error = Constraints::load("nosuch", None).err().unwrap().to_string();
        assert!(
            error.starts_with("which versions nosuch needs is not known"),
            "{error}"
        );
        assert!(
            error.contains("cargo xtask image nosuch --constraints FILE"),
            "{error}"
        );
    }

    #[test]
    fn two_files_may_agree_and_not_differ() {
        let mut all = Constraints::parse("a===1\nb===2\n");
        all.add(Constraints::parse("b===2\nc===3\n")).unwrap();
        assert_eq!(all.text(), "a===1\nb===2\nc===3\n");
        assert_eq!(
            all.add(Constraints::parse("c===4\n")).unwrap_err(),
            "c===4, and another file says c===3"
        );
    }
}
