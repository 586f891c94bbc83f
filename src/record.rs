//! What was done, from what, how long: kept between steps in our state
//! directory, and left in the image as `/etc/image_info/build.json`.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

use crate::layout::STATE;
use crate::platform::Platform;
use crate::root::Root;
use crate::secrets::Secrets;
use crate::settings::Settings;

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
    /// The sources, by directory name.
    pub sources: BTreeMap<String, Source>,
    /// The wheels built of them, by file name.
    pub built: Vec<String>,
    /// What was changed in the constraints, and why.
    pub constraint_edits: Vec<String>,
    /// The distribution packages that were asked for.
    pub packages: Vec<String>,
    /// The distribution packages that were there during the build only.
    pub build_packages: Vec<String>,
    /// The steps, in the order in which they ended.
    pub steps: Vec<StepRecord>,
    /// Whether the build came to its end.
    pub finished: bool,
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
}

/// A step that was run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Its name.
    pub name: String,
    /// How long it took, in seconds.
    pub seconds: f64,
}

impl Record {
    /// Takes up the record of an earlier run of this build, or starts one.
    #[must_use]
    pub fn take_up(
        root: &Root,
        settings: &Settings,
        platform: &Platform,
        secrets: &Secrets,
    ) -> Self {
        let earlier = root
            .read(path())
            .ok()
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        Self {
            format: 1,
            program: concat!("loci-install ", env!("CARGO_PKG_VERSION")).to_owned(),
            project: settings.project.to_string(),
            platform: platform.to_string(),
            arguments: settings
                .given
                .iter()
                .map(|(name, value)| (name.to_owned(), secrets.mask(value)))
                .collect(),
            ..earlier
        }
    }

    /// Notes that a step ended, in the place of an earlier note of the same step.
    pub fn step_ended(&mut self, name: &str, seconds: f64) {
        self.steps.retain(|step| step.name != name);
        self.steps.push(StepRecord {
            name: name.to_owned(),
            seconds: (seconds * 10.0).round() / 10.0,
        });
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

/// Reads the record of a finished image, if this is one.
pub fn of_image(root: &Root) -> io::Result<Option<Record>> {
    match root.read(format!("{}/build.json", crate::layout::IMAGE_INFO)) {
        Ok(text) => Ok(serde_json::from_str(&text).ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
