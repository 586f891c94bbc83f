//! Requirement and constraint files, line by line.
//!
//! The format is pip's (<https://pip.pypa.io/en/stable/reference/requirements-file-format/>),
//! less its options.

use std::fmt;

use pep508_rs::pep440_rs::Operator;
use pep508_rs::{MarkerEnvironment, MarkerTree, VersionOrUrl};

use super::Name;
use super::place;
pub use super::place::What;
use super::requirement::{self, Wrong, wrong};

/// A file's requirements, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequirementFile {
    /// The lines that hold something.
    pub lines: Vec<Line>,
}

/// One requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it starts, from 1.
    pub number: usize,
    /// What it says, without comment and hashes, trimmed; continued lines are one.
    pub text: String,
    /// What it asks for.
    pub what: What,
    /// Where it applies.
    pub marker: MarkerTree,
    /// The digests that its file may have, `ALGORITHM:DIGITS` as it is spelt.
    pub hashes: Vec<String>,
}

impl RequirementFile {
    /// Reads a file's text; `file` is its name in errors, of which every bad line has one.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<LineError>> {
        let mut lines = Vec::new();
        let mut errors = Vec::new();
        for (number, whole) in joined(text) {
            let uncommented = without_comment(&whole);
            let text = uncommented.trim();
            if text.is_empty() {
                continue;
            }
            let parsed = hashes_behind(text).and_then(|(text, hashes)| {
                let (what, marker) = parse(text)?;
                Ok(Line {
                    number,
                    text: text.to_owned(),
                    what,
                    marker,
                    hashes,
                })
            });
            match parsed {
                Ok(line) => lines.push(line),
                Err(Wrong { at, why }) => {
                    let at = at + uncommented.len() - uncommented.trim_start().len();
                    errors.push(LineError {
                        file: file.to_owned(),
                        line: number,
                        column: whole.get(..at).unwrap_or(&whole).chars().count() + 1,
                        text: whole.trim_end().to_owned(),
                        why,
                    });
                }
            }
        }
        if errors.is_empty() {
            Ok(Self { lines })
        } else {
            Err(errors)
        }
    }
}

impl Line {
    /// The distribution's name, if the line has one.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        match &self.what {
            What::Named(requirement) => Some(Name::new(requirement.name.as_ref())),
            What::Vcs(super::Vcs { egg, .. }) | What::Path { egg, .. } => egg.clone(),
        }
    }

    /// Whether its marker holds; a line without one always does.
    #[must_use]
    pub fn holds(&self, environment: &MarkerEnvironment) -> bool {
        self.marker.evaluate(environment, &[])
    }

    /// The version of a line that allows exactly one (`===1.0`, `==1.0`), as it is spelt.
    #[must_use]
    pub fn pinned(&self) -> Option<&str> {
        let What::Named(requirement) = &self.what else {
            return None;
        };
        let Some(VersionOrUrl::VersionSpecifier(specifiers)) = &requirement.version_or_url else {
            return None;
        };
        let [specifier] = &specifiers[..] else {
            return None;
        };
        // `==1.*` is an operator of its own.
        if !matches!(specifier.operator(), Operator::Equal | Operator::ExactEqual) {
            return None;
        }
        let (_, version) = self.text.split(';').next()?.split_once("==")?;
        let version = version.strip_prefix('=').unwrap_or(version);
        Some(version.trim_matches(|c: char| c.is_whitespace() || c == ')'))
    }
}

/// The lines with their numbers; one that ends in a backslash goes on in the next,
/// a comment does not (pip's `join_lines`).
fn joined(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut begun: Option<(usize, String)> = None;
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let (number, mut whole) = begun.take().unwrap_or((index + 1, String::new()));
        let comment = line.trim_start().starts_with('#');
        if let Some(line) = line.strip_suffix('\\').filter(|_| !comment) {
            whole.push_str(line);
            begun = Some((number, whole));
        } else {
            // The blank makes a comment of it behind a line that was to be continued.
            whole.push_str(if comment && !whole.is_empty() {
                " "
            } else {
                ""
            });
            whole.push_str(line);
            lines.push((number, whole));
        }
    }
    lines.extend(begun);
    lines
}

/// A comment starts the line or follows a blank: `#egg=` in a URL is none.
fn without_comment(line: &str) -> &str {
    let start = line
        .match_indices('#')
        .map(|(at, _)| at)
        .find(|at| *at == 0 || line[..*at].ends_with(char::is_whitespace));
    &line[..start.unwrap_or(line.len())]
}

/// The requirement, and the values of the `--hash` options behind it; no other option is
/// taken.
fn hashes_behind(text: &str) -> Result<(&str, Vec<String>), Wrong> {
    let mut end = text.len();
    let mut hashes = Vec::new();
    let mut value = false;
    for word in text.split_whitespace() {
        // The words are slices of the text.
        let at = word.as_ptr().addr() - text.as_ptr().addr();
        if std::mem::take(&mut value) {
            hashes.push(word.to_owned());
            continue;
        }
        if word.starts_with("--hash") && at > 0 {
            value = word == "--hash";
            hashes.extend(word.strip_prefix("--hash=").map(str::to_owned));
            end = end.min(at);
        } else if word.starts_with('-') {
            let option = word.split('=').next().unwrap_or(word);
            return wrong(at, format!("`{option}` is an option, not a requirement"));
        } else if end < at {
            return wrong(at, "nothing but hashes may follow a hash");
        }
    }
    Ok((text[..end].trim_end(), hashes))
}

fn parse(text: &str) -> Result<(What, MarkerTree), Wrong> {
    // Behind a URL or path, a marker's semicolon needs a blank on one side: both may hold one.
    let (place, marker) = match [" ;", "; "].iter().filter_map(|end| text.find(end)).min() {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    if let Some(what) = place::parse(place, None)? {
        let marker_text = marker.trim_start_matches([' ', ';']);
        if marker_text.is_empty() {
            return Ok((what, MarkerTree::TRUE));
        }
        requirement::marker_is_ascii(marker_text, text.len() - marker_text.len())?;
        let marker = MarkerTree::parse_str(marker_text)
            .or_else(|error| requirement::refused(&error, text.len() - marker_text.len()))?;
        return Ok((what, marker));
    }
    let requirement = requirement::parse(text)?;
    let marker = requirement.marker.clone();
    if let Some((_, place)) = text.split_once('@')
        && matches!(requirement.version_or_url, Some(VersionOrUrl::Url(_)))
    {
        let name = Name::new(requirement.name.as_ref());
        let place = place.trim_start();
        let url_at = text.len() - place.len();
        let url = place.split_whitespace().next().unwrap_or(place);
        let place = place::parse(url, Some(&name)).map_err(|error| Wrong {
            at: error.at + url_at,
            why: error.why,
        })?;
        if let Some(what) = place {
            return Ok((what, marker));
        }
    }
    Ok((What::Named(requirement), marker))
}

/// A line that is no requirement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct LineError {
    /// The file, as it was named to [`RequirementFile::parse`].
    pub file: String,
    /// The line's number, from 1; where continued lines start.
    pub line: usize,
    /// Where in the line it is wrong, in characters from 1.
    pub column: usize,
    /// The line; continued lines are one.
    pub text: String,
    /// What is wrong.
    pub why: String,
}

impl fmt::Display for LineError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            column,
            text,
            why,
        } = self;
        // A tab is as wide below as it is above.
        let indent: String = text
            .chars()
            .chain(std::iter::repeat(' '))
            .take(column.saturating_sub(1))
            .map(|c| if c == '\t' { c } else { ' ' })
            .collect();
        write!(
            formatter,
            "{file}:{line}:{column}: {why}\n  {text}\n  {indent}^"
        )
    }
}

#[cfg(test)]
mod tests;
