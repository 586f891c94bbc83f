//! Images in layouts on disk.

use std::fs;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

/// A layout in a directory of its own.
struct Images(TempDir);

impl Images {
    fn new() -> Self {
        let images = Self(tempfile::tempdir().expect("a directory"));
        fs::create_dir_all(images.0.path().join("blobs/sha256")).expect("made");
        images.write("oci-layout", "{\"imageLayoutVersion\": \"1.0.0\"}");
        images
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.0.path().join(name), content).expect("written");
    }

    /// Adds a blob; returns its descriptor.
    fn blob(&self, content: &[u8]) -> Value {
        let digest = Digest::of(Algorithm::Sha256, content);
        self.write(&format!("blobs/sha256/{}", digest.hex()), content);
        json!({"digest": digest.to_string(), "size": content.len()})
    }

    /// Adds an image of layers, each of files with their content.
    fn image(&self, layers: &[&[(&str, &str)]]) -> Value {
        let layers: Vec<Value> = layers
            .iter()
            .map(|files| self.blob(&packed(files)))
            .collect();
        let manifest = json!({"schemaVersion": 2, "layers": layers});
        self.blob(manifest.to_string().as_bytes())
    }

    fn index(&self, manifests: &[Value]) {
        let index = json!({"schemaVersion": 2, "manifests": manifests});
        self.write("index.json", index.to_string());
    }

    fn layout(&self) -> Layout {
        Layout::at(self.0.path()).expect("a layout")
    }

    /// The name and the content of each file of the image of this name.
    fn take(&self, name: Option<&str>) -> Result<Vec<(String, String)>, String> {
        let (layout, platform) = (self.layout(), Platform::of_machine("x86_64"));
        let digest = layout.find(name, &platform)?;
        let into = tempfile::tempdir().expect("a directory");
        let meter = Meter::new(&|_, _| (), &|| false);
        let selector = Selector::Digest(&digest);
        let (pile, named) = take(&layout, selector, &platform, into.path(), &meter)?;
        assert_eq!(named, digest);
        let files = pile.files().map(|(name, path)| {
            let content = fs::read_to_string(path).expect("read");
            (name.to_owned(), content)
        });
        Ok(files.collect())
    }
}

fn packed(files: &[(&str, &str)]) -> Vec<u8> {
    let encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let mut builder = tar::Builder::new(encoder);
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        let added = builder.append_data(&mut header, name, content.as_bytes());
        added.expect("added");
    }
    let encoder = builder.into_inner().expect("a tar");
    encoder.finish().expect("compressed")
}

fn with(mut descriptor: Value, more: &Value) -> Value {
    let fields = descriptor.as_object_mut().expect("an object");
    fields.extend(more.as_object().expect("an object").clone());
    descriptor
}

fn named(descriptor: Value, name: &str) -> Value {
    with(
        descriptor,
        &json!({"annotations": {"org.opencontainers.image.ref.name": name}}),
    )
}

fn pairs(files: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, content): &(&str, &str)| ((*name).to_owned(), (*content).to_owned());
    files.iter().map(owned).collect()
}

#[test]
fn layers_are_laid_on_each_other() {
    let images = Images::new();
    let layers: Vec<Vec<(&str, &str)>> = vec![
        vec![("a.whl", "1"), ("b.whl", "1"), ("etc/c.whl", "1")],
        vec![(".wh.a.whl", ""), ("upper-constraints.txt", "x===1")],
        vec![("b.whl", "3")],
        vec![("d.whl", "4")],
        vec![("e.whl", "5")],
    ];
    let layers: Vec<&[(&str, &str)]> = layers.iter().map(Vec::as_slice).collect();
    images.index(&[images.image(&layers)]);
    let expected = [
        ("b.whl", "3"),
        ("d.whl", "4"),
        ("e.whl", "5"),
        ("upper-constraints.txt", "x===1"),
    ];
    assert_eq!(images.take(None), Ok(pairs(&expected)));
}

#[test]
fn the_image_of_a_name_or_of_the_platform_is_found() {
    let images = Images::new();
    let one = images.image(&[&[("a.whl", "amd64")]]);
    let other = images.image(&[&[("a.whl", "arm64")]]);
    let platform =
        |architecture| json!({"platform": {"os": "linux", "architecture": architecture}});
    let index = json!({"schemaVersion": 2, "manifests": [
        with(other.clone(), &platform("arm64")),
        with(one.clone(), &platform("amd64")),
    ]});
    let nested = images.blob(index.to_string().as_bytes());
    images.index(&[named(nested, "both"), named(other, "arm")]);
    assert_eq!(images.take(Some("both")), Ok(pairs(&[("a.whl", "amd64")])));
    assert_eq!(images.take(Some("arm")), Ok(pairs(&[("a.whl", "arm64")])));
    assert_eq!(
        images.take(Some("none")),
        Err("it has no image none; there is both, arm".to_owned())
    );
    let error = images.take(None).expect_err("refused");
    assert!(
        error.starts_with("it has several images; give one as "),
        "{error}"
    );
    images.index(&[]);
    assert_eq!(images.take(None), Err("it has no image".to_owned()));
}

#[test]
fn what_is_not_what_its_digest_says_is_refused() {
    let images = Images::new();
    let image = images.image(&[&[("a.whl", "1")], &[("b.whl", "2")]]);
    images.index(std::slice::from_ref(&image));
    let blobs = images.0.path().join("blobs/sha256");
    let manifest = image["digest"].as_str().expect("a digest").to_owned();
    let hex = manifest.trim_start_matches("sha256:");
    for entry in fs::read_dir(&blobs).expect("read").flatten() {
        let content = fs::read(entry.path()).expect("read");
        let mut changed = content.clone();
        // Where it does not matter to who does not look.
        *changed.last_mut().expect("not empty") ^= 0x20;
        fs::write(entry.path(), &changed).expect("written");
        let digest = Digest::of(Algorithm::Sha256, &changed);
        let error = images.take(None).expect_err("refused");
        let expected = entry.file_name().to_string_lossy().into_owned();
        let what = if expected == hex {
            "the manifest"
        } else {
            "the digest"
        };
        let text = format!("{what} sha256:{expected} was expected, and {digest} came");
        assert!(error.ends_with(&text), "{error}");
        fs::write(entry.path(), &content[..content.len() - 1]).expect("written");
        let error = images.take(None).expect_err("refused");
        assert!(error.contains("expected, and"), "{error}");
        fs::remove_file(entry.path()).expect("removed");
        let error = images.take(None).expect_err("refused");
        assert!(
            error.ends_with("could not be read: it does not exist"),
            "{error}"
        );
        fs::write(entry.path(), &content).expect("written");
    }
    assert_eq!(images.take(None).map(|files| files.len()), Ok(2));
}

#[test]
fn indexes_that_lead_on_and_on_are_refused() {
    let images = Images::new();
    let mut image = images.image(&[&[("a.whl", "1")]]);
    for _ in 0..=DEPTH {
        let index = json!({"schemaVersion": 2, "manifests": [image]});
        image = images.blob(index.to_string().as_bytes());
    }
    images.index(&[image]);
    assert_eq!(
        images.take(None),
        Err("more than 4 indexes lead to each other".to_owned())
    );
}
