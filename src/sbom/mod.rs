//! The software bill of materials of an image, `CycloneDX` 1.6: made from what this program
//! installed and what package managers and distributions say of themselves, and not by
//! searching through files.
//!
//! What is not known is not there: no licence is guessed, and no time is written but that of
//! `SOURCE_DATE_EPOCH`. Two bills of the same contents are the same.

mod cyclonedx;
mod distributions;
mod licences;
mod packages;
mod purl;
mod sources;
mod time;

use sha2::{Digest, Sha256};

use crate::layout::IMAGE_INFO;
use crate::platform::Platform;
use crate::platform::os_release;
use crate::platform::package_manager::Facts;
use crate::python::Name;
use crate::record::Record;
use crate::root::Root;
use crate::secrets::redacted_json;
use cyclonedx::{Bom, Component, Dependency, Kind, Metadata, Property, Tools};
use distributions::Installed;
use sources::Sources;

/// Where it is in the image.
#[must_use]
pub fn path() -> String {
    format!("{IMAGE_INFO}/sbom.cdx.json")
}

/// What an image's bill is made of.
pub struct Image<'a> {
    /// Its files.
    pub root: &'a Root,
    /// Its distribution.
    pub platform: &'a Platform,
    /// What was done; its packages and distributions say why each is there.
    pub record: &'a Record,
    /// What its package manager's database says.
    pub packages: &'a [Facts],
    /// The extras of the project that were installed.
    pub extras: &'a [String],
    /// `SOURCE_DATE_EPOCH`, in seconds since 1970.
    pub epoch: Option<u64>,
}

/// What the distribution is called in package URLs, and what it is.
struct System {
    /// `ID` of os-release.
    id: String,
    /// `VERSION_ID`.
    version: String,
}

impl System {
    fn of(image: &Image<'_>) -> Self {
        match os_release::load(image.root) {
            Ok(os) => Self {
                version: os.fields.get("version_id").to_owned(),
                id: os.raw_id,
            },
            Err(_) => Self {
                id: image.platform.distribution.id.clone(),
                version: image.platform.distribution.version.clone(),
            },
        }
    }
}

/// What the bill refers to the image and its distribution by.
const IMAGE: &str = "image";
const SYSTEM: &str = "operating-system";

/// The text of the bill, without credentials.
#[must_use]
pub fn of(image: &Image<'_>) -> String {
    let bom = serde_json::to_value(bom(image)).unwrap_or_default();
    let mut bom = redacted_json(bom);
    let number = serial_number(bom.to_string().as_bytes());
    bom["serialNumber"] = number.into();
    let mut text = serde_json::to_string_pretty(&bom).unwrap_or_default();
    text.push('\n');
    text
}

fn bom(image: &Image<'_>) -> Bom {
    let system = System::of(image);
    let sources = Sources::of(image.record);
    let installed = Installed::of(image, &sources);
    let mut components = vec![Component {
        kind: Kind::OperatingSystem,
        reference: SYSTEM.to_owned(),
        name: system.id.clone(),
        version: system.version.clone(),
        ..Component::default()
    }];
    components.extend(packages::components(image, &system));
    components.extend(installed.components());
    components.extend(sources.others(&installed.sources()));

    let mut dependencies = packages::dependencies(image, &system);
    dependencies.extend(installed.dependencies(image.extras));
    let top = packages::asked_for(image, &system)
        .chain(installed.top(&dependencies))
        .chain([SYSTEM.to_owned()]);
    let top = dependency(IMAGE, top);
    dependencies.push(top);
    dependencies.push(dependency(SYSTEM, packages::of_base(image, &system)));
    dependencies.sort();

    Bom {
        format: "CycloneDX",
        spec_version: "1.6",
        serial_number: None,
        version: 1,
        metadata: Metadata {
            timestamp: image.epoch.and_then(time::rfc3339),
            tools: Tools {
                components: vec![Component {
                    kind: Kind::Application,
                    name: "loci-install".to_owned(),
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                    ..Component::default()
                }],
            },
            component: subject(image, &installed),
        },
        components,
        dependencies,
    }
}

/// The service, or an image of none.
fn subject(image: &Image<'_>, installed: &Installed<'_>) -> Component {
    let project = &image.record.project;
    let service = installed.named(&Name::new(project));
    Component {
        kind: match service {
            Some(_) => Kind::Application,
            None => Kind::Container,
        },
        reference: IMAGE.to_owned(),
        name: project.clone(),
        version: service.map(|one| one.version.clone()).unwrap_or_default(),
        purl: service.and_then(|one| one.purl.clone()),
        ..Component::default()
    }
}

fn dependency(reference: &str, on: impl IntoIterator<Item = String>) -> Dependency {
    let mut on: Vec<String> = on.into_iter().filter(|one| one != reference).collect();
    on.sort();
    on.dedup();
    Dependency {
        reference: reference.to_owned(),
        depends_on: on,
    }
}

/// Why something is there, in the record's words.
fn because(reason: &impl serde::Serialize) -> Vec<Property> {
    let reason = serde_json::to_value(reason).unwrap_or_default();
    let property = reason.as_str().map(|reason| Property {
        name: "loci-install:because",
        value: reason.to_owned(),
    });
    property.into_iter().collect()
}

/// A UUID of version 8 (RFC 9562, 5.8), made of the contents' digest.
fn serial_number(contents: &[u8]) -> String {
    let digest = Sha256::digest(contents);
    let mut bytes: [u8; 16] = std::array::from_fn(|index| digest[index]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    let parts = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    format!("urn:uuid:{}", parts.join("-"))
}

#[cfg(test)]
mod tests;
