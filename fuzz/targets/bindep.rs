//! bindep files, after a line with a platform and profiles.
#![no_main]

use std::fmt::Write;

use libfuzzer_sys::fuzz_target;
use loci_install::bindep::{
    Active, Distribution, File, Item, PLATFORM, Rule, SyntaxError, Term, render,
};

fuzz_target!(|input: &str| {
    let (first, text) = input.split_once('\n').unwrap_or(("", input));
    match File::parse(text) {
        Ok(file) => {
            read_back(&file);
            evaluate(&file, text, first);
        }
        Err(errors) => {
            for error in &errors {
                points_into(error, text);
            }
            assert_eq!(render("f", &errors).lines().count(), 3 * errors.len());
        }
    }
});

/// An error has a place in the text.
fn points_into(error: &SyntaxError, text: &str) {
    let line = text.split('\n').nth(error.line - 1).expect("a line");
    assert_eq!(line, error.text);
    assert!((1..=line.chars().count() + 1).contains(&error.column));
}

/// What was read is written as rules that mean the same.
fn read_back(file: &File) {
    let text: String = file.rules().iter().map(written).collect();
    let again = File::parse(&text).unwrap_or_else(|errors| panic!("{text}{errors:?}"));
    assert_eq!(again.rules().len(), file.rules().len(), "{text}");
    for (rule, again) in file.rules().iter().zip(again.rules()) {
        assert_eq!(written(rule), written(again));
        for constraint in &rule.constraints {
            let version = &constraint.version;
            assert_eq!(version.as_str().parse().as_ref(), Ok(version));
            for other in &again.constraints {
                let order = version.cmp(&other.version);
                assert_eq!(other.version.cmp(version), order.reverse());
            }
        }
    }
}

fn written(rule: &Rule) -> String {
    let term = |term: &Term| format!("{}{}", if term.positive { "" } else { "!" }, term.name);
    let item = |item: &Item| match item {
        Item::Term(one) => term(one),
        Item::Group(terms) => {
            let terms: Vec<_> = terms.iter().map(term).collect();
            format!("({})", terms.join(" "))
        }
    };
    let items: Vec<_> = rule.selector.items.iter().map(item).collect();
    let constraints: Vec<_> = rule.constraints.iter().map(ToString::to_string).collect();
    let mut line = format!("{} [{}]", rule.name, items.join(" "));
    if !constraints.is_empty() {
        let _ = write!(line, " {}", constraints.join(","));
    }
    line + "\n"
}

/// Which rules count is decided for each by itself, and not against what is said of it.
fn evaluate(file: &File, text: &str, first: &str) {
    let mut words = first.split(' ').filter(|word| !word.is_empty());
    let Some(Ok(platform)) = words.next().map(Distribution::named) else {
        return;
    };
    let profiles: Vec<&str> = words.filter(|word| !word.starts_with(PLATFORM)).collect();
    let atoms = platform.atoms();
    let active = Active::new(profiles.iter().copied(), &atoms);
    let platform = Active::exactly(atoms.iter());
    let lines: Vec<&str> = text.split('\n').collect();
    let wanted: Vec<usize> = file.active(&active).map(|rule| rule.line).collect();
    assert!(wanted.is_sorted());
    for rule in file.rules() {
        let alone = File::parse(lines[rule.line - 1]).expect("it was read before");
        let is_wanted = wanted.contains(&rule.line);
        assert_eq!(alone.active(&active).count() == 1, is_wanted);
        // `plan` calls profiles impossible by this.
        assert!(!is_wanted || rule.selector.may_be_active(&platform));
    }
    for warning in file.warnings() {
        assert!(!active.contains(&warning.atom), "{warning}");
    }
}
