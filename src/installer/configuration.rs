//! pip's configuration, read as pip reads it: files of the base image and
//! variables (<https://pip.pypa.io/en/stable/topics/configuration/>).
//!
//! uv knows neither, and `pip config list` takes half a second for the answer.

use crate::layout::VIRTUALENV;
use crate::root::Root;
use crate::settings::arguments::by_name;
use crate::variables::variable;

/// A setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The section: `global`, a command of pip's, or `:env:` for a variable.
    pub section: String,
    /// The option's name without its hyphens at the start: `index-url`.
    pub key: String,
    /// The value; a list is told by white space.
    pub value: String,
}

impl Setting {
    /// Where it stands, for people: the variable, or `[global] index-url`.
    #[must_use]
    pub fn place(&self) -> String {
        if self.section == VARIABLES {
            format!("PIP_{}", self.key.replace('-', "_").to_uppercase())
        } else {
            format!("[{}] {} in pip's configuration", self.section, self.key)
        }
    }
}

/// The section of variables.
const VARIABLES: &str = ":env:";

/// All settings; of two for the same, the later one counts.
#[must_use]
pub fn settings(root: &Root, environment: &[(String, String)]) -> Vec<Setting> {
    let files = files(environment).into_iter();
    let texts = files.filter_map(|file| root.read(file).ok());
    texts
        .flat_map(|text| parse(&text))
        .chain(variables(root, environment))
        .collect()
}

fn variables(root: &Root, environment: &[(String, String)]) -> Vec<Setting> {
    let settings = environment.iter().filter_map(|(name, value)| {
        let key = name.strip_prefix("PIP_").map(normal)?;
        // `Configuration.get_environ_vars` leaves these two out, and `System` empty ones.
        let none = value.is_empty() || ["version", "help"].contains(&key.as_str());
        // LOCI's, of which pip knows nothing; the old spelling of one is pip's, too.
        let ours = by_name(name).is_some() || name == "PIP_CONSTRAINT" && !root.is_file(value);
        (!none && !ours).then(|| Setting {
            section: VARIABLES.to_owned(),
            key,
            value: value.clone(),
        })
    });
    settings.collect()
}

/// The files in the order of pip's `Configuration._iter_config_files`.
fn files(environment: &[(String, String)]) -> Vec<String> {
    let variable = |name: &str| variable(environment, name);
    let named = variable("PIP_CONFIG_FILE");
    if named == Some("/dev/null") {
        return Vec::new();
    }
    let home = variable("HOME").unwrap_or("/root");
    let mut files: Vec<String> = variable("XDG_CONFIG_DIRS")
        .unwrap_or("/etc/xdg")
        .split(':')
        .map(|directory| format!("{directory}/pip/pip.conf"))
        .collect();
    files.push("/etc/pip.conf".to_owned());
    files.push(format!("{home}/.pip/pip.conf"));
    files.push(variable("XDG_CONFIG_HOME").map_or_else(
        || format!("{home}/.config/pip/pip.conf"),
        |directory| format!("{directory}/pip/pip.conf"),
    ));
    files.push(format!("{VIRTUALENV}/pip.conf"));
    files.extend(named.map(str::to_owned));
    files
}

/// A file as Python's `RawConfigParser` reads it.
fn parse(text: &str) -> Vec<Setting> {
    let mut settings: Vec<Setting> = Vec::new();
    let mut section = String::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let (true, Some(last)) = (line.starts_with(char::is_whitespace), settings.last_mut()) {
            last.value.push('\n');
            last.value.push_str(trimmed);
        } else if let Some(name) = trimmed.strip_prefix('[') {
            name.split(']')
                .next()
                .unwrap_or_default()
                .clone_into(&mut section);
        } else if let Some((key, value)) = trimmed.split_once(['=', ':']) {
            settings.push(Setting {
                section: section.clone(),
                key: normal(key),
                value: value.trim().to_owned(),
            });
        }
    }
    settings
}

/// `--Index_URL` is `index-url`.
fn normal(key: &str) -> String {
    let key = key.trim().to_lowercase().replace('_', "-");
    key.strip_prefix("--").unwrap_or(&key).to_owned()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Settings of a file and of variables.
    pub fn of(file: &str, variables: &[(&str, &str)]) -> Vec<Setting> {
        let directory = tempfile::tempdir().expect("a directory");
        let root = Root::new(directory.path());
        std::fs::create_dir_all(root.join("/etc")).expect("made");
        std::fs::write(root.join("/etc/pip.conf"), file).expect("written");
        let variables: Vec<(String, String)> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        settings(&root, &variables)
    }

    #[test]
    fn a_file_is_read_as_configparser_reads_it() {
        let found = of(
            "# mirror\n[global]\nindex_url: https://h/simple\nfind-links =\n    /srv/one\n\n    /srv/two\n[install]\nno-index=true\n",
            &[
                ("PIP_NO_INPUT", "1"),
                ("PIP_CERT", ""),
                ("PIPX", "1"),
                ("PIP_PACKAGES", "six"),
                ("PIP_CONSTRAINT", "<26"),
            ],
        );
        let told: Vec<_> = found
            .iter()
            .map(|setting| (setting.place(), setting.value.as_str()))
            .collect();
        let place = |key: &str| format!("{key} in pip's configuration");
        assert_eq!(
            told,
            [
                (place("[global] index-url"), "https://h/simple"),
                (place("[global] find-links"), "\n/srv/one\n/srv/two"),
                (place("[install] no-index"), "true"),
                ("PIP_NO_INPUT".to_owned(), "1"),
            ]
        );
    }

    #[test]
    fn files_come_in_pips_order_and_one_name_stands_for_none() {
        let set = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        assert_eq!(
            files(&set("PIP_CONFIG_FILE", "/srv/pip.conf")),
            [
                "/etc/xdg/pip/pip.conf",
                "/etc/pip.conf",
                "/root/.pip/pip.conf",
                "/root/.config/pip/pip.conf",
                "/var/lib/openstack/pip.conf",
                "/srv/pip.conf",
            ]
        );
        assert_eq!(
            files(&set("PIP_CONFIG_FILE", "/dev/null")),
            Vec::<String>::new()
        );
    }
}
