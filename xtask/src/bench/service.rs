//! `cargo xtask bench service SERVICE`: how long a service takes to install, and
//! what that makes of an image, beside a plain script.

use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::thread;

use super::contest::{self, Contestant, Ring};
use super::installed::Installed;
use super::repository::{self, Repository};
use super::table::{self, Runs};
use crate::error::Result;
use crate::network::Input;
use crate::options;
use crate::process::stage;
use crate::wheels::{self, Origin};
use crate::{builder, image, setup, source};

/// Measures how a service is installed, beside a plain script
///
/// Installs a service in fresh containers of one image, as LOCI prepares it, from the
/// same wheels and the same repository, both of them on this machine. The contestants
/// take turns:
///   plain script       benches/service.sh: the documented process, step by step
///   loci-install, pip  with INSTALLER=pip
///   loci-install, uv   with INSTALLER=uv
///   apt alone          lists and distribution packages, nothing else
///   wheels alone       the wheels of the virtualenv unpacked, nothing else
/// None of them tests what it made (SMOKE=no). What the last two take, no build can do
/// without. Medians come first, then ratios of medians, then the least and the most, then
/// the parts of the builds. Containers are removed in the end: a round of a large service
/// takes 3 GB of disk space.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Options {
    #[command(flatten)]
    terms: Terms,
    /// Without the script.
    #[arg(long)]
    skip_script: bool,
}

/// What is installed, and how often.
#[derive(Debug, PartialEq, Eq, clap::Args)]
pub struct Terms {
    #[command(flatten)]
    service: options::Service,
    /// How often.
    #[arg(long, value_name = "N", default_value = "3")]
    pub rounds: NonZeroUsize,
    /// Git repository of the service; what is cloned is a copy of it, made on this machine
    /// [default: the one at opendev.org].
    #[arg(long, value_name = "PATH|URL")]
    repository: Option<String>,
    /// A branch, a tag or a commit of it.
    #[arg(long = "ref", value_name = "REF", default_value = "master")]
    reference: String,
}

/// The chore.
pub fn main(options: &Options) -> Result<()> {
    let ring = options.terms.ring()?;
    let (runs, notes) = options.rounds(&ring)?;
    println!("{}", options.terms.title());
    println!("{}", table::all(&runs));
    for note in notes {
        println!("{note}");
    }
    Ok(())
}

impl Terms {
    /// Everything that contestants get.
    pub fn ring(&self) -> Result<Ring> {
        let service = self.service.clone();
        let suite = service.base.suite;
        // What can be refused is refused before anything takes long.
        let origin = Origin::of(&service)?;
        setup::packages(&["git"])?;
        let (engine, binary) = image::tools(service.binary.path.as_deref())?;
        let asked = self.repository.as_deref();
        let repository = repository::ensure(&service.name, asked, &self.reference)?;
        let wheels = wheels::directory(engine, &binary, &origin, &service)?;
        let profiles = std::iter::once(service.name.as_str())
            .chain(service.profiles().split_whitespace())
            .chain([suite.name()]);
        let profiles: Vec<&str> = profiles.collect();
        let packages = binary.bindep("bindep.txt", &profiles, suite)?;
        let base = builder::prepared(engine, suite)?;
        let context = source::context("bench", &[])?;
        let repository = Repository::serve(&repository)?;
        Ok(Ring {
            engine,
            binary,
            base,
            repository,
            reference: self.reference.clone(),
            wheels,
            input: Input::new("bench/in")?,
            context,
            packages,
            service,
            used: RefCell::default(),
        })
    }

    /// What the tables are of.
    pub fn title(&self) -> String {
        let service = &self.service;
        let told = |what: &str, value: &str| match value {
            "" => String::new(),
            value => format!(", {what} {value}"),
        };
        let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        format!(
            "{}{}{}, {}, {processors} processors, median of {}:\n",
            service.name,
            told("profiles", service.profiles()),
            told("extras", service.extras()),
            service.base.suite.name(),
            self.rounds
        )
    }
}

impl Options {
    /// All runs, and what is to be said of their results.
    fn rounds(&self, ring: &Ring) -> Result<(Runs, Vec<String>)> {
        let mut all = Runs::new();
        let mut notes = Vec::new();
        for round in 1..=self.terms.rounds.get() {
            let mut runs = Runs::new();
            let mut installed = Installed::default();
            for contestant in self.contestants() {
                let title = format!("round {round}: {}", contestant.title());
                let run = stage(&title, || ring.run(contestant, &installed))?;
                if contestant.is_ours() {
                    installed = run.installed.clone();
                }
                runs.push((contestant, run));
            }
            notes = contest::compare(&runs)?;
            all.extend(runs);
        }
        Ok((all, notes))
    }

    fn contestants(&self) -> impl Iterator<Item = Contestant> {
        let asked =
            |contestant: &Contestant| !self.skip_script || *contestant != Contestant::Script;
        Contestant::ALL.into_iter().filter(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::testing::parse;

    #[test]
    fn what_is_asked_for() {
        let options: Options = parse(&[
            "cinder",
            "--profiles=lvm ceph",
            "--rounds",
            "5",
            "--wheels=wheels",
            "--repository",
            "/srv/cinder.git",
            "--ref=26.0.0",
            "--skip-script",
        ]);
        let mut service = options::Service::of("cinder");
        service.profiles = Some("lvm ceph".to_owned());
        service.wheels.image = Some("wheels".to_owned());
        assert_eq!(
            options.terms,
            Terms {
                service,
                rounds: NonZeroUsize::new(5).unwrap(),
                repository: Some("/srv/cinder.git".to_owned()),
                reference: "26.0.0".to_owned(),
            }
        );
        assert_eq!(options.contestants().next(), Some(Contestant::Pip));
    }

    #[test]
    fn the_title_tells_what_was_measured() {
        let title = parse::<Terms>(&["keystone"]).title();
        assert!(
            title.starts_with("keystone, profiles apache ldap, extras ldap, trixie, "),
            "{title}"
        );
        assert!(title.ends_with(" processors, median of 3:\n"), "{title}");
    }
}
