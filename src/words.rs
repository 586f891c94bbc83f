//! Words for numbers, for bytes, and for what the system says.

use std::io;

/// `1 package`, `3 packages`.
#[must_use]
pub fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Why a file could not be had, as the end of a sentence.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => "no space left on the device".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the filesystem is read-only".to_owned(),
        io::ErrorKind::NotFound => "it does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

/// Lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|half| char::from(DIGITS[usize::from(half)]))
        .collect()
}

/// The beginning of a text that comes from elsewhere: nothing in it changes a terminal or
/// fills a log.
#[must_use]
pub fn printable(text: &str, most: usize) -> String {
    let safe = |character: char| {
        if character.is_control() {
            '?'
        } else {
            character
        }
    };
    let mut characters = text.chars().map(safe);
    let mut printable: String = characters.by_ref().take(most).collect();
    if characters.next().is_some() {
        printable.push_str("...");
    }
    printable
}

/// The known name that is fewest edits away, if it is near at all.
#[must_use]
fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let known = known.into_iter();
    known
        .map(|candidate| (edits(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= 1 + name.chars().count() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The end of a sentence about an unknown name: `; did you mean ldap?`, or nothing when no
/// known name is near.
#[must_use]
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let near = nearest(name, known);
    near.map_or_else(String::new, |near| format!("; did you mean {near}?"))
}

/// Levenshtein's distance.
fn edits(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_near() {
        let known = ["apache", "ldap", "openidc"];
        assert_eq!(nearest("ldpa", known), Some("ldap"));
        assert_eq!(nearest("apahce", known), Some("apache"));
        assert_eq!(nearest("ceph", known), None);
        assert_eq!(did_you_mean("ldpa", known), "; did you mean ldap?");
        assert_eq!(did_you_mean("ceph", known), "");
    }
}
