//! The service's own source, and the build context that it is part of.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::process::{self, command};
use crate::workspace;

/// Unpacks an sdist, once.
pub fn unpack(sdist: &Path, service: &str) -> Result<PathBuf> {
    let name = format!("source/{service}");
    let stamp = workspace::work("source")?.join(format!("{service}.from"));
    let from = sdist.to_string_lossy();
    if fs::read_to_string(&stamp).is_ok_and(|made| made == from) {
        return workspace::work(&name);
    }
    let directory = workspace::fresh(&name)?;
    let mut tar = command(
        "tar",
        ["--extract", "--no-same-owner", "--strip-components=1"],
    );
    tar.arg("--file")
        .arg(sdist)
        .arg("--directory")
        .arg(&directory);
    process::run(tar)?;
    workspace::write(&stamp, &from)?;
    Ok(directory)
}

/// Lays out a build context: the inputs of the repository, and sources below
/// `data`. It is a copy, so that the checkout stays clean.
pub fn context(name: &str, sources: &[(&str, &Path)]) -> Result<PathBuf> {
    let context = workspace::fresh(&format!("context/{name}"))?;
    let data = context.join("data");
    fs::create_dir(&data).map_err(Error::io("make", &data))?;
    for (project, source) in sources {
        copy(source, &data.join(project))?;
    }
    let root = workspace::root();
    for entry in fs::read_dir(root)
        .map_err(Error::io("read", root))?
        .flatten()
    {
        if is_input(&entry.file_name()) {
            copy(&entry.path(), &context.join(entry.file_name()))?;
        }
    }
    Ok(context)
}

/// What the Dockerfile takes from its context when it does not compile.
fn is_input(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    ["bindep", "pydep", "python-custom-name-mapping"]
        .iter()
        .any(|start| name.starts_with(start))
        || ["Dockerfile", ".dockerignore", "patches", "scripts"].contains(&name.as_ref())
}

/// `cp -R` keeps symbolic links and modes, which std's copy of one file does not.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let mut cp = command("cp", ["-R", "--"]);
    cp.args([from, to]);
    process::read(cp).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_told_from_the_rest() {
        for name in [
            "bindep.txt",
            "pydep-extra.txt",
            "Dockerfile",
            "patches",
            "scripts",
        ] {
            assert!(is_input(OsStr::new(name)), "{name}");
        }
        for name in ["data", "src", "target", ".git", "Cargo.toml"] {
            assert!(!is_input(OsStr::new(name)), "{name}");
        }
    }
}
