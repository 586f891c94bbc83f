//! The files of a set of wheels by name, and where each of them is for now.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::archive::Taken;
use super::is_wanted;
use crate::words::reason;

/// Files that are going to be in one directory.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Pile {
    files: BTreeMap<String, Place>,
    /// The files are somebody else's, who may need them where they are.
    pub is_borrowed: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Place {
    File(PathBuf),
    /// It is the file of another name, whichever that is in the end.
    Link(String),
}

impl Pile {
    /// What was taken of an archive, into this directory.
    pub fn of(taken: Taken, directory: &Path) -> Result<Self, String> {
        let mut pile = Self::default();
        pile.lay(taken, directory);
        pile.whole()
    }

    /// The wheels and constraint files of a directory that is somebody else's.
    pub fn of_directory(directory: &Path) -> Result<Self, String> {
        let unread = |error| format!("it could not be read: {}", reason(&error));
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(directory).map_err(unread)? {
            let entry = entry.map_err(unread)?;
            if let Some(name) = entry.file_name().to_str()
                && is_wanted(name)
                && entry.path().is_file()
            {
                files.insert(name.to_owned(), Place::File(entry.path()));
            }
        }
        Ok(Self {
            files,
            is_borrowed: true,
        })
    }

    /// Lays a layer of an image on those below
    /// (<https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts>).
    pub fn lay(&mut self, taken: Taken, directory: &Path) {
        if taken.opaque {
            self.files.clear();
        }
        for name in &taken.whiteouts {
            self.files.remove(name);
        }
        let files = taken.files.into_iter().map(|name| {
            let file = Place::File(directory.join(&name));
            (name, file)
        });
        let links = taken.links.into_iter();
        self.files
            .extend(files.chain(links.map(|(name, target)| (name, Place::Link(target)))));
    }

    /// Finds the file of each link.
    pub fn whole(mut self) -> Result<Self, String> {
        let mut found = Vec::new();
        for (name, place) in &self.files {
            let mut end = place;
            // As far as the kernel follows them, path_resolution(7).
            for _ in 0..40 {
                match end {
                    Place::Link(target) => end = self.files.get(target).unwrap_or(end),
                    Place::File(_) => break,
                }
            }
            match end {
                Place::File(file) => found.push((name.clone(), Place::File(file.clone()))),
                Place::Link(target) => {
                    return Err(format!("{name} is a link to {target}, which is not there"));
                }
            }
        }
        self.files = found.into_iter().collect();
        Ok(self)
    }

    /// Each name, with where its file is.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.files.iter().filter_map(|(name, place)| match place {
            Place::File(file) => Some((name.as_str(), file.as_path())),
            Place::Link(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(files: &[&str], whiteouts: &[&str], links: &[(&str, &str)], opaque: bool) -> Taken {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Taken {
            files: owned(files),
            whiteouts: owned(whiteouts),
            links: links
                .iter()
                .map(|(name, target)| ((*name).to_owned(), (*target).to_owned()))
                .collect(),
            opaque,
        }
    }

    fn laid(layers: Vec<Taken>) -> Result<Vec<String>, String> {
        let mut pile = Pile::default();
        for (number, layer) in layers.into_iter().enumerate() {
            pile.lay(layer, Path::new(&number.to_string()));
        }
        let pile = pile.whole()?;
        Ok(pile
            .files()
            .map(|(name, file)| format!("{name}={}", file.display()))
            .collect())
    }

    #[test]
    fn a_layer_adds_replaces_and_removes() {
        let layers = vec![
            taken(&["a.whl", "b.whl", "c.whl"], &[], &[], false),
            // What a layer removes and has is there.
            taken(
                &["b.whl", "d.whl"],
                &["a.whl", "d.whl", "x.whl"],
                &[],
                false,
            ),
            taken(&[], &[], &[("l.whl", "m.whl"), ("m.whl", "b.whl")], false),
        ];
        assert_eq!(
            laid(layers),
            Ok([
                "b.whl=1/b.whl",
                "c.whl=0/c.whl",
                "d.whl=1/d.whl",
                "l.whl=1/b.whl",
                "m.whl=1/b.whl"
            ]
            .map(str::to_owned)
            .to_vec())
        );
    }

    #[test]
    fn an_opaque_layer_hides_all_below() {
        let layers = vec![
            taken(&["a.whl"], &[], &[], false),
            taken(&["b.whl"], &[], &[], true),
        ];
        assert_eq!(laid(layers), Ok(vec!["b.whl=1/b.whl".to_owned()]));
    }

    #[test]
    fn a_link_to_nothing_is_named() {
        let links: &[(&[(&str, &str)], &str)] = &[
            (
                &[("a.whl", "b.whl")],
                "a.whl is a link to b.whl, which is not there",
            ),
            (
                &[("a.whl", "b.whl"), ("b.whl", "a.whl")],
                "a.whl is a link to b.whl, which is not there",
            ),
        ];
        for (links, why) in links {
            let error = laid(vec![taken(&[], &[], links, false)]).expect_err("refused");
            assert!(error.contains("which is not there"), "{error} {why}");
        }
        // One that a higher layer removes is no trouble.
        let layers = vec![
            taken(&[], &[], &[("a.whl", "b.whl")], false),
            taken(&[], &["a.whl"], &[], false),
        ];
        assert_eq!(laid(layers), Ok(vec![]));
    }
}
