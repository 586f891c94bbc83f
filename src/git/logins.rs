//! Who git is to servers.
//!
//! A password in a URL would be seen in the list of processes and stay in the
//! clone's configuration. git asks helpers for it instead, gitcredentials(7): ours
//! answer from the environment of the one command, or from a file.

use percent_encoding::percent_decode_str;
use url::Url;

use crate::command::Command;
use crate::root::Root;
use crate::settings::Settings;
use crate::variables::{OF_GIT, configured_of_git};

/// A secret of this id that a build mounts
/// (<https://docs.docker.com/build/building/secrets/>).
pub const SECRET: &str = "/run/secrets/git-credentials";

const USERNAME: &str = "LOCI_INSTALL_GIT_USERNAME";
const PASSWORD: &str = "LOCI_INSTALL_GIT_PASSWORD";
const FILE: &str = "LOCI_INSTALL_GIT_CREDENTIALS";

/// Answers with what was in the URL. Helpers are also told what to remember, which
/// no image may.
const FROM_URL: &str = r#"!f() { test "$1" != get || printf 'username=%s\npassword=%s\n' "$LOCI_INSTALL_GIT_USERNAME" "$LOCI_INSTALL_GIT_PASSWORD"; }; f"#;

/// Answers with what a file has, git-credential-store(1), and never writes it.
const FROM_FILE: &str = r#"!f() { test "$1" != get || git credential-store --file="$LOCI_INSTALL_GIT_CREDENTIALS" get; }; f"#;

/// The file of logins: the one that the user names, else the secret when there is one.
#[must_use]
pub fn credentials_file(settings: &Settings, root: &Root) -> Option<String> {
    let named = settings.git_credentials.clone();
    named.or_else(|| root.is_file(SECRET).then(|| SECRET.to_owned()))
}

/// A repository, and what git is told to get at it.
#[derive(Debug)]
pub struct Remote {
    /// Its URL, without user and password where they would be sent by HTTP.
    pub url: String,
    configuration: Vec<(String, String)>,
    variables: Vec<(&'static str, String)>,
}

impl Remote {
    /// Takes the credentials out of a URL. Where it has a password, or a file has
    /// logins, nothing else is asked: git would tell other helpers what to store.
    #[must_use]
    pub fn new(repository: &str, file: Option<&str>) -> Self {
        let mut remote = Self {
            url: repository.to_owned(),
            configuration: Vec::new(),
            variables: Vec::new(),
        };
        if let Some(file) = file {
            remote.configure("credential.helper", "");
            remote.configure("credential.helper", FROM_FILE);
            remote.variables.push((FILE, file.to_owned()));
        }
        remote.take_userinfo();
        remote
    }

    fn take_userinfo(&mut self) {
        let Ok(mut url) = Url::parse(&self.url) else {
            return;
        };
        if !matches!(url.scheme(), "http" | "https") {
            return;
        }
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let username = decoded(url.username());
        let password = url.password().map(decoded);
        if username.is_empty() && password.is_none() {
            return;
        }
        // They fail where there is no host, and so no user either.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        self.url = url.to_string();
        let origin = url.origin().ascii_serialization();
        if password.is_some() {
            self.configure(&format!("credential.{origin}.helper"), "");
        } else {
            // Of a user alone others may know the password. When nobody does it is a
            // token, which needs none.
            self.configure(&format!("credential.{origin}.username"), &username);
        }
        self.configure(&format!("credential.{origin}.helper"), FROM_URL);
        self.variables.push((USERNAME, username));
        self.variables
            .push((PASSWORD, password.unwrap_or_default()));
    }

    fn configure(&mut self, key: &str, value: &str) {
        self.configuration.push((key.to_owned(), value.to_owned()));
    }

    /// The command, told all this; `environment` is what it inherits.
    #[must_use]
    pub fn told(&self, command: Command, environment: &[(String, String)]) -> Command {
        if self.configuration.is_empty() {
            return command;
        }
        // Behind what the user configures, and what is always there.
        let first = configured_of_git(environment) as usize + OF_GIT.len();
        let count = first + self.configuration.len();
        let mut command = command.variable("GIT_CONFIG_COUNT", count.to_string());
        for (index, (key, value)) in (first..).zip(&self.configuration) {
            command = command
                .variable(format!("GIT_CONFIG_KEY_{index}"), key)
                .variable(format!("GIT_CONFIG_VALUE_{index}"), value);
        }
        let variables = self.variables.iter();
        variables.fold(command, |command, (name, value)| {
            command.variable(*name, value)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_keeps_no_password_and_no_token() {
        for (given, url) in [
            ("https://u:p%40w@h:8443/x.git", "https://h:8443/x.git"),
            ("https://token@h/x", "https://h/x"),
            ("https://h/x", "https://h/x"),
            ("ssh://git@h/x", "ssh://git@h/x"),
            ("git@h:x", "git@h:x"),
            ("/srv/x", "/srv/x"),
        ] {
            assert_eq!(Remote::new(given, None).url, url);
        }
    }

    #[test]
    fn they_are_in_the_environment_of_the_command_alone() {
        let remote = Remote::new("https://u:p%40w@h:8443/x.git", None);
        let environment = [("GIT_CONFIG_COUNT".to_owned(), "2".to_owned())];
        let command = remote.told(Command::new("git"), &environment);
        assert_eq!(command.to_string(), "git");
        let variable = |name: &str| command.variables[name].as_str();
        assert_eq!(variable("GIT_CONFIG_COUNT"), "6");
        assert_eq!(
            variable("GIT_CONFIG_KEY_4"),
            "credential.https://h:8443.helper"
        );
        assert_eq!(variable("GIT_CONFIG_VALUE_4"), "");
        assert_eq!((variable(USERNAME), variable(PASSWORD)), ("u", "p@w"));
        let plain = Remote::new("https://h/x", None);
        assert_eq!(
            plain.told(Command::new("git"), &environment),
            Command::new("git")
        );
    }
}
