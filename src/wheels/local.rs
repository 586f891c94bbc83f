//! What a path of this machine is, as a source of wheels.

use std::path::{Path, PathBuf};

use super::Digest;
use super::image::Layout;
use crate::root::Root;
use crate::settings::WheelsSource;

/// A source of wheels on this machine.
#[derive(Debug)]
pub enum Local {
    /// A file: a tarball.
    Tarball(PathBuf),
    /// A directory of wheels.
    Directory(PathBuf),
    /// An image in a directory.
    Image(Layout, Pick),
}

/// Which image of a layout is meant.
#[derive(Debug, PartialEq, Eq)]
pub enum Pick {
    /// The only one.
    Only,
    /// That of this name: `DIR:NAME`.
    Name(String),
    /// This very one: `DIR@DIGEST`.
    Digest(Digest),
}

impl Local {
    /// What is at `path` inside the image; none when nothing is.
    #[must_use]
    pub fn at(root: &Root, path: &str) -> Option<Self> {
        let real = root.join(path);
        if real.is_file() {
            return Some(Self::Tarball(real));
        }
        if let Some(layout) = Layout::at(&real) {
            return Some(Self::Image(layout, Pick::Only));
        }
        if real.is_dir() {
            return Some(Self::Directory(real));
        }
        let layout = |directory: &str| Layout::at(&root.join(Path::new(directory)));
        let picked = path
            .split_once('@')
            .and_then(|(directory, digest)| Some((layout(directory)?, digest.parse().ok()?)))
            .map(|(layout, digest)| Self::Image(layout, Pick::Digest(digest)));
        picked.or_else(|| {
            let (directory, name) = path.rsplit_once(':')?;
            Some(Self::Image(layout(directory)?, Pick::Name(name.to_owned())))
        })
    }
}

/// What is wrong with sources that are to be on this machine: nothing is there.
#[must_use]
pub fn absent(root: &Root, sources: &[WheelsSource]) -> Vec<String> {
    let is_absent = |source: &&WheelsSource| match source {
        WheelsSource::Path(path) => Local::at(root, path).is_none(),
        WheelsSource::Url(..) | WheelsSource::Image(_) => false,
    };
    let absent = sources.iter().filter(is_absent);
    absent
        .map(|source| format!("WHEELS={source}: there is no such file"))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_path_is_what_is_there() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = Root::new(directory.path());
        fs::create_dir_all(root.join("/l")).expect("made");
        fs::create_dir_all(root.join("/d:1")).expect("made");
        for file in ["/l/oci-layout", "/w.tar", "/w.tar:1"] {
            fs::write(root.join(file), "").expect("written");
        }
        let digest = format!("sha256:{}", "0".repeat(64));
        assert!(matches!(
            Local::at(&root, "/w.tar"),
            Some(Local::Tarball(_))
        ));
        assert!(matches!(
            Local::at(&root, "/w.tar:1"),
            Some(Local::Tarball(_))
        ));
        assert!(matches!(
            Local::at(&root, "/d:1"),
            Some(Local::Directory(_))
        ));
        let pick = |path: &str| match Local::at(&root, path) {
            Some(Local::Image(_, pick)) => Some(pick),
            _ => None,
        };
        assert_eq!(pick("/l"), Some(Pick::Only));
        assert_eq!(pick("/l:master"), Some(Pick::Name("master".to_owned())));
        assert_eq!(
            pick(&format!("/l@{digest}")),
            digest.parse().ok().map(Pick::Digest)
        );
        for nothing in ["/x", "/x:1", "/w.tar:2", "/l@1"] {
            assert!(Local::at(&root, nothing).is_none(), "{nothing}");
        }
    }
}
