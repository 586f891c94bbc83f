//! Makes a wheels directory of the sources that `WHEELS` names.

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
use super::{Digest, Directory, Making};
use crate::command::Runner;
use crate::download::{Advice, Client, FILE, Request, Trust};
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
    pub fn fetch(&self, destination: &str) -> Result<Vec<Origin>, String> {
        let real = self.root.join(destination);
        let unmade = |error: io::Error| format!("could not make {destination}: {}", reason(&error));
        let making = Making::begin(&real).map_err(unmade)?;
        let (union, origins) = self.gather(&making)?;
        for file in union.files() {
            let to = making.directory().join(&file.name);
            place(&file.path, &to, file.is_borrowed)
                .map_err(|error| format!("could not write {}: {}", to.display(), reason(&error)))?;
        }
        if let Some(fault) = Directory::at(destination, making.directory().to_owned()).fault() {
            let sources: Vec<String> = origins.into_iter().map(|origin| origin.source).collect();
            return Err(format!("{fault}; it was made of {}", sources.join(" ")));
        }
        making.finish().map_err(unmade)?;
        Ok(origins)
    }

    /// What is used of all sources, which lies beside the directory in the making.
    fn gather(&self, making: &Making) -> Result<(Union, Vec<Origin>), String> {
        let sources = &self.settings.sources;
        let is_elsewhere = |source: &WheelsSource| !matches!(source, WheelsSource::Path(_));
        if self.settings.registry.insecure && sources.iter().any(is_elsewhere) {
            (self.note)("REGISTRY_INSECURE: any certificate is taken, nobody vouches for servers");
        }
        let meter = Meter::new(self.tell, self.stopping);
        let mut union = Union::default();
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
            origins.push(Origin {
                source: source.without_credentials(),
                digest: digest.map(|digest| digest.to_string()),
                wheels: union.add(&pile),
            });
        }
        Ok((union, origins))
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
