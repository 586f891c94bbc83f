//! What is installed in a virtualenv as `pip freeze` tells it, without half a second of
//! Python (<https://pip.pypa.io/en/stable/cli/pip_freeze/>).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use pep508_rs::pep440_rs::Version;
use serde::Deserialize;

use super::Name;
use super::installed::{ORIGIN, distributions};
use super::metadata::fields;

/// The lines of `pip freeze`, or none where only pip can tell: of distributions that are
/// installed to be edited, or found by links and paths of setuptools' old ways.
#[must_use]
pub fn frozen(virtualenv: &Path) -> Option<String> {
    if has_old_ways(virtualenv) {
        return None;
    }
    let mut lines: BTreeMap<String, String> = BTreeMap::new();
    for (name, metadata) in distributions(virtualenv) {
        if hidden(&name, &metadata) {
            continue;
        }
        let (name, line) = line(&metadata)?;
        // As pip's `freeze` sorts.
        lines.insert(name.to_lowercase(), line);
    }
    Some(lines.into_values().map(|line| line + "\n").collect())
}

/// What `FreezeCommand` leaves out: pip and, with a Python that comes with them, the
/// tools that build; and what some Pythons once had as distributions.
fn hidden(name: &Name, metadata: &Path) -> bool {
    let always = ["pip", "python", "wsgiref", "argparse"];
    let before_3_12 = ["setuptools", "distribute", "wheel"];
    always.contains(&name.as_str()) || before_3_12.contains(&name.as_str()) && is_old(metadata)
}

/// Whether a distribution is one of a Python before 3.12, by the directory that it is in.
fn is_old(metadata: &Path) -> bool {
    let minor = metadata.ancestors().find_map(|directory| {
        let version = directory.file_name()?.to_str()?.strip_prefix("python3.")?;
        version.parse::<u32>().ok()
    });
    minor.is_some_and(|minor| minor < 12)
}

/// Metadata that is no `.dist-info`, and `.pth` files that lead to more of it.
fn has_old_ways(virtualenv: &Path) -> bool {
    let pattern = virtualenv.join("lib/python3*/site-packages/*");
    glob::glob(&pattern.to_string_lossy())
        .into_iter()
        .flatten()
        .flatten()
        .any(|path| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            match extension {
                Some("egg" | "egg-info" | "egg-link") => true,
                Some("pth") => fs::read_to_string(&path).map_or(true, |text| adds_paths(&text)),
                _ => false,
            }
        })
}

/// Whether a `.pth` file names directories; lines that begin with `import` are run
/// instead (<https://docs.python.org/3/library/site.html>).
fn adds_paths(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim_end);
    lines.any(|line| {
        let is_code = line.starts_with("import ") || line.starts_with("import\t");
        !(line.is_empty() || line.starts_with('#') || is_code)
    })
}

/// A distribution's name and line.
fn line(metadata: &Path) -> Option<(String, String)> {
    let text = fs::read_to_string(metadata.join("METADATA")).ok()?;
    let field = |name: &str| fields(&text, name).into_iter().next();
    let (name, version) = (field("Name")?, field("Version")?);
    let origin = fs::read_to_string(metadata.join(ORIGIN)).ok();
    // pip takes one that it cannot read for none.
    let origin = origin.and_then(|text| serde_json::from_str::<Origin>(&text).ok());
    let line = match origin {
        Some(origin) => format!("{name} @ {}", origin.reference()?),
        None => match Version::from_str(&version) {
            Ok(version) => format!("{name}=={version}"),
            Err(_) => format!("{name}==={version}"),
        },
    };
    Some((name, line))
}

/// Where a distribution was installed from (PEP 610).
#[derive(Deserialize)]
struct Origin {
    url: String,
    subdirectory: Option<String>,
    vcs_info: Option<VcsInfo>,
    archive_info: Option<ArchiveInfo>,
    dir_info: Option<DirInfo>,
}

#[derive(Deserialize)]
struct VcsInfo {
    vcs: String,
    commit_id: String,
}

#[derive(Deserialize)]
struct ArchiveInfo {
    /// `ALGORITHM=DIGEST`, from before `hashes`.
    hash: Option<String>,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct DirInfo {
    #[serde(default)]
    editable: bool,
}

impl Origin {
    /// As pip's `direct_url_as_pep440_direct_reference`; none when it is to be edited,
    /// and what follows depends on a repository.
    fn reference(&self) -> Option<String> {
        let mut fragments = Vec::new();
        let url = if let Some(vcs) = &self.vcs_info {
            format!("{}+{}@{}", vcs.vcs, self.url, vcs.commit_id)
        } else {
            if let Some(archive) = &self.archive_info {
                let first = archive.hashes.iter().next();
                let first = first.map(|(algorithm, digest)| format!("{algorithm}={digest}"));
                fragments.extend(first.or_else(|| archive.hash.clone()));
            } else if self.dir_info.as_ref()?.editable {
                return None;
            }
            self.url.clone()
        };
        let subdirectory = self.subdirectory.iter();
        fragments.extend(subdirectory.map(|directory| format!("subdirectory={directory}")));
        Some(if fragments.is_empty() {
            url
        } else {
            format!("{url}#{}", fragments.join("&"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A virtualenv of a Python with these distributions and their `direct_url.json`.
    fn virtualenv(python: &str, distributions: &[(&str, &str, &str)]) -> tempfile::TempDir {
        let virtualenv = tempfile::tempdir().expect("a directory");
        let site = virtualenv
            .path()
            .join(format!("lib/{python}/site-packages"));
        for (name, version, origin) in distributions {
            let metadata = site.join(format!("{}-{version}.dist-info", name.replace('-', "_")));
            fs::create_dir_all(&metadata).expect("made");
            let text = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
            fs::write(metadata.join("METADATA"), text).expect("written");
            if !origin.is_empty() {
                fs::write(metadata.join(ORIGIN), origin).expect("written");
            }
        }
        virtualenv
    }

    #[test]
    fn names_are_as_the_metadata_has_them_and_sorted_without_case() {
        let tools = [
            ("pip", "26.0", ""),
            ("setuptools", "80.9", ""),
            ("wheel", "0.45", ""),
        ];
        let others = [
            ("oslo.config", "9.7.0", ""),
            ("PyYAML", "6.0.3", ""),
            ("pymysql", "1.1.00", ""),
            ("Flask-RESTful", "0.3.10", ""),
            ("odd", "1.x-2", ""),
        ];
        let all = [&tools[..], &others].concat();
        assert_eq!(
            frozen(virtualenv("python3.13", &all).path()).as_deref(),
            Some(
                "Flask-RESTful==0.3.10\nodd===1.x-2\noslo.config==9.7.0\npymysql==1.1.0\nPyYAML==6.0.3\n\
                 setuptools==80.9\nwheel==0.45\n"
            )
        );
        assert_eq!(
            frozen(virtualenv("python3.11", &tools).path()).as_deref(),
            Some("")
        );
    }

    #[test]
    fn what_has_no_index_is_told_by_its_address() {
        let all = [
            (
                "a",
                "1",
                r#"{"url": "https://h/a.git", "vcs_info": {"vcs": "git", "commit_id": "ab"}, "subdirectory": "x"}"#,
            ),
            (
                "b",
                "1",
                r#"{"url": "https://h/b.whl", "archive_info": {"hash": "sha256=cd", "hashes": {"sha256": "cd"}}}"#,
            ),
            ("c", "1", r#"{"url": "file:///c", "dir_info": {}}"#),
            ("d", "1", "no JSON"),
        ];
        assert_eq!(
            frozen(virtualenv("python3.13", &all).path()).as_deref(),
            Some(
                "a @ git+https://h/a.git@ab#subdirectory=x\nb @ https://h/b.whl#sha256=cd\nc @ file:///c\nd==1\n"
            )
        );
    }

    #[test]
    fn what_only_pip_can_tell_is_left_to_it() {
        let editable = r#"{"url": "file:///c", "dir_info": {"editable": true}}"#;
        assert_eq!(
            frozen(virtualenv("python3.13", &[("c", "1", editable)]).path()),
            None
        );
        let code = "import os; os.environ\n\n# comment\n";
        for (file, text, known) in [
            ("code.pth", code, true),
            ("path.pth", "/tmp/project/src\n", false),
            ("old-1.egg-info", "", false),
            ("old.egg-link", "", false),
        ] {
            let virtualenv = virtualenv("python3.13", &[("a", "1", "")]);
            let site = virtualenv.path().join("lib/python3.13/site-packages");
            fs::write(site.join(file), text).expect("written");
            assert_eq!(frozen(virtualenv.path()).is_some(), known, "{file}");
        }
    }
}
