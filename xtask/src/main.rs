//! The project's own chores.

mod conformance;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["conformance", directory] => conformance::main(directory.as_ref()),
        _ => {
            eprintln!("usage: cargo xtask conformance DIRECTORY");
            ExitCode::from(2)
        }
    }
}
