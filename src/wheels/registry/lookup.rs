//! Where the login for a registry is found.

use std::path::PathBuf;

use serde::Deserialize;

use super::logins::{Login, Logins};
use super::reference::{Reference, without_port};
use crate::command::{Command, Ending, Runner};
use crate::download::Client;
use crate::root::Root;
use crate::variables::variable;
use crate::words::reason;

/// A secret of this id that a build mounts
/// (<https://docs.docker.com/build/building/secrets/>).
const SECRET: &str = "/run/secrets/registry-auth";

/// What programs call themselves that know passwords
/// (<https://github.com/docker/docker-credential-helpers>).
const HELPER: &str = "docker-credential-";

/// What those call Docker's own registry.
const HUB: &str = "https://index.docker.io/v1/";

/// What is looked through for logins.
pub struct Lookup<'a> {
    /// Where files are.
    pub root: &'a Root,
    /// The whole environment.
    pub environment: &'a [(String, String)],
    /// The file that the user names.
    pub file: Option<&'a str>,
    /// Starts helpers.
    pub runner: &'a dyn Runner,
    /// Knows netrc.
    pub client: &'a Client,
    /// Hears what is worth knowing.
    pub note: &'a dyn Fn(&str),
}

/// A login that was found.
#[derive(Debug)]
pub struct Found {
    /// Itself.
    pub login: Login,
    /// Where: a file, or netrc.
    pub place: String,
}

impl Lookup<'_> {
    /// The login for an image: of the first file that has one, else netrc's for the host.
    ///
    /// # Errors
    /// A file that is there and cannot be used, or a helper that fails.
    pub fn login(&self, reference: &Reference) -> Result<Option<Found>, String> {
        for path in self.files() {
            let named = |why: String| format!("{}: {why}", path.display());
            let text = match self.root.read(&path) {
                Ok(text) => text,
                Err(error) => {
                    // A name in the way of one's own home directory is no file either.
                    let is_named = self.file.is_some_and(|file| path == *file);
                    if is_named || self.root.is_file(&path) {
                        return Err(named(format!("it could not be read: {}", reason(&error))));
                    }
                    continue;
                }
            };
            let login = match Logins::parse(&text).map_err(named)?.of(reference) {
                Some(Login::Helper(name)) => self.ask(&name, reference)?,
                login => login,
            };
            if let Some(login) = login {
                let place = path.display().to_string();
                return Ok(Some(Found { login, place }));
            }
        }
        let known = self.client.login(without_port(reference.registry()));
        Ok(known.map(|(user, password)| Found {
            login: Login::Basic {
                user: user.to_owned(),
                password: password.to_owned(),
            },
            place: "netrc".to_owned(),
        }))
    }

    /// The user's file, the secret, then docker's and podman's own
    /// (docker-login(1), containers-auth.json(5)).
    fn files(&self) -> Vec<PathBuf> {
        let variable = |name: &str| variable(self.environment, name).map(PathBuf::from);
        if let Some(file) = self.file {
            return vec![PathBuf::from(file)];
        }
        let home = |below: &str| variable("HOME").map(|home| home.join(below));
        let containers = "containers/auth.json";
        let config = variable("XDG_CONFIG_HOME").or_else(|| home(".config"));
        [
            Some(PathBuf::from(SECRET)),
            variable("DOCKER_CONFIG").map(|directory| directory.join("config.json")),
            variable("XDG_RUNTIME_DIR").map(|directory| directory.join(containers)),
            config.map(|directory| directory.join(containers)),
            home(".docker/config.json"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Asks a helper. One that is not there knows nothing: files are mounted from machines
    /// that have it.
    fn ask(&self, name: &str, reference: &Reference) -> Result<Option<Login>, String> {
        let program = format!("{HELPER}{name}");
        let registry = match reference.registry() {
            "docker.io" => HUB,
            registry => registry,
        };
        let command = Command::new(&program)
            .arg("get")
            .input(registry)
            .online(true);
        let output = self.runner.ask(&command);
        if let Ending::NotStarted(_) = output.ending {
            (self.note)(&format!(
                "{program}, which knows the login for {registry}, is not here"
            ));
            return Ok(None);
        }
        if !output.ending.success() {
            // So it says that it knows none.
            if output.stdout.contains("credentials not found") {
                return Ok(None);
            }
            let said = output.stdout.lines().chain(output.stderr.lines()).next();
            let said = said.unwrap_or_default();
            return Err(format!("{command}: {}: {said}", output.ending));
        }
        let known: Known = serde_json::from_str(&output.stdout)
            .map_err(|_| format!("{command}: what it says is no login"))?;
        Ok(Some(match known.username.as_str() {
            "<token>" => Login::Identity(known.secret),
            _ => Login::Basic {
                user: known.username,
                password: known.secret,
            },
        }))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Known {
    #[serde(default)]
    username: String,
    secret: String,
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::command::System;

    /// Where the login of `registry.example` is found, among these files.
    fn place(
        environment: &[(&str, &str)],
        file: Option<&str>,
        files: &[&str],
    ) -> Result<Option<String>, String> {
        let directory = tempfile::tempdir().expect("a directory");
        let root = Root::new(directory.path());
        for path in files {
            let real = root.join(path);
            fs::create_dir_all(real.parent().unwrap_or(Path::new("/"))).expect("made");
            let text = r#"{"auths": {"registry.example": {"registrytoken": "t"}}}"#;
            fs::write(real, text).expect("written");
        }
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let environment: Vec<_> = environment.iter().map(owned).collect();
        let lookup = Lookup {
            root: &root,
            environment: &environment,
            file,
            runner: &System::new(&[]),
            client: &Client::new(&[], &[]).expect("a client"),
            note: &|_| (),
        };
        let reference = "registry.example/x:1".parse().expect("a reference");
        let found = lookup.login(&reference)?;
        Ok(found.map(|found| found.place))
    }

    #[test]
    fn the_secret_comes_before_the_programs_own_files() {
        let environment = [
            ("HOME", "/root"),
            ("DOCKER_CONFIG", "/docker"),
            ("XDG_RUNTIME_DIR", "/run/user/0"),
        ];
        let mut files = vec![
            "/run/secrets/registry-auth",
            "/docker/config.json",
            "/run/user/0/containers/auth.json",
            "/root/.config/containers/auth.json",
            "/root/.docker/config.json",
        ];
        while !files.is_empty() {
            let found = place(&environment, None, &files);
            assert_eq!(found, Ok(Some(files.remove(0).to_owned())));
        }
        assert_eq!(place(&environment, None, &[]), Ok(None));
        let variable = [("HOME", "/root"), ("XDG_CONFIG_HOME", "/etc/of")];
        let found = place(&variable, None, &["/etc/of/containers/auth.json"]);
        assert_eq!(found, Ok(Some("/etc/of/containers/auth.json".to_owned())));
    }

    #[test]
    fn the_file_that_is_named_is_the_only_one_and_has_to_be_there() {
        let secret = "/run/secrets/registry-auth";
        let found = place(&[], Some("/a.json"), &[secret, "/a.json"]);
        assert_eq!(found, Ok(Some("/a.json".to_owned())));
        assert_eq!(
            place(&[], Some("/a.json"), &[secret]),
            Err("/a.json: it could not be read: it does not exist".to_owned())
        );
    }
}
