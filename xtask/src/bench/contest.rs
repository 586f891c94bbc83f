//! The contestants, and one run of one of them: in a fresh container of an image
//! that all have in common.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use super::installed::Installed;
use super::log::{self, Parts};
use super::measured::{self, Measured};
use super::repository::Repository;
use crate::binary::Binary;
use crate::engine::{Container, Engine};
use crate::error::{Error, Result};
use crate::network::Input;
use crate::options::Service;
use crate::{record, workspace};

/// Who takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contestant {
    /// `benches/service.sh`
    Script,
    /// loci-install, with pip.
    Pip,
    /// loci-install, with uv.
    Uv,
    /// The distribution packages and nothing else.
    Packages,
    /// The wheels, unpacked and nothing else.
    Wheels,
}

impl Contestant {
    /// In the order of a round.
    pub const ALL: [Self; 5] = [
        Self::Script,
        Self::Pip,
        Self::Uv,
        Self::Packages,
        Self::Wheels,
    ];

    /// What it is called in tables.
    pub fn title(self) -> &'static str {
        match self {
            Self::Script => "plain script",
            Self::Pip => "loci-install, pip",
            Self::Uv => "loci-install, uv",
            Self::Packages => "apt alone",
            Self::Wheels => "wheels alone",
        }
    }

    /// Whether it is loci-install, which tells more of itself.
    pub fn is_ours(self) -> bool {
        matches!(self, Self::Pip | Self::Uv)
    }

    fn directory(self) -> &'static str {
        match self {
            Self::Script => "script",
            Self::Pip => "pip",
            Self::Uv => "uv",
            Self::Packages => "packages",
            Self::Wheels => "wheels",
        }
    }
}

/// What a run took and made.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// What it took.
    pub took: Measured,
    /// What came to the image, in MB.
    pub layer: f64,
    /// How much of that is apt's cache. Official images of Debian and Ubuntu are
    /// set up to keep none.
    pub cache: f64,
    /// Of those that install a service.
    pub installed: Installed,
    /// Likewise.
    pub parts: Parts,
    /// What the reader of its numbers has to know.
    pub note: Option<String>,
}

/// Everything that the contestants get.
pub struct Ring {
    /// What runs containers.
    pub engine: Engine,
    /// The program.
    pub binary: Binary,
    /// The image below.
    pub base: String,
    /// The service, its profiles and extras.
    pub service: Service,
    /// What is cloned.
    pub repository: Repository,
    /// What of it.
    pub reference: String,
    /// Mounted as /wheels.
    pub wheels: PathBuf,
    /// Mounted as /in: what the machine says of the network.
    pub input: Input,
    /// Mounted as /opt/loci.
    pub context: PathBuf,
    /// The distribution packages that the service asks for.
    pub packages: Vec<String>,
    /// The containers of all runs, which are removed in the end only: ext4 goes past
    /// what was deleted in the last minute for every file that it makes, and a run would
    /// pay for the removal of the one before it with a third of its time
    /// (`recently_deleted` in Linux's fs/ext4/ialloc.c).
    pub used: RefCell<Vec<Container>>,
}

/// Where bytes of images are told in.
const MB: f64 = 1e6;

impl Ring {
    /// One run. `installed` is what a build before it has in its virtualenv.
    pub fn run(&self, contestant: Contestant, installed: &Installed) -> Result<Run> {
        let out = workspace::fresh(&format!("bench/{}", contestant.directory()))?;
        let run = |script: &str, words: &[&str]| self.measure(&out, &[script], words);
        match contestant {
            Contestant::Script => {
                let mut run = self.install(&out, &["sh", "/bench/service.sh"])?;
                run.parts = log::of_script(&measured::said(&out)?);
                Ok(run)
            }
            Contestant::Pip | Contestant::Uv => {
                let wanted = contestant.directory();
                let with = format!("INSTALLER={wanted}");
                let mut run = self.install(&out, &[&with, "/usr/local/bin/loci-install"])?;
                let record = record::parse(&workspace::read(&out.join("build.json"))?)?;
                run.parts = log::of_record(&record);
                if record.arguments.get("INSTALLER").map(String::as_str) != Some(wanted) {
                    let title = contestant.title();
                    let note = format!("{title}: this loci-install does not know {with}");
                    run.note = Some(note);
                }
                Ok(run)
            }
            Contestant::Packages => {
                let mut words = vec!["sh", "-eu", "/chores/packages.sh"];
                words.extend(self.packages.iter().map(String::as_str));
                run("measure.sh", &words)
            }
            Contestant::Wheels => {
                let wheels = installed.wheels(&self.wheels)?;
                let mounted = |path: &PathBuf| {
                    let name = path.file_name().unwrap_or_default();
                    format!("/wheels/{}\n", name.display())
                };
                let list: String = wheels.iter().map(mounted).collect();
                workspace::write(&self.input.path.join("wheels"), &list)?;
                run("measure.sh", &["sh", "-eu", "/chores/unpacked.sh"])
            }
        }
    }

    fn install(&self, out: &Path, words: &[&str]) -> Result<Run> {
        let mut run = self.build(out, &["installed.sh"], words)?;
        let read = |name: &str| workspace::read(&out.join(name));
        run.installed = Installed::parse(&read("installed")?);
        run.cache = read("cache")?.trim().parse().unwrap_or(0.0) / MB;
        Ok(run)
    }

    /// Measures a build by a script, which comes with its own first arguments.
    pub fn build(&self, out: &Path, script: &[&str], words: &[&str]) -> Result<Run> {
        let arguments = self.arguments();
        let mut line = vec!["env"];
        line.extend(arguments.iter().map(String::as_str));
        line.extend(words);
        self.measure(out, script, &line)
    }

    /// The build arguments, as the stock Dockerfile hands them on.
    fn arguments(&self) -> Vec<String> {
        let service = &self.service;
        [
            ("PATH", "/var/lib/openstack/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
            ("LANG", "C.UTF-8"),
            ("DEBIAN_FRONTEND", "noninteractive"),
            ("PROJECT", &service.name),
            ("PROJECT_REPO", &self.repository.url),
            ("PROJECT_REF", &self.reference),
            ("PROJECT_RELEASE", "master"),
            ("PROJECT_PIP_EXTRAS", service.extras()),
            ("PROFILES", service.profiles()),
            ("KEEP_ALL_WHEELS", "True"),
            ("WHEELS_PATH", "/wheels"),
            ("SOURCES_DIR", "/tmp"),
            ("SETUPTOOL_CONSTRAINT", "<81"),
            // The script tests nothing either.
            ("SMOKE", "no"),
            ("UID", "42424"),
            ("GID", "42424"),
        ]
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect()
    }

    fn measure(&self, out: &Path, script: &[&str], words: &[&str]) -> Result<Run> {
        let container = self.engine.weighable(&self.base)?;
        let volumes = [
            (self.input.path.as_path(), "/in:ro"),
            (out, "/out"),
            (&workspace::root().join("benches"), "/bench:ro"),
            (&self.context, "/opt/loci:ro"),
            (&self.wheels, "/wheels:ro"),
            (&self.binary.path, "/usr/local/bin/loci-install:ro"),
        ];
        let (name, first) = script.split_first().unwrap_or((&"measure.sh", &[]));
        let words = [first, words].concat();
        let took = Measured::run(container.script("root", &volumes, name, &words), out)?;
        #[allow(clippy::cast_precision_loss)] // No layer has 9 PB.
        let layer = container.layer()? as f64 / MB;
        self.used.borrow_mut().push(container);
        Ok(Run {
            took,
            layer,
            ..Run::default()
        })
    }
}

/// Refuses to compare what is not the same service; else tells what there is to
/// know of the runs.
pub fn compare(runs: &[(Contestant, Run)]) -> Result<Vec<String>> {
    let notes = runs.iter().filter_map(|(_, run)| run.note.clone());
    let mut notes: Vec<String> = notes.collect();
    let made: Vec<&(Contestant, Run)> = runs
        .iter()
        .filter(|(_, run)| run.installed.count() > 0)
        .collect();
    for pair in made.windows(2) {
        let [(left, one), (right, other)] = pair else {
            continue;
        };
        let difference = one.installed.difference(&other.installed);
        let both = format!("{} and {}", left.title(), right.title());
        let mut wrong = difference.service;
        if left.is_ours() {
            wrong.extend(difference.toolchain);
        } else {
            let lines = difference.toolchain.iter();
            notes.extend(lines.map(|line| format!("{both}: {line}")));
        }
        if !wrong.is_empty() {
            let wrong = wrong.join("\n    ");
            return Err(Error::refused(format!(
                "{both} made different services, whose times do not compare:\n    {wrong}"
            )));
        }
    }
    Ok(notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(contestant: Contestant, installed: &str) -> (Contestant, Run) {
        let installed = Installed::parse(installed);
        let run = Run {
            installed,
            ..Run::default()
        };
        (contestant, run)
    }

    #[test]
    fn only_the_script_may_have_other_tools() {
        let runs = [
            made(Contestant::Script, "a==1\nuv==3\n"),
            made(Contestant::Pip, "a==1\nuv==2\n"),
            made(Contestant::Uv, "a==1\nuv==2\n"),
            made(Contestant::Wheels, ""),
        ];
        assert_eq!(
            compare(&runs).unwrap(),
            ["plain script and loci-install, pip: uv: 3, 2"]
        );
        let runs = [
            made(Contestant::Pip, "a==1\nuv==3\n"),
            made(Contestant::Uv, "a==2\nuv==2\n"),
        ];
        assert_eq!(
            compare(&runs).unwrap_err().to_string(),
            "loci-install, pip and loci-install, uv made different services, whose times do not \
             compare:\n    a: 1, 2\n    uv: 3, 2"
        );
    }
}
