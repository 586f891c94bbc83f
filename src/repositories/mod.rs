//! The files that say where a distribution's packages come from, as text: which
//! repositories they have, and what a mirror and `DIST_REPOS` make of them.
//!
//! What is not the distribution's own archive stays as it is, and so does everything
//! that says how packages are verified.

mod apt;
mod rpm;

use crate::platform::Family;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `deb URI SUITE COMPONENT...`, sources.list(5).
    Lines,
    /// deb822, sources.list(5).
    Stanzas,
    /// `[id]` and `key=value`, dnf.conf(5) and zypper(8).
    Sections,
}

/// Where the files of a family are: a pattern, and how they are written.
#[must_use]
pub fn places(family: Family) -> &'static [(&'static str, Format)] {
    match family {
        Family::Debian => &[
            ("/etc/apt/sources.list", Format::Lines),
            ("/etc/apt/sources.list.d/*.list", Format::Lines),
            ("/etc/apt/sources.list.d/*.sources", Format::Stanzas),
        ],
        Family::RedHat => &[("/etc/yum.repos.d/*.repo", Format::Sections)],
        Family::Suse => &[("/etc/zypp/repos.d/*.repo", Format::Sections)],
    }
}

/// A text with a mirror in the place of the distribution's archives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mirrored {
    /// The text.
    pub text: String,
    /// What was replaced by what, each once.
    pub replaced: Vec<(String, String)>,
}

impl Mirrored {
    fn note(&mut self, from: &str, to: &str) {
        let pair = (from.to_owned(), to.to_owned());
        if !self.replaced.contains(&pair) {
            self.replaced.push(pair);
        }
    }
}

impl Format {
    /// The repositories that have names of their own in such a file.
    #[must_use]
    pub fn names(self, text: &str) -> Vec<String> {
        match self {
            Self::Lines | Self::Stanzas => Vec::new(),
            Self::Sections => rpm::ids(text),
        }
    }

    /// The text with a repository switched, or with all of them.
    #[must_use]
    pub fn switched(self, text: &str, name: Option<&str>, on: bool) -> String {
        match self {
            Self::Lines => apt::switch_lines(text, on),
            Self::Stanzas => apt::switch_stanzas(text, on),
            Self::Sections => rpm::switch(text, name, on),
        }
    }

    /// The text with a mirror, by its address without a slash at the end.
    #[must_use]
    pub fn mirrored(self, text: &str, mirror: &str) -> Mirrored {
        match self {
            Self::Lines => apt::mirror_lines(text, mirror),
            Self::Stanzas => apt::mirror_stanzas(text, mirror),
            Self::Sections => rpm::mirror(text, mirror),
        }
    }
}

/// A URL's host without a port, and what follows it. None of what has a port or a
/// login: that is nobody's official address.
fn split(url: &str) -> Option<(&str, &str)> {
    let rest = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"))?;
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    (!host.contains(['@', ':'])).then_some((host, path))
}

/// Whether a path is this directory, or below it.
fn is_below(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
