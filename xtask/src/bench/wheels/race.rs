//! The contestants, and one run of one of them: into a fresh directory, from a registry
//! that all have in common.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use loci_install::wheels::image::Descriptor;

use super::super::measured::Measured;
use crate::binary::Binary;
use crate::error::{Error, Result};
use crate::process::{self, command, quote};
use crate::registry::{Compression, Registry};
use crate::workspace;

/// Who takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contestant {
    /// `benches/fetch.py`
    Script,
    /// `curl | tar`
    Pipe,
    /// `loci-install fetch-wheels`
    Ours,
}

impl Contestant {
    /// In the order of a round.
    pub const ALL: [Self; 3] = [Self::Script, Self::Pipe, Self::Ours];

    /// What it is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::Script => "old script",
            Self::Pipe => "curl | tar",
            Self::Ours => "loci-install",
        }
    }

    fn directory(self) -> &'static str {
        match self {
            Self::Script => "script",
            Self::Pipe => "pipe",
            Self::Ours => "ours",
        }
    }
}

/// What a run took and made.
#[derive(Debug, Clone)]
pub struct Run {
    /// Whose it is.
    pub contestant: Contestant,
    /// What it took.
    pub took: Measured,
    /// Where the wheels are.
    pub wheels: PathBuf,
}

impl Run {
    /// MiB in memory at most: of all processes the one that had most. What measures is in
    /// that as well, and loci-install has only one process, whose own memory is known.
    pub fn memory(&self) -> f64 {
        match self.contestant {
            Contestant::Ours => self.took.peak,
            Contestant::Script | Contestant::Pipe => self.took.largest,
        }
    }
}

/// Everything that the contestants get.
pub struct Race {
    /// The program.
    pub binary: Binary,
    /// Where the image is.
    pub registry: Registry,
    /// Those of the image.
    pub layers: Vec<Descriptor>,
    /// How they are compressed.
    pub compression: Compression,
    /// What all runs are below.
    pub directory: PathBuf,
}

impl Race {
    /// One run.
    pub fn run(&self, contestant: Contestant, round: usize) -> Result<Run> {
        let name = format!("{round}-{}", contestant.directory());
        let out = self.directory.join(name);
        let wheels = out.join("wheels");
        fs::create_dir_all(&wheels).map_err(Error::io("make", &wheels))?;
        // What the run before has left to be written is not this one's.
        process::run(command("sync", [] as [&str; 0]))?;
        let took = Measured::run(self.measured(contestant, &out, &wheels), &out)?;
        Ok(Run {
            contestant,
            took,
            wheels,
        })
    }

    /// The command of a contestant, run by `measure.py`.
    fn measured(&self, contestant: Contestant, out: &Path, wheels: &Path) -> Command {
        // -B: bytecode of what it imports would count as the contestant's.
        let mut measure = command("python3", ["-B"]);
        measure.arg(workspace::scripts().join("measure.py"));
        measure.arg(out);
        // No proxy has to do with this machine.
        measure.env("no_proxy", "127.0.0.1");
        measure.env("NO_PROXY", "127.0.0.1");
        let reference = self.registry.reference();
        match contestant {
            Contestant::Script => {
                let script = workspace::root().join("benches/fetch.py");
                measure.arg("python3").arg(script);
                measure.arg(reference).arg(wheels);
            }
            Contestant::Pipe => {
                let urls = self.layers.iter().map(|layer| self.registry.url(layer));
                measure.args(["bash", "-euo", "pipefail", "-c"]);
                measure.arg(pipes(urls, self.compression, wheels));
            }
            Contestant::Ours => {
                measure.arg("env").arg(format!("WHEELS={reference}"));
                let mut to = OsString::from("WHEELS_DEST=");
                to.push(wheels);
                measure.arg(to).arg(&self.binary.path).arg("fetch-wheels");
            }
        }
        measure
    }
}

/// A script that unpacks each layer while it comes.
fn pipes(urls: impl Iterator<Item = String>, compression: Compression, wheels: &Path) -> String {
    let tar = match compression {
        Compression::Gzip => "tar xz",
        Compression::Zstd => "tar x --zstd",
    };
    let wheels = quote(wheels.as_os_str());
    let pipes = urls.map(|url| format!("curl -sSf {url} | {tar} -C {wheels}"));
    pipes.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_layer_has_its_pipe() {
        let urls = || ["http://a/1".to_owned(), "http://a/2".to_owned()].into_iter();
        assert_eq!(
            pipes(urls(), Compression::Gzip, Path::new("/a b")),
            "curl -sSf http://a/1 | tar xz -C '/a b'\n\
             curl -sSf http://a/2 | tar xz -C '/a b'"
        );
        assert!(pipes(urls(), Compression::Zstd, Path::new("/a")).contains("| tar x --zstd -C /a"));
    }

    #[test]
    fn the_memory_of_one_process_is_its_own() {
        let of = |contestant| {
            let took = Measured {
                peak: 20.0,
                largest: 30.0,
                ..Measured::default()
            };
            let wheels = PathBuf::new();
            let run = Run {
                contestant,
                took,
                wheels,
            };
            run.memory()
        };
        let told = Contestant::ALL.map(|contestant| format!("{:.0}", of(contestant)));
        assert_eq!(told, ["30", "30", "20"]);
    }
}
