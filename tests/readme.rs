//! The README says what the program does.

use std::fmt::Write;

use loci_install::settings::arguments::ARGUMENTS;

#[test]
fn the_argument_table_is_the_catalogue() {
    let readme = include_str!("../README.md");
    let mut table = String::from("| argument | default | meaning |\n| --- | --- | --- |\n");
    for argument in ARGUMENTS {
        let default = if argument.default.is_empty() {
            String::new()
        } else {
            format!("`{}`", argument.default)
        };
        let _ = writeln!(
            table,
            "| `{}` | {default} | {} |",
            argument.name, argument.help
        );
    }
    assert!(
        readme.contains(&table),
        "the README's table has to be this:\n{table}"
    );
}
