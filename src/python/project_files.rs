//! The files at the top of a project, and where they are in archives.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;

/// What says something of a project.
const WANTED: [&str; 4] = ["pyproject.toml", "setup.cfg", "setup.py", "PKG-INFO"];

/// The most that is read of one file, in bytes: metadata is not that long, and
/// an archive may hold anything.
const LIMIT: u64 = 4 << 20;

/// Texts by file name. What is no UTF-8 in them is U+FFFD.
pub(super) type Files = BTreeMap<String, String>;

/// The files of a source tree; those that are not there are left out.
pub(super) fn of_tree(directory: &Path) -> Result<Files, String> {
    let mut files = Files::new();
    for name in WANTED {
        let path = directory.join(name);
        if path.is_file() {
            let file = File::open(&path).map_err(|error| format!("{name}: {error}"))?;
            files.insert(name.to_owned(), read(file, name)?);
        }
    }
    Ok(files)
}

/// The files of an sdist, `.tar.gz`, `.tgz` or `.zip`.
pub(super) fn of_sdist(sdist: &Path) -> Result<Files, String> {
    let file = open(sdist)?;
    let name = sdist.to_string_lossy().to_lowercase();
    let is = |extension| name.ends_with(extension);
    let found = if is(".tar.gz") || is(".tgz") {
        of_tarball(file)
    } else if is(".zip") {
        of_zip(file)
    } else {
        Err("an sdist is a .tar.gz, .tgz or .zip".to_owned())
    }?;
    top(found).ok_or_else(|| "holds no pyproject.toml, setup.py or setup.cfg".to_owned())
}

/// The METADATA of a wheel.
pub(super) fn metadata_of_wheel(wheel: &Path) -> Result<String, String> {
    of_wheel(wheel, "METADATA")
}

/// A file of a wheel's `.dist-info` directory
/// (<https://packaging.python.org/en/latest/specifications/binary-distribution-format/>).
pub(super) fn of_wheel(wheel: &Path, wanted: &str) -> Result<String, String> {
    let mut archive = ZipArchive::new(open(wheel)?).map_err(|error| error.to_string())?;
    let name = names(&archive)
        .into_iter()
        .find(|name| {
            name.split_once('/').is_some_and(|(directory, file)| {
                directory.ends_with(".dist-info") && file == wanted
            })
        })
        .ok_or_else(|| format!("holds no *.dist-info/{wanted}"))?;
    let entry = archive.by_name(&name).map_err(|error| error.to_string())?;
    read(entry, &name)
}

fn open(path: &Path) -> Result<BufReader<File>, String> {
    File::open(path)
        .map(BufReader::new)
        .map_err(|error| error.to_string())
}

/// A wanted file: its directory at the archive's top (empty: none), its name, its text.
type Found = (String, String, String);

fn of_tarball(file: impl Read) -> Result<Vec<Found>, String> {
    let mut archive = tar::Archive::new(MultiGzDecoder::new(file));
    let mut found = Vec::new();
    for entry in archive.entries().map_err(|error| error.to_string())? {
        let entry = entry.map_err(|error| error.to_string())?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if !entry.header().entry_type().is_file() {
            continue;
        }
        if let Some((top, name)) = wanted(&path) {
            found.push((top, name, read(entry, &path)?));
        }
    }
    Ok(found)
}

fn of_zip(file: impl Read + io::Seek) -> Result<Vec<Found>, String> {
    let mut archive = ZipArchive::new(file).map_err(|error| error.to_string())?;
    let paths = names(&archive);
    let mut found = Vec::new();
    for path in paths {
        if let Some((top, name)) = wanted(&path) {
            let entry = archive.by_name(&path).map_err(|error| error.to_string())?;
            found.push((top, name, read(entry, &path)?));
        }
    }
    Ok(found)
}

fn names(archive: &ZipArchive<impl Read + io::Seek>) -> Vec<String> {
    let names = archive.file_names().filter_map(Result::ok);
    names.map(Cow::into_owned).collect()
}

/// The top directory and the name of a wanted file; `./` is no directory.
fn wanted(path: &str) -> Option<(String, String)> {
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !matches!(*part, "" | "."))
        .collect();
    let (top, name) = match parts[..] {
        [name] => ("", name),
        [top, name] => (top, name),
        _ => return None,
    };
    WANTED
        .contains(&name)
        .then(|| (top.to_owned(), name.to_owned()))
}

/// The files of the project's directory, whatever it is called: the archive's own
/// top, as in archives without one, or the first that holds a project.
fn top(found: Vec<Found>) -> Option<Files> {
    let is_project = |name: &str| name != "PKG-INFO";
    let projects = found.iter().filter(|(_, name, _)| is_project(name));
    let directory = projects
        .map(|(top, ..)| top)
        .min_by_key(|top| !top.is_empty())?
        .clone();
    Some(
        found
            .into_iter()
            .filter(|(top, ..)| *top == directory)
            .map(|(_, name, text)| (name, text))
            .collect(),
    )
}

fn read(file: impl Read, name: &str) -> Result<String, String> {
    let mut bytes = Vec::new();
    file.take(LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("{name}: {error}"))?;
    if bytes.len() as u64 > LIMIT {
        return Err(format!("{name}: longer than {} MiB", LIMIT >> 20));
    }
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}
