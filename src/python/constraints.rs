//! Constraint files, edited by name.

use super::Name;

/// The text of a constraints file without the lines that constrain `names`.
///
/// A constraint on a project that is being built from source contradicts the
/// version that its source has. Everything else stays as it is, markers and
/// comments included.
#[must_use]
pub fn without(text: &str, names: &[Name]) -> (String, Vec<String>) {
    let mut kept = String::with_capacity(text.len());
    let mut dropped = Vec::new();
    for line in text.lines() {
        if Name::of_requirement(line).is_some_and(|name| names.contains(&name)) {
            dropped.push(line.trim().to_owned());
        } else {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    (kept, dropped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_are_dropped_however_they_are_spelt() {
        let (kept, dropped) = without(
            "# comment\noslo.config===9.0\nosloXconfig===1\noslo_config===9.0;python_version<'3.11'\nsetuptools===80\ntypes-setuptools===1\n",
            &[Name::new("oslo-config"), Name::new("setuptools")],
        );
        assert_eq!(kept, "# comment\nosloXconfig===1\ntypes-setuptools===1\n");
        assert_eq!(
            dropped,
            [
                "oslo.config===9.0",
                "oslo_config===9.0;python_version<'3.11'",
                "setuptools===80"
            ]
        );
    }
}
