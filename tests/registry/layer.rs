//! Layers of images, made in memory.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

use crate::files::Files;

/// A layer that is being made.
pub struct Layer {
    archive: Builder<Vec<u8>>,
}

/// How a layer is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressed {
    Plain,
    Gzip,
    Zstd,
}

impl Pressed {
    /// Compresses some bytes.
    pub fn press(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Plain => bytes.to_vec(),
            Self::Gzip => {
                // Compression takes long in a program built for tests; what buildah makes
                // is compressed.
                let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
                encoder.write_all(bytes).expect("compressed");
                encoder.finish().expect("compressed")
            }
            Self::Zstd => zstd::encode_all(bytes, 3).expect("compressed"),
        }
    }
}

/// A finished layer.
#[derive(Clone)]
pub struct Blob {
    /// As it is kept.
    pub bytes: Vec<u8>,
    /// What it is compressed by.
    pub pressed: Pressed,
    /// The digest of the archive itself.
    pub archive: String,
}

impl Layer {
    /// One with these files at its root.
    pub fn of(files: &Files) -> Self {
        let mut layer = Self {
            archive: Builder::new(Vec::new()),
        };
        for (name, bytes) in files {
            layer = layer.file(name, bytes);
        }
        layer
    }

    /// One more file.
    pub fn file(self, name: &str, bytes: &[u8]) -> Self {
        self.member(name, EntryType::Regular, None, bytes)
    }

    /// A directory.
    pub fn directory(self, name: &str) -> Self {
        self.member(name, EntryType::Directory, None, &[])
    }

    /// Removes a file of a lower layer
    /// (<https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts>).
    pub fn without(self, name: &str) -> Self {
        self.file(&format!(".wh.{name}"), &[])
    }

    /// Removes all files of lower layers.
    pub fn without_all(self) -> Self {
        self.file(".wh..wh..opq", &[])
    }

    /// A hard link.
    pub fn link(self, name: &str, to: &str) -> Self {
        self.member(name, EntryType::Link, Some(to), &[])
    }

    /// A symbolic link.
    pub fn symlink(self, name: &str, to: &str) -> Self {
        self.member(name, EntryType::Symlink, Some(to), &[])
    }

    fn member(mut self, name: &str, kind: EntryType, to: Option<&str>, bytes: &[u8]) -> Self {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_size(bytes.len() as u64);
        let added = match to {
            Some(to) => self.archive.append_link(&mut header, name, to),
            None => self.archive.append_data(&mut header, name, bytes),
        };
        added.expect("a member");
        self
    }

    /// Finishes it.
    pub fn pressed(self, pressed: Pressed) -> Blob {
        let archive = self.archive.into_inner().expect("an archive");
        let digest = digest(&archive);
        let bytes = pressed.press(&archive);
        Blob {
            bytes,
            pressed,
            archive: digest,
        }
    }

    /// Finishes it as most tools do.
    pub fn gzip(self) -> Blob {
        self.pressed(Pressed::Gzip)
    }
}

/// The digest of some bytes, as descriptors have it.
pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{:x}", Sha256::digest(bytes))
}
