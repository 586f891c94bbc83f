//! Everything different that must not matter.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::base::{self, Suite};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::process::{self, command, stage};
use crate::workspace;

/// Part of the key: another script may make another file.
const SCRIPT: &str = include_str!("../../scripts/faketime.sh");

/// The library below the context, which the stock Dockerfile mounts there.
const LIBRARY: &str = "/opt/loci/libfaketime.so.1";

/// What is different in a build beside its directory.
pub struct Elsewhere {
    environment: Vec<(&'static str, &'static str)>,
}

impl Elsewhere {
    /// Prepares a context.
    pub fn of(engine: Engine, suite: Suite, context: &Path) -> Result<Self> {
        let mut chmod = command("chmod", ["-R", "go-rwx"]);
        chmod.arg(context.join("data"));
        process::read(chmod)?;
        let mut environment = Vec::new();
        if engine == Engine::Buildah {
            let copy = context.join("libfaketime.so.1");
            let library = faketime(engine, suite)?;
            fs::copy(&library, &copy).map_err(Error::io("copy", &library))?;
            environment.extend([
                ("LD_PRELOAD", LIBRARY),
                // Another day, and short enough for the archive's lists to be valid.
                ("FAKETIME", "+27h"),
                ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
                // Of no database, which images may lack: tzset(3).
                ("TZ", "ELSE-9"),
            ]);
        }
        Ok(Self { environment })
    }

    /// Does it there, and on one processor.
    pub fn then<T>(self, work: impl FnOnce(&[(&str, &str)]) -> Result<T>) -> Result<T> {
        let whole = sched_getaffinity(None).map_err(affinity)?;
        let mut one = CpuSet::new();
        if let Some(first) = (0..CpuSet::MAX_CPU).find(|cpu| whole.is_set(*cpu)) {
            one.set(first);
        }
        // Children of this thread inherit it.
        sched_setaffinity(None, &one).map_err(affinity)?;
        let done = work(&self.environment);
        sched_setaffinity(None, &whole).map_err(affinity)?;
        done
    }
}

fn affinity(error: rustix::io::Errno) -> Error {
    Error::Io("cannot choose processors".to_owned(), error.into())
}

/// libfaketime of a suite, which its programs can load.
fn faketime(engine: Engine, suite: Suite) -> Result<PathBuf> {
    let key = workspace::key(&[&base::ensure(engine, suite)?, SCRIPT]);
    let name = format!("faketime/{}", suite.name());
    let directory = workspace::kept(&name, &key, |output| {
        stage("fetching libfaketime", || {
            let container = engine.container(&suite.image())?;
            process::run(container.script("root", &[(output, "/out")], "faketime.sh", &[]))
        })
    })?;
    Ok(directory.join("libfaketime.so.1"))
}
