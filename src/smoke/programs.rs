//! Whether the programs of the virtualenv's distributions are there and can be executed.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;

use super::{Fault, Report, Subject};
use crate::layout::VIRTUALENV;
use crate::python::entry_points::EntryPoint;

/// Groups whose entry points installers make programs of.
const INSTALLED: [&str; 2] = ["console_scripts", "gui_scripts"];

/// How much of a program is read for its first lines.
const HEAD: u64 = 4096;

/// Whether it is a program, or a server's function that pbr makes one of
/// (<https://docs.openstack.org/pbr/latest/user/features.html>).
pub(super) fn is_program(entry_point: &EntryPoint) -> bool {
    is_installed(entry_point) || entry_point.group == "wsgi_scripts"
}

fn is_installed(entry_point: &EntryPoint) -> bool {
    INSTALLED.contains(&entry_point.group.as_str())
}

pub(super) fn check(subject: &Subject<'_>, report: &mut Report) {
    let bin = format!("{VIRTUALENV}/bin/");
    let mut number = 0;
    for (_, seen) in subject.own() {
        let offered = seen.entry_points.iter().filter(|entry| is_installed(entry));
        let mut paths: Vec<String> = offered
            .map(|entry| format!("{bin}{}", entry.name))
            .collect();
        let recorded = seen.files.iter().filter(|file| {
            let name = file.strip_prefix(&bin);
            name.is_some_and(|name| !name.contains('/'))
        });
        paths.extend(recorded.cloned());
        paths.sort();
        paths.dedup();
        number += paths.len();
        report.faults.extend(paths.iter().filter_map(|path| {
            let why = fault(subject, path)?;
            Some(Fault::new(
                format!(
                    "the program {path} of {} {}: {why}",
                    seen.spelt, seen.version
                ),
                "Find out which hook changed it; installing its distribution again makes it anew.",
            ))
        }));
    }
    report.looked_at("program", number);
}

/// What is wrong with a program.
fn fault(subject: &Subject<'_>, path: &str) -> Option<String> {
    let root = subject.image.root;
    let real = root.join(path);
    let Ok(metadata) = fs::metadata(&real) else {
        return Some("it is not there".to_owned());
    };
    if metadata.permissions().mode() & 0o111 != 0o111 {
        return Some("not everybody may execute it".to_owned());
    }
    let mut head = Vec::new();
    let opened = File::open(&real).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    if let Err(error) = opened {
        return Some(format!("it cannot be read: {error}"));
    }
    let interpreter = interpreter(&String::from_utf8_lossy(&head))?;
    (!root.is_file(&interpreter))
        .then(|| format!("there is no {interpreter}, which its first lines name"))
}

/// The interpreter that a script names; none of what is no script.
///
/// Where the path is too long for the kernel, installers write two lines that a shell
/// and Python both understand: `#!/bin/sh`, `'''exec' PATH "$0" "$@"`.
fn interpreter(text: &str) -> Option<String> {
    let mut lines = text.lines();
    let first = lines.next()?.strip_prefix("#!")?.trim();
    let of_shell = lines.next().and_then(|line| line.strip_prefix("'''exec' "));
    let command = of_shell.unwrap_or(first);
    let words = shlex::split(command)?;
    words.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interpreter_is_in_the_first_line_or_in_the_second() {
        let long = "#!/bin/sh\n'''exec' \"/a b/python\" \"$0\" \"$@\"\n' '''\nimport x\n";
        assert_eq!(interpreter(long).as_deref(), Some("/a b/python"));
        assert_eq!(
            interpreter("#!/var/lib/openstack/bin/python3 -s\nimport x\n").as_deref(),
            Some("/var/lib/openstack/bin/python3")
        );
        assert_eq!(interpreter("#!python\n").as_deref(), Some("python"));
        assert_eq!(interpreter("\u{7f}ELF"), None);
    }
}
