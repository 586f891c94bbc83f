//! `cargo xtask bench service SERVICE`: how long a service takes to install, and
//! what that makes of an image, beside a plain script.

use std::cell::RefCell;
use std::thread;

use super::contest::{self, Contestant, Ring};
use super::installed::Installed;
use super::repository::{self, Repository};
use super::table::{self, Runs};
use crate::error::Result;
use crate::options::{self, Flags};
use crate::process::stage;
use crate::wheels::{self, Origin};
use crate::{builder, image, network, setup, source, workspace};

/// How it is called.
pub const USAGE: &str = "\
Usage: cargo xtask bench service SERVICE [OPTION...]

Installs a service in fresh containers of one image, as LOCI prepares it, from the
same wheels and the same repository, both of them on this machine. The contestants
take turns:
  plain script       benches/service.sh: the documented process, step by step
  loci-install, pip  with INSTALLER=pip
  loci-install, uv   with INSTALLER=uv
  apt alone          lists and distribution packages, nothing else
  wheels alone       the wheels of the virtualenv unpacked, nothing else
None of them tests what it made (SMOKE=no). What the last two take, no build can do
without. Medians come first, then ratios of
medians, then the least and the most, then the parts of the builds. Containers are
removed in the end: a round of a large service takes 3 GB of disk space.

  --profiles \"NAME...\"    bindep profiles
  --pip-extras NAME,...   extras of the service
  --rounds N              how often (3)
  --wheels IMAGE          an image with wheels at its root
  --constraints FILE      without it: upper-constraints to make wheels of
                          (constraints/SERVICE.txt)
  --repository PATH|URL   git repository of the service (OpenStack's); what
                          is cloned is a copy of it, made on this machine
  --ref REF               a branch, a tag or a commit of it (master)
  --base trixie|bookworm  the Debian release (trixie)
  --binary FILE           a loci-install to use in the place of a release build
  --skip-script           without the script
";

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    /// The service, its profiles and extras.
    service: options::Options,
    /// How often.
    pub rounds: usize,
    repository: Option<String>,
    reference: String,
    script: bool,
}

/// The chore, from the words after `service`.
pub fn main(arguments: &[String]) -> Result<()> {
    let options = Options::parse(arguments, USAGE)?;
    let ring = options.ring()?;
    let (runs, notes) = options.rounds(&ring)?;
    println!("{}", options.title());
    println!("{}", table::all(&runs));
    for note in notes {
        println!("{note}");
    }
    Ok(())
}

impl Options {
    /// Everything that contestants get.
    pub fn ring(&self) -> Result<Ring> {
        let service = self.service.clone();
        let options::Options { suite, binary, .. } = &service;
        // What can be refused is refused before anything takes long.
        let origin = Origin::of(&service)?;
        setup::packages(&["git"])?;
        let (engine, binary) = image::tools(binary.as_deref())?;
        let repository = repository::ensure(
            &service.service,
            self.repository.as_deref(),
            &self.reference,
        )?;
        let wheels = wheels::directory(engine, &binary, &origin, &service)?;
        let profiles = std::iter::once(service.service.as_str())
            .chain(service.profiles.split_whitespace())
            .chain([suite.name()]);
        let profiles: Vec<&str> = profiles.collect();
        let packages = binary.bindep("bindep.txt", &profiles, *suite)?;
        let base = builder::prepared(engine, *suite)?;
        let context = source::context("bench", &[])?;
        let repository = Repository::serve(&repository)?;
        let input = workspace::fresh("bench/in")?;
        let ring = Ring {
            engine,
            binary,
            base,
            repository,
            reference: self.reference.clone(),
            wheels,
            input,
            context,
            packages,
            service,
            used: RefCell::default(),
        };
        // From here on the ring removes it, whatever happens.
        let told = network::assignments(&ring.input)?;
        workspace::write(&ring.input.join("environment"), &told)?;
        Ok(ring)
    }

    /// All runs, and what is to be said of their results.
    fn rounds(&self, ring: &Ring) -> Result<(Runs, Vec<String>)> {
        let mut all = Runs::new();
        let mut notes = Vec::new();
        for round in 1..=self.rounds {
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
        let asked = |contestant: &Contestant| self.script || *contestant != Contestant::Script;
        Contestant::ALL.into_iter().filter(asked)
    }

    /// What the tables are of.
    pub fn title(&self) -> String {
        let options::Options {
            service,
            profiles,
            extras,
            suite,
            ..
        } = &self.service;
        let told = |what: &str, value: &str| match value {
            "" => String::new(),
            value => format!(", {what} {value}"),
        };
        let processors = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        format!(
            "{service}{}{}, {}, {processors} processors, median of {}:\n",
            told("profiles", profiles),
            told("extras", extras),
            suite.name(),
            self.rounds
        )
    }

    /// From the words after the chore's name, and how that is called.
    pub fn parse(arguments: &[String], usage: &'static str) -> Result<Self> {
        let mut options = Self {
            service: options::Options::first(arguments, usage)?,
            rounds: 3,
            repository: None,
            reference: "master".to_owned(),
            script: true,
        };
        let mut flags = Flags::of(&arguments[1..], usage);
        while let Some(flag) = flags.next() {
            match flag {
                "--rounds" => options.rounds = flags.number()?,
                "--repository" => options.repository = Some(flags.value()?),
                "--ref" => options.reference = flags.value()?,
                "--skip-script" => options.script = false,
                flag if options.service.take(flag, &mut flags)? => {}
                _ => return Err(flags.unknown()),
            }
        }
        options.service.check(&flags)?;
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::testing::{first_line, words};

    fn parse(line: &[&str]) -> Result<Options> {
        Options::parse(&words(line), USAGE)
    }

    fn refusal(line: &[&str]) -> String {
        first_line(parse(line))
    }

    #[test]
    fn what_is_asked_for() {
        let options = parse(&[
            "cinder",
            "--profiles=lvm ceph",
            "--rounds",
            "5",
            "--wheels=wheels",
            "--repository",
            "/srv/cinder.git",
            "--ref=26.0.0",
            "--skip-script",
        ])
        .unwrap();
        let mut service = options::Options::of("cinder");
        service.profiles = "lvm ceph".to_owned();
        service.wheels = Some("wheels".to_owned());
        assert_eq!(
            options,
            Options {
                service,
                rounds: 5,
                repository: Some("/srv/cinder.git".to_owned()),
                reference: "26.0.0".to_owned(),
                script: false,
            }
        );
        assert_eq!(options.contestants().next(), Some(Contestant::Pip));
    }

    #[test]
    fn the_title_tells_what_was_measured() {
        let title = parse(&["keystone"]).unwrap().title();
        assert!(
            title.starts_with("keystone, profiles apache ldap, extras ldap, trixie, "),
            "{title}"
        );
        assert!(title.ends_with(" processors, median of 3:\n"), "{title}");
    }

    #[test]
    fn wrong_lines_are_told() {
        assert_eq!(refusal(&["--rounds=1"]), "SERVICE comes first");
        assert_eq!(
            refusal(&["cinder", "--round=1"]),
            "\"--round=1\" is unknown"
        );
        assert_eq!(
            refusal(&["cinder", "--wheels=a", "--constraints=b"]),
            "--wheels and --constraints: it is the one or the other"
        );
    }
}
