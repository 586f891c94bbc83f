//! Images and indexes, as registries keep them.

use serde_json::{Value, json};

use crate::files::{Files, wheels};
use crate::layer::{Blob, Layer, Pressed, digest};

/// Whose words an image is described in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Docker,
    Oci,
}

/// An image.
#[derive(Clone)]
pub struct Image {
    /// Whose words it is described in.
    pub kind: Kind,
    /// The lowest one first.
    pub layers: Vec<Blob>,
    /// What its configuration says it runs on.
    pub architecture: String,
}

/// Images to choose from.
pub struct Index {
    /// Whose words it is described in.
    pub kind: Kind,
    /// An image, and the architecture that it is named for.
    pub images: Vec<(String, Image)>,
    /// Whether there is an attestation of each.
    pub attested: bool,
}

impl Image {
    /// One of these layers.
    pub fn of(layers: impl IntoIterator<Item = Blob>) -> Self {
        Self {
            kind: Kind::Oci,
            layers: layers.into_iter().collect(),
            architecture: here().to_owned(),
        }
    }

    /// One layer of these files, beside some that are none of wheels.
    pub fn with(files: &Files) -> Self {
        Self::of([with_others(files).gzip()])
    }

    /// The wheels that most tests want, and an image of them.
    pub fn stock() -> (Files, Self) {
        let files = wheels();
        let image = Self::with(&files);
        (files, image)
    }

    /// In the words of Docker.
    pub fn docker(mut self) -> Self {
        self.kind = Kind::Docker;
        self
    }

    /// Its configuration.
    pub fn configuration(&self) -> Vec<u8> {
        let archives: Vec<&String> = self.layers.iter().map(|layer| &layer.archive).collect();
        let configuration = json!({
            "architecture": self.architecture,
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": archives},
        });
        configuration.to_string().into_bytes()
    }

    /// The type of its manifest.
    pub fn media_type(&self) -> &'static str {
        match self.kind {
            Kind::Docker => "application/vnd.docker.distribution.manifest.v2+json",
            Kind::Oci => "application/vnd.oci.image.manifest.v1+json",
        }
    }

    /// Its manifest.
    pub fn manifest(&self) -> Vec<u8> {
        let configuration = match self.kind {
            Kind::Docker => "application/vnd.docker.container.image.v1+json",
            Kind::Oci => "application/vnd.oci.image.config.v1+json",
        };
        let layers: Vec<Value> = self
            .layers
            .iter()
            .map(|layer| descriptor(&layer.bytes, self.layer_type(layer.pressed)))
            .collect();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": self.media_type(),
            "config": descriptor(&self.configuration(), configuration),
            "layers": layers,
        });
        manifest.to_string().into_bytes()
    }

    /// The digest of its manifest.
    pub fn digest(&self) -> String {
        digest(&self.manifest())
    }

    /// The digest of a layer.
    pub fn layer(&self, number: usize) -> String {
        digest(&self.layers[number].bytes)
    }

    fn layer_type(&self, pressed: Pressed) -> &'static str {
        match (self.kind, pressed) {
            (Kind::Docker, Pressed::Plain) => "application/vnd.docker.image.rootfs.diff.tar",
            (Kind::Docker, _) => "application/vnd.docker.image.rootfs.diff.tar.gzip",
            (Kind::Oci, Pressed::Plain) => "application/vnd.oci.image.layer.v1.tar",
            (Kind::Oci, Pressed::Gzip) => "application/vnd.oci.image.layer.v1.tar+gzip",
            (Kind::Oci, Pressed::Zstd) => "application/vnd.oci.image.layer.v1.tar+zstd",
        }
    }
}

/// What an attestation says; nobody here reads it.
pub const STATEMENT: &[u8] = b"{\"_type\": \"https://in-toto.io/Statement/v0.1\"}";

impl Index {
    /// The type of it.
    pub fn media_type(&self) -> &'static str {
        match self.kind {
            Kind::Docker => "application/vnd.docker.distribution.manifest.list.v2+json",
            Kind::Oci => "application/vnd.oci.image.index.v1+json",
        }
    }

    /// The index itself.
    pub fn document(&self) -> Vec<u8> {
        let mut manifests = Vec::new();
        // Before the images, where it is in the way.
        if self.attested {
            for (_, image) in &self.images {
                let mut entry = descriptor(&attestation(), OCI_MANIFEST);
                entry["platform"] = json!({"os": "unknown", "architecture": "unknown"});
                // https://docs.docker.com/build/metadata/attestations/attestation-storage/
                entry["annotations"] = json!({
                    "vnd.docker.reference.type": "attestation-manifest",
                    "vnd.docker.reference.digest": image.digest(),
                });
                manifests.push(entry);
            }
        }
        for (architecture, image) in &self.images {
            let mut entry = descriptor(&image.manifest(), image.media_type());
            entry["platform"] = json!({"os": "linux", "architecture": architecture});
            manifests.push(entry);
        }
        let document = json!({
            "schemaVersion": 2,
            "mediaType": self.media_type(),
            "manifests": manifests,
        });
        document.to_string().into_bytes()
    }
}

/// The type of an attestation's manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A manifest of an attestation, as buildx makes it.
pub fn attestation() -> Vec<u8> {
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(b"{}", "application/vnd.oci.image.config.v1+json"),
        "layers": [descriptor(STATEMENT, "application/vnd.in-toto+json")],
    });
    manifest.to_string().into_bytes()
}

/// These files, and what is not to be taken.
pub fn with_others(files: &Files) -> Layer {
    Layer::of(files)
        .directory("sub/")
        .file("sub/delta-1.0-py3-none-any.whl", b"below")
        .directory("etc/")
        .file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
        .file("notes.txt", b"for people")
}

/// This machine, as images name it.
pub fn here() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// A machine that this one is not.
pub fn elsewhere() -> &'static str {
    if here() == "s390x" { "amd64" } else { "s390x" }
}

fn descriptor(bytes: &[u8], media_type: &str) -> Value {
    json!({"mediaType": media_type, "digest": digest(bytes), "size": bytes.len()})
}
