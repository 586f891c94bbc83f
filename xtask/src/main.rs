//! The project's own chores.

mod conformance;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["conformance", directory] = words[..] {
        return conformance::main(directory.as_ref());
    }
    eprintln!("usage: cargo xtask conformance DIRECTORY");
    ExitCode::from(2)
}
