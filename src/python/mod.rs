//! Python packaging: names, wheels, constraints, sources, what is installed.

pub mod bytecode;
pub mod constraints;
pub mod entry_points;
pub mod environment;
pub mod extras;
pub mod freeze;
pub mod hashes;
pub mod installed;
pub mod interpreter;
pub mod lock;
pub mod metadata;
mod name;
mod place;
mod project_files;
pub mod pyvenv;
mod requirement;
pub mod requirement_file;
pub mod source;
pub(crate) mod url;
mod wheel;

pub use name::Name;
pub use place::Vcs;
pub use wheel::{WheelName, numbers, wheels_in};
