//! Single requirements.
//!
//! <https://packaging.python.org/en/latest/specifications/dependency-specifiers/>

use pep508_rs::{Pep508Error, Pep508ErrorSource, Requirement};

/// Reads a requirement.
///
/// Names and extras that end in a separator are refused here: `pep508_rs` 0.9.2
/// panics on `a-==1` and `a[b-]`.
pub(super) fn parse(text: &str) -> Result<Requirement, Wrong> {
    let part = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let mut start = 0;
    // Up to the extras' end; a URL and a marker may hold anything.
    let end = match text.find(|c: char| !part(c) && !c.is_whitespace()) {
        Some(at) if text[at..].starts_with('[') => text.find(']').unwrap_or(text.len()),
        Some(at) => at,
        None => text.len(),
    };
    for word in text[..end].split_inclusive(|c| !part(c)) {
        let name = word.trim_end_matches(|c| !part(c));
        if name.ends_with(['-', '_', '.']) {
            return wrong(
                start + name.len() - 1,
                "a name ends with a letter or a digit",
            );
        }
        start += word.len();
    }
    let marker = if text.contains('@') {
        text.find(" ;")
    } else {
        text.find(';')
    };
    let marker = marker.unwrap_or(text.len());
    marker_is_ascii(&text[marker..], marker)?;
    text.parse().or_else(|error| refused(&error, 0))
}

/// Refuses a marker, which starts at this byte of its line, with other letters than ASCII's:
/// nothing that it is compared with has any, and `pep508_rs` 0.9.2 panics where one stands
/// near a mistake, as in `a; extra == 'x'é`.
pub(super) fn marker_is_ascii(marker: &str, start: usize) -> Result<(), Wrong> {
    match marker.char_indices().find(|(_, c)| !c.is_ascii()) {
        Some((at, c)) => wrong(start + at, format!("`{c}` is no part of a marker")),
        None => Ok(()),
    }
}

/// What is wrong, and at which byte of the text.
pub(super) struct Wrong {
    pub(super) at: usize,
    pub(super) why: String,
}

pub(super) fn wrong<T>(at: usize, why: impl Into<String>) -> Result<T, Wrong> {
    let why = why.into();
    Err(Wrong { at, why })
}

/// An error of the library in a text that starts at `offset`.
pub(super) fn refused<T>(error: &Pep508Error, offset: usize) -> Result<T, Wrong> {
    let why = match &error.message {
        Pep508ErrorSource::String(why) | Pep508ErrorSource::UnsupportedRequirement(why) => {
            why.lines().next().unwrap_or_default().to_owned()
        }
        Pep508ErrorSource::UrlError(why) => why.to_string(),
    };
    wrong(error.start + offset, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_library_panics_on_is_refused() {
        for text in [
            "a; extra == 'x'é",
            "a; extra == 'é",
            "a; extra == 'x'b'é'",
            "a-==1",
            "a[b-]",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse("a; extra == 'x'").is_ok());
    }
}
