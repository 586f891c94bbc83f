//! Images in registries: what they are called, what registries say of them, and who we
//! are to them.

mod challenge;
mod digest;
mod logins;
mod manifest;
mod reference;

pub use challenge::{Challenge, challenges};
pub use digest::{Algorithm, Digest};
pub use logins::{Login, Logins};
pub use manifest::{Descriptor, Document, Platform, TYPES, choose, read};
pub use reference::{Reference, Selector};
