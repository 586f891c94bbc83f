//! Images in registries: what they are called.

mod digest;
mod reference;

pub use digest::{Algorithm, Digest};
pub use reference::{Reference, Selector};
