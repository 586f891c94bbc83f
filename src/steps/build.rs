//! `build`: wheels of the sources. The only place where project code is built.

use super::pins::{self, Pins};
use super::wheels::vouched;
use super::{hooks, source};
use crate::command::Command;
use crate::context::Context;
use crate::failure::Failure;
use crate::findings::Findings;
use crate::fingerprint::Fingerprint;
use crate::git;
use crate::installer::builder;
use crate::installer::configuration;
use crate::installer::index::Index;
use crate::installer::pip::wheel_arguments;
use crate::installer::{Installer, understood};
use crate::layout::{PYTHON, STATE};
use crate::plan::{Action, Task, View, Work};
use crate::python::wheels_in;
use crate::root::Root;
use crate::secrets;
use crate::settings::Settings;

/// Where the built wheels are.
pub(super) const BUILT: &str = "/var/lib/loci-install/built";

pub(super) fn plan(view: &View<'_>, findings: &mut Findings) -> (String, Work) {
    let sources: Vec<String> = source::projects(view.settings)
        .map(|project| source::place(view.root, view.settings, project))
        .collect();
    let (scripts, mut actions) = hooks::before_pip(view, findings);
    let what: Vec<String> = scripts
        .into_iter()
        .chain([format!("wheels of {}", sources.join(", "))])
        .collect();
    let why = what.join(", then ");
    let built = wheels_in(&view.root.join(BUILT));
    let installer = Installer::planned(view, findings);
    let pins = Pins::planned(view, findings);
    let constraints = pins.of_builds(view.settings);
    let hashes = pins::hashes(view.root, view.settings);
    let task = Build {
        commands: commands(
            &installer,
            &index(view.root, view.settings, view.environment),
            (&constraints, hashes.as_deref()),
            &sources,
            view.environment,
        ),
        sources,
        version: view.variable("PBR_VERSION").map(str::to_owned),
    };
    let inputs = task.inputs(&pins, view.root, view.settings);
    let unchanged = view
        .root
        .read(inputs_file())
        .is_ok_and(|earlier| earlier == inputs);
    let done = built.len() == task.sources.len() && unchanged && !source::changes(view);
    let index = index(view.root, view.settings, view.environment);
    let has_password = index.urls().any(|url| secrets::are_in(url));
    if matches!(installer, Installer::Pip { .. }) && !index.none && has_password {
        findings.warn(SHOWS_PASSWORD);
    }
    if actions.is_empty() && done {
        return (
            why,
            Work::Done("they are built, and the sources have not changed since".to_owned()),
        );
    }
    actions.push(Action::Remove {
        path: BUILT.to_owned(),
    });
    actions.push(Action::task(task));
    (why, Work::Do(actions))
}

fn inputs_file() -> String {
    format!("{STATE}/built.inputs")
}

/// What builds hear of indexes and backends.
fn index(root: &Root, settings: &Settings, environment: &[(String, String)]) -> Index {
    let configuration = configuration::settings(root, environment);
    let wheels = &settings.wheels;
    Index::read(&configuration, "wheel", &wheel_arguments(settings))
        .with_wheels(wheels.directory(), wheels.complete)
}

/// `BuildEnvironment.install_requirements` of pip, 26.3 as well: `-i` and the address.
const SHOWS_PASSWORD: &str = "an index has a password in its address, which pip, in a build, hands to another pip \
     on a command line that everybody on this machine can read; \
     give the login by the secret netrc, or let uv build";

/// pbr asks git for the whole history twice, to write files that are in no wheel
/// (<https://docs.openstack.org/pbr/latest/user/packagers.html>).
const SPARED: &[(&str, &str)] = &[
    ("SKIP_GENERATE_AUTHORS", "1"),
    ("SKIP_WRITE_GIT_CHANGELOG", "1"),
];

/// A command for each source, because `uv build` takes one.
fn commands(
    installer: &Installer,
    index: &Index,
    (constraints, hashes): (&str, Option<&str>),
    sources: &[String],
    environment: &[(String, String)],
) -> Vec<Command> {
    let build = |source: &String| {
        let build = builder::Build {
            source,
            into: BUILT,
            constraints,
            hashes,
            index,
        };
        let command = installer.builder().command(&build, PYTHON);
        let unset = |name: &str| !environment.iter().any(|(set, _)| set == name);
        let told = SPARED.iter().filter(|(name, _)| unset(name));
        told.fold(command, |command, (name, value)| {
            command.variable(*name, *value)
        })
    };
    sources.iter().map(build).collect()
}

#[derive(Debug)]
struct Build {
    /// For `plan`; which engine it is, is known for sure only once the wheels are there.
    commands: Vec<Command>,
    sources: Vec<String>,
    /// What pbr takes for the version when it is set.
    version: Option<String>,
}

impl Build {
    /// What the wheels depend on.
    fn inputs(&self, pins: &Pins, root: &Root, settings: &Settings) -> String {
        let mut fingerprint = Fingerprint::default();
        // As one engine would be told it: the other builds the same.
        let index = index(root, settings, &[]);
        let constraints = pins.of_builds(settings);
        let constraints = (constraints.as_str(), None);
        for command in commands(&Installer::PIP, &index, constraints, &self.sources, &[]) {
            fingerprint.add(command.to_string());
        }
        fingerprint.add(self.version.as_deref().unwrap_or_default());
        pins.tell_apart(&mut fingerprint, root, settings);
        for source in &self.sources {
            fingerprint.add_tree(&root.join(source));
        }
        fingerprint.finish()
    }
}

impl Task for Build {
    fn describe(&self) -> String {
        let commands: Vec<String> = self.commands.iter().map(ToString::to_string).collect();
        commands.join("; ")
    }

    fn online(&self) -> bool {
        self.commands.iter().any(|command| command.online)
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let settings = context.settings;
        vouched::verify(context)?;
        let pins = Pins::read(context.root, settings).map_err(Failure::Input)?;
        pins.write_for_builds(context)?;
        let constraints = pins.of_builds(settings);
        let hashes = pins::hashes(context.root, settings);
        let installer = Installer::open(context)?;
        if matches!(installer, Installer::Uv { .. }) {
            forget_stale_metadata(context, &self.sources)?;
        }
        // Before the build, which writes into the source tree itself.
        source::record_digests(context)?;
        let index = index(context.root, settings, context.environment);
        for command in commands(
            &installer,
            &index,
            (&constraints, hashes.as_deref()),
            &self.sources,
            context.environment,
        ) {
            let command = installer.prepared(context, command)?;
            let output = context.attempt(&command);
            if !output.ending.success() {
                return Err(understood(
                    &installer,
                    "build the wheels of the sources",
                    &command,
                    &output,
                    settings,
                ));
            }
        }
        let built: Vec<String> = wheels_in(&context.root.join(BUILT))
            .iter()
            .filter_map(|(_, path)| Some(path.file_name()?.to_string_lossy().into_owned()))
            .collect();
        context.note(&built.join(", "));
        context.record(|record| record.built = built);
        // Taken after the build, which writes into the source tree itself.
        let inputs = self.inputs(&pins, context.root, context.settings);
        context.write(&inputs_file(), &inputs)
    }
}

/// Removes what pbr wrote into an sdist about the repository that it came from.
///
/// `pip wheel` has metadata prepared in a directory of its own, and then only what pbr
/// finds out now is in the wheel. `uv build` leaves that hook out
/// (`prepare_metadata_for_build_wheel`, PEP 517), and setuptools takes along what lies
/// in the source's egg-info.
fn forget_stale_metadata(context: &Context<'_>, sources: &[String]) -> Result<(), Failure> {
    for source in sources {
        if !git::is_checkout(context.root, source) {
            context.remove(&format!("{source}/*.egg-info/pbr.json"))?;
        }
    }
    Ok(())
}
