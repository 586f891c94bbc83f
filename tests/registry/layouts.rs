//! Directories that hold images, as skopeo and buildah write them.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::fetch::Fetch;
use crate::files::{Files, constraints, of};
use crate::image::{Image, Index, Kind, elsewhere, here};
use crate::registry::Registry;
use crate::tools::run;

/// An OCI layout, and what is in its image.
struct Layout {
    directory: TempDir,
    files: Files,
    image: Image,
}

impl Layout {
    fn new() -> Self {
        let (files, image) = Image::stock();
        let registry = Registry::plain();
        registry.push("loci/requirements:1", &image);
        let directory = tempfile::tempdir().expect("a directory");
        let layout = Self {
            directory,
            files,
            image,
        };
        copy(
            &registry,
            "loci/requirements:1",
            &layout.path(),
            "master",
            false,
        );
        layout
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("layout")
    }

    fn source(&self, tag: &str) -> String {
        format!("{}{tag}", self.path().display())
    }

    /// Where the layer is kept.
    fn layer(&self) -> PathBuf {
        let digest = self.image.layer(0).replace(':', "/");
        self.path().join("blobs").join(digest)
    }
}

/// Copies an image from a registry, or all of an index.
fn copy(registry: &Registry, name: &str, to: &Path, tag: &str, all: bool) {
    let from = format!("docker://{}", registry.reference(name));
    let to = format!("oci:{}:{tag}", to.display());
    let mut words = vec!["copy", "--quiet", "--src-tls-verify=false", &from, &to];
    if all {
        words.push("--all");
    }
    run("skopeo", words);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_layout_is_a_source() {
    let layout = Layout::new();
    for tag in ["", ":master"] {
        Fetch::of(&layout.source(tag)).run().brought(&layout.files);
    }
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_tag_that_is_not_there_is_named() {
    let layout = Layout::new();
    let source = layout.source(":other");
    Fetch::of(&source).run().failed(&[&source, "master"]);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn of_several_images_one_is_named() {
    let layout = Layout::new();
    let mut files = of(&[("other-1.0-py3-none-any.whl", 9000)]);
    files.extend(constraints("other===1.0\n"));
    let registry = Registry::plain();
    registry.push("loci/requirements:2", &Image::with(&files));
    copy(
        &registry,
        "loci/requirements:2",
        &layout.path(),
        "other",
        false,
    );
    Fetch::of(&layout.source(":master"))
        .run()
        .brought(&layout.files);
    Fetch::of(&layout.source(":other")).run().brought(&files);
    Fetch::of(&layout.source(""))
        .run()
        .failed(&[&layout.source(""), "master", "other"]);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn of_several_platforms_this_one_is_taken() {
    let mut own = of(&[("own-1.0-py3-none-any.whl", 9000)]);
    own.extend(constraints("own===1.0\n"));
    let (_, other) = Image::stock();
    let index = Index {
        kind: Kind::Oci,
        images: vec![
            (elsewhere().to_owned(), other),
            (here().to_owned(), Image::with(&own)),
        ],
        attested: false,
    };
    let registry = Registry::plain();
    registry.push_index("loci/both:1", &index);
    let directory = tempfile::tempdir().expect("a directory");
    let layout = directory.path().join("layout");
    copy(&registry, "loci/both:1", &layout, "1", true);
    Fetch::of(&format!("{}:1", layout.display()))
        .run()
        .brought(&own);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_layer_that_was_changed_is_refused() {
    let layout = Layout::new();
    let mut bytes = fs::read(layout.layer()).expect("a layer");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(layout.layer(), &bytes).expect("written");
    let came = crate::layer::digest(&bytes);
    let source = layout.source(":master");
    Fetch::of(&source)
        .run()
        .failed(&[&source, &layout.image.layer(0), &came]);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_layer_that_is_short_or_not_there_is_named() {
    let layout = Layout::new();
    let source = layout.source(":master");
    let hex = layout.image.layer(0).replace("sha256:", "");
    let bytes = fs::read(layout.layer()).expect("a layer");
    fs::write(layout.layer(), &bytes[..bytes.len() - 1]).expect("written");
    Fetch::of(&source).run().failed(&[&source, &hex]);
    fs::remove_file(layout.layer()).expect("removed");
    Fetch::of(&source).run().failed(&[&source, &hex]);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_manifest_that_was_changed_is_refused() {
    let layout = Layout::new();
    let digest = layout.image.digest().replace(':', "/");
    let path = layout.path().join("blobs").join(digest);
    let mut bytes = fs::read(&path).expect("a manifest");
    bytes.push(b'\n');
    fs::write(&path, &bytes).expect("written");
    let source = layout.source(":master");
    Fetch::of(&source)
        .run()
        .failed(&[&source, &layout.image.digest()]);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_digest_names_an_image() {
    let layout = Layout::new();
    let digest = layout.image.digest();
    Fetch::of(&layout.source(&format!("@{digest}")))
        .run()
        .brought(&layout.files)
        .says(&digest);
    let nothing = layout.source(&format!("@sha256:{}", "0".repeat(64)));
    Fetch::of(&nothing).run().failed(&[&nothing]);
}
