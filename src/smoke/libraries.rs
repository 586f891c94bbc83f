//! Whether the shared libraries are there that extension modules are linked with.

use std::path::Path;

use super::attempts::Outcome;
use super::{Fault, Report, Subject};
use crate::words::reason;

/// A shared object of a distribution.
#[derive(Debug)]
pub(super) struct Library {
    pub(super) path: String,
    /// The distribution, with its version.
    of: String,
}

/// How the dynamic loader ends what it says of a library that it does not find
/// (dlerror(3), glibc's `elf/dl-load.c`).
const ABSENT: &str = ": cannot open shared object file";

pub(super) fn wanted(subject: &Subject<'_>) -> Vec<Library> {
    let mut all: Vec<Library> = Vec::new();
    for (_, seen) in subject.own() {
        let files = seen.files.iter().filter(|file| is_shared_object(file));
        all.extend(files.map(|path| Library {
            path: path.clone(),
            of: format!("{} {}", seen.spelt, seen.version),
        }));
    }
    all
}

/// `x.so`, `libx.so.1`.
fn is_shared_object(path: &str) -> bool {
    let name = Path::new(path).file_name().unwrap_or_default();
    let name = name.to_string_lossy();
    let mut parts = name.split('.').skip(1).skip_while(|part| *part != "so");
    parts.next().is_some() && parts.all(|part| part.chars().all(|c| c.is_ascii_digit()))
}

pub(super) fn judge(
    subject: &Subject<'_>,
    wanted: &[Library],
    outcomes: &[Outcome],
    report: &mut Report,
) {
    report.looked_at("library", wanted.len());
    for (library, outcome) in wanted.iter().zip(outcomes) {
        if let Outcome::Failed { text, .. } = outcome {
            report.faults.extend(fault(subject, library, text));
        }
    }
}

/// What is wrong with a library that the loader says this of. Other things are for those to
/// say who import it: a library may want to be loaded by its package, after another one, and a
/// wheel may bring some for other machines.
fn fault(subject: &Subject<'_>, library: &Library, said: &str) -> Option<Fault> {
    let Library { path, of } = library;
    if let Some((needed, why)) = said.split_once(ABSENT) {
        let needed = needed.rsplit('/').next().unwrap_or(needed);
        if Path::new(path).ends_with(needed) {
            let why = match why.trim_start_matches(": ") {
                "No such file or directory" => reason(&std::io::ErrorKind::NotFound.into()),
                why => why.to_owned(),
            };
            return Some(Fault::new(
                format!("{path} of {of}: {why}"),
                "Find out which hook changed it; installing its distribution again makes it anew.",
            ));
        }
        if is_brought(subject, needed) {
            return None;
        }
        return Some(Fault::new(
            format!("{path} of {of} needs {needed}, which nothing here has"),
            advice(subject, needed),
        ));
    }
    // `/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by ...)`
    let (place, rest) = said.split_once(": version `")?;
    let (version, rest) = rest.split_once('\'')?;
    rest.starts_with(" not found").then(|| {
        Fault::new(
            format!("{path} of {of} needs {version}, which {place} does not have"),
            "Its wheel was built for a newer distribution: take the wheels that were built for this one.",
        )
    })
}

/// Whether a distribution brings it, and loads it first.
fn is_brought(subject: &Subject<'_>, needed: &str) -> bool {
    let mut files = subject.own().flat_map(|(_, seen)| &seen.files);
    files.any(|file| file.rsplit('/').next() == Some(needed))
}

fn advice(subject: &Subject<'_>, needed: &str) -> String {
    let package = package(needed);
    let generations = subject.image.record.generations();
    let mut removed = generations.flat_map(|record| &record.build_packages);
    let is_apt = subject
        .image
        .manager
        .is_some_and(|manager| manager.name() == "apt");
    match package {
        Some(package) if removed.any(|name| name.split(':').next() == Some(&package)) => format!(
            "{package} has it, which came with packages of the build alone and went with them: name it in bindep.txt or DIST_PACKAGES."
        ),
        Some(package) if is_apt => format!(
            "By its name {package} has it, or a package that is called almost so: name it in bindep.txt or DIST_PACKAGES."
        ),
        _ => "Name the package that provides it in bindep.txt or DIST_PACKAGES.".to_owned(),
    }
}

/// What Debian calls the package of a shared library, Debian Policy 8.1
/// (<https://www.debian.org/doc/debian-policy/ch-sharedlibs.html>): `libpq.so.5` is in
/// libpq5, and `libldap-2.5.so.0` in libldap-2.5-0.
fn package(library: &str) -> Option<String> {
    let (name, version) = library.split_once(".so.")?;
    let separator = if name.ends_with(|c: char| c.is_ascii_digit()) {
        "-"
    } else {
        ""
    };
    Some(
        format!("{name}{separator}{version}")
            .to_lowercase()
            .replace('_', "-"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debians_names_of_libraries() {
        for (library, expected) in [
            ("libpq.so.5", Some("libpq5")),
            ("libldap-2.5.so.0", Some("libldap-2.5-0")),
            ("libGL.so.1", Some("libgl1")),
            ("libpython3.13.so.1.0", Some("libpython3.13-1.0")),
            ("libfoo.so", None),
        ] {
            assert_eq!(package(library).as_deref(), expected, "{library}");
        }
    }

    #[test]
    fn shared_objects_are_known_by_their_names() {
        for yes in [
            "/a/_x.cpython-313-x86_64-linux-gnu.so",
            "/a/x.libs/libpq-e0.so.5.17",
            "x.so",
        ] {
            assert!(is_shared_object(yes), "{yes}");
        }
        for no in [
            "/a/x.so.py",
            "/a/so",
            "/a.so/x.py",
            "/a/x.sock",
            "/a/x.so.gz",
        ] {
            assert!(!is_shared_object(no), "{no}");
        }
    }
}
