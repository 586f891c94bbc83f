//! Python packaging: names, wheels, constraints, sources, and pip's arguments.

pub mod constraints;
pub mod installed;
mod name;
pub mod pip;
pub mod source;
mod wheel;

pub use name::Name;
pub use wheel::{WheelName, wheels_in};
