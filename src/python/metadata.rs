//! What wheels, sdists and source trees say of themselves.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use pep508_rs::Requirement;
use regex::Regex;
use toml::{Table, Value};

use super::project_files::{self, Files};
use super::requirement;

/// What pip takes where a project does not say what its build requires
/// (PEP 517, "Source trees"; `wheel` was built in only with setuptools 70.1).
const DEFAULT: [&str; 2] = ["setuptools>=40.8.0", "wheel"];

/// `setup_requires` of a `setup.py`, a list or one string, where it is written out.
static SETUP_REQUIRES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?m)^[^#\n]*?\bsetup_requires\s*=\s*(?:[\[(]([^\])]*)[\])]|('[^'\n]*'|"[^"\n]*"))"#,
    )
    .expect("constant")
});

/// A string of Python; the first alternative keeps strings in comments out.
static STRING: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"#[^\n]*|'([^'\n]*)'|"([^"\n]*)""#).expect("constant"));

/// The name among the arguments of `setup(`.
static SETUP_NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?m)^[^#\n]*?\bname\s*=\s*['"]([^'"\n]+)['"]"#).expect("constant")
});

/// What a wheel requires (its METADATA's `Requires-Dist`), markers included.
pub fn requires_dist(wheel: &Path) -> Result<Vec<Requirement>, MetadataError> {
    let metadata = project_files::metadata_of_wheel(wheel).map_err(in_file(wheel))?;
    Ok(requirements(&metadata))
}

/// The requirements in METADATA, markers included. What is none is left out, as pip does with
/// a warning.
pub(crate) fn requirements(metadata: &str) -> Vec<Requirement> {
    fields(metadata, "Requires-Dist")
        .iter()
        .filter_map(|requirement| requirement::parse(requirement).ok())
        .collect()
}

/// The extras that a wheel has (`Provides-Extra`).
pub fn extras_of_wheel(wheel: &Path) -> Result<Vec<String>, MetadataError> {
    let metadata = project_files::metadata_of_wheel(wheel).map_err(in_file(wheel))?;
    Ok(fields(&metadata, "Provides-Extra"))
}

/// The extras that an unpacked sdist has, if it is one and its build finds no others
/// (`Dynamic`).
#[must_use]
pub fn extras_of_sdist(directory: &Path) -> Option<Vec<String>> {
    let files = project_files::of_tree(directory).ok()?;
    let metadata = files.get("PKG-INFO")?;
    let dynamic = fields(metadata, "Dynamic");
    let is_dynamic = |field: &String| field.eq_ignore_ascii_case("Provides-Extra");
    (!dynamic.iter().any(is_dynamic)).then(|| fields(metadata, "Provides-Extra"))
}

/// A wheel's name and version, as its METADATA spells them.
pub fn wheel_identity(wheel: &Path) -> Result<(String, String), MetadataError> {
    let metadata = project_files::metadata_of_wheel(wheel).map_err(in_file(wheel))?;
    let field = |name: &str| {
        let found = fields(&metadata, name).into_iter().next();
        found.ok_or_else(|| in_file(wheel)(format!("its METADATA has no {name}")))
    };
    Ok((field("Name")?, field("Version")?))
}

/// What the build of an sdist (`.tar.gz`, `.tgz`, `.zip`) requires: `[build-system]
/// requires` of its pyproject.toml (PEP 518) or pip's default, and `setup_requires`
/// of setup.cfg and setup.py where it is literal.
pub fn build_requires(sdist: &Path) -> Result<Vec<Requirement>, MetadataError> {
    project_files::of_sdist(sdist)
        .and_then(|files| build_requires_of(&files))
        .map_err(in_file(sdist))
}

/// What the build of a source tree requires, as [`build_requires`].
pub fn build_requires_of_tree(directory: &Path) -> Result<Vec<Requirement>, MetadataError> {
    project_files::of_tree(directory)
        .and_then(|files| build_requires_of(&files))
        .map_err(in_file(directory))
}

/// The name of the project in a source tree, from the first that states it: pyproject.toml's
/// `[project]` and `[tool.poetry]`, setup.cfg, PKG-INFO, setup.py. None when a program makes it.
#[must_use]
pub fn project_name(directory: &Path) -> Option<String> {
    let files = project_files::of_tree(directory).ok()?;
    let pyproject: Option<Table> = files
        .get("pyproject.toml")
        .and_then(|text| text.parse().ok());
    let in_pyproject = |tables: &[&str]| {
        let mut value = pyproject.as_ref()?.get(*tables.first()?)?;
        for table in &tables[1..] {
            value = value.get(table)?;
        }
        value.get("name")?.as_str().map(str::to_owned)
    };
    let in_setup_py = || {
        let (_, arguments) = files.get("setup.py")?.split_once("setup(")?;
        Some(SETUP_NAME.captures(arguments)?[1].to_owned())
    };
    let in_config = || config_value(files.get("setup.cfg")?, "metadata", "name");
    let in_pkg_info = || fields(files.get("PKG-INFO")?, "Name").into_iter().next();
    [
        in_pyproject(&["project"]),
        in_pyproject(&["tool", "poetry"]),
        in_config(),
        in_pkg_info(),
        in_setup_py(),
    ]
    .into_iter()
    .flatten()
    // `attr: module.NAME` and templates are no names.
    .find(|name| {
        let mut chars = name.chars();
        !name.is_empty() && chars.all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    })
}

fn build_requires_of(files: &Files) -> Result<Vec<Requirement>, String> {
    let mut requirements = Vec::new();
    for text in build_system_requires(files)? {
        let requirement = requirement::parse(&text)
            .map_err(|error| format!("pyproject.toml requires `{text}`: {}", error.why))?;
        requirements.push(requirement);
    }
    for text in setup_requires(files) {
        // What setuptools would not understand either is its own to report.
        if let Ok(requirement) = requirement::parse(&text)
            && !requirements.contains(&requirement)
        {
            requirements.push(requirement);
        }
    }
    Ok(requirements)
}

fn build_system_requires(files: &Files) -> Result<Vec<String>, String> {
    let pyproject: Table = files
        .get("pyproject.toml")
        .map_or("", String::as_str)
        .parse()
        .map_err(|error: toml::de::Error| format!("pyproject.toml: {}", error.message()))?;
    let requires = pyproject
        .get("build-system")
        .and_then(|table| table.get("requires"));
    match requires {
        None => Some(DEFAULT.map(str::to_owned).to_vec()),
        Some(Value::Array(requires)) => requires
            .iter()
            .map(|text| text.as_str().map(str::to_owned))
            .collect::<Option<_>>(),
        Some(_) => None,
    }
    .ok_or_else(|| "pyproject.toml: [build-system] requires is no list of strings".to_owned())
}

fn setup_requires(files: &Files) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(value) = files
        .get("setup.cfg")
        .and_then(|text| config_value(text, "options", "setup_requires"))
    {
        // setuptools splits one line at semicolons and several at their ends
        // (`ConfigHandler._parse_list_semicolon`).
        let end = if value.contains('\n') { '\n' } else { ';' };
        found.extend(value.split(end).map(|part| part.trim().to_owned()));
    }
    if let Some(list) = files
        .get("setup.py")
        .and_then(|text| SETUP_REQUIRES.captures(text))
        .and_then(|captures| captures.get(1).or(captures.get(2)))
        .filter(|list| is_literal(list.as_str()))
    {
        found.extend(
            STRING
                .captures_iter(list.as_str())
                .filter_map(|string| string.get(1).or(string.get(2)))
                .map(|string| string.as_str().to_owned()),
        );
    }
    found
}

/// Whether a list of Python is strings alone: what is put together of parts is for
/// the build to say.
fn is_literal(list: &str) -> bool {
    let rest = STRING.replace_all(list, "");
    rest.chars().all(|c| c == ',' || c.is_whitespace())
}

/// A value of an INI file as Python's configparser reads it, the lines of a
/// longer one trimmed and without blank ones; none when it is empty.
fn config_value(text: &str, section: &str, key: &str) -> Option<String> {
    let mut here = false;
    let mut value: Option<Vec<&str>> = None;
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with(char::is_whitespace) {
            if let Some(lines) = &mut value {
                lines.push(trimmed);
            }
            continue;
        }
        if value.is_some() {
            break;
        }
        if let Some(name) = trimmed.strip_prefix('[') {
            here = name.split(']').next() == Some(section);
        } else if here
            && let Some((name, first)) = trimmed.split_once(['=', ':'])
            // setuptools takes a dash for an underscore, and case does not count.
            && name.trim().to_lowercase().replace('-', "_") == key
        {
            value = Some(vec![first.trim()]);
        }
    }
    let value = value?.join("\n");
    (!value.is_empty()).then_some(value)
}

/// The values of a header field in core metadata, an RFC 822 header
/// (<https://packaging.python.org/en/latest/specifications/core-metadata/>).
pub(crate) fn fields(metadata: &str, name: &str) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    let mut here = false;
    // An empty line ends the header; a description follows.
    for line in metadata.lines().take_while(|line| !line.is_empty()) {
        if line.starts_with(char::is_whitespace) {
            if let Some(value) = values.last_mut().filter(|_| here) {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((field, value)) = line.split_once(':') {
            here = field.eq_ignore_ascii_case(name);
            if here {
                values.push(value.trim().to_owned());
            }
        }
    }
    values
}

fn in_file(file: &Path) -> impl FnOnce(String) -> MetadataError {
    let file = file.to_owned();
    |why| MetadataError { file, why }
}

/// A file or tree that does not say what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {why}", file.display())]
pub struct MetadataError {
    /// The file or directory.
    pub file: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

#[cfg(test)]
mod tests;
