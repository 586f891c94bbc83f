//! What an image tells of itself.

use std::path::Path;

use loci_install::python::Name;

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::{layer, record, workspace};

/// The figures of a service's image.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// The service's own.
    pub version: String,
    /// Distribution packages that the base has not.
    pub packages: usize,
    /// Distributions in the virtualenv.
    pub wheels: usize,
    /// Inside RUN; 0 where the image does not say it.
    pub seconds: f64,
    /// By which the image is larger than its base, in MB.
    pub megabytes: u64,
}

impl Figures {
    /// Those of an image, beside its base.
    pub fn of(engine: Engine, image: &str, base: &str, distribution: &str) -> Result<Self> {
        let (below, bytes) = engine
            .container(base)?
            .files(|files| Ok((packages(files)?, layer::bytes(files)?)))?;
        engine.container(image)?.files(|files| {
            let info = files.join("etc/image_info");
            let freeze = workspace::read(&info.join("pip.txt"))?;
            let record = workspace::read(&info.join("build.json"))?;
            Ok(Self {
                version: version(&freeze, distribution)?,
                packages: packages(files)?.saturating_sub(below),
                wheels: freeze.lines().filter(|line| !line.is_empty()).count(),
                seconds: seconds(&record)?,
                megabytes: layer::bytes(files)?
                    .saturating_sub(bytes)
                    .div_ceil(1_000_000),
            })
        })
    }
}

/// How many packages dpkg knows to be installed.
fn packages(files: &Path) -> Result<usize> {
    let status = workspace::read(&files.join("var/lib/dpkg/status"))?;
    let installed = |line: &&str| *line == "Status: install ok installed";
    Ok(status.lines().filter(installed).count())
}

/// The version of a distribution in what `pip freeze` says.
fn version(freeze: &str, distribution: &str) -> Result<String> {
    let pins = freeze.lines().filter_map(|line| line.split_once("=="));
    let mut own = pins.filter(|(name, _)| Name::new(name) == Name::new(distribution));
    let unknown = || Error::refused(format!("pip.txt does not name {distribution}"));
    own.next()
        .map(|(_, version)| version.to_owned())
        .ok_or_else(unknown)
}

/// When the last step ended; an image that was built with `SOURCE_DATE_EPOCH` does not say it.
fn seconds(record: &str) -> Result<f64> {
    let record = record::parse(record)?;
    let ends = record.steps.iter();
    let ends = ends.map(|step| step.started.unwrap_or(0.0) + step.seconds.unwrap_or(0.0));
    Ok(ends.fold(0.0, f64::max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_step_ends_the_build() {
        let record = r#"{"format": 2, "steps": [{"name": "a", "started": 1.0, "seconds": 9.5},
            {"name": "b", "started": 2, "seconds": 3.0}], "finished": true}"#;
        assert!((seconds(record).unwrap() - 10.5).abs() < 1e-9);
        let without = r#"{"format": 2, "steps": [{"name": "a"}], "finished": true}"#;
        assert!(seconds(without).unwrap().abs() < 1e-9);
        assert!(seconds("{}").is_err());
    }

    #[test]
    fn versions_are_found_by_normal_names() {
        let freeze = "oslo.config==10.7.0\nopenstack_heat==26.0.2\n";
        assert_eq!(version(freeze, "openstack-heat").unwrap(), "26.0.2");
        assert_eq!(
            version(freeze, "heat").unwrap_err().to_string(),
            "pip.txt does not name heat"
        );
    }
}
