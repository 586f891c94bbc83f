//! Whose a file is: a package's, or a distribution's in the virtualenv.

use std::collections::BTreeMap;

use super::distributions::Installed;
use crate::command::Runner;
use crate::manifest::{FilePath, Kind, Tree};
use crate::platform::Family;
use crate::platform::package_manager::ask_rpm;
use crate::root::Root;

/// Where dpkg has its lists of files.
const DPKG: &str = "/var/lib/dpkg/info/";

/// Owners of files, by paths as the manifest writes them.
#[derive(Debug, Default)]
pub struct Owners(BTreeMap<String, String>);

impl Owners {
    /// Reads the lists of packages and distributions.
    pub fn read(
        root: &Root,
        family: Family,
        tree: &Tree,
        installed: &[Installed],
        runner: &dyn Runner,
    ) -> Self {
        let mut owners = Self::default();
        let lists = root.glob(&format!("{DPKG}*.list"));
        for list in &lists {
            // libc6:amd64.list
            let file = list.rsplit('/').next().unwrap_or_default();
            let package = file.trim_end_matches(".list").split(':').next();
            let package = package.unwrap_or_default();
            for path in root.read(list).unwrap_or_default().lines() {
                owners.add(&merged(tree, path), "package", package);
            }
        }
        if family != Family::Debian {
            let format = "[%{FILENAMES}\\t%{NAME}\\n]";
            for line in ask_rpm(root, runner, format).unwrap_or_default().lines() {
                if let Some((path, package)) = line.rsplit_once('\t') {
                    owners.add(&merged(tree, path), "package", package);
                }
            }
        }
        for one in installed {
            let name = one.name.to_string();
            for file in &one.files {
                owners.add(&file.path, "distribution", &name);
            }
        }
        owners
    }

    /// `package libc6`.
    pub fn of(&self, path: &str) -> Option<String> {
        if let Some(owner) = self.0.get(path) {
            return (!owner.is_empty()).then(|| owner.clone());
        }
        // What dpkg keeps of a package: libc6:amd64.md5sums.
        let (package, _) = path.strip_prefix(DPKG)?.rsplit_once('.')?;
        Some(format!("package {}", package.split(':').next()?))
    }

    /// Notes an owner. What several have, a directory most often, is nobody's.
    fn add(&mut self, path: &str, what: &str, name: &str) {
        let path = FilePath::from(path).to_string();
        let owner = format!("{what} {name}");
        self.0
            .entry(path)
            .and_modify(|known| {
                if *known != owner {
                    known.clear();
                }
            })
            .or_insert(owner);
    }
}

/// A path with what its first directory is a link to: packages still call files of
/// /usr/lib by /lib (<https://wiki.debian.org/UsrMerge>).
fn merged(tree: &Tree, path: &str) -> String {
    let mut parts = path.trim_start_matches('/').splitn(2, '/');
    let (Some(first), Some(rest)) = (parts.next(), parts.next()) else {
        return path.to_owned();
    };
    let top = FilePath::from(format!("/{first}").as_str());
    match tree.entries.get(&top).map(|top| &top.kind) {
        Some(Kind::Link(to)) => {
            let to = to.as_path().to_string_lossy();
            format!("/{}/{rest}", to.trim_start_matches('/'))
        }
        _ => path.to_owned(),
    }
}
