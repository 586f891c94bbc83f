//! Packages of the distribution: what the record says, and what the package manager's
//! database says now.

use super::{About, Difference, differing};
use crate::command::Runner;
use crate::platform::package_manager::{DPKG_STATUS, RPM_KEY, RPM_PLACES, ask_rpm, paragraphs};
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

/// What has to be seen to know them.
pub fn places(family: Family) -> Vec<String> {
    match family {
        Family::Debian => vec![DPKG_STATUS.to_owned()],
        _ => RPM_PLACES.map(str::to_owned).to_vec(),
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

/// Every difference. A record that names no package says nothing of them.
pub fn compare(recorded: &[Package], installed: &[Installed]) -> Vec<Difference> {
    if recorded.is_empty() {
        return Vec::new();
    }
    let before = recorded.iter().map(|package| {
        let key = (package.name.as_str(), package.architecture.as_str());
        (key, package.version.clone())
    });
    let now = installed.iter().map(|package| {
        let key = (package.name.as_str(), package.architecture.as_str());
        let state = package.state.as_ref();
        let state = state.map_or_else(String::new, |state| format!(" {state}"));
        (key, format!("{}{state}", package.version))
    });
    // Kernels and keys may be there in several versions.
    let differing = differing(before, now).into_iter();
    differing
        .map(|((name, architecture), recorded, found)| {
            let told = |versions: Option<String>| Some(format!("{} {architecture}", versions?));
            Difference {
                about: About::Package,
                subject: name.to_owned(),
                kind: "package",
                recorded: told(recorded),
                found: told(found),
                of: None,
            }
        })
        .collect()
}
