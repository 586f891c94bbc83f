//! File names of wheels.

use std::path::{Path, PathBuf};

use super::Name;

/// The numbers of a version, to compare it by as far as they go.
#[must_use]
pub fn numbers(version: &str) -> Vec<u32> {
    let parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    parts.collect()
}

/// What a wheel's file name says:
/// `name-version(-build)?-python-abi-platform.whl` (PEP 427).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WheelName {
    /// The distribution.
    pub name: Name,
    /// Its version.
    pub version: String,
    /// The build number and what follows it; wheels without one come before all others.
    pub build: Option<(u64, String)>,
    /// The tags of interpreters that it fits, `python-abi-platform` each (PEP 425).
    pub tags: Vec<String>,
}

impl WheelName {
    /// Reads a file name; none when it is not a wheel's.
    #[must_use]
    pub fn parse(file_name: &str) -> Option<Self> {
        let parts: Vec<&str> = file_name.strip_suffix(".whl")?.split('-').collect();
        if parts.iter().any(|part| part.is_empty()) {
            return None;
        }
        let (name, version, build, [python, abi, platform]) = match parts[..] {
            [name, version, python, abi, platform] => {
                (name, version, None, [python, abi, platform])
            }
            [name, version, build, python, abi, platform] => {
                let build = parse_build(build)?;
                (name, version, Some(build), [python, abi, platform])
            }
            _ => return None,
        };
        let tags = [python, abi, platform].into_iter();
        if tags.flat_map(|tag| tag.split('.')).any(str::is_empty) {
            return None;
        }
        Some(Self {
            name: Name::new(name),
            version: version.to_owned(),
            build,
            tags: expanded(python, abi, platform),
        })
    }
}

/// A build tag starts with a digit and sorts by its number first (PEP 427).
fn parse_build(tag: &str) -> Option<(u64, String)> {
    let end = tag.find(|c: char| !c.is_ascii_digit()).unwrap_or(tag.len());
    let (number, rest) = tag.split_at(end);
    Some((number.parse().ok()?, rest.to_owned()))
}

/// Every tag of a compressed tag set: `py2.py3-none-any` stands for two (PEP 425).
fn expanded(python: &str, abi: &str, platform: &str) -> Vec<String> {
    let mut tags = Vec::new();
    for python in python.split('.') {
        for abi in abi.split('.') {
            for platform in platform.split('.') {
                // Tags compare without case (as in the reference, packaging.tags.Tag).
                tags.push(format!("{python}-{abi}-{platform}").to_ascii_lowercase());
            }
        }
    }
    tags
}

/// The wheels of a directory on this machine, in name order; none when it cannot be read.
#[must_use]
pub fn wheels_in(directory: &Path) -> Vec<(WheelName, PathBuf)> {
    let mut wheels: Vec<_> = std::fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = WheelName::parse(entry.file_name().to_str()?)?;
            Some((name, entry.path()))
        })
        .collect();
    wheels.sort_by(|left, right| left.1.cmp(&right.1));
    wheels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wheels_name_is_five_or_six_parts() {
        let wheel = WheelName::parse("oslo.config-9.7.0-py3-none-any.whl").expect("a wheel");
        assert_eq!(
            (wheel.name.as_str(), wheel.version.as_str()),
            ("oslo-config", "9.7.0")
        );
        assert!(WheelName::parse("a-1-2build-cp313-cp313-linux_x86_64.whl").is_some());
        for bad in [
            "a-1-build-py3-none-any.whl",
            "a-1.tar.gz",
            "a-1.whl",
            "a--py3-none-any.whl",
            "a-1-py3.-none-any.whl",
            "upper-constraints.txt",
        ] {
            assert!(WheelName::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn compressed_tags_are_expanded() {
        let wheel = WheelName::parse("a-1-2b-py2.py3-none-any.linux_X.whl").expect("a wheel");
        assert_eq!(wheel.build, Some((2, "b".to_owned())));
        assert_eq!(
            wheel.tags,
            [
                "py2-none-any",
                "py2-none-linux_x",
                "py3-none-any",
                "py3-none-linux_x"
            ]
        );
    }
}
