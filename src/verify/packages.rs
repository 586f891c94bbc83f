//! Packages of the distribution: what the record says, and what the package manager's
//! database says now.

use std::collections::{BTreeMap, BTreeSet};

use super::{About, Difference};
use crate::command::Runner;
use crate::platform::package_manager::{DPKG_STATUS, RPM_KEY, ask_rpm, paragraphs};
use crate::platform::{Family, Platform};
use crate::record::{Package, Record};
use crate::root::Root;

/// A package that is there, or part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    name: String,
    architecture: String,
    version: String,
    /// dpkg's word where it is not `installed`: `half-configured`.
    state: Option<String>,
}

/// Whose packages the image is made of: the family that the record was written for.
pub fn family(root: &Root, record: &Record) -> Family {
    match Platform::detect(root, &record.distribution()) {
        Ok(platform) => platform.family,
        // os-release is another, which is told.
        Err(_) if root.is_file(DPKG_STATUS) => Family::Debian,
        Err(_) => Family::RedHat,
    }
}

/// What the database says; the error is the reason why that is not known.
pub fn installed(
    root: &Root,
    family: Family,
    runner: &dyn Runner,
) -> Result<Vec<Installed>, String> {
    if family == Family::Debian {
        // Without it, there are none.
        return Ok(of_dpkg(&root.read(DPKG_STATUS).unwrap_or_default()));
    }
    let format = "%{NAME}\\t%{ARCH}\\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\\n";
    ask_rpm(root, runner, format).map(|answer| of_rpm(&answer))
}

pub(super) fn of_dpkg(status: &str) -> Vec<Installed> {
    let packages = paragraphs(status).filter_map(|package| {
        let field = |name: &str| package.field(name);
        let state = field("Status")?.split_whitespace().nth(2)?;
        // Removed, and not purged.
        if ["config-files", "not-installed"].contains(&state) {
            return None;
        }
        Some(Installed {
            name: field("Package")?.to_owned(),
            architecture: field("Architecture").unwrap_or_default().to_owned(),
            version: field("Version").unwrap_or_default().to_owned(),
            state: (state != "installed").then(|| state.to_owned()),
        })
    });
    packages.collect()
}

pub(super) fn of_rpm(answer: &str) -> Vec<Installed> {
    let packages = answer.lines().filter_map(|line| {
        let mut fields = line.split('\t').map(str::to_owned);
        Some(Installed {
            name: fields.next().filter(|name| name != RPM_KEY)?,
            architecture: fields.next()?,
            version: fields.next()?,
            state: None,
        })
    });
    packages.collect()
}

/// Versions by name and architecture.
type Named<'a> = BTreeMap<(&'a str, &'a str), Vec<String>>;

/// Every difference. A record that names no package says nothing of them.
pub fn compare(recorded: &[Package], installed: &[Installed]) -> Vec<Difference> {
    if recorded.is_empty() {
        return Vec::new();
    }
    let mut before: Named<'_> = BTreeMap::new();
    for package in recorded {
        let key = (package.name.as_str(), package.architecture.as_str());
        let version = package.version.clone();
        before.entry(key).or_default().push(version);
    }
    let mut now: Named<'_> = BTreeMap::new();
    for package in installed {
        let key = (package.name.as_str(), package.architecture.as_str());
        let state = package.state.as_ref();
        let state = state.map_or_else(String::new, |state| format!(" {state}"));
        let version = format!("{}{state}", package.version);
        now.entry(key).or_default().push(version);
    }
    // Kernels and keys may be there in several versions.
    before
        .values_mut()
        .chain(now.values_mut())
        .for_each(|all| all.sort());
    let keys: BTreeSet<_> = before.keys().chain(now.keys()).copied().collect();
    let differing = keys
        .into_iter()
        .filter(|key| before.get(key) != now.get(key));
    differing
        .map(|key| {
            let told = |all: &Named<'_>| {
                let versions = all.get(&key)?;
                Some(format!("{} {}", versions.join(", "), key.1))
            };
            Difference {
                about: About::Package,
                subject: key.0.to_owned(),
                kind: "package",
                recorded: told(&before),
                found: told(&now),
                of: None,
            }
        })
        .collect()
}
