//! Builds in real images: Debian, apt, pip, git and Keystone itself.
//!
//! `cargo xtask test` prepares what they need and says where it is in
//! `LOCI_TEST_BINARY`, `LOCI_TEST_BASE`, `LOCI_TEST_RPM`, `LOCI_TEST_WHEELS` and
//! `LOCI_TEST_SOURCE`.

mod accounts;
mod again;
mod archive;
mod asked_for;
mod assets;
mod base;
mod broken_steps;
mod bytecode;
mod canary;
mod clone;
mod container;
mod cut_off;
mod daemon;
mod disk;
mod downloads;
mod errors;
mod extending;
mod files;
mod finished;
mod git;
mod git_server;
mod hermetic;
mod hooks;
mod horizon;
mod http;
mod inspect;
mod installer;
mod interrupted;
mod keystone;
mod local;
mod machine_id;
mod mirrors;
mod nova;
mod patches;
mod poisoned;
mod processes;
mod release;
mod repository;
mod rpm;
mod said;
mod sbom;
mod secrets;
mod smoke;
mod stopped;
mod surroundings;
mod tarball;
mod verify;
#[path = "../virtualenv/mod.rs"]
mod virtualenv;
mod vouched;
