//! `publish`: puts the wheels of a release and their constraints in one directory.

use std::fs;
use std::io;
use std::path::Path;

use super::wheels_build::{read_set, set_file, used_lock_file};
use super::{repositories, source};
use crate::context::{Context, file};
use crate::failure::Failure;
use crate::findings::Findings;
use crate::fingerprint::Fingerprint;
use crate::overrides::{self, Override};
use crate::plan::{Action, Task, View, Work};
use crate::python::constraints::{Edit, edited};
use crate::requirements::workshop::home;
use crate::root::Root;
use crate::secrets;
use crate::settings::Settings;
use crate::step::StepName;
use crate::wheels::{Directory, GLOBAL_REQUIREMENTS, HASHES, LOCK, UPPER_CONSTRAINTS};
use crate::words::count;

/// What this program writes, beside wheels and the record.
const WRITTEN: [&str; 4] = [HASHES, LOCK, GLOBAL_REQUIREMENTS, UPPER_CONSTRAINTS];

pub(super) fn plan(view: &View<'_>, findings: &mut Findings) -> (String, Work) {
    let settings = view.settings;
    let destination = &settings.wheels.destination;
    let why =
        format!("images are installed from {destination}, or from an image with it as its root");
    let same = view
        .root
        .read(stamp_file())
        .is_ok_and(|earlier| earlier == stamp(view.root, settings));
    if same
        && !findings.works(&[StepName::WheelsBuild])
        && Directory::new(view.root, destination).fault().is_none()
    {
        return (why, Work::Done("they are there".to_owned()));
    }
    if !view.root.exists(stamp_file()) && !view.root.is_empty(destination) {
        let target = if view.root.is_mounted(destination) {
            "; with the stock Dockerfile, build with --target requirements"
        } else {
            ""
        };
        findings.input(format!(
            "WHEELS_DEST={destination}: it is not empty; wheels are published in a directory of their own{target}"
        ));
    }
    let publish = Publish {
        directory: source::of(view, settings.project.as_str())
            .unwrap_or_else(|| source::place(view.root, settings, settings.project.as_str())),
    };
    let publish = [Action::task(publish)].into_iter();
    (
        why,
        Work::Do(publish.chain(repositories::removal(view)).collect()),
    )
}

fn stamp_file() -> String {
    format!("{}/published", home())
}

fn stamp(root: &Root, settings: &Settings) -> String {
    let mut fingerprint = Fingerprint::default();
    fingerprint.add(root.read(set_file()).unwrap_or_default());
    fingerprint.add(&settings.wheels.destination);
    fingerprint.finish()
}

#[derive(Debug)]
struct Publish {
    /// Where the constraints came from.
    directory: String,
}

impl Task for Publish {
    fn describe(&self) -> String {
        format!("put the wheels, {} in their directory", WRITTEN.join(", "))
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let settings = context.settings;
        let destination = &settings.wheels.destination;
        let set = read_set(context.root).ok_or_else(|| {
            Failure::Unmakable("no wheels are made yet: run the step wheels-build".to_owned())
        })?;
        // From here on what is there is ours, also when this is cut off.
        context.write(&stamp_file(), "begun")?;
        context.make_directory(destination, None)?;
        context.remove(&format!("{destination}/*.whl"))?;
        // The one without which a directory is none of wheels: it comes last.
        context.remove(&format!("{destination}/{UPPER_CONSTRAINTS}"))?;
        let mut bytes = 0;
        let mut wheels = 0;
        for wheel in set.published(settings.wheels.complete) {
            let to = format!("{destination}/{}", wheel.file_name);
            let (from, to) = (context.root.join(&wheel.path), context.root.join(to));
            bytes += place(&from, &to).map_err(|error| file("write", &to, &error))?;
            wheels += 1;
        }
        let write = |name: &str, text: &str| context.write(&format!("{destination}/{name}"), text);
        write(HASHES, &set.hashes())?;
        write(LOCK, &secrets::redacted(&context.read(&used_lock_file())?))?;
        let ranges = format!("{}/{GLOBAL_REQUIREMENTS}", self.directory);
        let ranges = if context.root.is_file(&ranges) {
            // An image is installed by both files: they may not contradict each other.
            let overrides = overrides::read(settings, context.root).map_err(Failure::Input)?;
            let edits: Vec<Edit> = overrides.iter().map(Override::edit_of_ranges).collect();
            edited(GLOBAL_REQUIREMENTS, &context.read(&ranges)?, &edits).0
        } else {
            format!("# Every version is pinned by {UPPER_CONSTRAINTS}.\n")
        };
        write(GLOBAL_REQUIREMENTS, &ranges)?;
        write(UPPER_CONSTRAINTS, &set.upper_constraints())?;
        context.note(&format!(
            "{} of {} MiB and {} in {destination}",
            count(wheels, "wheel"),
            bytes >> 20,
            count(set.constraints.len(), "constraint"),
        ));
        context.write(&stamp_file(), &stamp(context.root, settings))
    }
}

/// Links a file, or copies it to another filesystem. Returns its size in bytes.
fn place(from: &Path, to: &Path) -> io::Result<u64> {
    match fs::hard_link(from, to) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            fs::copy(from, to)?;
        }
        Err(error) => return Err(error),
    }
    Ok(to.metadata()?.len())
}
