//! uv or pip: which one, and why.
//!
//! The choice depends on the wheels, which may come only in the step `wheels`: a plan
//! shows it as far as it can be known. Each step that installs makes it anew, from the
//! same facts.

use super::configuration::{Setting, settings as pip_settings};
use super::index::{Index, means_no};
use super::uv::{self, Place};
use super::{Installer, pip, translation};
use crate::context::Context;
use crate::failure::Failure;
use crate::findings::Findings;
use crate::plan::View;
use crate::python::requirement_file::RequirementFile;
use crate::settings::{InstallerWish, Settings};
use crate::wheels::Directory;

impl Installer {
    /// The engine that a step will have, as far as it can be known before the wheels are
    /// there. What cannot be is an input problem of the plan.
    pub fn planned(view: &View<'_>, findings: &mut Findings) -> Self {
        let settings = view.settings;
        let configuration = pip_settings(view.root, view.environment);
        let wheels = Directory::new(view.root, settings.wheels.directory());
        let place = uv::places(view.root, view.environment, &wheels)
            .into_iter()
            .next();
        // Wheels that are to be fetched, or that are a problem of their own.
        let unknown = wheels.fault().is_some();
        let has_uv = place.is_some() || unknown && settings.installer == InstallerWish::Uv;
        let obstacle = obstacle(settings, &configuration);
        match choose(settings, obstacle, has_uv, &none_at_all(settings)) {
            Ok((Engine::Uv, _)) => Self::Uv {
                program: place.map_or_else(|| "uv".to_owned(), |place| place.program()),
                configuration,
            },
            Ok((Engine::Pip, _)) => Self::Pip {
                wheel: None,
                configuration,
            },
            Err(why) => {
                findings.input(why);
                Self::PIP
            }
        }
    }

    /// The engine, ready for use; the log says which it is and why.
    ///
    /// # Errors
    /// [`Failure::NoInstaller`] when it has to be uv and cannot be.
    pub fn open(context: &Context<'_>) -> Result<Self, Failure> {
        let settings = context.settings;
        let configuration = pip_settings(context.root, context.environment);
        let obstacle = obstacle(settings, &configuration);
        // uv is unpacked only when it is wanted.
        let wanted = settings.installer != InstallerWish::Pip && obstacle.is_none();
        let (found, lack) = if wanted {
            let wheels = Directory::new(context.root, settings.wheels.directory());
            let places = uv::places(context.root, context.environment, &wheels);
            match uv::first(context, places)? {
                Ok(found) => (Some(found), String::new()),
                Err(faults) if faults.is_empty() => (None, none_at_all(settings)),
                Err(faults) => (None, faults.join("; ")),
            }
        } else {
            (None, String::new())
        };
        let (engine, why) =
            choose(settings, obstacle, found.is_some(), &lack).map_err(Failure::NoInstaller)?;
        let Some((place, version)) = found.filter(|_| engine == Engine::Uv) else {
            context.note(&format!("by pip: {why}"));
            return Ok(Self::Pip {
                wheel: None,
                configuration,
            });
        };
        context.note(&match &place {
            Place::Wheel { .. } => format!("by uv {version}, from its wheel"),
            Place::Program(path) => format!("by uv {version}, {path}"),
        });
        Ok(Self::Uv {
            program: place.program(),
            configuration,
        })
    }
}

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Engine {
    Pip,
    Uv,
}

/// Decides, with the reason for pip; the error says why it cannot be uv.
///
/// `obstacle` is what only pip can be told, `lack` why there is no uv when there is none.
fn choose(
    settings: &Settings,
    obstacle: Option<String>,
    has_uv: bool,
    lack: &str,
) -> Result<(Engine, String), String> {
    let why = obstacle.or_else(|| (!has_uv).then(|| lack.to_owned()));
    match (settings.installer, why) {
        (InstallerWish::Pip, _) => Ok((Engine::Pip, "INSTALLER says so".to_owned())),
        (_, None) => Ok((Engine::Uv, String::new())),
        (InstallerWish::Auto, Some(why)) => Ok((Engine::Pip, why)),
        (InstallerWish::Uv, Some(why)) => Err(format!("INSTALLER=uv: {why}")),
    }
}

fn none_at_all(settings: &Settings) -> String {
    format!(
        "there is no uv on PATH, and no wheel of it for this machine in {}",
        settings.wheels.directory()
    )
}

/// The first of all that pip is told and that uv cannot be.
fn obstacle(settings: &Settings, configuration: &[Setting]) -> Option<String> {
    let unknown = |flag: &str, of: &str| format!("uv cannot be told {flag} of {of}");
    let install = Index::read(&[], "install", &settings.pip.arguments);
    if let Err(flag) = translation::of_installation(&install.rest) {
        return Some(unknown(&flag, "PIP_ARGS"));
    }
    if !install.no_binary.is_empty() {
        return Some(unknown("--no-binary", "PIP_ARGS"));
    }
    if let Some(source) = source(settings) {
        return Some(format!(
            "uv builds nothing where only wheels are taken, and {source} of PIP_PACKAGES is a source"
        ));
    }
    let build = Index::read(&[], "wheel", &pip::wheel_arguments(settings));
    if let Err(flag) = translation::of_build(&build.rest) {
        return Some(unknown(&flag, "PIP_WHEEL_ARGS"));
    }
    configuration
        .iter()
        .filter(|setting| {
            ["global", "install", "wheel", ":env:"].contains(&setting.section.as_str())
        })
        .find(|setting| {
            let no_binary = setting.key == "no-binary" && setting.value != ":none:";
            let known = Index::knows(&setting.key) && !no_binary;
            !(known || translation::is_beside(&setting.key) || means_no(&setting.value))
        })
        .map(|setting| format!("uv cannot be told {}", setting.place()))
}

/// The first of the user's requirements that has to be built. pip builds what is asked
/// for by its place, whatever it is told of wheels.
fn source(settings: &Settings) -> Option<&String> {
    settings.pip.packages.iter().find(|requirement| {
        let parsed = RequirementFile::parse("PIP_PACKAGES", requirement).unwrap_or_default();
        parsed.lines.iter().any(|line| line.what.is_source())
    })
}

#[cfg(test)]
mod tests {
    use super::super::configuration::tests::of;
    use super::*;
    use crate::settings::Given;

    fn settings(given: &[(&'static str, &str)]) -> Settings {
        let given = given
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        let project = [("PROJECT", "keystone".to_owned())];
        let given = Given::new([], project.into_iter().chain(given), 0, |_| false);
        Settings::parse(&given, &[]).expect("settings")
    }

    fn chosen(
        given: &[(&'static str, &str)],
        configuration: &[Setting],
        has_uv: bool,
    ) -> Result<(Engine, String), String> {
        let settings = settings(given);
        let obstacle = obstacle(&settings, configuration);
        choose(&settings, obstacle, has_uv, &none_at_all(&settings))
    }

    #[test]
    fn uv_where_there_is_one_and_pip_where_not_or_where_it_is_wanted() {
        assert_eq!(chosen(&[], &[], true), Ok((Engine::Uv, String::new())));
        let none = "there is no uv on PATH, and no wheel of it for this machine in /wheels";
        assert_eq!(chosen(&[], &[], false), Ok((Engine::Pip, none.to_owned())));
        assert_eq!(
            chosen(&[("INSTALLER", "pip")], &[], true),
            Ok((Engine::Pip, "INSTALLER says so".to_owned()))
        );
        assert_eq!(
            chosen(&[("INSTALLER", "uv")], &[], false),
            Err(format!("INSTALLER=uv: {none}"))
        );
    }

    #[test]
    fn what_only_pip_understands_is_named() {
        let only_pip = (
            "PIP_ARGS",
            "--index-url https://h/simple --use-deprecated=legacy-resolver",
        );
        let why = "uv cannot be told --use-deprecated of PIP_ARGS";
        assert_eq!(
            chosen(&[only_pip], &[], true),
            Ok((Engine::Pip, why.to_owned()))
        );
        assert_eq!(
            chosen(&[only_pip, ("INSTALLER", "uv")], &[], true),
            Err(format!("INSTALLER=uv: {why}"))
        );
        assert_eq!(
            chosen(&[("PIP_WHEEL_ARGS", "--global-option x")], &[], true),
            Ok((
                Engine::Pip,
                "uv cannot be told --global-option of PIP_WHEEL_ARGS".to_owned()
            ))
        );
        assert_eq!(
            chosen(&[("PIP_ARGS", "--no-binary six")], &[], true),
            Ok((
                Engine::Pip,
                "uv cannot be told --no-binary of PIP_ARGS".to_owned()
            ))
        );
    }

    #[test]
    fn what_has_to_be_built_is_pips() {
        for source in [
            "/tmp/lib",
            "'lib[a] @ file:///tmp/lib'",
            "git+https://h/lib.git@1.0",
            "'lib @ https://h/lib-1.tar.gz'",
        ] {
            let chosen = chosen(&[("PIP_PACKAGES", source)], &[], true);
            assert_eq!(
                chosen.map(|(engine, _)| engine),
                Ok(Engine::Pip),
                "{source}"
            );
        }
        for wheel in [
            "lib>=1",
            "/tmp/lib-1-py3-none-any.whl",
            "'lib @ https://h/lib.whl'",
        ] {
            let chosen = chosen(&[("PIP_PACKAGES", wheel)], &[], true);
            assert_eq!(chosen.map(|(engine, _)| engine), Ok(Engine::Uv), "{wheel}");
        }
    }

    #[test]
    fn pips_files_and_variables_count_too() {
        let harmless = of(
            "[global]\ntimeout = 60\nindex-url = https://h/simple\n[list]\nformat = json\n",
            &[
                ("PIP_NO_CACHE_DIR", "1"),
                ("PIP_ROOT_USER_ACTION", "ignore"),
                ("PIP_DEFAULT_TIMEOUT", "60"),
                ("PIP_REQUIRE_HASHES", "0"),
            ],
        );
        assert_eq!(
            chosen(&[], &harmless, true),
            Ok((Engine::Uv, String::new()))
        );
        let variable = of("", &[("PIP_CONSTRAINT", "/etc/pip.conf")]);
        assert_eq!(
            chosen(&[], &variable, true),
            Ok((Engine::Pip, "uv cannot be told PIP_CONSTRAINT".to_owned()))
        );
        let file = of("[install]\nuse-deprecated = legacy-resolver\n", &[]);
        assert_eq!(
            chosen(&[], &file, true),
            Ok((
                Engine::Pip,
                "uv cannot be told [install] use-deprecated in pip's configuration".to_owned()
            ))
        );
    }
}
