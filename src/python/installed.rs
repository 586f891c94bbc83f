//! What is installed in a virtualenv, and whether all of it is still there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Name;

/// An installed distribution of which files are missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// Its name.
    pub name: Name,
    /// Its `.dist-info` directory.
    pub metadata: PathBuf,
    /// What is missing, the first of it.
    pub missing: String,
}

/// The installed distributions with their `.dist-info` directories, in name order.
#[must_use]
pub fn distributions(virtualenv: &Path) -> Vec<(Name, PathBuf)> {
    let pattern = virtualenv.join("lib/python3*/site-packages/*.dist-info");
    glob::glob(&pattern.to_string_lossy())
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|path| {
            let (name, _version) = path.file_stem()?.to_str()?.split_once('-')?;
            Some((Name::new(name), path))
        })
        .collect()
}

/// The version that a `.dist-info` directory is called by
/// (<https://packaging.python.org/en/latest/specifications/recording-installed-packages/>).
#[must_use]
pub fn version(metadata: &Path) -> Option<String> {
    let (_name, version) = metadata.file_stem()?.to_str()?.split_once('-')?;
    Some(version.to_owned())
}

/// The distributions whose RECORD (PEP 376, PEP 627) names files that are not
/// there, or that have no RECORD: what a killed installation leaves.
#[must_use]
pub fn damaged(virtualenv: &Path) -> Vec<Damaged> {
    distributions(virtualenv)
        .into_iter()
        .filter_map(|(name, metadata)| {
            let missing = missing(&metadata)?;
            Some(Damaged {
                name,
                metadata,
                missing,
            })
        })
        .collect()
}

/// The files that a distribution says it has, relative to site-packages.
#[must_use]
pub fn files(metadata: &Path) -> Vec<String> {
    let record = fs::read_to_string(metadata.join("RECORD")).unwrap_or_default();
    record.lines().filter_map(recorded_path).collect()
}

/// The first file that a distribution says it has and that is not there.
fn missing(metadata: &Path) -> Option<String> {
    if !metadata.join("RECORD").is_file() {
        return Some("RECORD".to_owned());
    }
    let site_packages = metadata.parent()?;
    files(metadata)
        .into_iter()
        // Bytecode comes and goes, and no step here depends on it.
        .find(|path| !is_bytecode(path) && !site_packages.join(path).exists())
}

/// Removes files of a distribution's metadata, by their names, and what its RECORD
/// says of them.
pub fn forget(metadata: &Path, names: &[&str]) -> io::Result<()> {
    let mut gone = Vec::new();
    for name in names {
        match fs::remove_file(metadata.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => {
                removed?;
                gone.push(format!(
                    "{}/{name}",
                    metadata.file_name().unwrap_or_default().to_string_lossy()
                ));
            }
        }
    }
    if gone.is_empty() {
        return Ok(());
    }
    let record = metadata.join("RECORD");
    let kept: String = fs::read_to_string(&record)?
        .split_inclusive('\n')
        .filter(|row| !recorded_path(row).is_some_and(|path| gone.contains(&path)))
        .collect();
    fs::write(record, kept)
}

/// The note of the file that a distribution was installed from (PEP 610): the wheel is
/// gone when the image is finished, and `pip freeze` would name its path in the place
/// of its version.
pub const ORIGIN: &str = "direct_url.json";

/// Whether a distribution was installed from a place on this machine, by that note.
#[must_use]
pub fn is_of_a_file(metadata: &Path) -> bool {
    let origin = fs::read(metadata.join(ORIGIN)).unwrap_or_default();
    let origin: serde_json::Value = serde_json::from_slice(&origin).unwrap_or_default();
    let url = origin["url"].as_str();
    url.is_some_and(|url| url.starts_with("file:"))
}

fn is_bytecode(path: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|extension| extension == "pyc")
}

/// The first field of a CSV row; quoted where the path holds a comma or a quote.
fn recorded_path(row: &str) -> Option<String> {
    if let Some(quoted) = row.strip_prefix('"') {
        let end = quoted.replace("\"\"", "\u{0}\u{0}").find('"')?;
        return Some(quoted[..end].replace("\"\"", "\""));
    }
    row.split(',')
        .next()
        .filter(|path| !path.is_empty())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_or_record_is_damage() {
        let virtualenv = tempfile::tempdir().expect("a directory");
        let site = virtualenv.path().join("lib/python3.13/site-packages");
        for (name, record) in [
            (
                "whole-1",
                Some("whole.py,,\nwhole-1.dist-info/RECORD,,\n__pycache__/whole.pyc,,\n"),
            ),
            ("holed-1", Some("holed.py,,\n")),
            ("killed-1", None),
        ] {
            let metadata = site.join(format!("{name}.dist-info"));
            fs::create_dir_all(&metadata).expect("made");
            if let Some(record) = record {
                fs::write(metadata.join("RECORD"), record).expect("written");
            }
        }
        fs::write(site.join("whole.py"), "").expect("written");
        let damaged: Vec<_> = damaged(virtualenv.path())
            .into_iter()
            .map(|damaged| damaged.missing)
            .collect();
        assert_eq!(damaged, ["holed.py", "RECORD"]);
    }

    #[test]
    fn the_origin_is_forgotten_in_the_record_too() {
        let site = tempfile::tempdir().expect("a directory");
        let metadata = site.path().join("a-1.dist-info");
        fs::create_dir(&metadata).expect("made");
        let (origin, record) = (metadata.join(ORIGIN), metadata.join("RECORD"));
        fs::write(&origin, "{}").expect("written");
        fs::write(&record, "a.py,,\na-1.dist-info/direct_url.json,,\n").expect("written");
        forget(&metadata, &[ORIGIN, "none"]).expect("forgotten");
        assert!(!origin.exists());
        assert_eq!(fs::read_to_string(record).expect("read"), "a.py,,\n");
    }

    #[test]
    fn quoted_paths_are_read() {
        assert_eq!(
            recorded_path("\"a,b\"\"c.py\",sha256=x,1").as_deref(),
            Some("a,b\"c.py")
        );
        assert_eq!(recorded_path("a.py,,").as_deref(), Some("a.py"));
    }
}
