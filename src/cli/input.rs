//! What is read before anything is decided: the environment, flags, secrets.

use std::path::Path;

use clap::ArgMatches;

use super::WRONG_INPUT;
use crate::git;
use crate::parent;
use crate::report::{self, say};
use crate::root::Root;
use crate::secrets::Secrets;
use crate::settings::arguments::ARGUMENTS;
use crate::settings::{BASE, Given, SettingError, Settings};
use crate::variables::{variable, with_secrets};

/// Everything that is read before a plan is made.
pub struct Input {
    /// What children get.
    pub environment: Vec<(String, String)>,
    /// What is asked for.
    pub settings: Settings,
    /// What must not be said or written.
    pub secrets: Secrets,
}

impl Input {
    /// Reads it.
    ///
    /// # Errors
    /// The status to end with; what is wrong has been said.
    pub fn read(matches: &ArgMatches, root: &Root, is_base: bool) -> Result<Self, u8> {
        let mut environment = with_secrets(environment(), root);
        let given = given(matches, &environment, is_base);
        let secrets = Settings::secrets(&given, &environment);
        let parsed = Settings::parse(&given, &environment);
        if parsed.is_err() {
            // They say how a name in the list below was really spelt.
            for note in &given.notes {
                say(&format!("warning: {}", secrets.mask(note)));
            }
        }
        match parsed {
            Ok(mut settings) => {
                settings.wheels.use_mounted(root);
                // Children know it by this name, and a flag is not in the environment.
                environment.retain(|(name, _)| name != "SOURCE_DATE_EPOCH");
                environment.extend(
                    settings
                        .source_date_epoch
                        .map(|epoch| ("SOURCE_DATE_EPOCH".to_owned(), epoch.to_string())),
                );
                if settings.plugin {
                    parent::hand_on(&mut settings, root);
                }
                let logins = git::credentials_file(&settings, root);
                let logins = logins.and_then(|path| root.read(path).ok());
                let of_pip = variable(&environment, "PIP_CONFIG_FILE");
                let of_pip = of_pip.and_then(|path| root.read(path).ok());
                let secrets = [logins, of_pip]
                    .iter()
                    .flatten()
                    .fold(secrets, |secrets, text| secrets.and(text));
                Ok(Self {
                    environment,
                    settings,
                    secrets,
                })
            }
            Err(errors) => {
                let errors: Vec<SettingError> = errors;
                say(&secrets.mask(&report::refused_settings(&errors)));
                Err(WRONG_INPUT)
            }
        }
    }
}

/// The whole environment.
pub fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        // What is not UTF-8 is no valid value of anything here, and refused as what it looks like.
        .map(|(name, value)| {
            (
                name.to_string_lossy().into_owned(),
                value.to_string_lossy().into_owned(),
            )
        })
        .collect()
}

/// What the user gave, of the arguments that the command knows.
pub fn given(matches: &ArgMatches, environment: &[(String, String)], is_base: bool) -> Given {
    let flags = ARGUMENTS.iter().filter_map(|argument| {
        let value = matches.try_get_one::<String>(argument.name).ok()??;
        Some((argument.name, value.clone()))
    });
    // A command of that name is the clearest word on what is made.
    let flags = flags.chain(is_base.then(|| ("PROJECT", BASE.to_owned())));
    let own_uid = uzers::get_current_uid();
    Given::new(environment.to_vec(), flags, own_uid, |path| {
        Path::new(path).is_file()
    })
}
