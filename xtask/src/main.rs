//! The project's own chores: `cargo xtask image SERVICE`, `cargo xtask test` and others.

mod base;
mod bench;
mod binary;
mod builder;
mod catalogue;
mod conformance;
mod consoles;
mod constraints;
mod engine;
mod error;
mod explain;
mod figures;
mod fuzz;
mod image;
mod layer;
mod matrix;
mod network;
mod options;
mod process;
mod registry;
mod reproduce;
mod requirements;
mod setup;
mod smoke;
mod source;
mod test;
mod wheels;
mod workspace;

use std::process::ExitCode;

use error::Error;

const USAGE: &str = "\
Usage: cargo xtask CHORE

  image SERVICE [OPTION...]  builds localhost/loci-SERVICE from the stock
                             Dockerfile and tries it; `image --help` tells more
  matrix [OPTION...]         does that with every service that is known, and writes
                             docs/services.md; `matrix --help` tells more
  requirements [OPTION...]   builds localhost/loci-requirements, the wheels of a
                             release; `requirements --help` tells more
  explain IMAGE [OPTION...]  tells how an image differs from its base, and why;
                             `explain --help` tells more
  reproduce SERVICE [OPTION...]
                             builds a service's image twice and compares the layers;
                             `reproduce --help` tells more
  fuzz [TARGET...] [OPTION...]
                             gives random inputs to what reads files from elsewhere;
                             `fuzz --help` tells more
  test                       sets everything up and runs every test
  bench service SERVICE [OPTION...]
                             measures how a service is installed, beside a plain
                             script; `bench service --help` tells more
  bench bytecode SERVICE [OPTION...]
                             measures BYTECODE: builds, images, starts
  bench requirements [OPTION...]
                             measures how wheels are made, beside a plain script
  bench wheels [OPTION...]   measures how wheels come out of a registry, beside a
                             plain script
  conformance DIRECTORY      compares the bindep evaluator with recorded answers
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let chore = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let done = match chore.as_str() {
        "conformance" => match rest.as_slice() {
            [directory] => return conformance::main(directory.as_ref()),
            _ => Err(Error::usage("conformance takes one DIRECTORY", USAGE)),
        },
        "image" => image::main(&rest),
        "explain" => explain::main(&rest),
        "fuzz" => fuzz::main(&rest),
        "bench" => bench::main(&rest),
        "matrix" => matrix::main(&rest),
        "reproduce" => reproduce::main(&rest),
        "requirements" => requirements::main(&rest),
        "test" => test::main(&rest),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        other => Err(Error::usage(format!("no chore is called {other:?}"), USAGE)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_status())
        }
    }
}
