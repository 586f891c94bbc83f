//! What the program says to a user, whole: the built binary is run on a root
//! directory that the test writes, and its standard output, its standard error
//! and its exit status are compared exactly. No test here needs the network.

mod accounts;
mod arguments;
mod base;
mod cost;
mod distribution;
mod empty_root;
mod extending;
mod fetch;
mod fixtures;
mod hermetic;
mod hooks;
mod inputs;
mod installer;
mod overrides;
mod patches;
mod plan;
mod release;
mod repositories;
mod secrets;
mod settings;
mod sources;
mod steps;
mod test;
mod verify;
mod wheels;
