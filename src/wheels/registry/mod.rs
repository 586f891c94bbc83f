//! Registries: what images are called in them, how they are asked, and who we are to them.

mod challenge;
mod client;
mod logins;
mod lookup;
mod pass;
mod protocol;
mod reference;

pub use challenge::{Challenge, challenges};
pub use client::{ADVICE, Registry};
pub use logins::{Login, Logins};
pub use lookup::{Found, Lookup};
pub use protocol::Protocol;
pub use reference::{Reference, Selector};
