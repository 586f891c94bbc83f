//! What is installed in a virtualenv, and whether all of it is still there.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::metadata::fields;
use super::{Name, project_files};
use crate::words::hex;

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
    let virtualenv = glob::Pattern::escape(&virtualenv.to_string_lossy());
    let pattern = Path::new(&virtualenv).join("lib/python3*/site-packages/*.dist-info");
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

/// The name and the version of a distribution, as its metadata spells them.
#[must_use]
pub fn identity(metadata: &Path) -> Option<(String, String)> {
    let text = fs::read_to_string(metadata.join("METADATA")).ok()?;
    let field = |name: &str| fields(&text, name).into_iter().next();
    Some((field("Name")?, field("Version")?))
}

/// What installed a distribution (PEP 376, INSTALLER): `pip`, `uv`.
#[must_use]
pub fn installer_of(metadata: &Path) -> Option<String> {
    let text = fs::read_to_string(metadata.join("INSTALLER")).ok()?;
    Some(text.trim().to_owned())
}

/// Whether somebody asked for a distribution by its name (PEP 376, REQUESTED).
#[must_use]
pub fn is_requested(metadata: &Path) -> bool {
    metadata.join("REQUESTED").is_file()
}

/// The tags of the wheel that a distribution was installed from, in their order (PEP 427,
/// WHEEL).
#[must_use]
pub fn tags(metadata: &Path) -> Vec<String> {
    let text = fs::read_to_string(metadata.join("WHEEL")).unwrap_or_default();
    let mut tags = fields(&text, "Tag");
    for tag in &mut tags {
        tag.make_ascii_lowercase();
    }
    tags.sort();
    tags.dedup();
    tags
}

/// Whether a distribution was installed from a wheel: every file that the wheel's RECORD has
/// by its digest is in that of the distribution. What installs writes other rows besides, of
/// scripts and of what it notes, and moves what is in the wheel's `*.data`.
#[must_use]
pub fn came_from(metadata: &Path, wheel: &Path) -> bool {
    let Ok(of_wheel) = project_files::of_wheel(wheel, "RECORD") else {
        return false;
    };
    let record = fs::read_to_string(metadata.join("RECORD")).unwrap_or_default();
    let installed: HashSet<&str> = record.lines().map(str::trim_end).collect();
    let mut rows = of_wheel.lines().map(str::trim_end).filter(|row| {
        let path = recorded_path(row).unwrap_or_default();
        let first = path.split('/').next().unwrap_or_default();
        let is_moved = Path::new(first)
            .extension()
            .is_some_and(|extension| extension == "data");
        !path.is_empty() && !is_moved && !path.ends_with(".dist-info/RECORD")
    });
    let is_there = |row: &str| installed.contains(row);
    rows.next().is_some_and(is_there) && rows.all(is_there)
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

/// A file as a RECORD has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedFile {
    /// Its path, absolute as the directory that it was counted from.
    pub path: String,
    /// SHA-256, in hexadecimal digits, where it has one.
    pub sha256: Option<String>,
}

/// What the text of a RECORD says, of a distribution with this `.dist-info` directory.
#[must_use]
pub fn recorded_files(record: &str, metadata: &str) -> Vec<RecordedFile> {
    let site_packages = metadata.rsplit_once('/').map_or("", |(site, _)| site);
    let files = record.lines().filter_map(|row| {
        // `PATH,sha256=DIGEST,SIZE`; only the first may have commas.
        let digest = row.rsplit(',').nth(1)?.strip_prefix("sha256=");
        let digest = digest.and_then(|digest| URL_SAFE_NO_PAD.decode(digest).ok());
        Some(RecordedFile {
            path: resolved(site_packages, &recorded_path(row)?),
            sha256: digest.map(|digest| hex(&digest)),
        })
    });
    files.collect()
}

/// A path with its `..` taken out, relative to a directory unless it is absolute.
pub(super) fn resolved(directory: &str, path: &str) -> String {
    let directory = if path.starts_with('/') { "" } else { directory };
    let mut parts = Vec::new();
    for part in directory.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
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

    /// A wheel of one module and one script, made by hand.
    fn wheel(path: &Path, module: &str) {
        let mut archive = zip::ZipWriter::new(fs::File::create(path).expect("made"));
        let record = format!(
            "a.py,sha256={module},1\r\n\"a-1.data/scripts/a,b\",sha256=y,1\r\na-1.dist-info/RECORD,,\r\n"
        );
        let options = zip::write::SimpleFileOptions::default();
        archive
            .start_file("a-1.dist-info/RECORD", options)
            .expect("begun");
        std::io::Write::write_all(&mut archive, record.as_bytes()).expect("written");
        archive.finish().expect("finished");
    }

    #[test]
    fn a_distribution_came_from_the_wheel_that_holds_the_same() {
        let site = tempfile::tempdir().expect("a directory");
        let metadata = site.path().join("a-1.dist-info");
        fs::create_dir(&metadata).expect("made");
        let record =
            "a-1.dist-info/INSTALLER,sha256=i,2\na.py,sha256=x,1\n../../../bin/a,sha256=z,9\n";
        fs::write(metadata.join("RECORD"), record).expect("written");
        let [same, other] = ["same.whl", "other.whl"].map(|name| site.path().join(name));
        wheel(&same, "x");
        wheel(&other, "w");
        assert!(came_from(&metadata, &same));
        assert!(!came_from(&metadata, &other));
        fs::write(&other, "no archive").expect("written");
        assert!(!came_from(&metadata, &other));
    }

    #[test]
    fn a_record_has_digests() {
        let record = "\
../../../bin/it,sha256=ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0,3
\"it/a,b.py\",sha256=ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0,3
/etc/it.conf,,
it-1.dist-info/RECORD,,
";
        let files = recorded_files(record, "/v/lib/python3.13/site-packages/it-1.dist-info");
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "/v/bin/it",
                "/v/lib/python3.13/site-packages/it/a,b.py",
                "/etc/it.conf",
                "/v/lib/python3.13/site-packages/it-1.dist-info/RECORD"
            ]
        );
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(files[0].sha256.as_deref(), Some(abc));
        assert_eq!(files[1].sha256.as_deref(), Some(abc));
        assert_eq!(files[3].sha256, None);
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
