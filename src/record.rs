//! What was done, from what, how long: kept between steps in our state
//! directory, and left in the image as `/etc/image_info/build.json`.

mod inventory;

use std::collections::BTreeMap;
use std::fmt;

pub use inventory::{Distribution, DistributionReason, Package, PackageReason, Wheel, WheelSource};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::accounts::Accounts;
use crate::context::write_whole;
use crate::failure::Failure;
use crate::layout::{IMAGE_INFO, STATE};
use crate::network::Reach;
use crate::platform::{DistributionOverride, Platform};
use crate::root::Root;
use crate::secrets::{Secrets, redacted_json};
use crate::settings::Settings;
use crate::step::StepName;
use crate::wheels::Origin;
use crate::words::count;

/// The file in the state directory.
#[must_use]
pub fn path() -> String {
    format!("{STATE}/record.json")
}

/// The file in the image.
#[must_use]
pub fn path_in_image() -> String {
    format!("{IMAGE_INFO}/build.json")
}

/// The format of records that are written now: docs/record.md tells of each.
pub const FORMAT: u32 = 2;

/// The record of a build. `format` grows with every change that a reader could notice; a new
/// field goes into docs/build.schema.json.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// The record's own format.
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
    /// The wheels built of the sources, by file name.
    pub built: Vec<String>,
    /// What was changed in the constraints, and why.
    pub constraint_edits: Vec<String>,
    /// What was done for the wheels of a release.
    pub release: Option<Counts>,
    /// What the step `pip` was asked for beside the sources: the project's extras, pydep
    /// packages, `PIP_PACKAGES`.
    pub requirements: Vec<String>,
    /// What is installed in the virtualenv.
    pub distributions: Vec<Distribution>,
    /// The distribution packages that the image has.
    pub packages: Vec<Package>,
    /// Those that a bindep file or `DIST_PACKAGES` asked for, as they were called there.
    pub asked_for: Vec<String>,
    /// The package files that were fetched for a hook.
    pub package_files: Vec<PackageFile>,
    /// The users and groups.
    pub accounts: Accounts,
    /// What the kernel grants to who runs a file: the attribute `security.capability` of
    /// those that have it, in hexadecimal digits, by their paths as the manifest writes them.
    pub capabilities: BTreeMap<String, String>,
    /// SHA-256 of the manifest of files, `/etc/image_info/files.mtree`.
    pub manifest_sha256: Option<String>,
    /// The distribution packages that were there during the build only.
    pub build_packages: Vec<String>,
    /// The steps, in the order of [`StepName::ALL`].
    pub steps: Vec<StepRecord>,
    /// The steps that were still to come when the image was written down, all others done.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<StepName>,
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
    /// Whether files of a checkout were changed and not committed; unknown of what is none.
    pub modified: Option<bool>,
    /// Of a source that is no git checkout the SHA-256 digest of its tree, patched and not
    /// built yet, in hexadecimal digits.
    ///
    /// It is the digest of a list with a line for each file and link, `MODE DIGEST PATH` and a
    /// line feed, in the order of the paths' bytes. MODE is git's: 100755 of a file that its
    /// owner may execute, 100644 of any other file, 120000 of a link; DIGEST is the SHA-256 of
    /// the file's content, or of the path that the link holds; PATH counts from the top. What
    /// is called `.git` or `__pycache__` is left out.
    pub sha256: Option<String>,
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<f64>,
    /// How long it took, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// By how many bytes the files of its kind grew, or shrank, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<i64>,
    /// Whether it could reach the network, in any run; older records do not say.
    #[serde(default)]
    pub network: Option<Reach>,
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
            format: FORMAT,
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

    /// What the build was told to take the distribution for.
    #[must_use]
    pub fn distribution(&self) -> DistributionOverride {
        let argument = |name: &str| self.arguments.get(name).cloned();
        DistributionOverride {
            id: argument("DISTRO"),
            version: argument("DISTRO_VERSION"),
        }
    }

    /// Notes that a step ended, in the place of an earlier note of the same step; what that
    /// fetched may still be there.
    pub fn step_ended(&mut self, mut ended: StepRecord) {
        ended.network = ended.network.max(self.reach_of(&ended.name));
        self.steps.retain(|step| step.name != ended.name);
        self.steps.push(ended);
        // Which of two steps ends first is chance.
        self.steps.sort_by_key(|step| {
            let mut all = StepName::ALL.iter();
            all.position(|name| name.as_str() == step.name)
        });
    }

    /// Notes that a step failed: what it did so far is not done again.
    pub fn step_failed(&mut self, name: StepName, reach: Reach) {
        self.step_ended(StepRecord {
            name: name.as_str().to_owned(),
            started: None,
            seconds: None,
            bytes: None,
            network: Some(reach),
        });
    }

    fn reach_of(&self, name: &str) -> Option<Reach> {
        self.steps.iter().find(|step| step.name == name)?.network
    }

    /// The seconds that a step took when it ran last.
    #[must_use]
    pub fn seconds_of(&self, name: &str) -> Option<f64> {
        let step = self.steps.iter().find(|step| step.name == name)?;
        step.seconds
    }

    /// The record as an image keeps it: where two builds are to be equal
    /// (`SOURCE_DATE_EPOCH`), without what is measured and never the same twice.
    #[must_use]
    pub fn image_json(&self, settings: &Settings) -> String {
        if settings.source_date_epoch.is_none() {
            return self.to_json();
        }
        let mut record = self.clone();
        record.release = None;
        for step in &mut record.steps {
            (step.started, step.seconds, step.bytes) = (None, None, None);
        }
        record.to_json()
    }

    /// The record as it is written to a file, credentials masked.
    #[must_use]
    pub fn to_json(&self) -> String {
        let value = serde_json::to_value(self).unwrap_or_default();
        let redacted = redacted_json(value);
        let mut text = serde_json::to_string_pretty(&redacted).unwrap_or_default();
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

/// The steps that are left of the build of this image by these settings, none when it is
/// finished: those that come after `cleanup`, with which all that other steps would go on from
/// is gone. `None` where these settings have not built it so far.
#[must_use]
pub fn left(
    root: &Root,
    settings: &Settings,
    inputs: Option<&str>,
    secrets: &Secrets,
) -> Option<Vec<StepName>> {
    let record = of_image(root).filter(|record| {
        !root.exists(STATE)
            && record.project == settings.project.as_str()
            && is_same(&record.arguments, &arguments(settings, secrets))
            && (inputs.is_none() || inputs == record.inputs.as_deref())
    })?;
    (record.finished || !record.left.is_empty()).then_some(record.left)
}

/// Writes down that nothing is left of the build of this image.
///
/// # Errors
/// The record cannot be written.
pub fn finish(root: &Root, settings: &Settings) -> Result<(), Failure> {
    let Some(mut record) = of_image(root) else {
        return Ok(());
    };
    record.left.clear();
    record.finished = true;
    let json = record.image_json(settings);
    write_whole(&root.join(path_in_image()), json.as_bytes())
}

/// Whether two builds with these arguments make the same image; a test of it is no part of it.
fn is_same(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> bool {
    let of_image = |arguments: &BTreeMap<String, String>| -> Vec<(String, String)> {
        let all = arguments.clone().into_iter();
        all.filter(|(name, _)| name != "SMOKE").collect()
    };
    of_image(one) == of_image(other)
}

/// The record of a run that is remembered here: of this build, else of the image.
#[must_use]
pub fn last(root: &Root) -> Option<Record> {
    of_build(root).or_else(|| of_image(root))
}

/// Reads the record of an image, if it has one.
#[must_use]
pub fn of_image(root: &Root) -> Option<Record> {
    parse(&root.read(path_in_image()).ok()?)
}

/// Reads the record of a build that has not come to its end.
fn of_build(root: &Root) -> Option<Record> {
    parse(&root.read(path()).ok()?)
}

/// Reads a record of this format or of an earlier one.
#[must_use]
pub fn parse(text: &str) -> Option<Record> {
    let mut value = serde_json::from_str(text).ok()?;
    modernise(&mut value);
    serde_json::from_value(value).ok()
}

/// In format 1 `packages` were the names of those that were asked for.
fn modernise(record: &mut Value) {
    let Some(fields) = record.as_object_mut() else {
        return;
    };
    let is_first = fields.get("format").and_then(Value::as_u64) == Some(1);
    if is_first && let Some(names) = fields.remove("packages") {
        fields.insert("asked_for".to_owned(), names);
    }
    if let Some(parent) = fields.get_mut("parent") {
        modernise(parent);
    }
}

#[cfg(test)]
mod tests;
