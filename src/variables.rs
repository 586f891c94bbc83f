//! Variables of the environment: looked up, and what children get of them.

use std::ffi::OsString;
use std::path::Path;

use crate::root::Root;

/// Where every child looks for programs first.
const VIRTUALENV_BIN: &str = "/var/lib/openstack/bin";

/// Where the distribution's programs are. A base image's `PATH` may lack some of
/// it, sbin above all, without which there is no useradd and dpkg refuses to work.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What git is configured with. It would refuse a source that another user's id owns, and would
/// abbreviate commits by how much of a repository there is: pbr writes such names into wheels,
/// setuptools-scm into versions.
pub const OF_GIT: [(&str, &str); 2] = [("safe.directory", "*"), ("core.abbrev", "12")];

/// The value of a variable; an empty one counts as unset.
#[must_use]
pub fn variable<'a>(environment: &'a [(String, String)], name: &str) -> Option<&'a str> {
    environment
        .iter()
        .find(|(set, value)| set == name && !value.is_empty())
        .map(|(_, value)| value.as_str())
}

/// Files that a build mounts as secrets of these ids
/// (<https://docs.docker.com/build/building/secrets/>), and the variables by which pip and
/// this program hear of them. A build argument would stay in the image's history.
pub const SECRETS: [(&str, &str); 2] = [
    ("PIP_CONFIG_FILE", "/run/secrets/pip-conf"),
    ("NETRC", "/run/secrets/netrc"),
];

/// The environment with those of [`SECRETS`] that are there and that no variable of the
/// user's stands before.
#[must_use]
pub fn with_secrets(mut environment: Vec<(String, String)>, root: &Root) -> Vec<(String, String)> {
    for (name, path) in SECRETS {
        if variable(&environment, name).is_none() && root.is_file(path) {
            environment.retain(|(set, _)| set != name);
            environment.push((name.to_owned(), path.to_owned()));
        }
    }
    environment
}

/// Our environment as children get it.
///
/// `LC_ALL=C.UTF-8` keeps messages untranslated, which we read; `LANGUAGE` would come before
/// it, in Python's gettext even with `LC_ALL=C`, as dnf shows.
///
/// `PIP_CONSTRAINT` is dropped when it is LOCI's old spelling of a version: pip would take it
/// for a file.
#[must_use]
pub fn of_children(environment: &[(String, String)]) -> Vec<(OsString, OsString)> {
    let ours = |name: &str, value: &str| {
        name == "PIP_CONSTRAINT" && !Path::new(value).is_file()
            || name == "PATH"
            || name == "LC_ALL"
            || name == "LANGUAGE"
            // An empty PIP_INDEX_URL is an index without a name to pip and an
            // unset build argument to whoever wrote the Dockerfile.
            || value.is_empty()
    };
    let path = search_path(variable(environment, "PATH").unwrap_or_default());
    // Behind what the user configures in this way, git-config(1).
    let configured = configured_of_git(environment);
    let count = (configured as usize + OF_GIT.len()).to_string();
    let of_git = (configured..)
        .zip(OF_GIT)
        .flat_map(|(index, (key, value))| {
            [
                (format!("GIT_CONFIG_KEY_{index}"), key),
                (format!("GIT_CONFIG_VALUE_{index}"), value),
            ]
        });
    // ssh asks the terminal itself, if there is one, and would wait for ever: children
    // are in its background.
    let chosen = |(name, _): &(String, String)| name.starts_with("GIT_SSH");
    let ssh =
        (!environment.iter().any(chosen)).then_some(("GIT_SSH_COMMAND", "ssh -o BatchMode=yes"));
    // libcurl, which git is linked with, does not know SSL_CERT_FILE.
    let given = |name: &str| variable(environment, name);
    let bundle = given("SSL_CERT_FILE").filter(|_| given("GIT_SSL_CAINFO").is_none());
    let bundle = bundle.map(|path| ("GIT_SSL_CAINFO", path));
    let added = [
        ("PATH", path.as_str()),
        ("LC_ALL", "C.UTF-8"),
        ("DEBIAN_FRONTEND", "noninteractive"),
        ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
        ("PIP_NO_INPUT", "1"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_CONFIG_COUNT", &count),
    ];
    environment
        .iter()
        .filter(|(name, value)| !ours(name, value))
        .map(|(name, value)| (OsString::from(name), OsString::from(value)))
        .chain(
            added
                .iter()
                .chain(ssh.iter())
                .chain(bundle.iter())
                .map(|(name, value)| (name.into(), value.into())),
        )
        .chain(of_git.map(|(name, value)| (name.into(), value.into())))
        .collect()
}

/// The virtualenv, what the base image says, and what that leaves out.
fn search_path(given: &str) -> String {
    let mut directories = vec![VIRTUALENV_BIN];
    for directory in given.split(':').chain(DEFAULT_PATH.split(':')) {
        // An empty one is the working directory.
        if !directory.is_empty() && !directories.contains(&directory) {
            directories.push(directory);
        }
    }
    directories.join(":")
}

/// What an environment configures git with: `GIT_CONFIG_COUNT` of git-config(1).
#[must_use]
pub fn configured_of_git(environment: &[(String, String)]) -> u32 {
    let count = variable(environment, "GIT_CONFIG_COUNT");
    count
        .and_then(|count| count.parse().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounted_secrets_stand_behind_what_the_user_says() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = Root::new(directory.path());
        assert!(with_secrets(Vec::new(), &root).is_empty());
        std::fs::create_dir_all(root.join("/run/secrets")).expect("made");
        for (_, path) in SECRETS {
            std::fs::write(root.join(path), "").expect("written");
        }
        let given = |value: &str| vec![("NETRC".to_owned(), value.to_owned())];
        for (value, netrc) in [("/n", "/n"), ("", "/run/secrets/netrc")] {
            let environment = with_secrets(given(value), &root);
            assert_eq!(variable(&environment, "NETRC"), Some(netrc));
            assert_eq!(
                variable(&environment, "PIP_CONFIG_FILE"),
                Some("/run/secrets/pip-conf")
            );
            assert_eq!(environment.len(), 2);
        }
    }
}
