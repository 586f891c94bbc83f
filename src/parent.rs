//! The finished image that a plugin is added to: `PLUGIN=yes`.
//!
//! A child image is built `FROM` the image of a service and gets a plugin into the
//! same virtualenv. What the parent has stays as it is.

use std::fmt;

use crate::layout::{STATE, VIRTUALENV};
use crate::python::Name;
use crate::python::constraints::Edit;
use crate::python::installed::{distributions, version};
use crate::record;
use crate::root::Root;
use crate::secrets;
use crate::settings::Settings;
use crate::wheels::Directory;

/// A distribution of the parent image, with its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The distribution.
    pub name: Name,
    version: String,
}

impl fmt::Display for Pin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}==={}", self.name, self.version)
    }
}

impl Pin {
    fn parse(line: &str) -> Option<Self> {
        let (name, version) = line.split_once("===")?;
        Some(Self {
            name: Name::new(name),
            version: version.to_owned(),
        })
    }

    /// Whether it is this version of this distribution.
    #[must_use]
    pub fn is(&self, name: &Name, version: &str) -> bool {
        self.name == *name && self.version == version
    }

    /// Whether a constraints file asks for the same or for nothing.
    #[must_use]
    pub fn is_in(&self, constraints: &str) -> bool {
        let mut lines = constraints
            .lines()
            .filter(|line| Name::of_requirement(line).as_ref() == Some(&self.name));
        lines.all(|line| {
            let version = line.split(';').next().unwrap_or_default();
            let version = version.split_once("===").map(|(_, version)| version.trim());
            version == Some(&self.version)
        })
    }

    /// The edit of a file that asks for something else.
    #[must_use]
    pub fn edit(&self) -> Edit {
        Edit {
            name: self.name.clone(),
            line: Some(self.to_string()),
            why: "the parent image has it".to_owned(),
        }
    }
}

/// What the parent has installed; as it was noted once the build of the plugin has begun.
#[must_use]
pub fn pins(root: &Root) -> Vec<Pin> {
    match root.read(noted()) {
        Ok(text) => text.lines().filter_map(Pin::parse).collect(),
        Err(_) => installed(root),
    }
}

fn installed(root: &Root) -> Vec<Pin> {
    let distributions = distributions(&root.join(VIRTUALENV)).into_iter();
    let pins = distributions.filter_map(|(name, metadata)| {
        let version = version(&metadata)?;
        Some(Pin { name, version })
    });
    pins.collect()
}

/// The file that says what the parent had before this build.
#[must_use]
pub fn noted() -> String {
    format!("{STATE}/parent-distributions")
}

/// The text of that file.
#[must_use]
pub fn to_note(root: &Root) -> String {
    let lines = installed(root).into_iter().map(|pin| format!("{pin}\n"));
    lines.collect()
}

/// Gives settings what the parent image was built with, where nothing else is given: how
/// its modules are compiled, and where its wheels came from unless some are mounted.
pub fn hand_on(settings: &mut Settings, root: &Root) {
    if settings.given.get("BYTECODE").is_none()
        && let Some(bytecode) = argument(root, "BYTECODE")
    {
        settings.bytecode = bytecode.parse().unwrap_or_default();
    }
    let own = &settings.wheels;
    let is_mounted = Directory::new(root, &own.path).fault().is_none();
    if is_mounted || !own.sources.is_empty() || own.mounted.is_some() {
        return;
    }
    let remembered = wheels(root).unwrap_or_default();
    let sources = remembered.split_whitespace();
    let sources: Vec<_> = sources.filter_map(|word| word.parse().ok()).collect();
    if !sources.is_empty() {
        let note = format!("WHEELS={remembered} is taken from the parent image");
        settings.given.notes.push(note);
        settings.wheels.sources = sources;
    }
}

/// An argument of the parent's build, or of an image below it.
fn argument(root: &Root, name: &str) -> Option<String> {
    let record = record::of_image(root)?;
    let mut generations = record.generations();
    generations.find_map(|one| one.arguments.get(name).cloned())
}

/// `WHEELS` of the parent's build, without credentials.
fn wheels(root: &Root) -> Option<String> {
    // LOCI's file, of images that it built.
    let remembered = argument(root, "WHEELS").or_else(|| root.read("/opt/loci/wheels").ok())?;
    let wheels = secrets::without(remembered.trim());
    (!wheels.is_empty()).then_some(wheels)
}
