//! Virtualenvs with distributions of `PyPI`, for tests that ask what others have written.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The interpreter of a virtualenv that is made here, in the place of whatever is there, with
/// these distributions.
pub fn make(place: &Path, distributions: &[&str]) -> PathBuf {
    let python = place.join("bin/python");
    let venv = ["-m", "venv", "--clear"];
    succeed(Command::new("python3").args(venv).arg(place));
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ];
    succeed(Command::new(&python).args(pip).args(distributions));
    python
}

fn succeed(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{said}",
        output.status
    );
}
