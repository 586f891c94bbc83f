//! `cargo xtask bench`: what builds take, beside plain scripts that do the same.

mod bytecode;
mod contest;
mod installed;
mod log;
mod measured;
mod repository;
mod requirements;
mod service;
mod table;
mod wheels;

use crate::error::Result;

/// Measures what builds take, beside plain scripts that do the same.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

/// What is measured.
#[derive(Debug, clap::Subcommand)]
enum What {
    Requirements(requirements::Options),
    Service(service::Options),
    Bytecode(bytecode::Options),
    Wheels(wheels::Options),
}

/// The chore.
pub fn main(options: &Options) -> Result<()> {
    match &options.what {
        What::Requirements(options) => requirements::main(options),
        What::Service(options) => service::main(options),
        What::Bytecode(options) => bytecode::main(options),
        What::Wheels(options) => wheels::main(options),
    }
}
