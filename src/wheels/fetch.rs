//! Makes a wheels directory of the sources that `WHEELS` names.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::archive::Kind;
use super::image::{self, Platform};
use super::local::{Local, Pick};
use super::meter::Meter;
use super::pile::Pile;
use super::registry::{self, Lookup, Reference, Registry, Selector};
use super::union::Union;
use super::unpack::unpack;
use super::verified::Expected;
use super::vouched::{Fault, compare, read_hashes};
use super::{Digest, Directory, HASHES, Making};
use crate::command::Runner;
use crate::download::{Advice, Client, FILE, Request, Trust};
use crate::fingerprint::digests_of;
use crate::python::WheelName;
use crate::python::hashes::Hashes;
use crate::root::Root;
use crate::settings::{WheelsSettings, WheelsSource};
use crate::words::{count, printable, reason};

/// What is to be done about errors of servers of tarballs.
const ADVICE: Advice = Advice {
    certificate: registry::ADVICE.certificate,
    authorities: registry::ADVICE.authorities,
    ..FILE
};

/// The setting that names a bundle of authorities.
const BUNDLE: &str = "REGISTRY_CA";

/// Characters of what is said of a source: some of it may be the source's own words.
const LONGEST: usize = 1000;

/// What wheels are fetched with.
pub struct Fetch<'a> {
    /// The files of this machine.
    pub root: &'a Root,
    /// The whole environment.
    pub environment: &'a [(String, String)],
    /// What the user said.
    pub settings: &'a WheelsSettings,
    /// Starts helpers that know logins.
    pub runner: &'a dyn Runner,
    /// Hears what is worth knowing.
    pub note: &'a dyn Fn(&str),
    /// Hears how many bytes were read, and how many are known to come.
    pub tell: &'a (dyn Fn(u64, u64) + Sync),
    /// Whether to give up.
    pub stopping: &'a (dyn Fn() -> bool + Sync),
}

/// What was fetched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fetched {
    /// The sources, in their order.
    pub origins: Vec<Origin>,
    /// The wheels by file name, and from which of the sources each is.
    pub wheels: BTreeMap<String, usize>,
    /// Their SHA-256 digests, each as `hashes.txt` has it; none where there is no such file.
    pub digests: Option<BTreeMap<String, String>>,
}

/// What a source was, and what came from it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The source, without credentials.
    pub source: String,
    /// What it was: the digest of the archive, or of the manifest that the name led to.
    pub digest: Option<String>,
    /// How many wheels it gave.
    pub wheels: usize,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} from {}",
            count(self.wheels, "wheel"),
            self.source
        )?;
        match &self.digest {
            Some(digest) => write!(formatter, ", {digest}"),
            None => Ok(()),
        }
    }
}

impl Fetch<'_> {
    /// Makes the directory `destination`, which comes into being whole and verified or not
    /// at all, in the place of what is there. Of a wheel that several sources have the
    /// first one's is used.
    ///
    /// # Errors
    /// Why not, with the source.
    pub fn fetch(&self, destination: &str) -> Result<Fetched, String> {
        let real = self.root.join(destination);
        let unmade = |error: io::Error| format!("could not make {destination}: {}", reason(&error));
        let making = Making::begin(&real).map_err(unmade)?;
        let Gathered {
            union,
            hashes,
            origins,
        } = self.gather(&making)?;
        let digests = self.vouch(&union, &hashes)?;
        for file in union.files() {
            let to = making.directory().join(&file.name);
            place(&file.path, &to, file.is_borrowed)
                .map_err(|error| format!("could not write {}: {}", to.display(), reason(&error)))?;
        }
        if let Some(merged) = merged(&union, &hashes, &digests) {
            let to = making.directory().join(HASHES);
            // Not into the source's own file.
            fs::remove_file(&to)
                .and_then(|()| fs::write(&to, merged.text()))
                .map_err(|error| format!("could not write {}: {}", to.display(), reason(&error)))?;
        }
        if let Some(fault) = Directory::at(destination, making.directory().to_owned()).fault() {
            let sources: Vec<String> = origins.into_iter().map(|origin| origin.source).collect();
            return Err(format!("{fault}; it was made of {}", sources.join(" ")));
        }
        making.finish().map_err(unmade)?;
        let wheels = union.wheels().map(|file| (file.name.clone(), file.source));
        Ok(Fetched {
            origins,
            wheels: wheels.collect(),
            digests: of_constraints(&union, &hashes).map(|_| digests),
        })
    }

    /// Compares each wheel with what its own source says of it. Returns the digests of all
    /// that somebody says something of.
    fn vouch(
        &self,
        union: &Union,
        hashes: &[Option<Hashes>],
    ) -> Result<BTreeMap<String, String>, String> {
        let has_all = of_constraints(union, hashes).is_some();
        let wheels: Vec<_> = union
            .wheels()
            .filter(|file| has_all || hashes[file.source].is_some())
            .collect();
        let paths: Vec<&Path> = wheels.iter().map(|file| file.path.as_path()).collect();
        let mut digests = BTreeMap::new();
        let mut faults: Vec<(usize, Fault)> = Vec::new();
        for (file, digest) in wheels.iter().zip(digests_of(&paths)) {
            let unread = |error| Fault::Unread {
                file: file.name.clone(),
                why: reason(&error),
            };
            let compared = digest.map_err(unread).and_then(|digest| {
                if let Some(hashes) = &hashes[file.source]
                    && let Some(wheel) = WheelName::parse(&file.name)
                {
                    compare(hashes, &file.name, &wheel, &digest)?;
                }
                Ok(digest)
            });
            match compared {
                Ok(digest) => drop(digests.insert(file.name.clone(), digest)),
                Err(fault) => faults.push((file.source, fault)),
            }
        }
        let Some((number, fault)) = faults.first() else {
            return Ok(digests);
        };
        let more = match faults.len() - 1 {
            0 => String::new(),
            more => format!(" (and {} more)", count(more, "wheel")),
        };
        let source = &self.settings.sources[*number];
        Err(format!("{source}: {fault}{more}"))
    }

    /// What is used of all sources, which lies beside the directory in the making, with
    /// the digests that each source has.
    fn gather(&self, making: &Making) -> Result<Gathered, String> {
        let sources = &self.settings.sources;
        let is_elsewhere = |source: &WheelsSource| !matches!(source, WheelsSource::Path(_));
        if self.settings.registry.insecure && sources.iter().any(is_elsewhere) {
            (self.note)("REGISTRY_INSECURE: any certificate is taken, nobody vouches for servers");
        }
        let meter = Meter::new(self.tell, self.stopping);
        let mut union = Union::default();
        let mut hashes = Vec::new();
        let mut origins = Vec::new();
        for (number, source) in sources.iter().enumerate() {
            let named = |why: String| match source {
                // It is in the text of every error of a download.
                WheelsSource::Url(..) if why.contains("://") => printable(&why, LONGEST),
                _ => format!("{source}: {}", printable(&why, LONGEST)),
            };
            let beside = making.beside(&format!("source-{number}"));
            let beside = beside.map_err(|error| named(reason(&error)))?;
            let (pile, digest) = self.one(source, &beside, &meter).map_err(named)?;
            if pile.files().next().is_none() {
                return Err(named("it has no wheels at its root".to_owned()));
            }
            let file = pile.files().find(|(name, _)| *name == HASHES);
            let read = file.map_or(Ok(None), |(_, path)| read_hashes(path, HASHES));
            hashes.push(read.map_err(|why| format!("{source}: {why}"))?);
            origins.push(Origin {
                source: source.without_credentials(),
                digest: digest.map(|digest| digest.to_string()),
                wheels: union.add(&pile),
            });
        }
        Ok(Gathered {
            union,
            hashes,
            origins,
        })
    }

    fn one(
        &self,
        source: &WheelsSource,
        into: &Path,
        meter: &Meter<'_>,
    ) -> Result<(Pile, Option<Digest>), String> {
        match source {
            WheelsSource::Path(path) => self.local(path, into, meter),
            WheelsSource::Url(url, digest) => {
                let client = self.client(&[url.to_string()], &ADVICE)?;
                let request = Request {
                    immutable: digest.is_some(),
                    patience: Some(meter),
                    ..Request::of(url.as_str())
                };
                let expected = Expected {
                    digest: digest.clone(),
                    size: None,
                };
                let stream = client.open(request, &|_| ());
                let stream = stream.map_err(|error| error.to_string())?;
                meter.expect(stream.length().unwrap_or_default());
                tarball(stream, expected, into, meter)
            }
            WheelsSource::Image(reference) => {
                let client = self.client(&[], &registry::ADVICE)?;
                let login = self.login(&client, reference)?;
                let protocol = self.settings.registry.protocol;
                let registry = Registry::new(&client, reference, protocol, login);
                let selector = reference.selector();
                let taken = image::take(&registry, selector, &Platform::here(), into, meter);
                taken.map(|(pile, digest)| (pile, Some(digest)))
            }
        }
    }

    fn local(
        &self,
        path: &str,
        into: &Path,
        meter: &Meter<'_>,
    ) -> Result<(Pile, Option<Digest>), String> {
        match Local::at(self.root, path) {
            None => Err("there is no such file".to_owned()),
            Some(Local::Directory(directory)) => Ok((Pile::of_directory(&directory)?, None)),
            Some(Local::Tarball(file)) => {
                let unread = |error| format!("it could not be read: {}", reason(&error));
                let file = File::open(file).map_err(unread)?;
                meter.expect(file.metadata().map_err(unread)?.len());
                tarball(file, Expected::default(), into, meter)
            }
            Some(Local::Image(layout, pick)) => {
                let platform = Platform::here();
                let digest = match pick {
                    Pick::Only => layout.find(None, &platform)?,
                    Pick::Name(name) => layout.find(Some(&name), &platform)?,
                    Pick::Digest(digest) => digest,
                };
                let selector = Selector::Digest(&digest);
                let (pile, digest) = image::take(&layout, selector, &platform, into, meter)?;
                Ok((pile, Some(digest)))
            }
        }
    }

    /// `known` are URLs with credentials.
    fn client(&self, known: &[String], advice: &'static Advice) -> Result<Client, String> {
        self.runner.fetches();
        let registry = &self.settings.registry;
        let bundle = registry
            .authorities
            .as_ref()
            .map(|path| self.root.join(path));
        let trust = Trust {
            bundle: bundle.as_deref().map(|path| (BUNDLE, path)),
            anybody: registry.insecure,
        };
        Client::trusting(self.environment, known, &trust, advice).map_err(|error| error.to_string())
    }

    fn login(
        &self,
        client: &Client,
        reference: &Reference,
    ) -> Result<Option<registry::Found>, String> {
        let lookup = Lookup {
            root: self.root,
            environment: self.environment,
            file: self.settings.registry.logins.as_deref(),
            runner: self.runner,
            client,
            note: self.note,
        };
        lookup.login(reference)
    }
}

/// What is used, and what the sources say of it.
struct Gathered {
    union: Union,
    /// The digests that each source has.
    hashes: Vec<Option<Hashes>>,
    origins: Vec<Origin>,
}

/// The digests of the source that the constraints come from.
fn of_constraints<'a>(union: &Union, hashes: &'a [Option<Hashes>]) -> Option<&'a Hashes> {
    hashes[union.constraints?].as_ref()
}

/// Those with the digests of wheels of other sources, where there are such wheels: who
/// names a source vouches for it.
fn merged(
    union: &Union,
    hashes: &[Option<Hashes>],
    digests: &BTreeMap<String, String>,
) -> Option<Hashes> {
    let own = of_constraints(union, hashes)?;
    let mut merged = own.clone();
    for file in union.wheels() {
        if Some(file.source) != union.constraints
            && let Some(wheel) = WheelName::parse(&file.name)
            && let Some(digest) = digests.get(&file.name)
        {
            merged.add(wheel.name.as_str(), &wheel.version, digest);
        }
    }
    (merged != *own).then_some(merged)
}

fn tarball(
    stream: impl io::Read + Send,
    expected: Expected,
    into: &Path,
    meter: &Meter<'_>,
) -> Result<(Pile, Option<Digest>), String> {
    let into = into.join("tarball");
    let (taken, digest) = unpack(stream, expected, Kind::Tarball, &into, meter)?;
    Ok((Pile::of(taken, &into)?, Some(digest)))
}

/// Puts a file in its place.
fn place(from: &Path, to: &Path, is_borrowed: bool) -> io::Result<()> {
    if is_borrowed {
        fs::copy(from, to)?;
        fs::set_permissions(to, fs::Permissions::from_mode(0o644))
    } else {
        // Two names may be one file.
        fs::hard_link(from, to)
    }
}

#[cfg(test)]
mod tests;
