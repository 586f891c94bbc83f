//! Requirements that are places: repositories and paths.

use pep508_rs::{Requirement, VersionOrUrl};

use super::requirement::{Wrong, wrong};
use super::{Name, url};

/// What a line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A name with specifiers, extras and marker, or a name at the URL of an archive
    /// (<https://packaging.python.org/en/latest/specifications/dependency-specifiers/>).
    Named(Requirement),
    /// `git+https://host/x.git@ref#egg=name&subdirectory=dir`, or the same behind `name @`.
    Vcs(Vcs),
    /// A path on this machine, or its `file:` URL.
    Path {
        /// The path as it was given, without the URL's scheme.
        path: String,
        /// The name that the line gives to it.
        egg: Option<Name>,
    },
}

impl What {
    /// Whether it is no wheel, wherever it is: it has to be built.
    #[must_use]
    pub fn is_source(&self) -> bool {
        let is_wheel = |path: &str| path.to_ascii_lowercase().ends_with(".whl");
        match self {
            Self::Vcs(_) => true,
            Self::Path { path, .. } => !is_wheel(path),
            Self::Named(requirement) => match &requirement.version_or_url {
                Some(VersionOrUrl::Url(url)) => !is_wheel(url.to_url().path()),
                _ => false,
            },
        }
    }
}

/// A revision of a repository
/// (<https://pip.pypa.io/en/stable/topics/vcs-support/>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vcs {
    /// The version control system: `git`.
    pub scheme: String,
    /// The repository's URL.
    pub repository: String,
    /// A branch, tag or commit.
    pub reference: Option<String>,
    /// The project's directory in the repository.
    pub subdirectory: Option<String>,
    /// The name that the line gives to it.
    pub egg: Option<Name>,
}

/// A repository or a path; none when the text is neither. `name` is what stands before its `@`.
pub(super) fn parse(text: &str, name: Option<&Name>) -> Result<Option<What>, Wrong> {
    let text = text.trim_end();
    if let Some((scheme, rest)) = text.split_once('+')
        && scheme.chars().all(|c| c.is_ascii_alphanumeric())
    {
        return match scheme {
            "git" => parse_vcs(scheme, rest, name).map(Some),
            _ => wrong(0, format!("`{scheme}+` is not supported: only git+ is")),
        };
    }
    let (path, fragment) = text.split_once('#').unwrap_or((text, ""));
    let egg = egg(fragment).or(name.cloned());
    if let Some(path) = path.strip_prefix("file:") {
        // `file:///path` and `file://localhost/path` are the same (RFC 8089).
        let path = path
            .strip_prefix("//localhost")
            .or(path.strip_prefix("//"))
            .unwrap_or(path);
        let path = url::decoded(path);
        return Ok(Some(What::Path { path, egg }));
    }
    if name.is_none() && path.starts_with(['/', '.']) {
        let path = without_extras(path).to_owned();
        return Ok(Some(What::Path { path, egg }));
    }
    if name.is_none()
        && path.split_whitespace().next().is_some_and(|word| {
            word.split_once("://")
                .is_some_and(|(scheme, _)| scheme.chars().all(char::is_alphanumeric))
        })
    {
        return wrong(0, "a URL needs a name before it: `NAME @ URL`");
    }
    Ok(None)
}

fn parse_vcs(scheme: &str, text: &str, name: Option<&Name>) -> Result<What, Wrong> {
    let (place, fragment) = text.split_once('#').unwrap_or((text, ""));
    let Some((protocol, rest)) = place.split_once("://") else {
        return wrong(
            scheme.len() + 1,
            "a repository is a URL: git+https://host/x.git, git+ssh://git@host/x.git",
        );
    };
    // The user of `git@host` is no reference: that one is in the path.
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (path, reference) = match path.rsplit_once('@') {
        Some((_, "")) => {
            return wrong(scheme.len() + 1 + place.len(), "no reference follows the @");
        }
        Some((path, reference)) => (path, Some(url::decoded(reference))),
        None => (path, None),
    };
    Ok(What::Vcs(Vcs {
        scheme: scheme.to_owned(),
        repository: format!("{protocol}://{host}{path}"),
        reference,
        subdirectory: value(fragment, "subdirectory"),
        egg: egg(fragment).or(name.cloned()),
    }))
}

/// The value of a key in `key=value&key=value`.
fn value(fragment: &str, key: &str) -> Option<String> {
    fragment
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, value)| *name == key && !value.is_empty())
        .map(|(_, value)| url::decoded(value))
}

fn egg(fragment: &str) -> Option<Name> {
    value(fragment, "egg").map(|egg| Name::new(without_extras(&egg)))
}

fn without_extras(text: &str) -> &str {
    match text.rsplit_once('[') {
        Some((before, extras)) if extras.ends_with(']') => before,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::super::requirement_file::{Line, RequirementFile};
    use super::*;

    fn read(text: &str) -> Vec<Line> {
        let file = RequirementFile::parse("x.txt", text);
        file.expect("all lines are good").lines
    }

    fn vcs(text: &str) -> Vcs {
        match read(text).remove(0).what {
            What::Vcs(vcs) => vcs,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn repositories_are_taken_apart() {
        let full =
            vcs("git+https://host/openstack/x.git@stable/2025.1#egg=X[ldap]&subdirectory=sub/dir");
        assert_eq!(full.repository, "https://host/openstack/x.git");
        assert_eq!(full.reference.as_deref(), Some("stable/2025.1"));
        assert_eq!(full.subdirectory.as_deref(), Some("sub/dir"));
        assert_eq!(full.egg, Some(Name::new("x")));
        let bare = vcs("git+ssh://git@host/x.git");
        assert_eq!(bare.repository, "ssh://git@host/x.git");
        assert_eq!((bare.reference, bare.egg), (None, None));
        let named = vcs("Oslo.Config[a] @ git+https://host/x@v1");
        assert_eq!(named.egg, Some(Name::new("oslo-config")));
        assert_eq!(named.reference.as_deref(), Some("v1"));
        let conditional = read("git+https://host/x@v1#egg=x ; python_version < '3'").remove(0);
        assert_eq!(conditional.name(), Some(Name::new("x")));
    }

    #[test]
    fn paths_are_taken_for_paths() {
        let paths: Vec<_> = read("file:///a%20b#egg=X\n/c[d]\n./e\n..\nf @ file://localhost/g\n")
            .into_iter()
            .map(|line| match line.what {
                What::Path { path, egg } => (path, egg.map(|egg| egg.to_string())),
                other => panic!("{other:?}"),
            })
            .collect();
        let path = |path: &str, egg: Option<&str>| (path.to_owned(), egg.map(str::to_owned));
        assert_eq!(
            paths,
            [
                path("/a b", Some("x")),
                path("/c", None),
                path("./e", None),
                path("..", None),
                path("/g", Some("f")),
            ]
        );
    }
}
