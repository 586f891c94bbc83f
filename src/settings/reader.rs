//! Reads arguments one by one, and collects what is wrong.

use std::str::FromStr;

use super::arguments::by_name;
use super::values::{
    AccountName, GitRef, Id, ProjectName, Refused, boolean, directory, file, shell_words,
    version_suffix, words,
};
use super::{
    Given, Panels, PinnedFile, PipSettings, RegistrySettings, Repository, SKYLINE, SKYLINE_CONSOLE,
    SettingError, TssSettings, WheelsSettings, WheelsSource, environment,
};
use crate::step::Mode;

/// Reads arguments one by one and collects what is wrong.
pub(super) struct Reader<'a> {
    pub given: &'a Given,
    pub errors: Vec<SettingError>,
}

impl Reader<'_> {
    pub fn in_force(&self, name: &str) -> &str {
        self.given
            .get(name)
            .or_else(|| by_name(name).map(|argument| argument.default))
            .unwrap_or_default()
            .trim()
    }

    /// Whether the user chose a value: Dockerfiles hand defaults on.
    pub fn is_chosen(&self, name: &str) -> bool {
        let default = by_name(name).map(|argument| argument.default);
        self.given.get(name).is_some() && Some(self.in_force(name)) != default
    }

    pub fn refuse(&mut self, name: &str, why: impl Into<String>) {
        self.errors.push(SettingError {
            name: name.to_owned(),
            value: self.given.get(name).unwrap_or_default().to_owned(),
            why: why.into(),
        });
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.given.get(name).map(|value| value.trim().to_owned())
    }

    /// The value in force through `parse`; a refused one is noted and `None`.
    pub fn with<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, Refused>) -> Option<T> {
        parse(self.in_force(name))
            .map_err(|refused| self.refuse(name, refused.0))
            .ok()
    }

    /// The same for an argument without a default.
    pub fn optional<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, Refused>,
    ) -> Option<T> {
        self.given.get(name)?;
        self.with(name, parse)
    }

    pub fn parsed<T: FromStr<Err = Refused> + Fallback>(&mut self, name: &str) -> T {
        self.with(name, str::parse).unwrap_or_else(T::fallback)
    }

    pub fn boolean(&mut self, name: &str) -> bool {
        self.with(name, boolean).unwrap_or_default()
    }

    /// Files of packages, each of a name of its own that apt-get(8) takes for a file's.
    pub fn debian_packages(&mut self, name: &str) -> Vec<PinnedFile> {
        let mut files: Vec<PinnedFile> = Vec::new();
        for word in words(self.in_force(name), false) {
            let file: PinnedFile = match word.parse() {
                Ok(file) => file,
                Err(Refused(why)) => {
                    self.refuse(name, why);
                    continue;
                }
            };
            let called = file.name();
            let is_inner =
                |character: char| character.is_ascii_alphanumeric() || "._+~-".contains(character);
            let stem = called.strip_suffix(".deb");
            if !stem.is_some_and(|stem| stem.chars().all(is_inner)) {
                self.refuse(name, format!("`{called}` is not the name of a .deb file"));
            } else if files.iter().any(|other| other.name() == called) {
                self.refuse(name, format!("two files are called `{called}`"));
            } else {
                files.push(file);
            }
        }
        files
    }

    pub fn horizon_panels(&mut self) -> Panels {
        let name = "HORIZON_EXTRA_PANELS";
        let panels = words(self.in_force(name), false);
        let is_inner = |character: char| character.is_ascii_alphanumeric() || character == '_';
        for panel in &panels {
            if !panel.chars().all(is_inner) {
                self.refuse(name, format!("`{panel}` is not the name of a module"));
            }
        }
        if panels.is_empty() {
            Panels::Known
        } else {
            Panels::These(panels)
        }
    }

    pub fn tss(&mut self) -> TssSettings {
        TssSettings {
            name: self.parsed("NOVA_TSS_USER"),
            uid: self.parsed("NOVA_TSS_UID"),
            gid: self.parsed("NOVA_TSS_GID"),
        }
    }

    /// By the arguments of its URL and of the reference.
    pub fn repository(&mut self, [url, reference]: [&'static str; 2]) -> Repository {
        let default = by_name(reference).map(|argument| argument.default);
        Repository {
            url: self.in_force(url).to_owned(),
            reference: self.parsed(reference),
            argument: reference,
            // Dockerfiles hand defaults on.
            is_chosen: Some(self.in_force(reference)) != default,
        }
    }

    /// The repository of the project.
    pub fn repository_of(&mut self, project: Option<&ProjectName>) -> Repository {
        let mut repository = self.repository(["PROJECT_REPO", "PROJECT_REF"]);
        if self.given.get("PROJECT_REPO").is_none() {
            let name = project.map_or("PROJECT", ProjectName::as_str);
            repository.url = format!("https://opendev.org/openstack/{name}");
        }
        repository
    }

    pub fn project(&mut self) -> Option<ProjectName> {
        match self.given.get("PROJECT").map(str::trim) {
            None => {
                self.refuse(
                    "PROJECT",
                    "required; the service to install, for example PROJECT=keystone",
                );
                None
            }
            Some(_) => self.with("PROJECT", str::parse),
        }
    }

    /// Arguments that mean nothing for what is made, and would be ignored.
    pub fn refuse_what_is_for_others(&mut self, mode: Mode) {
        if mode != Mode::Requirements && self.given.get("LOCK").is_some() {
            self.refuse("LOCK", "for PROJECT=requirements only");
        }
        if mode == Mode::Project {
            return;
        }
        if self.given.get("PATCHES").is_some() {
            self.refuse("PATCHES", "for the image of a service only");
        }
        let (without, why): (&[&str], &str) = match mode {
            Mode::Infra => (
                &["EXTRA_PROJECTS", "PROJECT_PIP_EXTRAS"],
                "PROJECT=infra has no sources; PIP_PACKAGES are installed",
            ),
            Mode::Base => (
                &[
                    "EXTRA_PROJECTS",
                    "PROJECT_PIP_EXTRAS",
                    "PIP_PACKAGES",
                    "BYTECODE",
                ],
                "a base image has no virtualenv; the images made of it have",
            ),
            Mode::Project | Mode::Requirements => (&[], ""),
        };
        for name in without {
            if self.is_chosen(name) {
                self.refuse(name, why);
            }
        }
        if self.boolean("PLUGIN") {
            self.refuse("PLUGIN", "for the image of a service only");
        }
    }

    pub fn wheels(&mut self) -> WheelsSettings {
        WheelsSettings {
            sources: self.wheels_sources(),
            mounted: None,
            registry: RegistrySettings {
                protocol: self
                    .with("REGISTRY_PROTOCOL", |text| text.parse().map_err(Refused))
                    .unwrap_or_default(),
                insecure: self.boolean("REGISTRY_INSECURE"),
                authorities: self.optional("REGISTRY_CA", file),
                logins: self.optional("REGISTRY_AUTH_FILE", file),
            },
            path: self.with("WHEELS_PATH", directory).unwrap_or_default(),
            destination: self.with("WHEELS_DEST", directory).unwrap_or_default(),
            complete: self.boolean("KEEP_ALL_WHEELS"),
        }
    }

    pub fn pip(&mut self) -> PipSettings {
        PipSettings {
            packages: self.with("PIP_PACKAGES", shell_words).unwrap_or_default(),
            arguments: self.with("PIP_ARGS", pip_arguments).unwrap_or_default(),
            wheel_arguments: self
                .given
                .get("PIP_WHEEL_ARGS")
                .filter(|value| Some(*value) != self.given.get("PIP_ARGS"))
                .and_then(|_| self.with("PIP_WHEEL_ARGS", shell_words)),
            toolchain: [
                (
                    "pip",
                    self.optional("PIP_VERSION_CONSTRAINT", version_suffix),
                ),
                (
                    "setuptools",
                    self.optional("SETUPTOOL_CONSTRAINT", version_suffix),
                ),
                ("wheel", self.optional("WHEEL_CONSTRAINT", version_suffix)),
            ],
            upgrade: self
                .with("UPGRADE_PIP_PACKAGES", shell_words)
                .unwrap_or_default(),
        }
    }

    fn wheels_sources(&mut self) -> Vec<WheelsSource> {
        let mut sources = Vec::new();
        for word in words(self.in_force("WHEELS"), false) {
            match word.parse() {
                Ok(source) => sources.push(source),
                Err(Refused(why)) => self.refuse("WHEELS", why),
            }
        }
        sources
    }

    pub fn project_directories(&mut self, name: &str) -> Vec<String> {
        let mut list = words(self.in_force(name), false);
        let project = self.in_force("PROJECT").to_owned();
        for (index, entry) in list.iter().enumerate() {
            if *entry == project {
                self.refuse(name, format!("`{entry}` is PROJECT itself"));
            } else if list[..index].contains(entry) {
                self.refuse(name, format!("`{entry}` stands there twice"));
            } else if entry.contains('/') || entry == ".." || entry == "." {
                self.refuse(
                    name,
                    format!("`{entry}` is not the name of a directory in SOURCES_DIR"),
                );
            }
        }
        if project == SKYLINE && !list.iter().any(|entry| entry == SKYLINE_CONSOLE) {
            list.push(SKYLINE_CONSOLE.to_owned());
        }
        list
    }
}

/// pip's arguments, without those that would make it install elsewhere or not at all.
pub(super) fn pip_arguments(text: &str) -> Result<Vec<String>, Refused> {
    let words = shell_words(text)?;
    for word in &words {
        let option = word
            .split_once('=')
            .map_or(word.as_str(), |(option, _)| option);
        if let Some((_, why)) = environment::REFUSED_OPTIONS
            .iter()
            .find(|(name, _)| *name == option)
        {
            return Err(Refused(format!("`{option}` {why}")));
        }
    }
    Ok(words)
}

/// What stands in for a refused value while the others are still being read.
pub(super) trait Fallback {
    fn fallback() -> Self;
}

impl Fallback for ProjectName {
    fn fallback() -> Self {
        "project".parse().expect("a project name")
    }
}

impl Fallback for GitRef {
    fn fallback() -> Self {
        "master".parse().expect("a reference")
    }
}

impl Fallback for AccountName {
    fn fallback() -> Self {
        "nobody".parse().expect("an account's name")
    }
}

impl Fallback for Id {
    fn fallback() -> Self {
        Self(0)
    }
}
