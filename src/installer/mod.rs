//! Installation engines.
pub mod builder;
pub mod index;
pub mod pip;
pub mod refusal;
