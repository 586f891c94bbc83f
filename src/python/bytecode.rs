//! Python's bytecode in the image: none, or some that is the same in every build.

use std::fmt;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::command::Command;

/// What the image has of bytecode.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Bytecode {
    /// None, as LOCI has it: every process compiles what it imports when it starts.
    #[default]
    None,
    /// Bytecode that knows its source by a hash, which Python compares at every
    /// import (PEP 552).
    Checked,
    /// The same, which Python does not compare: a source that is changed in a
    /// container is not seen.
    Unchecked,
}

/// The program that compiles, to be written to a file.
pub const SCRIPT: &str = include_str!("bytecode.py");

impl Bytecode {
    /// As the setting spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Checked => "checked",
            Self::Unchecked => "unchecked",
        }
    }

    /// Compiles the modules of `directories`, `jobs` packages at once, by [`SCRIPT`] in
    /// the file `script`; nothing for none.
    #[must_use]
    pub fn compile(
        self,
        python: &str,
        script: &str,
        jobs: NonZeroUsize,
        directories: &[String],
    ) -> Option<Command> {
        let mode = match self {
            Self::None => return None,
            Self::Checked => "CHECKED_HASH",
            Self::Unchecked => "UNCHECKED_HASH",
        };
        let command = Command::new(python)
            // -S: what .pth files import has no part in it. -B: what the compiler imports
            // is compiled as every other module is.
            .args(["-S", "-B", script, mode, &jobs.to_string()])
            .args(directories)
            // The order of a set of strings goes by their hashes.
            .variable("PYTHONHASHSEED", "0");
        Some(command)
    }
}

/// The directories of bytecode below a directory. No link is followed: it may lead out
/// of the tree.
#[must_use]
pub fn caches(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let directories = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    directories
        .flat_map(|entry| match entry.path() {
            path if entry.file_name() == "__pycache__" => vec![path],
            path => caches(&path),
        })
        .collect()
}

impl fmt::Display for Bytecode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Bytecode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::None, Self::Checked, Self::Unchecked]
            .into_iter()
            .find(|bytecode| bytecode.as_str() == text)
            .ok_or_else(|| "not a kind of bytecode; none, checked or unchecked".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::command::{Runner, System};

    /// What a module is compiled to, by its name.
    fn compiled(jobs: usize, below: &Path, modules: &[(&str, &str)]) -> BTreeMap<PathBuf, Vec<u8>> {
        let _ = fs::remove_dir_all(below);
        for (name, text) in modules {
            let path = below.join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, text).expect("written");
        }
        let jobs = NonZeroUsize::new(jobs).expect("a number");
        let directories = [below.to_string_lossy().into_owned()];
        let script = below.with_file_name("bytecode.py");
        fs::write(&script, SCRIPT).expect("written");
        let script = script.to_string_lossy();
        let command = Bytecode::Unchecked.compile("python3", &script, jobs, &directories);
        let path = std::env::var("PATH").unwrap_or_default();
        let system = System::new(&[("PATH".to_owned(), path)]);
        let output = system.ask(&command.expect("a command"));
        assert!(output.ending.success(), "{output:?}");
        let pattern = below.join("**/*.pyc");
        glob::glob(&pattern.to_string_lossy())
            .expect("a pattern")
            .flatten()
            .map(|path| (path.clone(), fs::read(path).expect("read")))
            .collect()
    }

    #[test]
    fn the_result_does_not_depend_on_how_many_are_compiled_at_once_or_on_other_packages() {
        let directory = tempfile::tempdir().expect("a directory");
        let below = directory.path().join("site-packages");
        let one = (
            "one/a.py",
            "def shared(x):\n    return x in {'p', 'q', 'r'}\n",
        );
        let two = ("two/b.py", "import one.a\nshared = one.a.shared\n");
        let bad = ("two/template.py", "{% if python %}\n");
        let alone = ("six.py", "shared = 'p'\n");
        let all = [one, two, bad, alone];
        let first = compiled(1, &below, &all);
        assert_eq!(first.len(), 3);
        assert_eq!(compiled(4, &below, &all), first);
        for (path, bytes) in compiled(1, &below, &[two]) {
            assert_eq!(first[&path], bytes);
            // PEP 552: the flags say that it goes by a hash, which is not checked.
            assert_eq!(bytes[4..8], [1, 0, 0, 0]);
        }
    }

    #[test]
    fn caches_are_found_and_links_are_not_followed() {
        let root = tempfile::tempdir().expect("a directory");
        let outside = tempfile::tempdir().expect("a directory");
        fs::create_dir_all(outside.path().join("__pycache__")).expect("made");
        fs::create_dir_all(root.path().join("a/b/__pycache__")).expect("made");
        std::os::unix::fs::symlink(outside.path(), root.path().join("a/link")).expect("linked");
        assert_eq!(caches(root.path()), [root.path().join("a/b/__pycache__")]);
    }

    #[test]
    fn none_compiles_nothing_and_a_typo_is_told() {
        let jobs = NonZeroUsize::MIN;
        assert_eq!(
            Bytecode::None.compile("python3", "bytecode.py", jobs, &[]),
            None
        );
        assert_eq!(
            "cheked".parse::<Bytecode>(),
            Err("not a kind of bytecode; none, checked or unchecked".to_owned())
        );
    }
}
