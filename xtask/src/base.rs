//! The Debian image below the services, made from the distribution's archive.

use std::fs;

use crate::engine::{Build, Engine};
use crate::error::{Error, Result};
use crate::process::{self, command, stage};
use crate::{setup, workspace};

/// What a base image of services has to have.
const PACKAGES: &str = "ca-certificates,passwd";

const CONTAINERFILE: &str = "FROM scratch\nADD base.tar /\nCMD [\"/bin/bash\"]\n";

/// A release of Debian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Suite {
    /// Debian 12.
    Bookworm,
    /// Debian 13.
    Trixie,
}

impl Suite {
    /// Its code name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bookworm => "bookworm",
            Self::Trixie => "trixie",
        }
    }

    /// Its Python.
    pub fn python(self) -> &'static str {
        match self {
            Self::Bookworm => "3.11",
            Self::Trixie => "3.13",
        }
    }

    /// The base image made of it.
    pub fn image(self) -> String {
        format!("localhost/loci-base-{}", self.name())
    }
}

/// Makes the base image of a suite and tells what it was made from.
pub fn ensure(engine: Engine, suite: Suite) -> Result<String> {
    let sources = sources(&indexes()?, suite.name());
    let key = workspace::key(&[suite.name(), PACKAGES, &sources.join("\n"), CONTAINERFILE]);
    if engine.has(&suite.image(), &key) {
        return Ok(key);
    }
    stage(&format!("making {}", suite.image()), || {
        let directory = workspace::fresh(&format!("base-{}", suite.name()))?;
        let mut bootstrap = command("mmdebstrap", ["--variant=apt"]);
        bootstrap
            .arg(format!("--include={PACKAGES}"))
            .arg(suite.name());
        bootstrap.arg(directory.join("base.tar")).args(&sources);
        process::run(bootstrap)?;
        let file = directory.join("Containerfile");
        workspace::write(&file, CONTAINERFILE)?;
        engine.build(&Build {
            key: &key,
            ..Build::new(&suite.image(), &directory, &file)
        })?;
        // The image has all that is in it.
        fs::remove_dir_all(&directory).map_err(Error::io("remove", &directory))
    })?;
    Ok(key)
}

/// What apt on this machine reads from where.
fn indexes() -> Result<String> {
    let query = || {
        let format = "--format=$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)";
        process::read(command(
            "apt-get",
            ["indextargets", format, "Created-By: Packages"],
        ))
    };
    let told = query()?;
    // Who is behind an address is known from its lists only.
    if told.lines().all(|line| line.starts_with('|')) {
        setup::update()?;
        return query();
    }
    Ok(told)
}

/// The lines of a suite's sources.list, on the mirrors that this machine itself
/// is set up with. None on a machine that is no Debian: mmdebstrap then takes
/// Debian's own.
fn sources(indexes: &str, suite: &str) -> Vec<String> {
    let of = |label: &str| {
        indexes.lines().find_map(|line| {
            let mut fields = line.split('|');
            let is = [fields.next()?, fields.next()?, fields.next()?] == ["Debian", label, "main"];
            fields.next().filter(|_| is)
        })
    };
    let Some(archive) = of("Debian") else {
        return Vec::new();
    };
    let mut lines = vec![
        format!("deb {archive} {suite} main"),
        format!("deb {archive} {suite}-updates main"),
    ];
    lines.extend(of("Debian-Security").map(|uri| format!("deb {uri} {suite}-security main")));
    lines
}

#[cfg(test)]
mod tests {
    use super::sources;

    #[test]
    fn the_mirrors_of_this_machine_serve_the_other_suite() {
        let indexes = "\
Other|Other|main|https://packages.example.org/apt/
Debian|Debian|contrib|http://mirror.example.org/nonfree/
Debian|Debian|main|http://mirror.example.org/debian/
Debian|Debian-Security|main|http://mirror.example.org/security/
";
        assert_eq!(
            sources(indexes, "trixie"),
            [
                "deb http://mirror.example.org/debian/ trixie main",
                "deb http://mirror.example.org/debian/ trixie-updates main",
                "deb http://mirror.example.org/security/ trixie-security main",
            ]
        );
    }

    #[test]
    fn another_distribution_has_none() {
        assert!(sources("Ubuntu|Ubuntu|main|http://mirror.example.org/\n", "trixie").is_empty());
    }
}
