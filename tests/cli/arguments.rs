//! The command line itself.

use loci_install::settings::arguments::ARGUMENTS;

use crate::test::{PROGRAM, Test};

#[test]
fn help_names_every_argument_with_its_default() {
    for command in [&["--help"][..], &["plan", "--help"], &["step", "--help"]] {
        let outcome = Test::new().args(command.iter().copied()).outcome();
        assert_eq!(
            (outcome.status, &*outcome.stderr),
            (Some(0), ""),
            "{command:?}"
        );
        let words: Vec<&str> = outcome.stdout.split_whitespace().collect();
        let help = words.join(" ");
        for argument in ARGUMENTS {
            let flag = format!("--{} <{}>", argument.flag(), argument.value);
            assert!(help.contains(&flag), "{command:?} does not name {flag}");
            if !argument.default.is_empty() {
                let default = format!("[default: {}]", argument.default);
                assert!(
                    help.contains(&default),
                    "{command:?} does not say {default}"
                );
            }
        }
    }
}

#[test]
fn an_unknown_flag() {
    Test::debian()
        .plan()
        .args(["--projcet", "nova"])
        .stderr(
            "error: unexpected argument '--projcet' found\n\n  \
             tip: a similar argument exists: '--project'\n\n\
             Usage: loci-install plan --root <DIR> --project <NAME> [base]\n\n\
             For more information, try '--help'.\n",
        )
        .status(2)
        .run();
}

#[test]
fn an_unknown_format() {
    Test::debian()
        .plan()
        .args(["--format", "xml"])
        .stderr(
            "error: invalid value 'xml' for '--format <FORMAT>'\n  \
             [possible values: text, json, dot]\n\n\
             For more information, try '--help'.\n",
        )
        .status(2)
        .run();
}

#[test]
fn the_version() {
    Test::new()
        .args(["--version"])
        .stdout(concat!("loci-install ", env!("CARGO_PKG_VERSION"), "\n"))
        .run();
}

/// System V ABI, "Program Header": a dynamic executable names its interpreter in a `PT_INTERP`.
#[test]
fn the_program_is_static() {
    const PT_INTERP: u32 = 3;
    let program = std::fs::read(PROGRAM).expect("read");
    assert_eq!(
        program[..6],
        *b"\x7fELF\x02\x01",
        "a 64-bit little-endian ELF file"
    );
    let word = |at: usize| usize::from(u16::from_le_bytes([program[at], program[at + 1]]));
    let table = u64::from_le_bytes(program[0x20..0x28].try_into().expect("eight bytes"));
    let (size, number) = (word(0x36), word(0x38));
    let mut kinds = program[usize::try_from(table).expect("an offset")..]
        .chunks_exact(size)
        .take(number)
        .map(|header| u32::from_le_bytes([header[0], header[1], header[2], header[3]]));
    assert!(
        number > 0 && !kinds.any(|kind| kind == PT_INTERP),
        "it needs an interpreter"
    );
}

#[test]
fn a_flag_before_the_command_is_refused_and_not_forgotten() {
    let outcome = Test::debian()
        .args(["--project-ref", "stable/2025.1", "plan"])
        .outcome();
    assert_eq!(outcome.status, Some(2));
    assert!(
        outcome
            .stderr
            .starts_with("error: the subcommand 'plan' cannot be used with '--project-ref <REF>'"),
        "{}",
        outcome.stderr
    );
}
