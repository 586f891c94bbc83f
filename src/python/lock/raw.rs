//! The shape of a lock file, and how it is read.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::super::{Name, WheelName, url};
use super::{Artifact, Package, Source};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Head {
    pub(super) lock_version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct RawLock {
    pub(super) requires_python: Option<String>,
    #[serde(default)]
    pub(super) packages: Vec<RawPackage>,
    #[serde(default)]
    pub(super) tool: RawTool,
}

#[derive(Deserialize, Default)]
pub(super) struct RawTool {
    #[serde(default, rename = "loci-install")]
    pub(super) ours: RawOurs,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub(super) struct RawOurs {
    #[serde(default)]
    pub(super) build_packages: Vec<RawPackage>,
}

#[derive(Deserialize)]
pub(super) struct RawPackage {
    pub(super) name: String,
    version: Option<String>,
    marker: Option<String>,
    vcs: Option<RawVcs>,
    directory: Option<RawDirectory>,
    archive: Option<RawArtifact>,
    sdist: Option<RawArtifact>,
    #[serde(default)]
    wheels: Vec<RawArtifact>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct RawVcs {
    r#type: String,
    url: Option<String>,
    path: Option<String>,
    requested_revision: Option<String>,
    commit_id: String,
    subdirectory: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct RawDirectory {
    path: String,
    subdirectory: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct RawArtifact {
    name: Option<String>,
    url: Option<String>,
    path: Option<String>,
    size: Option<u64>,
    #[serde(default)]
    hashes: HashMap<String, String>,
}

impl RawPackage {
    pub(super) fn read(self, directory: &Path) -> Result<Package, String> {
        let source = if let Some(vcs) = self.vcs {
            if vcs.r#type != "git" {
                return Err(format!(
                    "its source is in {}; only git is supported",
                    vcs.r#type
                ));
            }
            Source::Vcs {
                repository: locate(vcs.url, vcs.path, directory)?,
                reference: vcs.requested_revision,
                commit: vcs.commit_id,
                subdirectory: vcs.subdirectory,
            }
        } else if let Some(tree) = self.directory {
            let path = Path::new(&tree.path).join(tree.subdirectory.unwrap_or_default());
            let path = absolute(&path, directory)?;
            Source::Directory {
                path: path.to_string_lossy().into_owned(),
            }
        } else if let Some(archive) = self.archive {
            let archive = archive.read(directory)?;
            if WheelName::parse(&archive.file_name).is_some() {
                Source::Files {
                    sdist: None,
                    wheels: vec![archive],
                }
            } else {
                Source::Files {
                    sdist: Some(archive),
                    wheels: Vec::new(),
                }
            }
        } else if self.sdist.is_some() || !self.wheels.is_empty() {
            let wheels = self.wheels.into_iter();
            Source::Files {
                sdist: self.sdist.map(|sdist| sdist.read(directory)).transpose()?,
                wheels: wheels
                    .map(|wheel| wheel.read(directory))
                    .collect::<Result<_, _>>()?,
            }
        } else {
            return Err("no source: neither wheels, sdist, archive, vcs nor directory".to_owned());
        };
        Ok(Package {
            name: Name::new(&self.name),
            version: self.version,
            marker: self.marker,
            source,
        })
    }
}

impl RawArtifact {
    pub(super) fn read(mut self, directory: &Path) -> Result<Artifact, String> {
        // A path is not percent-encoded; the URL that is made of it is.
        let url = locate(self.url, self.path, directory)?;
        let file_name = self
            .name
            .or_else(|| url::file_name(&url))
            .ok_or_else(|| format!("no file name in {url}"))?;
        if file_name.starts_with('.') || file_name.contains(['/', '\\', '\0']) {
            return Err(format!("`{file_name}` is not the name of a file"));
        }
        let Some(sha256) = self.hashes.remove("sha256") else {
            return Err(format!("no sha256 for {file_name}"));
        };
        if sha256.len() != 64 || !sha256.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(format!("`{sha256}` for {file_name} is not a sha256"));
        }
        Ok(Artifact {
            file_name,
            url,
            size: self.size,
            sha256: sha256.to_ascii_lowercase(),
        })
    }
}

/// The URL; that of the path where there is none.
fn locate(url: Option<String>, path: Option<String>, directory: &Path) -> Result<String, String> {
    match (url, path) {
        (Some(url), _) => Ok(url),
        (None, Some(path)) => Ok(url::of_path(&absolute(Path::new(&path), directory)?)),
        (None, None) => Err("neither url nor path says where it is".to_owned()),
    }
}

/// The path from the lock's directory, without `.` components.
fn absolute(path: &Path, directory: &Path) -> Result<PathBuf, String> {
    let absolute: PathBuf = directory.join(path).components().collect();
    if absolute.is_absolute() {
        Ok(absolute)
    } else {
        Err(format!(
            "the path {} is relative, and so is the lock file's own",
            path.display()
        ))
    }
}
