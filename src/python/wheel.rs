//! File names of wheels.

use std::path::{Path, PathBuf};

use super::Name;

/// What a wheel's file name says:
/// `name-version(-build)?-python-abi-platform.whl` (PEP 427).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WheelName {
    /// The distribution.
    pub name: Name,
    /// Its version.
    pub version: String,
}

impl WheelName {
    /// Reads a file name; none when it is not a wheel's.
    #[must_use]
    pub fn parse(file_name: &str) -> Option<Self> {
        let parts: Vec<&str> = file_name.strip_suffix(".whl")?.split('-').collect();
        (matches!(parts.len(), 5 | 6) && parts.iter().all(|part| !part.is_empty())).then(|| Self {
            name: Name::new(parts[0]),
            version: parts[1].to_owned(),
        })
    }
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
            "a-1.tar.gz",
            "a-1.whl",
            "a--py3-none-any.whl",
            "upper-constraints.txt",
        ] {
            assert!(WheelName::parse(bad).is_none(), "{bad}");
        }
    }
}
