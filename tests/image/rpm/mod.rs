//! dnf and zypper: real ones, on a Debian that is made to look like a distribution of
//! theirs, with repositories of small real packages that each test makes for itself.

mod again;
mod hermetic;
mod listed;
mod listing;
mod package;
mod plan;
mod refused;
mod removal;
mod repository;
mod reproduced;
mod stable;
mod system;
mod trouble;
mod whole;
