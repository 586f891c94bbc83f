//! A registry, as it is asked for manifests and layers
//! (<https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pull>).

use std::io::Read;

use super::lookup::Found;
use super::pass::Pass;
use super::protocol::{Protocol, Scheme};
use super::reference::{Reference, Selector};
use crate::download::{Advice, Client, DownloadError, Patience, Request};
use crate::wheels::Digest;
use crate::wheels::image::{Bytes, Descriptor, LARGEST, Store, TYPES};

/// What is to be done about errors of registries.
pub const ADVICE: Advice = Advice {
    refused: "check that the image is there and who may read it",
    absent: "check the image's name and tag, and that all of it was pushed",
    certificate: "name the authority's certificate in REGISTRY_CA, or set REGISTRY_INSECURE=True \
                  where nobody can come between",
    plain: "set REGISTRY_PROTOCOL=http if that is meant",
    authorities: "install ca-certificates, or name the authority's certificate in REGISTRY_CA",
};

/// How often a manifest that changes while it is read is asked for.
const TRIES: u32 = 3;

/// A repository of a registry.
pub struct Registry<'a> {
    client: &'a Client,
    pass: Pass<'a>,
    /// Where the login was found, if there is one.
    login: Option<String>,
    /// `https://host/v2/name`
    base: String,
}

impl<'a> Registry<'a> {
    /// The repository of an image.
    #[must_use]
    pub fn new(
        client: &'a Client,
        reference: &Reference,
        protocol: Protocol,
        found: Option<Found>,
    ) -> Self {
        let host = reference.host();
        let repository = reference.repository();
        let scheme: Scheme = protocol.scheme(client, host);
        let base = format!("{scheme}://{host}/v2/{repository}");
        let (login, place) = found.map(|found| (found.login, found.place)).unzip();
        Self {
            client,
            pass: Pass::new(client, login, &base, repository),
            login: place,
            base,
        }
    }

    /// An error, for people. Of a refusal it counts whether there is a login at all.
    fn words(&self, error: &DownloadError) -> String {
        match (error, &self.login) {
            (DownloadError::Refused { .. }, Some(place)) => {
                format!("{error}. The login is that of {place}")
            }
            (DownloadError::Refused { .. }, None) => format!(
                "{error}. There is no login for it in REGISTRY_AUTH_FILE, the secret \
                 registry-auth, docker's config.json, podman's auth.json or netrc"
            ),
            _ => error.to_string(),
        }
    }

    fn request(&self, what: &str, name: &str, immutable: bool) -> Request<'_> {
        Request {
            immutable,
            authority: Some(&self.pass),
            ..Request::of(format!("{}/{what}/{name}", self.base))
        }
    }

    fn read(&self, request: Request<'_>) -> Result<Answered, DownloadError> {
        let stream = self.client.open(request, &|_| ())?;
        let header = |name| stream.header(name).map(str::to_owned);
        let (content_type, digest) = (header("content-type"), header("docker-content-digest"));
        Ok(Answered {
            bytes: stream.bytes(LARGEST)?,
            content_type,
            digest,
        })
    }
}

/// A document, with what its server says of it.
struct Answered {
    bytes: Vec<u8>,
    content_type: Option<String>,
    digest: Option<String>,
}

impl Store for Registry<'_> {
    fn document(&self, selector: Selector<'_>) -> Result<Bytes, String> {
        let is_digest = matches!(selector, Selector::Digest(_));
        let accept = TYPES.join(", ");
        let mut request = self.request("manifests", &selector.to_string(), is_digest);
        request.accept = Some(&accept);
        let mut tries = 1;
        let read = loop {
            match self.read(request.clone()) {
                // Somebody pushed another one of this tag just now, or it broke off.
                Err(DownloadError::Changed { .. }) if tries < TRIES => tries += 1,
                read => break read.map_err(|error| self.words(&error))?,
            }
        };
        let said = read.digest.and_then(|said| said.parse::<Digest>().ok());
        if let (Some(said), false) = (said, is_digest) {
            let digest = Digest::of(said.algorithm(), &read.bytes);
            if digest != said {
                let url = &request.url;
                return Err(format!(
                    "{url}: the digest {said} was expected, and {digest} came"
                ));
            }
        }
        Ok(Bytes {
            bytes: read.bytes,
            content_type: read.content_type,
        })
    }

    fn blob<'b>(
        &'b self,
        layer: &Descriptor,
        patience: &'b dyn Patience,
    ) -> Result<Box<dyn Read + Send + 'b>, String> {
        let request = Request {
            patience: Some(patience),
            ..self.request("blobs", &layer.digest.to_string(), true)
        };
        let opened = self.client.open(request, &|_| ());
        Ok(Box::new(opened.map_err(|error| self.words(&error))?))
    }
}
