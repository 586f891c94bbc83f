//! Where packages come from, as the user tells pip, and the same for uv.
//!
//! Users tell pip in four places: `PIP_WHEEL_ARGS`, variables such as
//! `PIP_INDEX_URL`, and configuration files of the base image. uv reads none of
//! them (<https://docs.astral.sh/uv/pip/compatibility/>).

use std::collections::BTreeMap;

use super::configuration::Setting;
use crate::command::Command;
use crate::secrets;

/// What the user says about indexes and about the choice of files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    /// The index in the place of the public one.
    pub url: Option<String>,
    /// Further indexes.
    pub extra: Vec<String>,
    /// Directories and pages of files.
    pub find_links: Vec<String>,
    /// Nothing but `find_links`.
    pub none: bool,
    /// Hosts whose certificate is not checked.
    pub trusted_hosts: Vec<String>,
    /// Pre-releases satisfy any requirement.
    pub prereleases: bool,
    /// What is compiled though there is a wheel; `:all:` is everything.
    pub no_binary: Vec<String>,
    /// What is never compiled; `:all:` is everything.
    pub only_binary: Vec<String>,
    /// Settings of build backends, `KEY=VALUE`.
    pub config_settings: Vec<String>,
    /// How the network is used, as pip's variables: `PIP_CERT`, `PIP_PROXY`...
    pub network: BTreeMap<String, String>,
    /// What only pip understands.
    pub rest: Vec<String>,
}

/// Options of pip that are understood, by any of their names, and whether they take a value.
const OPTIONS: &[(&[&str], &str, bool)] = &[
    (&["--index-url", "-i", "--pypi-url"], "index-url", true),
    (&["--extra-index-url"], "extra-index-url", true),
    (&["--find-links", "-f"], "find-links", true),
    (&["--no-index"], "no-index", false),
    (&["--trusted-host"], "trusted-host", true),
    (&["--pre"], "pre", false),
    (&["--no-binary"], "no-binary", true),
    (&["--only-binary"], "only-binary", true),
    (
        &["--config-settings", "--config-setting", "-C"],
        "config-settings",
        true,
    ),
    (&["--cert"], "cert", true),
    (&["--client-cert"], "client-cert", true),
    (&["--proxy"], "proxy", true),
    (&["--timeout"], "timeout", true),
    (&["--retries"], "retries", true),
    // Say nothing about the result.
    (&["--no-cache-dir"], "no-cache-dir", false),
    (&["--progress-bar"], "progress-bar", true),
    (&["--quiet", "-q"], "quiet", false),
    (&["--verbose", "-v"], "verbose", false),
    (&["--prefer-binary"], "prefer-binary", false),
];

impl Index {
    /// Reads pip's configuration for one of its commands, and the user's arguments,
    /// which come on top.
    #[must_use]
    pub fn read(configuration: &[Setting], command: &str, arguments: &[String]) -> Self {
        let mut index = Self::default();
        // Files first, variables last: the later one wins, as with pip.
        for section in ["global", command, ":env:"] {
            for setting in configuration.iter().filter(|of| of.section == section) {
                index.set(&setting.key, &setting.value);
            }
        }
        for Argument { key, value, words } in split_up(arguments) {
            match (key, value) {
                (Some(key), Some(value)) => index.add(key, value),
                (Some(_), None) => {}
                (None, _) => index.rest.extend_from_slice(words),
            }
        }
        index
    }

    /// Whether a setting of pip's is understood here.
    #[must_use]
    pub fn knows(key: &str) -> bool {
        key == "default-timeout" || OPTIONS.iter().any(|(_, known, _)| *known == key)
    }

    /// A setting, whose list takes the place of an earlier one.
    fn set(&mut self, key: &str, value: &str) {
        match key {
            "extra-index-url" => self.extra.clear(),
            "find-links" => self.find_links.clear(),
            "trusted-host" => self.trusted_hosts.clear(),
            _ => {}
        }
        self.add(key, value);
    }

    fn add(&mut self, key: &str, value: &str) {
        let words = || value.split_whitespace().map(str::to_owned);
        let names = |list: &mut Vec<String>| {
            for name in value.split(',').map(str::trim) {
                match name {
                    ":none:" => list.clear(),
                    "" => {}
                    name => list.push(name.to_owned()),
                }
            }
        };
        match key {
            "index-url" => self.url = Some(value.to_owned()),
            "extra-index-url" => self.extra.extend(words()),
            "find-links" => self.find_links.extend(words()),
            "no-index" => self.none = truth(value),
            "trusted-host" => self.trusted_hosts.extend(words()),
            "pre" => self.prereleases = truth(value),
            "no-binary" => names(&mut self.no_binary),
            "only-binary" => names(&mut self.only_binary),
            "config-settings" => self.config_settings.push(value.to_owned()),
            "cert" | "client-cert" | "proxy" | "timeout" | "default-timeout" | "retries" => {
                let name = match key {
                    "timeout" => "PIP_DEFAULT_TIMEOUT".to_owned(),
                    key => format!("PIP_{}", key.replace('-', "_").to_uppercase()),
                };
                self.network.insert(name, value.to_owned());
            }
            _ => {}
        }
    }

    /// The same for builds that may take nothing but what is in a directory.
    #[must_use]
    pub fn closed(&self, find_links: &str) -> Self {
        Self {
            find_links: vec![find_links.to_owned()],
            none: true,
            config_settings: self.config_settings.clone(),
            rest: self.rest.clone(),
            ..Self::default()
        }
    }

    /// The same with a directory of wheels first; `complete` when there is nothing else.
    #[must_use]
    pub fn with_wheels(mut self, directory: &str, complete: bool) -> Self {
        self.find_links.insert(0, directory.to_owned());
        self.none |= complete;
        self
    }

    /// Whether somebody else's machine is asked.
    #[must_use]
    pub fn asks(&self) -> bool {
        !self.none || self.find_links.iter().any(|place| is_remote(place))
    }

    /// The addresses, which may hold credentials.
    pub fn urls(&self) -> impl Iterator<Item = &String> {
        self.url.iter().chain(&self.extra).chain(&self.find_links)
    }

    /// The user's arguments less the options that hold a password, and the variables that
    /// say the same: anyone on the machine can read a command line. `self` is what was
    /// read of the arguments and of pip's configuration, which a variable stands before.
    #[must_use]
    pub fn passwords_apart(&self, arguments: &[String]) -> (Vec<String>, Vec<(&str, String)>) {
        let proxy = self.network.get("PIP_PROXY").map(String::as_str);
        let places = [
            (
                "index-url",
                "PIP_INDEX_URL",
                self.url.clone().unwrap_or_default(),
            ),
            (
                "extra-index-url",
                "PIP_EXTRA_INDEX_URL",
                self.extra.join(" "),
            ),
            ("find-links", "PIP_FIND_LINKS", self.find_links.join(" ")),
            ("proxy", "PIP_PROXY", proxy.unwrap_or_default().to_owned()),
        ];
        let options = split_up(arguments);
        let has_password = |wanted: &str| {
            let mut of_key = options.iter().filter(|option| option.key == Some(wanted));
            of_key.any(|option| option.words.iter().any(|word| secrets::are_in(word)))
        };
        let (apart, _): (Vec<_>, Vec<_>) =
            places.into_iter().partition(|(key, ..)| has_password(key));
        let is_left = |key: Option<&str>| !apart.iter().any(|(of, ..)| Some(*of) == key);
        let left = options.iter().filter(|option| is_left(option.key));
        (
            left.flat_map(|option| option.words.to_vec()).collect(),
            apart
                .into_iter()
                .map(|(_, name, value)| (name, value))
                .collect(),
        )
    }

    /// Tells uv.
    #[must_use]
    pub fn tell_uv(&self, mut command: Command) -> Command {
        // pip takes the best version of all indexes; uv by default stops at the first
        // that has the name. Of one index there is nothing to choose, and only so does
        // uv say that it answered 401 or 403.
        if !self.extra.is_empty() {
            command = command.args(["--index-strategy", "unsafe-best-match"]);
        }
        // By variables: anyone on the machine can read a command line, and these may
        // hold a password.
        if let Some(url) = &self.url {
            command = command.variable("UV_DEFAULT_INDEX", url);
        }
        if !self.extra.is_empty() {
            command = command.variable("UV_INDEX", self.extra.join(" "));
        }
        if self.none {
            command = command.arg("--no-index");
        }
        if self.find_links.iter().any(|place| secrets::are_in(place)) {
            command = command.told("UV_FIND_LINKS", self.find_links.join(","));
        } else {
            for place in &self.find_links {
                command = command.args(["--find-links", place]);
            }
        }
        for host in &self.trusted_hosts {
            command = command.args(["--allow-insecure-host", host]);
        }
        if self.prereleases {
            command = command.args(["--prerelease", "allow"]);
        }
        for name in &self.no_binary {
            command = command.args(["--no-binary", name]);
        }
        for name in &self.only_binary {
            command = command.args(["--only-binary", name]);
        }
        // pip's names and uv's (<https://docs.astral.sh/uv/reference/environment/>).
        for (pip, uv) in [
            ("PIP_CERT", "SSL_CERT_FILE"),
            ("PIP_CLIENT_CERT", "SSL_CLIENT_CERT"),
            ("PIP_PROXY", "ALL_PROXY"),
            ("PIP_DEFAULT_TIMEOUT", "UV_HTTP_TIMEOUT"),
            ("PIP_RETRIES", "UV_HTTP_RETRIES"),
        ] {
            if let Some(value) = self.network.get(pip) {
                command = command.variable(uv, value);
            }
        }
        command
    }

    /// Tells pip, whatever its configuration says beside that.
    #[must_use]
    pub fn tell_pip(&self, mut command: Command) -> Command {
        let lists = [
            ("PIP_EXTRA_INDEX_URL", &self.extra),
            ("PIP_FIND_LINKS", &self.find_links),
            ("PIP_TRUSTED_HOST", &self.trusted_hosts),
        ];
        for (name, value) in &self.network {
            command = command.variable(name, value);
        }
        for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            command = command.variable(name, list.join(" "));
        }
        if let Some(url) = &self.url {
            command = command.variable("PIP_INDEX_URL", url);
        }
        if self.none {
            command = command.variable("PIP_NO_INDEX", "1");
        }
        for (name, list) in [
            ("PIP_NO_BINARY", &self.no_binary),
            ("PIP_ONLY_BINARY", &self.only_binary),
        ] {
            if !list.is_empty() {
                command = command.variable(name, list.join(","));
            }
        }
        if self.prereleases {
            command = command.variable("PIP_PRE", "1");
        }
        command
    }
}

/// One of the user's arguments: an option that is understood here, or a word.
struct Argument<'a> {
    /// Its name in pip's configuration; none of what only pip understands.
    key: Option<&'static str>,
    value: Option<&'a str>,
    /// It as it stands there.
    words: &'a [String],
}

fn split_up(mut words: &[String]) -> Vec<Argument<'_>> {
    let mut found = Vec::new();
    while let Some((word, rest)) = words.split_first() {
        let (flag, inline) = split(word);
        let known = OPTIONS.iter().find(|(names, ..)| names.contains(&flag));
        let (key, value) = match known {
            Some((_, key, false)) => (Some(*key), Some("1")),
            Some((_, key, true)) => (Some(*key), inline.or(rest.first().map(String::as_str))),
            None => (None, None),
        };
        let takes_next = matches!(known, Some((.., true))) && inline.is_none() && value.is_some();
        let (own, rest) = words.split_at(1 + usize::from(takes_next));
        found.push(Argument {
            key,
            value,
            words: own,
        });
        words = rest;
    }
    found
}

/// Whether a requirement, or a place of packages, is on another machine.
pub(super) fn is_remote(word: &str) -> bool {
    word.contains("://") && !word.contains("file://")
}

/// `--flag=value`, `-fvalue`, `-vv`, or a word that is a flag or a value alone.
pub(super) fn split(word: &str) -> (&str, Option<&str>) {
    if word.starts_with("--") {
        return word
            .split_once('=')
            .map_or((word, None), |(flag, value)| (flag, Some(value)));
    }
    match word.char_indices().nth(2) {
        Some((end, _)) if word.starts_with('-') => (&word[..end], Some(&word[end..])),
        _ => (word, None),
    }
}

/// Whether a switch is set to off.
pub(super) fn means_no(value: &str) -> bool {
    matches!(
        value.to_ascii_lowercase().as_str(),
        "0" | "no" | "n" | "false" | "f" | "off"
    )
}

/// pip's reading of a boolean.
fn truth(value: &str) -> bool {
    matches!(
        value.to_ascii_lowercase().as_str(),
        "1" | "yes" | "y" | "true" | "t" | "on"
    )
}

#[cfg(test)]
mod tests {
    use super::super::configuration::tests::of;
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn files_variables_and_arguments_come_on_top_of_each_other() {
        let configuration = of(
            "[global]\nextra-index-url = https://a/simple\nfind-links =\n  /srv/one\n  /srv/two\n\
             index-url = https://file/simple\n[install]\nindex-url = https://not-for-wheels/simple\n",
            &[
                ("PIP_EXTRA_INDEX_URL", "https://b/simple https://c/simple"),
                ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
            ],
        );
        let index = Index::read(
            &configuration,
            "wheel",
            &words(
                "-f/srv/three --index-url=https://arg/simple --no-binary lxml,cffi -vv --no-clean",
            ),
        );
        assert_eq!(index.url.as_deref(), Some("https://arg/simple"));
        assert_eq!(index.extra, words("https://b/simple https://c/simple"));
        assert_eq!(index.find_links, words("/srv/one /srv/two /srv/three"));
        assert_eq!(index.no_binary, words("lxml cffi"));
        assert_eq!(index.rest, words("--no-clean"));
    }

    #[test]
    fn options_with_a_password_become_variables() {
        let configuration = of(
            "[global]\nextra-index-url = https://a/simple\n",
            &[("PIP_FIND_LINKS", "/srv/one")],
        );
        let given = words(
            "--pre -i https://u:pass@h/simple --extra-index-url=https://b/simple \
             --extra-index-url https://u:word@c/simple -f /srv/two --no-clean --proxy u:proxy@p:1",
        );
        let index = Index::read(&configuration, "install", &given);
        let (left, variables) = index.passwords_apart(&given);
        assert_eq!(left, words("--pre -f /srv/two --no-clean"));
        assert_eq!(
            variables,
            [
                ("PIP_INDEX_URL", "https://u:pass@h/simple".to_owned()),
                (
                    "PIP_EXTRA_INDEX_URL",
                    "https://a/simple https://b/simple https://u:word@c/simple".to_owned()
                ),
                ("PIP_PROXY", "u:proxy@p:1".to_owned()),
            ]
        );
        let without = words("-i https://h/simple --trusted-host h");
        let index = Index::read(&configuration, "install", &without);
        assert_eq!(
            index.passwords_apart(&without),
            (without.clone(), Vec::new())
        );
    }

    #[test]
    fn a_page_of_files_with_a_password_is_no_argument_of_uv() {
        let index = Index::read(
            &[],
            "wheel",
            &words("-f https://u:pass@h/files -f /srv/one"),
        );
        let uv = index.tell_uv(Command::new("uv"));
        assert!(uv.arguments.is_empty(), "{uv}");
        assert_eq!(
            uv.variables["UV_FIND_LINKS"],
            "https://u:pass@h/files,/srv/one"
        );
    }

    #[test]
    fn uv_hears_what_pip_would() {
        let index = Index::read(
            &[],
            "wheel",
            &words("--no-index --find-links /w --trusted-host h:8080 --pre -C a=b"),
        );
        assert_eq!(
            index.tell_uv(Command::new("uv")).to_string(),
            "uv --no-index --find-links /w --allow-insecure-host h:8080 --prerelease allow"
        );
        let two = Index::read(&[], "wheel", &words("--extra-index-url https://b/simple"));
        assert_eq!(
            two.tell_uv(Command::new("uv")).to_string(),
            "uv --index-strategy unsafe-best-match"
        );
        assert_eq!(index.config_settings, ["a=b"]);
        assert!(index.rest.is_empty());
    }
}
