//! Installs an OpenStack service into a container image under construction.

pub mod bindep;
pub mod platform;
pub mod root;
