//! Sources of projects: whether one is there and where its version comes from.

use std::fs;
use std::path::Path;

/// A directory with one of these is a project.
pub const PROJECT_FILES: &[&str] = &["pyproject.toml", "setup.py", "setup.cfg"];

/// Whether a directory holds a project that pip can build.
#[must_use]
pub fn is_project(directory: &Path) -> bool {
    PROJECT_FILES
        .iter()
        .any(|file| directory.join(file).is_file())
}

/// Whether the build of this source has to find its version in git's tags.
///
/// pbr takes it from `PBR_VERSION`, from an sdist's PKG-INFO, or from git's tags, and
/// fails after everything else was done when it has none of them
/// (<https://docs.openstack.org/pbr/latest/user/features.html#version>). In a checkout
/// without tags it takes 0.0.0, or counts commits from 0.0.1, and says nothing.
/// Sources that do not use pbr are left to their own build.
#[must_use]
pub fn counts_on_git(directory: &Path, pbr_version: Option<&str>) -> bool {
    if pbr_version.is_some() {
        return false;
    }
    let read = |file: &str| fs::read_to_string(directory.join(file)).unwrap_or_default();
    let pkg_info = read("PKG-INFO");
    if pkg_info.lines().any(|line| {
        line.strip_prefix("Version:")
            .is_some_and(|version| !version.trim().is_empty())
    }) {
        return false;
    }
    let uses_pbr = PROJECT_FILES.iter().any(|file| {
        read(file)
            .lines()
            .any(|line| !line.trim_start().starts_with('#') && line.contains("pbr"))
    });
    let stated = read("setup.cfg").lines().any(|line| {
        line.split_once('=')
            .is_some_and(|(key, value)| key.trim() == "version" && !value.trim().is_empty())
    });
    uses_pbr && !stated
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(files: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("a directory");
        for (name, text) in files {
            fs::write(directory.path().join(name), text).expect("written");
        }
        directory
    }

    #[test]
    fn pbr_needs_git_or_an_sdist_or_a_variable() {
        let pbr = [
            ("setup.cfg", "[metadata]\nname = x\n"),
            (
                "setup.py",
                "setuptools.setup(setup_requires=['pbr'], pbr=True)\n",
            ),
        ];
        let bare = source(&pbr);
        assert!(counts_on_git(bare.path(), None));
        assert!(!counts_on_git(bare.path(), Some("1.0")));
        let sdist = source(&[pbr[0], pbr[1], ("PKG-INFO", "Name: x\nVersion: 1.0\n")]);
        assert!(!counts_on_git(sdist.path(), None));
    }

    #[test]
    fn other_build_systems_know_better_than_we() {
        let source = source(&[(
            "pyproject.toml",
            "[project]\nname = 'x'\ndynamic = ['version']\n",
        )]);
        assert!(!counts_on_git(source.path(), None));
        assert!(is_project(source.path()));
    }
}
