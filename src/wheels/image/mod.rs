//! Images, wherever they are kept: what their manifests say, and what is in their layers.

mod layers;
mod layout;
mod manifest;

use std::io::Read;
use std::path::Path;

pub use layout::Layout;
pub use manifest::{Descriptor, Document, Platform, TYPES, choose, read};

use super::meter::Meter;
use super::pile::Pile;
use super::registry::Selector;
use super::{Algorithm, Digest};
use crate::download::Patience;

/// Where images are kept.
pub trait Store: Sync {
    /// A manifest, or an index of manifests.
    ///
    /// # Errors
    /// Why it cannot be had.
    fn document(&self, selector: Selector<'_>) -> Result<Bytes, String>;

    /// The bytes of a layer; they are verified by who reads them.
    ///
    /// # Errors
    /// Why they cannot be had.
    fn blob<'a>(
        &'a self,
        layer: &Descriptor,
        patience: &'a dyn Patience,
    ) -> Result<Box<dyn Read + Send + 'a>, String>;
}

/// A manifest or an index as it came.
pub struct Bytes {
    /// Itself.
    pub bytes: Vec<u8>,
    /// What its store calls it.
    pub content_type: Option<String>,
}

/// No manifest is larger, in bytes
/// (<https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests>).
pub const LARGEST: u64 = 4 << 20;

/// How many indexes may lead to each other before there is a manifest.
const DEPTH: usize = 4;

/// Takes the wheels and constraint files of an image for `platform` into directories below
/// `into`. Returns where each is, and the digest of what the selector names.
///
/// # Errors
/// Why not, as a sentence without the image's name.
pub fn take(
    store: &dyn Store,
    selector: Selector<'_>,
    platform: &Platform,
    into: &Path,
    meter: &Meter<'_>,
) -> Result<(Pile, Digest), String> {
    let (layers, digest) = resolve(store, selector, platform)?;
    Ok((layers::take(store, &layers, into, meter)?, digest))
}

/// Follows indexes to the layers of the image for a platform. Every document is what its
/// digest says.
fn resolve(
    store: &dyn Store,
    selector: Selector<'_>,
    platform: &Platform,
) -> Result<(Vec<Descriptor>, Digest), String> {
    let (mut document, named) = verified(store, selector)?;
    for _ in 0..DEPTH {
        let chosen = match document {
            Document::Manifest(layers) => return Ok((layers, named)),
            Document::Index(manifests) => choose(&manifests, platform)?.digest.clone(),
        };
        document = verified(store, Selector::Digest(&chosen))?.0;
    }
    Err(format!("more than {DEPTH} indexes lead to each other"))
}

fn verified(store: &dyn Store, selector: Selector<'_>) -> Result<(Document, Digest), String> {
    let Bytes {
        bytes,
        content_type,
    } = store.document(selector)?;
    let algorithm = match selector {
        Selector::Digest(wanted) => wanted.algorithm(),
        Selector::Tag(_) => Algorithm::Sha256,
    };
    let digest = Digest::of(algorithm, &bytes);
    match selector {
        Selector::Digest(wanted) if *wanted != digest => Err(format!(
            "the manifest {wanted} was expected, and {digest} came"
        )),
        _ => {
            let document = read(&bytes, content_type.as_deref());
            let document = document.map_err(|why| format!("the manifest {selector}: {why}"))?;
            Ok((document, digest))
        }
    }
}

#[cfg(test)]
mod tests;
