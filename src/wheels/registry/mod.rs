//! Images in registries: what they are called, and what registries say of them.

mod challenge;
mod digest;
mod manifest;
mod reference;

pub use challenge::{Challenge, challenges};
pub use digest::{Algorithm, Digest};
pub use manifest::{Descriptor, Document, Platform, TYPES, choose, read};
pub use reference::{Reference, Selector};
