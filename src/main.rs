//! Parse, run, exit code; nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    loci_install::cli::main(std::env::args_os())
}
