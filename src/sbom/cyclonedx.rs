//! The parts of `CycloneDX` 1.6 that are written, as its schema has them
//! (<https://cyclonedx.org/docs/1.6/json/>). Its words are kept, even where this program has
//! others.

use serde::Serialize;

/// A bill of materials.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bom {
    /// `CycloneDX`.
    #[serde(rename = "bomFormat")]
    pub format: &'static str,
    /// `1.6`.
    pub spec_version: &'static str,
    /// The same for the same contents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// The number of this edition: there is one of each image.
    pub version: u32,
    /// What the rest is of.
    pub metadata: Metadata,
    /// What there is.
    pub components: Vec<Component>,
    /// What needs what.
    pub dependencies: Vec<Dependency>,
}

/// What a bill is of, when and by what it was made.
#[derive(Debug, Serialize)]
pub struct Metadata {
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// What made the bill.
    pub tools: Tools,
    /// What the bill is of.
    pub component: Component,
}

/// What made a bill.
#[derive(Debug, Serialize)]
pub struct Tools {
    /// This program.
    pub components: Vec<Component>,
}

/// A component.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Component {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// What the bill refers to it by.
    #[serde(rename = "bom-ref", skip_serializing_if = "String::is_empty")]
    pub reference: String,
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Of the file that it came in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hashes: Vec<Hash>,
    /// Either one expression or any number of names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<Licence>,
    /// Its package URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    /// How it differs from what it was made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pedigree: Option<Pedigree>,
    /// Where it came from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub external_references: Vec<Reference>,
    /// What the format has no field for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<Property>,
}

/// What a component is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Most are.
    #[default]
    Library,
    /// What runs by itself.
    Application,
    /// An image of no service.
    Container,
    /// The distribution.
    OperatingSystem,
}

/// A digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hash {
    /// `SHA-256`.
    pub alg: &'static str,
    /// In hexadecimal digits.
    pub content: String,
}

impl Hash {
    /// A SHA-256 digest in hexadecimal digits.
    #[must_use]
    pub fn sha256(content: &str) -> Self {
        Self {
            alg: "SHA-256",
            content: content.to_owned(),
        }
    }
}

/// A licence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Licence {
    /// An SPDX expression.
    Expression(String),
    /// One licence.
    License(Named),
}

/// One licence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Named {
    /// By its SPDX identifier.
    Id(String),
    /// In the words of the component itself.
    Name(String),
}

/// How a component differs from what it was made of.
#[derive(Debug, Clone, Serialize)]
pub struct Pedigree {
    /// What it was made of.
    pub ancestors: Vec<Component>,
    /// Of what state of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commits: Vec<Commit>,
    /// What was changed.
    pub patches: Vec<Patch>,
}

/// A commit.
#[derive(Debug, Clone, Serialize)]
pub struct Commit {
    /// Its name.
    pub uid: String,
    /// The repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A change.
#[derive(Debug, Clone, Serialize)]
pub struct Patch {
    /// `unofficial`: who made it is not known here.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The file.
    pub diff: Diff,
}

/// Where a change is written down.
#[derive(Debug, Clone, Serialize)]
pub struct Diff {
    /// The file, with its digest behind `#sha256=`.
    pub url: String,
}

/// Something elsewhere.
#[derive(Debug, Clone, Serialize)]
pub struct Reference {
    /// `vcs`, `distribution`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Where.
    pub url: String,
    /// What of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// What the format has no field for.
#[derive(Debug, Clone, Serialize)]
pub struct Property {
    /// `loci-install:because`.
    pub name: &'static str,
    /// Its value.
    pub value: String,
}

/// What a component needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dependency {
    /// The component.
    #[serde(rename = "ref")]
    pub reference: String,
    /// What it needs, sorted.
    pub depends_on: Vec<String>,
}
