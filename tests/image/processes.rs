//! The processes of a build, found from outside.

use std::fs;
use std::path::PathBuf;

/// Those that have this, `NAME=value`, in their environment: their directories below
/// /proc, and their command lines.
pub fn with(variable: &str) -> Vec<(PathBuf, String)> {
    let processes = fs::read_dir("/proc").expect("processes").flatten();
    let paths = processes.map(|entry| entry.path());
    let found = paths.filter_map(|path| {
        let environment = fs::read(path.join("environ")).ok()?;
        let mut variables = environment.split(|byte| *byte == 0);
        variables
            .any(|other| other == variable.as_bytes())
            .then(|| {
                let line = fs::read(path.join("cmdline")).unwrap_or_default();
                (path, String::from_utf8_lossy(&line).replace('\0', " "))
            })
    });
    found.collect()
}
