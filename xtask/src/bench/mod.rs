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

use crate::error::{Error, Result};
use crate::options::asks_for_help;

const USAGE: &str = "\
Usage: cargo xtask bench requirements [OPTION...]
       cargo xtask bench service SERVICE [OPTION...]
       cargo xtask bench bytecode SERVICE [OPTION...]
       cargo xtask bench wheels [OPTION...]

The first measures how the wheels of a release are made, the second how a service
is installed, each beside a plain script that does the same; the third what Python's
bytecode is good for; the last how wheels come out of a registry. --help tells more.
";

/// The chore, from the words after `bench`.
pub fn main(arguments: &[String]) -> Result<()> {
    let Some((what, rest)) = arguments.split_first() else {
        return Err(Error::usage("what is to be measured?", USAGE));
    };
    let help = asks_for_help(rest);
    match what.as_str() {
        "requirements" if help => print!("{}", requirements::USAGE),
        "requirements" => requirements::main(rest)?,
        "bytecode" if help => print!("{}", bytecode::USAGE),
        "bytecode" => bytecode::main(rest)?,
        "service" if help => print!("{}", service::USAGE),
        "service" => service::main(rest)?,
        "wheels" if help => print!("{}", wheels::USAGE),
        "wheels" => wheels::main(rest)?,
        "--help" | "-h" => print!("{USAGE}"),
        other => return Err(Error::usage(format!("nothing measures {other:?}"), USAGE)),
    }
    Ok(())
}
