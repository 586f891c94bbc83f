//! Installs an `OpenStack` service into a container image under construction.
//!
//! The data goes one way:
//!
//! ```text
//! environment + flags ─► Settings ─► Plan ─► run (schedule) ─► Record
//!                           ▲          ▲          │
//!                 Platform (os-release)│          ▼
//!                 bindep / pydep files─┘     Root + Command: the only two doors to the machine
//! ```
//!
//! - [`settings`]: everything the user said, parsed once into types that
//!   cannot be wrong; all mistakes are reported together.
//! - [`platform`]: the distribution, its family and its package manager.
//! - [`bindep`]: the language in which files ask for packages; a library of its own.
//! - [`git`]: what git's files say without git, who it is to servers, why it fails.
//! - [`inputs`]: the bindep, pydep and hook files of the image's author, found and evaluated.
//! - [`plan`]: what will be done, and why. Printed by `plan`, executed by a run.
//! - [`steps`]: one file a step; the file's name is the step's name.
//! - [`schedule`] and [`mod@run`]: each step after what it waits for.
//! - [`network`]: what of a build can reach it.
//! - [`record`]: what was done; the image keeps it.
//! - [`manifest`] and [`verify`]: every file of the image, and whether it still is what it was.
//! - [`sbom`]: the bill of materials that the image keeps beside it.
//! - [`report`]: everything that people and programs read.

// `eprintln!` ends the program when nobody listens; `report::say` does not.
#![warn(clippy::print_stderr)]

pub mod accounts;
pub mod bindep;
pub mod children;
pub mod cli;
pub mod command;
pub mod context;
pub mod download;
pub mod failure;
pub mod findings;
mod fingerprint;
pub mod git;
pub mod inputs;
pub mod installer;
pub mod interrupt;
pub mod layout;
pub mod manifest;
pub mod network;
mod overrides;
mod parent;
pub mod plan;
pub mod platform;
pub mod python;
pub mod record;
pub mod report;
pub mod reporter;
pub mod repositories;
pub mod requirements;
pub mod root;
pub mod run;
pub mod sbom;
pub mod schedule;
pub mod secrets;
pub mod settings;
pub mod smoke;
pub mod step;
pub mod steps;
mod variables;
pub mod verify;
pub mod wheels;
mod words;
