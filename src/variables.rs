//! Variables of the environment: looked up, and what children get of them.

use std::ffi::OsString;
use std::path::Path;

/// Where every child looks for programs first.
const VIRTUALENV_BIN: &str = "/var/lib/openstack/bin";

/// Where the distribution's programs are. A base image's `PATH` may lack some of
/// it, sbin above all, without which there is no useradd and dpkg refuses to work.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The value of a variable; an empty one counts as unset.
#[must_use]
pub fn variable<'a>(environment: &'a [(String, String)], name: &str) -> Option<&'a str> {
    environment
        .iter()
        .find(|(set, value)| set == name && !value.is_empty())
        .map(|(_, value)| value.as_str())
}

/// Our environment as children get it.
///
/// `LC_ALL=C.UTF-8` keeps messages untranslated, which we read; `LANGUAGE` would come before
/// it, in Python's gettext even with `LC_ALL=C`, as dnf shows.
///
/// `PIP_CONSTRAINT` is dropped when it is LOCI's old spelling of a version: pip would take it
/// for a file. git would refuse a source that another user's id owns.
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
    let count = (configured + 1).to_string();
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
        (&format!("GIT_CONFIG_KEY_{configured}"), "safe.directory"),
        (&format!("GIT_CONFIG_VALUE_{configured}"), "*"),
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
