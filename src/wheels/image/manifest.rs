//! Manifests of images, and indexes of manifests for several platforms.
//!
//! OCI's image specification and Docker's schema 2 agree in all that counts here; only the
//! names of the types differ.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::wheels::Digest;

/// Types of manifests and indexes, as they are asked for, what is preferred first
/// (<https://github.com/opencontainers/image-spec/blob/main/media-types.md>,
/// <https://distribution.github.io/distribution/spec/manifest-v2-2/>).
pub const TYPES: [&str; 4] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

/// What is behind a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// Manifests to choose from.
    Index(Vec<Descriptor>),
    /// The layers of an image, the lowest one first.
    Manifest(Vec<Descriptor>),
}

/// Content, by what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// Its digest.
    pub digest: Digest,
    /// Its size, in bytes.
    pub size: u64,
    media_type: String,
    /// What a manifest of an index is for.
    platform: Option<Platform>,
    is_attestation: bool,
    /// What it is called in a layout
    /// (<https://github.com/opencontainers/image-spec/blob/main/annotations.md>).
    pub name: Option<String>,
}

/// What an image runs on, in Go's words
/// (<https://github.com/opencontainers/image-spec/blob/main/image-index.md>).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Platform {
    os: String,
    architecture: String,
    #[serde(default)]
    variant: String,
}

impl Platform {
    /// That of this machine, by its kernel and not by `uname -p`, which is empty on Debian.
    #[must_use]
    pub fn here() -> Self {
        let machine = nix::sys::utsname::uname();
        let machine = machine.ok();
        let name = machine
            .as_ref()
            .and_then(|machine| machine.machine().to_str());
        Self::of_machine(name.unwrap_or(std::env::consts::ARCH))
    }

    /// That of a machine, as uname(2) calls it.
    #[must_use]
    pub fn of_machine(machine: &str) -> Self {
        let (architecture, variant) = match machine {
            "x86_64" => ("amd64", ""),
            "i386" | "i486" | "i586" | "i686" => ("386", ""),
            "aarch64" => ("arm64", "v8"),
            "armv7l" | "armv8l" => ("arm", "v7"),
            "armv6l" => ("arm", "v6"),
            "loongarch64" => ("loong64", ""),
            // ppc64le, s390x, riscv64 are called the same.
            other => (other, ""),
        };
        Self {
            os: "linux".to_owned(),
            architecture: architecture.to_owned(),
            variant: variant.to_owned(),
        }
    }

    /// How well an image for `other` fits, the higher the better; none where it does not.
    fn fit(&self, other: &Self) -> Option<u32> {
        if (&self.os, &self.architecture) != (&other.os, &other.architecture) {
            return None;
        }
        let number = |variant: &str| -> Option<u32> { variant.strip_prefix('v')?.parse().ok() };
        match (number(&self.variant), number(&other.variant)) {
            // Of a baseline or of any that this one can do, the newest.
            (_, None) if other.variant.is_empty() => Some(0),
            (Some(own), Some(wanted)) if wanted <= own => Some(wanted),
            // What an amd64 can do beyond the baseline is not known by its name.
            _ => None,
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.os, self.architecture)?;
        if !self.variant.is_empty() {
            write!(formatter, "/{}", self.variant)?;
        }
        Ok(())
    }
}

/// Reads a manifest or an index; `content_type` is what its server calls it, which only
/// counts where it does not say itself what it is.
///
/// # Errors
/// Why it is neither, as a sentence about it.
pub fn read(bytes: &[u8], content_type: Option<&str>) -> Result<Document, String> {
    let raw: Raw =
        serde_json::from_slice(bytes).map_err(|error| format!("it is no manifest: {error}"))?;
    if raw.fs_layers.is_some() {
        return Err(
            "it is a manifest of Docker's schema 1, which nothing makes any more".to_owned(),
        );
    }
    let content_type = content_type.map(|value| value.split(';').next().unwrap_or(value).trim());
    let said = raw.media_type.as_deref().or(content_type);
    let (manifests, layers) = (raw.manifests, raw.layers);
    // Both would be read as one thing here and as another elsewhere (CVE-2021-41190).
    match (manifests, layers) {
        (Some(_), Some(_)) => Err("it is an index and a manifest at once".to_owned()),
        (Some(manifests), None) if is_called(said, [TYPES[0], TYPES[2]]) => {
            Ok(Document::Index(descriptors(manifests)?))
        }
        (None, Some(layers)) if is_called(said, [TYPES[1], TYPES[3]]) => {
            let layers = descriptors(layers)?;
            layers.iter().try_for_each(check_layer)?;
            Ok(Document::Manifest(layers))
        }
        (None, None) => Err("it has neither layers nor manifests".to_owned()),
        _ => Err(format!(
            "it is called {}, and is something else",
            said.unwrap_or_default()
        )),
    }
}

/// Chooses the manifest for a platform.
///
/// # Errors
/// What there is instead.
pub fn choose<'a>(
    manifests: &'a [Descriptor],
    platform: &Platform,
) -> Result<&'a Descriptor, String> {
    let images: Vec<&Descriptor> = manifests
        .iter()
        .filter(|manifest| !manifest.is_attestation)
        .collect();
    let fitting = images.iter().filter_map(|manifest| {
        let fit = match &manifest.platform {
            Some(other) => platform.fit(other)?,
            // For nothing in particular: of several nobody could tell which is meant.
            None if images.len() == 1 => 0,
            None => return None,
        };
        Some((fit, *manifest))
    });
    // Of equals the first, and max_by_key takes the last.
    let all: Vec<_> = fitting.collect();
    let best = all.iter().rev().max_by_key(|(fit, _)| *fit);
    best.map(|(_, manifest)| *manifest).ok_or_else(|| {
        let others = images
            .iter()
            .filter_map(|manifest| manifest.platform.as_ref());
        let others: Vec<String> = others.map(ToString::to_string).collect();
        let others = if others.is_empty() {
            "nothing".to_owned()
        } else {
            others.join(", ")
        };
        format!("it is made for {others}, and this is {platform}")
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    media_type: Option<String>,
    manifests: Option<Vec<RawDescriptor>>,
    layers: Option<Vec<RawDescriptor>>,
    fs_layers: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDescriptor {
    #[serde(default)]
    media_type: String,
    digest: String,
    size: u64,
    platform: Option<Platform>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

const NAME: &str = "org.opencontainers.image.ref.name";

fn descriptors(raw: Vec<RawDescriptor>) -> Result<Vec<Descriptor>, String> {
    let read = |mut raw: RawDescriptor| -> Result<Descriptor, String> {
        let is_unknown = raw
            .platform
            .as_ref()
            .is_some_and(|platform| platform.os == "unknown" && platform.architecture == "unknown");
        // https://docs.docker.com/build/metadata/attestations/attestation-storage/
        let is_marked = raw.annotations.contains_key("vnd.docker.reference.type");
        Ok(Descriptor {
            digest: raw.digest.parse()?,
            size: raw.size,
            media_type: raw.media_type,
            platform: raw.platform,
            is_attestation: is_unknown || is_marked,
            name: raw.annotations.remove(NAME),
        })
    };
    raw.into_iter().map(read).collect()
}

/// Whether it has one of these names, or none.
fn is_called(said: Option<&str>, names: [&str; 2]) -> bool {
    match said {
        // What servers say who do not know.
        None | Some("" | "application/json" | "application/octet-stream" | "text/plain") => true,
        Some(said) => names.contains(&said),
    }
}

/// Refuses what is no layer of an image, or is elsewhere.
fn check_layer(layer: &Descriptor) -> Result<(), String> {
    let name = layer.media_type.as_str();
    let is_tar = name.split(['.', '+', '/']).any(|word| word == "tar");
    if name.contains("foreign") || name.contains("nondistributable") {
        Err(format!(
            "the layer {} is in no registry ({name})",
            layer.digest
        ))
    } else if name.is_empty() || is_tar {
        Ok(())
    } else {
        Err(format!(
            "{} is no layer of an image but {name}",
            layer.digest
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn digest(letter: char) -> String {
        format!("sha256:{}", letter.to_string().repeat(64))
    }

    fn one(letter: char, media_type: &str) -> Value {
        json!({"mediaType": media_type, "digest": digest(letter), "size": 7})
    }

    fn parsed(document: &Value, content_type: Option<&str>) -> Result<Document, String> {
        read(document.to_string().as_bytes(), content_type)
    }

    const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

    #[test]
    fn all_four_types_are_read_with_and_without_their_names() {
        let layers = json!([
            one('a', LAYER),
            one('b', "application/vnd.docker.image.rootfs.diff.tar.gzip")
        ]);
        let manifests = json!([one('c', TYPES[1])]);
        for (name, is_index) in TYPES.iter().zip([true, false, true, false]) {
            let (key, content) = if is_index {
                ("manifests", &manifests)
            } else {
                ("layers", &layers)
            };
            let named = json!({"schemaVersion": 2, "mediaType": name, key: content});
            let bare = json!({"schemaVersion": 2, key: content});
            let typed = format!("{name}; charset=utf-8");
            for (document, content_type) in [
                (&named, None),
                (&named, Some("text/plain")),
                (&bare, Some(typed.as_str())),
                (&bare, Some("application/json")),
                (&bare, None),
            ] {
                let document = parsed(document, content_type).expect(name);
                match document {
                    Document::Index(all) => {
                        assert!(is_index);
                        assert_eq!(all[0].digest.to_string(), digest('c'));
                    }
                    Document::Manifest(all) => {
                        assert!(!is_index);
                        let digests: Vec<_> =
                            all.iter().map(|one| one.digest.to_string()).collect();
                        assert_eq!(digests, [digest('a'), digest('b')]);
                        assert_eq!(all[0].size, 7);
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_none_is_told() {
        let layers = json!([one('a', LAYER)]);
        for (document, why) in [
            (json!([]), "it is no manifest: "),
            (json!({"errors": []}), "it has neither layers nor manifests"),
            (
                json!({"fsLayers": [], "schemaVersion": 1}),
                "Docker's schema 1",
            ),
            (
                json!({"layers": layers, "manifests": []}),
                "an index and a manifest at once",
            ),
            (
                json!({"mediaType": TYPES[0], "layers": layers}),
                "and is something else",
            ),
            (
                json!({"mediaType": "application/x", "layers": layers}),
                "it is called application/x",
            ),
            (
                json!({"layers": [one('a', "application/vnd.cncf.helm.chart.content.v1")]}),
                "is no layer of an image",
            ),
            (
                json!({"layers": [one('a', "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")]}),
                "is in no registry",
            ),
            (
                json!({"layers": [{"digest": "sha256:x", "size": 1}]}),
                "is no digest",
            ),
            (
                json!({"layers": [{"digest": digest('a'), "size": -1}]}),
                "it is no manifest: ",
            ),
        ] {
            let error = parsed(&document, None).expect_err(why);
            assert!(error.contains(why), "{error}");
        }
    }

    fn index(platforms: &[&str]) -> Vec<Descriptor> {
        let manifests: Vec<Value> = platforms
            .iter()
            .zip('a'..)
            .map(|(platform, letter)| {
                let mut manifest = one(letter, TYPES[1]);
                let words: Vec<&str> = platform.split('/').collect();
                match words[..] {
                    ["attestation"] => {
                        manifest["annotations"] =
                            json!({"vnd.docker.reference.type": "attestation-manifest"});
                    }
                    [os, architecture] => {
                        manifest["platform"] = json!({"os": os, "architecture": architecture});
                    }
                    [os, architecture, variant] => {
                        manifest["platform"] =
                            json!({"os": os, "architecture": architecture, "variant": variant});
                    }
                    _ => {}
                }
                manifest
            })
            .collect();
        match parsed(&json!({"manifests": manifests}), None) {
            Ok(Document::Index(all)) => all,
            other => panic!("{other:?}"),
        }
    }

    /// Which of the platforms is chosen, by its place.
    fn chosen(machine: &str, platforms: &[&str]) -> Result<usize, String> {
        let all = index(platforms);
        let chosen = choose(&all, &Platform::of_machine(machine))?;
        Ok(all
            .iter()
            .position(|one| one == chosen)
            .expect("one of them"))
    }

    #[test]
    fn the_platform_decides_and_attestations_do_not_count() {
        let buildx = [
            "linux/amd64",
            "linux/arm64",
            "unknown/unknown",
            "attestation",
        ];
        assert_eq!(chosen("x86_64", &buildx), Ok(0));
        assert_eq!(chosen("aarch64", &buildx), Ok(1));
        assert_eq!(
            chosen("aarch64", &["linux/arm64/v9", "linux/arm64/v8"]),
            Ok(1)
        );
        assert_eq!(
            chosen("x86_64", &["linux/amd64/v3", "linux/amd64", "linux/amd64"]),
            Ok(1)
        );
        assert_eq!(
            chosen("armv7l", &["linux/arm/v5", "linux/arm/v7", "linux/arm/v6"]),
            Ok(1)
        );
        assert_eq!(
            chosen("armv6l", &["linux/arm/v5", "linux/arm/v7", "linux/arm/v6"]),
            Ok(2)
        );
        assert_eq!(chosen("s390x", &["windows/s390x", "linux/s390x"]), Ok(1));
        // As buildah pushes a single one, and docker one of attestations.
        assert_eq!(chosen("x86_64", &["", "attestation"]), Ok(0));
    }

    #[test]
    fn without_one_that_fits_all_are_named() {
        assert_eq!(
            chosen(
                "ppc64le",
                &["linux/amd64", "linux/arm64/v8", "unknown/unknown"]
            ),
            Err("it is made for linux/amd64, linux/arm64/v8, and this is linux/ppc64le".to_owned())
        );
        assert_eq!(
            chosen("x86_64", &["", ""]),
            Err("it is made for nothing, and this is linux/amd64".to_owned())
        );
    }
}
