//! A command, run by `measure.sh` in a container.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::error::{Error, Result};
use crate::{process, workspace};

/// What a command took.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Measured {
    /// From start to end.
    pub seconds: f64,
    /// Seconds of processor time, those of all children included.
    pub cpu: f64,
    /// The same of the command's own process.
    pub own: f64,
    /// What the command's own process had in memory at most, in MiB.
    pub peak: f64,
    /// What the process had that had most, in MiB.
    pub largest: f64,
}

impl Measured {
    /// Runs a script whose /out is `out`, and reads what `measure.sh` left there.
    pub fn run(script: Command, out: &Path) -> Result<Self> {
        process::run(script)?;
        let path = out.join("measured");
        let text = workspace::read(&path)?;
        Self::parse(&text).ok_or_else(|| Error::refused(format!("{}: {text}", path.display())))
    }

    fn parse(text: &str) -> Option<Self> {
        let value = |name: &str| -> Option<f64> {
            let mut lines = text.lines().filter_map(|line| line.split_once(' '));
            lines.find(|(first, _)| *first == name)?.1.parse().ok()
        };
        Some(Self {
            seconds: value("seconds")?,
            cpu: value("cpu")?,
            own: value("own")?,
            peak: value("peak")? / 1024.0,
            largest: value("largest")? / 1024.0,
        })
    }
}

/// What the command said.
pub fn said(out: &Path) -> Result<String> {
    let path = out.join("said");
    let bytes = fs::read(&path).map_err(Error::io("read", &path))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_its_name() {
        let text = "seconds 1.5\ncpu 2.5\nown 0.25\npeak 2048\nlargest 4096\n";
        assert_eq!(
            Measured::parse(text),
            Some(Measured {
                seconds: 1.5,
                cpu: 2.5,
                own: 0.25,
                peak: 2.0,
                largest: 4.0,
            })
        );
        assert_eq!(Measured::parse("seconds 1.5\ncpu\n"), None);
    }
}
