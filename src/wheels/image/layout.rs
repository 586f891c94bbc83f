//! An image in a directory
//! (<https://github.com/opencontainers/image-spec/blob/main/image-layout.md>).

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::manifest::{Descriptor, Document, Platform};
use super::{Bytes, LARGEST, Store, choose, read};
use crate::download::Patience;
use crate::wheels::Digest;
use crate::wheels::registry::Selector;
use crate::words::reason;

/// The file that makes a directory one of these.
const MARK: &str = "oci-layout";

/// The file that lists the images.
const INDEX: &str = "index.json";

/// A directory of images.
#[derive(Debug)]
pub struct Layout {
    directory: PathBuf,
}

impl Layout {
    /// This directory, if it is one.
    #[must_use]
    pub fn at(directory: &Path) -> Option<Self> {
        let directory = directory.to_owned();
        directory.join(MARK).is_file().then_some(Self { directory })
    }

    /// The manifest of the image of this name, or of the only image for `platform`.
    ///
    /// # Errors
    /// Which there are.
    pub fn find(&self, name: Option<&str>, platform: &Platform) -> Result<Digest, String> {
        let bytes = fs::read(self.index())
            .map_err(|error| format!("its {INDEX} could not be read: {}", reason(&error)))?;
        let document = read(&bytes, None).map_err(|why| format!("its {INDEX}: {why}"))?;
        let Document::Index(images) = document else {
            return Err(format!("its {INDEX} is no index of images"));
        };
        let called = |image: &Descriptor| name.is_none() || image.name.as_deref() == name;
        let named: Vec<Descriptor> = images
            .iter()
            .filter(|image| called(image))
            .cloned()
            .collect();
        match (&named[..], name) {
            ([], Some(name)) => Err(format!("it has no image {name}; {}", listed(&images))),
            ([], None) => Err("it has no image".to_owned()),
            ([one], _) => Ok(one.digest.clone()),
            _ if named.iter().any(|image| image.name != named[0].name) => Err(format!(
                "it has several images; give one as {}:NAME; {}",
                self.directory.display(),
                listed(&images)
            )),
            _ => Ok(choose(&named, platform)?.digest.clone()),
        }
    }

    /// The file that changes with the images.
    #[must_use]
    pub fn index(&self) -> PathBuf {
        self.directory.join(INDEX)
    }

    fn open(&self, digest: &Digest) -> io::Result<File> {
        let blobs = self.directory.join("blobs");
        File::open(blobs.join(digest.algorithm().as_str()).join(digest.hex()))
    }
}

fn listed(images: &[Descriptor]) -> String {
    let mut names: Vec<&str> = images
        .iter()
        .filter_map(|image| image.name.as_deref())
        .collect();
    names.dedup();
    if names.is_empty() {
        "none of them has a name".to_owned()
    } else {
        format!("there is {}", names.join(", "))
    }
}

impl Store for Layout {
    fn document(&self, selector: Selector<'_>) -> Result<Bytes, String> {
        let unread = |error: io::Error| format!("{selector} could not be read: {}", reason(&error));
        let Selector::Digest(digest) = selector else {
            return Err(format!("{selector} is no digest"));
        };
        let mut bytes = Vec::new();
        let file = self.open(digest).map_err(unread)?;
        file.take(LARGEST).read_to_end(&mut bytes).map_err(unread)?;
        Ok(Bytes {
            bytes,
            content_type: None,
        })
    }

    fn blob<'a>(
        &'a self,
        layer: &Descriptor,
        _: &'a dyn Patience,
    ) -> Result<Box<dyn Read + Send + 'a>, String> {
        let opened = self.open(&layer.digest);
        let file = opened.map_err(|error| format!("it could not be read: {}", reason(&error)))?;
        Ok(Box::new(file))
    }
}
