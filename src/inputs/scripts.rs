//! The scripts of the image's author, found and looked at before any of them is run.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read, Result};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{directories, matches};
use crate::findings::Findings;
use crate::root::Root;
use crate::settings::Settings;

/// Where scripts are that run before pip, below LOCI's directory of a project's scripts.
const BEFORE_PIP: &str = "before-pip";

/// LOCI's scripts: `project_specific/PROJECT/NN_name.sh`.
pub(super) fn after_pip(settings: &Settings, root: &Root, findings: &mut Findings) -> Vec<String> {
    scripts(settings, root, "*", findings)
}

/// `project_specific/PROJECT/before-pip/NN_name.sh`.
pub(super) fn before_pip(settings: &Settings, root: &Root, findings: &mut Findings) -> Vec<String> {
    scripts(settings, root, &format!("{BEFORE_PIP}/*"), findings)
}

fn scripts(settings: &Settings, root: &Root, below: &str, findings: &mut Findings) -> Vec<String> {
    let mut scripts = Vec::new();
    for script in found(settings, root, below) {
        match fault(&root.join(&script)) {
            Some(fault) => findings.input(format!("{script}: {fault}")),
            None => scripts.push(script),
        }
    }
    scripts
}

/// Says of programs in other directories that they are not run: whoever wrote
/// `post-pip/10_name.sh` would not find out.
pub(super) fn warn_of_others(settings: &Settings, root: &Root, findings: &mut Findings) {
    let programs = found(settings, root, "*/*").into_iter();
    let programs = programs.filter(|path| is_executable(&root.join(path)));
    let directories: BTreeSet<String> = programs
        .filter_map(|path| Some(path.rsplit_once('/')?.0.to_owned()))
        .filter(|directory| !directory.ends_with(&format!("/{BEFORE_PIP}")))
        .collect();
    for directory in directories {
        let parent = directory.rsplit_once('/').map_or("", |(parent, _)| parent);
        findings.warn(format!(
            "{directory}: nothing in it is run; scripts are run from {parent}/{BEFORE_PIP} before pip, \
             and from {parent} itself after it"
        ));
    }
}

fn found(settings: &Settings, root: &Root, below: &str) -> Vec<String> {
    let patterns = directories(settings)
        .into_iter()
        .map(|directory| format!("{directory}/project_specific/{}/{below}", settings.project));
    patterns
        .flat_map(|pattern| matches(root, &pattern))
        .collect()
}

/// Why a script cannot be started on any machine.
fn fault(path: &Path) -> Option<&'static str> {
    if !is_executable(path) {
        return Some("a hook has to be executable; chmod +x it, or move it elsewhere");
    }
    let line = first_line(path).ok()?;
    if line.starts_with(ELF) {
        return None;
    }
    match line.strip_prefix(b"#!") {
        None => Some("its first line names no program that runs it; begin it with #!/bin/sh"),
        Some(program) if program.ends_with(b"\r") => Some(
            "its first line ends in a carriage return, which would be part of the program's name; \
             save it with the line ends of Unix, as `sed -i 's/\\r$//'` does",
        ),
        Some(_) => None,
    }
}

/// How programs begin that are no scripts: elf(5).
const ELF: &[u8] = b"\x7fELF";

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

/// As much of it as the kernel reads: execve(2), "Interpreter scripts".
fn first_line(path: &Path) -> Result<Vec<u8>> {
    let mut start = Vec::new();
    File::open(path)?.take(255).read_to_end(&mut start)?;
    let end = start.iter().position(|byte| *byte == b'\n');
    start.truncate(end.unwrap_or(start.len()));
    Ok(start)
}

/// The program that a script's first line names.
#[must_use]
pub fn interpreter(root: &Root, script: &str) -> Option<String> {
    let line = first_line(&root.join(script)).ok()?;
    let line = String::from_utf8_lossy(line.strip_prefix(b"#!")?).into_owned();
    line.split_whitespace().next().map(str::to_owned)
}

/// The line by which a script asks for the network in a hermetic build.
const NETWORK: &str = "# loci-install: network";

/// Whether a script has it, so that whoever reads the script knows.
#[must_use]
pub fn asks_for_network(root: &Root, script: &str) -> bool {
    let text = fs::read(root.join(script)).unwrap_or_default();
    let mut lines = text.split(|byte| *byte == b'\n');
    !text.starts_with(ELF) && lines.any(|line| line.trim_ascii_end() == NETWORK.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault_of(text: &[u8]) -> Option<&'static str> {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("script");
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("made executable");
        fault(&path)
    }

    #[test]
    fn what_the_kernel_can_start_has_no_fault() {
        for good in [
            &b"#!/bin/sh\necho \r\n"[..],
            b"#! /usr/bin/env bash",
            b"\x7fELF\x02\x01",
        ] {
            assert_eq!(fault_of(good), None);
        }
        for bad in [&b""[..], b"echo\n", b" #!/bin/sh\n", b"#!/bin/sh\r\n"] {
            assert!(fault_of(bad).is_some(), "{bad:?}");
        }
    }

    #[test]
    fn a_script_asks_for_the_network_by_a_line_of_its_own() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = Root::new(directory.path());
        for (text, asks) in [
            ("#!/bin/sh\n# loci-install: network\ncurl\n", true),
            ("#!/bin/sh\n# loci-install: network \r\n", true),
            ("#!/bin/sh\necho '# loci-install: network'\n", false),
            ("#!/bin/sh\n# loci-install: networks\n", false),
            ("\x7fELF\n# loci-install: network\n", false),
        ] {
            fs::write(directory.path().join("script"), text).expect("written");
            assert_eq!(asks_for_network(&root, "/script"), asks, "{text}");
        }
    }

    #[test]
    fn the_interpreter_is_the_first_word() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = Root::new(directory.path());
        for (text, program) in [
            ("#!/bin/bash -e\n", Some("/bin/bash")),
            ("#! /usr/bin/env python3\n", Some("/usr/bin/env")),
            ("#!\n", None),
            ("echo\n", None),
        ] {
            fs::write(directory.path().join("script"), text).expect("written");
            assert_eq!(interpreter(&root, "/script").as_deref(), program);
        }
    }
}
