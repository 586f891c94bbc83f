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
mod record;
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

use clap::Parser as _;

/// The project's own chores.
// As it is typed: the alias is in .cargo/config.toml.
#[derive(Debug, clap::Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

/// The chores; their own options say what they are for.
#[derive(Debug, clap::Subcommand)]
enum Chore {
    /// Builds localhost/loci-SERVICE on a Debian base and tries what came out.
    Image(options::Image),
    Matrix(matrix::Options),
    Requirements(requirements::Options),
    Explain(explain::Options),
    Reproduce(reproduce::Options),
    Fuzz(fuzz::Options),
    Test(test::Options),
    Bench(bench::Options),
    Conformance(conformance::Options),
}

fn main() -> ExitCode {
    let done = match &Cli::parse().chore {
        Chore::Image(options) => image::main(options),
        Chore::Matrix(options) => matrix::main(options),
        Chore::Requirements(options) => requirements::main(options),
        Chore::Explain(options) => explain::main(options),
        Chore::Reproduce(options) => reproduce::main(options),
        Chore::Fuzz(options) => fuzz::main(options),
        Chore::Test(options) => test::main(options),
        Chore::Bench(options) => bench::main(options),
        Chore::Conformance(options) => return conformance::main(options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_status())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;
    use clap::error::ErrorKind;

    fn parse(words: &[&str]) -> clap::error::Result<Chore> {
        let line = Cli::try_parse_from([&["cargo xtask"], words].concat())?;
        Ok(line.chore)
    }

    #[test]
    fn the_tree_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn words_for_the_tests_are_handed_on() {
        let handed = |words: &[&str]| match parse(&[&["test"], words].concat()).unwrap() {
            Chore::Test(options) => options.words,
            other => panic!("{other:?}"),
        };
        assert!(handed(&[]).is_empty());
        for words in [
            &["--nocapture"] as &[_],
            &["-q", "names", "--skip=it", "--skip", "that"],
            &["names", "--help", "--", "-h"],
        ] {
            assert_eq!(handed(words), words);
        }
    }

    #[test]
    fn a_flag_takes_no_value() {
        for words in [
            &["image", "nova", "--fetch=false"] as &[_],
            &["reproduce", "nova", "--prove=no"],
            &["explain", "image", "--list=no"],
            &["bench", "service", "nova", "--skip-script=no"],
            &["fuzz", "--keep=no"],
        ] {
            let kind = parse(words).unwrap_err().kind();
            assert_eq!(kind, ErrorKind::TooManyValues, "{words:?}");
        }
    }

    #[test]
    fn wrong_words_have_the_status_of_wrong_input() {
        for words in [
            &[] as &[_],
            &["bench"],
            &["images"],
            &["image", "nova", "--bas=x"],
        ] {
            assert_eq!(parse(words).unwrap_err().exit_code(), 2, "{words:?}");
        }
    }

    /// The commands in a document: lines of blocks, and those in running text, which names
    /// chores without all that they need.
    fn commands(text: &str) -> Vec<(&str, bool)> {
        // Between backticks, or three of them.
        let code = text.split('`').skip(1).step_by(2);
        let commands = code.flat_map(|code| match code.strip_prefix("console\n") {
            Some(block) => {
                let lines = block.lines().filter_map(|line| line.strip_prefix("# "));
                lines.map(|line| (line, true)).collect()
            }
            None => vec![(code, false)],
        });
        commands.collect()
    }

    /// The words of a command, placeholders filled in.
    fn words(command: &str) -> Vec<&str> {
        let command = command.split("  #").next().unwrap_or_default();
        let parts = command.split('"').enumerate();
        let words = parts.flat_map(|(place, part)| match place % 2 {
            0 => part.split_whitespace().collect(),
            // It was quoted.
            _ => vec![part],
        });
        let filled = words.map(|word| match word {
            "SERVICE" => "nova",
            "TARGET" => "wheel",
            other => other,
        });
        filled.collect()
    }

    #[test]
    fn every_command_in_the_documents_is_one() {
        let mut count = 0;
        for name in [
            "README.md",
            "CONTRIBUTING.md",
            "CHANGELOG.md",
            "docs/bindep.md",
            "docs/reproducible.md",
            "docs/services.md",
        ] {
            let text = workspace::read(&workspace::root().join(name)).unwrap();
            for (command, complete) in commands(&text) {
                let words = words(command);
                let ["cargo", "xtask", words @ ..] = words.as_slice() else {
                    continue;
                };
                count += 1;
                let Err(error) = parse(words) else { continue };
                let lacks = error.kind() == ErrorKind::MissingRequiredArgument;
                assert!(lacks && !complete, "{name}: {command}: {error}");
            }
        }
        assert!(count > 30, "{count}");
    }
}
