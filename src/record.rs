//! What was done, from what, how long: kept between steps in our state
//! directory, and left in the image as `/etc/image_info/build.json`.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::layout::{IMAGE_INFO, STATE};
use crate::platform::Platform;
use crate::root::Root;
use crate::secrets::Secrets;
use crate::settings::Settings;
use crate::wheels::Origin;
use crate::words::count;

/// The file in the state directory.
#[must_use]
pub fn path() -> String {
    format!("{STATE}/record.json")
}

/// The record of a build. `format` grows with every change that a reader could notice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// The record's own format: 1.
    pub format: u32,
    /// This program and its version.
    pub program: String,
    /// The service.
    pub project: String,
    /// `ubuntu 24.04 (noble) x86_64`.
    pub platform: String,
    /// Every argument that was set, credentials masked.
    pub arguments: BTreeMap<String, String>,
    /// What tells the bindep, pydep and hook files from others.
    pub inputs: Option<String>,
    /// The sources, by directory name.
    pub sources: BTreeMap<String, Source>,
    /// Where wheels were fetched from, if they were.
    pub wheels: Vec<Origin>,
    /// The wheels built of them, by file name.
    pub built: Vec<String>,
    /// What was changed in the constraints, and why.
    pub constraint_edits: Vec<String>,
    /// What was done for the wheels of a release.
    pub release: Option<Counts>,
    /// The distribution packages that were asked for.
    pub packages: Vec<String>,
    /// The package files that were fetched for a hook.
    pub package_files: Vec<PackageFile>,
    /// The distribution packages that were there during the build only.
    pub build_packages: Vec<String>,
    /// The steps, in the order in which they ended.
    pub steps: Vec<StepRecord>,
    /// Whether the build came to its end.
    pub finished: bool,
    /// The record of the image that a plugin was added to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Box<Record>>,
}

/// A distribution's package that came from no archive of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageFile {
    /// Where it was, without credentials.
    pub source: String,
    /// Its SHA-256 digest, in lower-case hexadecimal digits.
    pub sha256: String,
}

/// What was done for a release.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Files that came from the network, each of them once.
    pub downloads: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Transfers that broke and went on.
    pub retries: usize,
    /// Files that were there already.
    pub present: usize,
    /// Builds that were run.
    pub builds: usize,
    /// Sdists and source trees that wheels were built of.
    pub sources: usize,
    /// Wheels that an earlier run had built.
    pub earlier: usize,
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} downloaded ({} MiB), {} there before; {} of {}, {} built before",
            count(self.downloads, "file"),
            self.bytes >> 20,
            self.present,
            count(self.builds, "build"),
            count(self.sources, "source"),
            self.earlier
        )
    }
}

/// A source that was built.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Source {
    /// The repository, when it was cloned; credentials masked.
    pub repository: Option<String>,
    /// The reference that was checked out, when it was cloned.
    pub reference: Option<String>,
    /// The commit, when it is a git checkout.
    pub commit: Option<String>,
    /// The version of the wheel that was built of it.
    pub version: Option<String>,
    /// What was changed in it, in this order.
    pub patches: Vec<AppliedPatch>,
}

/// A patch of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedPatch {
    /// The file.
    pub file: String,
    /// Its digest, in hexadecimal digits.
    pub sha256: String,
}

/// A step that was run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Its name.
    pub name: String,
    /// When it started, in seconds from the start of its run.
    #[serde(default)]
    pub started: f64,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// By how many bytes the files of its kind grew, or shrank, as far as that is known.
    #[serde(default)]
    pub bytes: Option<i64>,
}

impl Record {
    /// Takes up the record of an earlier run of this build, or starts one.
    #[must_use]
    pub fn take_up(
        root: &Root,
        settings: &Settings,
        platform: &Platform,
        inputs: Option<&str>,
        secrets: &Secrets,
    ) -> Self {
        let earlier = of_build(root).unwrap_or_else(|| Self {
            parent: of_image(root).filter(|_| settings.plugin).map(Box::new),
            ..Self::default()
        });
        Self {
            format: 1,
            program: concat!("loci-install ", env!("CARGO_PKG_VERSION")).to_owned(),
            project: settings.project.to_string(),
            platform: platform.to_string(),
            inputs: inputs.map(str::to_owned),
            arguments: arguments(settings, secrets),
            ..earlier
        }
    }

    /// This record, then that of the image below it, and so on.
    pub fn generations(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |record| record.parent.as_deref())
    }

    /// Notes that a step ended, in the place of an earlier note of the same step.
    pub fn step_ended(&mut self, ended: StepRecord) {
        self.steps.retain(|step| step.name != ended.name);
        self.steps.push(ended);
    }

    /// The seconds that a step took when it ran last.
    #[must_use]
    pub fn seconds_of(&self, name: &str) -> Option<f64> {
        let step = self.steps.iter().find(|step| step.name == name)?;
        Some(step.seconds)
    }

    /// The record as it is written to a file, credentials masked.
    #[must_use]
    pub fn to_json(&self, secrets: &Secrets) -> String {
        let value = serde_json::to_value(self).unwrap_or_default();
        let masked = secrets.mask_json(value);
        let mut text = serde_json::to_string_pretty(&masked).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// The arguments that were set, credentials masked.
fn arguments(settings: &Settings, secrets: &Secrets) -> BTreeMap<String, String> {
    settings
        .given
        .iter()
        .map(|(name, value)| (name.to_owned(), secrets.mask(value)))
        .collect()
}

/// Whether this is the finished image that these settings made, from these files
/// as far as there are any: a container of it has no inputs mounted.
#[must_use]
pub fn is_finished(
    root: &Root,
    settings: &Settings,
    inputs: Option<&str>,
    secrets: &Secrets,
) -> bool {
    of_image(root).is_some_and(|record| {
        record.finished
            && !root.exists(STATE)
            && record.project == settings.project.as_str()
            && record.arguments == arguments(settings, secrets)
            && (inputs.is_none() || inputs == record.inputs.as_deref())
    })
}

/// The record of a run that is remembered here: of this build, else of the image.
#[must_use]
pub fn last(root: &Root) -> Option<Record> {
    of_build(root).or_else(|| of_image(root))
}

/// Reads the record of an image, if it has one.
#[must_use]
pub fn of_image(root: &Root) -> Option<Record> {
    let text = root.read(format!("{IMAGE_INFO}/build.json")).ok()?;
    serde_json::from_str(&text).ok()
}

/// Reads the record of a build that has not come to its end.
fn of_build(root: &Root) -> Option<Record> {
    serde_json::from_str(&root.read(path()).ok()?).ok()
}
