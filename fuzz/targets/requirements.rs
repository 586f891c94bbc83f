//! Requirement and constraint files: read by two readers, that agree.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loci_install::python::Name;
use loci_install::python::constraints::{Edit, edited, names};
use loci_install::python::requirement_file::{RequirementFile, What};

fuzz_target!(|text: &str| {
    // Every reader takes the backslash before the end of the text for something else.
    let text = text.trim_end_matches(['\\', '\r', '\n']);
    match RequirementFile::parse("f", text) {
        Ok(file) => {
            for line in &file.lines {
                let alone = RequirementFile::parse("f", &line.text);
                let alone = alone.unwrap_or_else(|errors| panic!("{:?}: {errors:?}", line.text));
                let [again] = &alone.lines[..] else {
                    panic!("{:?} is {} lines", line.text, alone.lines.len());
                };
                assert_eq!(again.text, line.text);
                assert_eq!(again.what, line.what);
                assert_eq!(again.marker, line.marker);
                let name = Name::of_requirement(&line.text);
                if matches!(line.what, What::Named(_)) {
                    assert_eq!(name, line.name(), "{:?}", line.text);
                }
                if let Some(version) = line.pinned() {
                    assert!(line.text.contains(version) && !version.is_empty());
                }
            }
        }
        Err(errors) => {
            for error in errors {
                assert!((1..=text.lines().count()).contains(&error.line));
                assert!((1..=error.text.chars().count() + 1).contains(&error.column));
                assert_eq!(
                    error.to_string().matches('^').count(),
                    1 + { error.text.matches('^').count() + error.why.matches('^').count() }
                );
            }
        }
    }
    edit(text);
});

/// Every second name is dropped, every other one is pinned: once and for all.
fn edit(text: &str) {
    let mut all: Vec<Name> = names(text).collect();
    all.sort();
    all.dedup();
    let line = |(index, name): (usize, &Name)| (index % 2 == 1).then(|| format!("{name}===1"));
    let edits: Vec<Edit> = all
        .iter()
        .enumerate()
        .map(|(index, name)| Edit {
            name: name.clone(),
            line: line((index, name)),
            why: "so".to_owned(),
        })
        .collect();
    let (after, _) = edited("f", text, &edits);
    let left: Vec<Name> = names(&after).collect();
    for edit in &edits {
        let lines = left.iter().filter(|name| **name == edit.name).count();
        assert_eq!(lines, usize::from(edit.line.is_some()), "{}", edit.name);
    }
    let (again, changes) = edited("f", &after, &edits);
    assert_eq!(again, after);
    assert_eq!(changes, [""; 0]);
}
