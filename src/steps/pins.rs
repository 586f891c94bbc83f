//! The constraints that `build` and `pip` hold to: those of the wheels, edited.

use crate::context::Context;
use crate::failure::Failure;
use crate::findings::Findings;
use crate::fingerprint::Fingerprint;
use crate::layout::STATE;
use crate::overrides::{self, Override};
use crate::parent::{self, Pin};
use crate::plan::View;
use crate::python::Name;
use crate::python::constraints::{Edit, edited, names};
use crate::python::hashes::{self, Hashes};
use crate::python::requirement_file::RequirementFile;
use crate::root::Root;
use crate::settings::Settings;
use crate::wheels::{Directory, GLOBAL_REQUIREMENTS, HASHES, UPPER_CONSTRAINTS};

/// What is changed in the constraints of the wheels.
#[derive(Debug, Default)]
pub(super) struct Pins {
    overrides: Vec<Override>,
    /// What a plugin finds installed, and leaves as it is.
    parent: Vec<Pin>,
}

/// Constraint files after their edits.
pub(super) struct Applied {
    /// The path inside the image and the text of each.
    files: Vec<(String, String)>,
    /// What was changed, a line each.
    changes: Vec<String>,
}

impl Pins {
    /// What the user and the parent image say.
    ///
    /// # Errors
    /// All that is wrong with `CONSTRAINT_OVERRIDES`.
    pub fn read(root: &Root, settings: &Settings) -> Result<Self, Vec<String>> {
        let parent = if settings.plugin {
            parent::pins(root)
        } else {
            Vec::new()
        };
        Ok(Self {
            overrides: overrides::read(settings, root)?,
            parent,
        })
    }

    /// The same, with what is wrong noted; names are checked as soon as there are
    /// constraints.
    pub fn planned(view: &View<'_>, findings: &mut Findings) -> Self {
        let (root, settings) = (view.root, view.settings);
        let pins = Self::read(root, settings);
        let problems = match &pins {
            Ok(pins) => pins.unknown(root, settings),
            Err(problems) => problems.clone(),
        };
        for problem in problems {
            findings.input(problem);
        }
        pins.unwrap_or_default()
    }

    /// What is said of overrides of packages that nobody knows.
    fn unknown(&self, root: &Root, settings: &Settings) -> Vec<String> {
        let file = original(settings, UPPER_CONSTRAINTS);
        let Ok(text) = root.read(&file) else {
            return Vec::new();
        };
        let known: Vec<Name> = names(&text).chain(self.of_parent().cloned()).collect();
        overrides::unknown(&self.overrides, &file, &known)
    }

    /// The changes, for the plan.
    pub fn described(&self, root: &Root, settings: &Settings) -> Vec<String> {
        match self.applied(root, settings, &[]) {
            Ok(applied) => applied.changes,
            // The wheels are still to be fetched.
            Err(_) => self
                .overrides
                .iter()
                .map(|one| format!("{}: {}", one.origin, one.change))
                .collect(),
        }
    }

    /// The names of what the parent image has.
    pub fn of_parent(&self) -> impl Iterator<Item = &Name> {
        self.parent.iter().map(|pin| &pin.name)
    }

    /// Adds what tells these constraints from others, before any edited file is there.
    pub fn tell_apart(&self, fingerprint: &mut Fingerprint, root: &Root, settings: &Settings) {
        for file in [UPPER_CONSTRAINTS, GLOBAL_REQUIREMENTS] {
            fingerprint.add(root.read(original(settings, file)).unwrap_or_default());
        }
        for one in &self.overrides {
            fingerprint.add(one.change.to_string());
        }
        for pin in &self.parent {
            fingerprint.add(pin.to_string());
        }
    }

    /// Writes the digests of the versions that these constraints pin, for builds and for the
    /// installation, whichever comes from an index.
    fn write_hashes(context: &Context<'_>, constraints: &str) -> Result<(), Failure> {
        let Some(file) = hashes(context.root, context.settings) else {
            return Ok(());
        };
        let directory = Directory::new(context.root, context.settings.wheels.directory());
        let hashes = directory.hashes().map_err(Failure::Wheels)?;
        let text = pinned_hashes(&hashes.unwrap_or_default(), constraints);
        context.write(&file, &text)
    }

    /// The file that builds are constrained by.
    pub fn of_builds(&self, settings: &Settings) -> String {
        if self.overrides.is_empty() {
            original(settings, UPPER_CONSTRAINTS)
        } else {
            format!("{STATE}/build-constraints.txt")
        }
    }

    /// Writes that file, unless it is the wheels' own.
    pub fn write_for_builds(&self, context: &Context<'_>) -> Result<(), Failure> {
        let text = context.read(&original(context.settings, UPPER_CONSTRAINTS))?;
        if self.overrides.is_empty() {
            return Self::write_hashes(context, &text);
        }
        let edits: Vec<Edit> = self.overrides.iter().map(Override::edit).collect();
        let (text, _) = edited(UPPER_CONSTRAINTS, &text, &edits);
        Self::write_hashes(context, &text)?;
        context.write(&self.of_builds(context.settings), &text)
    }

    /// The files that the installation is constrained by, as far as is known now.
    pub fn of_installation(&self, root: &Root, settings: &Settings) -> Vec<String> {
        let mut files = vec![constraints_file()];
        if root.is_file(original(settings, GLOBAL_REQUIREMENTS)) {
            files.push(ranges_file());
        }
        if !self.parent.is_empty() {
            files.push(parent_file());
        }
        files
    }

    /// Writes these files, and says and records what was changed; `built` is what is
    /// built from source here.
    pub fn write(&self, context: &Context<'_>, built: &[Name]) -> Result<(), Failure> {
        let unknown = self.unknown(context.root, context.settings);
        if !unknown.is_empty() {
            return Err(Failure::Input(unknown));
        }
        let applied = self.applied(context.root, context.settings, built)?;
        for (path, text) in &applied.files {
            context.write(path, text)?;
            if *path == constraints_file() {
                Self::write_hashes(context, text)?;
            }
        }
        for change in &applied.changes {
            context.note(change);
        }
        context.record(|record| record.constraint_edits = applied.changes);
        Ok(())
    }

    fn applied(
        &self,
        root: &Root,
        settings: &Settings,
        built: &[Name],
    ) -> Result<Applied, Failure> {
        let mut applied = Applied {
            files: Vec::new(),
            changes: Vec::new(),
        };
        let is_built = |name: &Name| built.contains(name);
        let from_source = built.iter().map(|name| Edit {
            name: name.clone(),
            line: None,
            why: "it is built from source here".to_owned(),
        });
        let from_source: Vec<Edit> = from_source.collect();
        let mut overrides = self.overrides.clone();
        overrides.retain(|one| {
            let is_built = is_built(&one.change.name);
            if is_built {
                let (change, origin) = (&one.change, &one.origin);
                applied.changes.push(format!(
                    "{change} of {origin} is passed over: it is built from source here"
                ));
            }
            !is_built
        });
        // The user knows better than the parent image.
        let is_overridden = |name: &Name| overrides.iter().any(|one| one.change.name == *name);
        let mut parent = self.parent.clone();
        parent.retain(|pin| !is_built(&pin.name) && !is_overridden(&pin.name));

        let upper = read(root, &original(settings, UPPER_CONSTRAINTS))?;
        let other = parent.iter().filter(|pin| !pin.is_in(&upper));
        let other: Vec<Edit> = other.map(Pin::edit).collect();
        let mut edits = from_source.clone();
        edits.extend(overrides.iter().map(Override::edit));
        edits.extend(other.iter().cloned());
        applied.take(UPPER_CONSTRAINTS, &upper, &edits, constraints_file());

        let ranges = original(settings, GLOBAL_REQUIREMENTS);
        if root.is_file(&ranges) {
            let ranges = read(root, &ranges)?;
            let mut edits = from_source;
            edits.extend(overrides.iter().map(Override::edit_of_ranges));
            // A range of newer wheels need not allow what the parent has.
            edits.extend(other.into_iter().map(|edit| Edit { line: None, ..edit }));
            applied.take(GLOBAL_REQUIREMENTS, &ranges, &edits, ranges_file());
        }
        if !self.parent.is_empty() {
            let lines = parent.iter().map(|pin| format!("{pin}\n"));
            applied.files.push((parent_file(), lines.collect()));
        }
        Ok(applied)
    }
}

impl Applied {
    fn take(&mut self, file: &str, text: &str, edits: &[Edit], path: String) {
        let (text, changes) = edited(file, text, edits);
        self.files.push((path, text));
        self.changes.extend(changes);
    }
}

fn read(root: &Root, path: &str) -> Result<String, Failure> {
    let read = root.read(path);
    read.map_err(|error| crate::context::file("read", &root.join(path), &error))
}

fn original(settings: &Settings, file: &str) -> String {
    format!("{}/{file}", settings.wheels.directory())
}

/// The file with digests of what an index may be asked for. Without an index all comes
/// from the wheels, which are compared with all their digests.
pub(super) fn hashes(root: &Root, settings: &Settings) -> Option<String> {
    let is_there = root.is_file(original(settings, HASHES));
    (is_there && !settings.wheels.complete).then(|| format!("{STATE}/{HASHES}"))
}

/// The digests of the versions that constraints pin. Others stay out: a line of this file
/// would pin them.
fn pinned_hashes(hashes: &Hashes, constraints: &str) -> String {
    let parsed = RequirementFile::parse(UPPER_CONSTRAINTS, constraints).unwrap_or_default();
    let lines = parsed.lines.iter().filter_map(|line| {
        let (name, version) = (line.name()?, line.pinned()?);
        let sha256 = hashes.of(&name, version)?;
        // Where the pin does not apply this does not either.
        let text = hashes::line(name.as_str(), version, sha256);
        let Some(marker) = line.marker.contents() else {
            return Some(text);
        };
        let (pin, digests) = text.split_once(" \\")?;
        Some(format!("{pin} ; {marker} \\{digests}"))
    });
    lines.collect()
}

/// The wheels' upper-constraints, edited.
fn constraints_file() -> String {
    format!("{STATE}/{UPPER_CONSTRAINTS}")
}

/// The wheels' global-requirements, edited.
fn ranges_file() -> String {
    format!("{STATE}/{GLOBAL_REQUIREMENTS}")
}

/// What the parent image has.
fn parent_file() -> String {
    format!("{STATE}/parent.txt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digests_of_pinned_versions_are_handed_on() {
        let mut hashes = Hashes::default();
        let digest = "a".repeat(64);
        for (name, version) in [
            ("six", "1.17.0"),
            ("PyYAML", "6.0.3"),
            ("attrs", "26.1"),
            ("setuptools", "80.0"),
        ] {
            hashes.add(name, version, &digest);
        }
        let constraints = "six===1.17.0\npyyaml===6.0.3;python_version>='3.9'\nattrs===26.2\n";
        assert_eq!(
            pinned_hashes(&hashes, constraints),
            format!(
                "six==1.17.0 \\\n    --hash=sha256:{digest}\n\
                 pyyaml==6.0.3 ; python_full_version >= '3.9' \\\n    --hash=sha256:{digest}\n"
            )
        );
    }
}
