//! Everything the user said, parsed once into types that cannot be wrong.
//! All mistakes are reported together.

pub mod arguments;
mod ceph;
pub mod environment;
mod given;
mod hermetic;
mod installer;
mod overrides;
mod pinned;
mod reader;
mod repositories;
mod values;
mod wheels;

use std::fmt::Display;
use std::num::NonZeroUsize;

pub use crate::platform::DistributionOverride;
pub use ceph::{CephRepository, KeyFile, SourceLine};
pub use given::Given;
pub use hermetic::Hermetic;
pub use installer::InstallerWish;
pub use overrides::{Change, Word};
pub use pinned::{PinnedFile, Place};
pub use repositories::{Mirror, RepositorySettings, Switch};
pub use values::{AccountName, GitRef, Id, ProjectName, Refused};
pub use wheels::{RegistrySettings, WheelsSettings, WheelsSource};

use crate::python::bytecode::Bytecode;
use crate::secrets::Secrets;
use crate::step::Mode;
use crate::variables::variable;
use overrides::overrides;
use reader::{Fallback, Reader};
use values::{
    directory, distribution, epoch, file, jobs, packages, patches, python_program, words,
};

/// The user's settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What is made.
    pub mode: Mode,
    /// The service to install; the repository of the constraints in [`Mode::Requirements`].
    pub project: ProjectName,
    /// Where its source is cloned from when `SOURCES_DIR` does not have it.
    pub repository: Repository,
    /// The release: a pydep profile, and a line of project.txt.
    pub release: String,
    /// Extras of the project.
    pub extras: Vec<String>,
    /// Whether this is a child of a finished image, which gets a plugin.
    pub plugin: bool,
    /// Further projects in the sources directory.
    pub extra_projects: Vec<String>,
    /// The directory of sources.
    pub sources_dir: String,
    /// A second directory of build inputs.
    pub inputs_dir: Option<String>,
    /// The directory of patches, where the user names one.
    pub patches: Option<String>,
    /// The file of git's logins, where the user names one.
    pub git_credentials: Option<String>,
    /// The service's account.
    pub account: AccountSettings,
    /// The wheels.
    pub wheels: WheelsSettings,
    /// Whether children are kept from the network that do not need it.
    pub hermetic: Hermetic,
    /// How much is done at once, steps or builds, where the user says so.
    pub jobs: Option<NonZeroUsize>,
    /// The `DISTRO` and `DISTRO_VERSION` overrides.
    pub distribution: DistributionOverride,
    /// The interpreter, where the user says which.
    pub python: Option<String>,
    /// The lock file that says which files a release is made of.
    pub lock: Option<String>,
    /// bindep profiles.
    pub profiles: Vec<String>,
    /// Further distribution packages.
    pub dist_packages: Vec<String>,
    /// Where they come from.
    pub repositories: RepositorySettings,
    /// Patterns of further bindep files.
    pub extra_bindep: Vec<String>,
    /// Patterns of further pydep files.
    pub extra_pydep: Vec<String>,
    /// What installs into the virtualenv.
    pub installer: InstallerWish,
    /// What is changed in the constraints of the release.
    pub constraint_overrides: Vec<Word>,
    /// What pip is told.
    pub pip: PipSettings,
    /// What the image has of Python's bytecode.
    pub bytecode: Bytecode,
    /// The time that the image says where it says one, in seconds since 1970.
    pub source_date_epoch: Option<u64>,
    /// Whether the finished image is tested.
    pub smoke: bool,
    /// The packages of Apache's module for OAuth 2.0, for keystone.
    pub mod_oauth2: Vec<PinnedFile>,
    /// What of Horizon's panels is enabled.
    pub horizon_panels: Panels,
    /// The account of emulated TPMs, for nova.
    pub tss: TssSettings,
    /// Where consoles come from.
    pub consoles: Consoles,
    /// Whether the project's configuration files are copied to /etc/PROJECT.
    pub copy_default_config_files: bool,
    /// The arguments as given, for hooks and for the record.
    pub given: Given,
}

/// Which panels of Horizon are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Panels {
    /// Of those that LOCI knows, the ones that are installed.
    Known,
    /// These, by the names of their modules; each has to be installed.
    These(Vec<String>),
}

/// The account that swtpm runs as.
#[derive(Debug, Clone)]
pub struct TssSettings {
    /// Of the user and of the group.
    pub name: AccountName,
    /// User id.
    pub uid: Id,
    /// Group id.
    pub gid: Id,
}

/// What is cloned for consoles.
#[derive(Debug, Clone)]
pub struct Consoles {
    /// noVNC, for nova.
    pub novnc: Repository,
    /// SPICE's, for nova.
    pub spice: Repository,
    /// Skyline's, a Python project beside skyline-apiserver.
    pub skyline: Repository,
}

/// A git repository, and what of it is wanted.
#[derive(Debug, Clone)]
pub struct Repository {
    /// Any URL that git knows, or a local path.
    pub url: String,
    /// What is checked out.
    pub reference: GitRef,
    /// The argument that says it.
    pub argument: &'static str,
    /// Whether the user chose it, so that a source of another commit is worth a word.
    pub is_chosen: bool,
}

/// The service's account, and how far an existing one may be changed.
#[derive(Debug, Clone)]
pub struct AccountSettings {
    /// User id.
    pub uid: Id,
    /// Group id.
    pub gid: Id,
    /// Change an existing account to these ids.
    pub update: bool,
    /// Allow ids that another account has.
    pub non_unique: bool,
}

/// What pip is told.
#[derive(Debug, Clone)]
pub struct PipSettings {
    /// Further requirements.
    pub packages: Vec<String>,
    /// Further arguments of `pip install`.
    pub arguments: Vec<String>,
    /// Further arguments of `pip wheel`, where they are other than those.
    pub wheel_arguments: Option<Vec<String>>,
    /// Version suffixes of the toolchain: pip, setuptools, wheel.
    pub toolchain: [(&'static str, Option<String>); 3],
    /// Toolchain packages to upgrade first.
    pub upgrade: Vec<String>,
}

impl PipSettings {
    /// Whether pip clones what it is asked for.
    #[must_use]
    pub fn has_repositories(&self) -> bool {
        self.packages.iter().any(|word| word.contains("git+"))
    }
}

/// A setting that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingError {
    /// The argument's name.
    pub name: String,
    /// Its value, empty when it has none.
    pub value: String,
    /// Why, and what is allowed.
    pub why: String,
}

impl Display for SettingError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.value.is_empty() {
            write!(formatter, "{}: {}", self.name, self.why)
        } else {
            write!(formatter, "{}={}: {}", self.name, self.value, self.why)
        }
    }
}

/// The project whose console is a Python project of its own.
const SKYLINE: &str = "skyline-apiserver";

/// That console's directory in `SOURCES_DIR`.
const SKYLINE_CONSOLE: &str = "skyline-console";

/// The project that stands for the wheels of a release.
const REQUIREMENTS: &str = "requirements";

/// The project that stands for none.
const INFRA: &str = "infra";

/// The project that stands for the image below the others.
pub const BASE: &str = "base";

impl Settings {
    /// Parses what was given; `environment` is the whole environment, searched for refused variables.
    ///
    /// # Errors
    /// Every wrong value at once, in the catalogue's order.
    pub fn parse(
        given: &Given,
        environment: &[(String, String)],
    ) -> Result<Self, Vec<SettingError>> {
        let mut read = Reader {
            given,
            errors: Vec::new(),
        };
        let project = read.project();
        let mode = match &project {
            Some(project) if project.as_str() == REQUIREMENTS => Mode::Requirements,
            Some(project) if project.as_str() == INFRA => Mode::Infra,
            Some(project) if project.as_str() == BASE => Mode::Base,
            _ => Mode::Project,
        };
        read.refuse_what_is_for_others(mode);
        let settings = Self {
            mode,
            repository: read.repository_of(project.as_ref()),
            release: read.in_force("PROJECT_RELEASE").to_owned(),
            extras: words(read.in_force("PROJECT_PIP_EXTRAS"), true),
            plugin: read.boolean("PLUGIN"),
            extra_projects: read.project_directories("EXTRA_PROJECTS"),
            sources_dir: read.with("SOURCES_DIR", directory).unwrap_or_default(),
            inputs_dir: read.optional("INPUTS_DIR", directory),
            patches: read.optional("PATCHES", patches),
            git_credentials: read.optional("GIT_CREDENTIALS_FILE", file),
            account: AccountSettings {
                uid: read.parsed("UID"),
                gid: read.parsed("GID"),
                update: read.boolean("UPDATE_SYSTEM_ACCOUNT"),
                non_unique: read.boolean("NON_UNIQUE_SYSTEM_ACCOUNT"),
            },
            wheels: read.wheels(),
            hermetic: read.with("HERMETIC", str::parse).unwrap_or_default(),
            jobs: read.optional("JOBS", jobs),
            distribution: DistributionOverride {
                id: read.optional("DISTRO", distribution),
                version: read
                    .text("DISTRO_VERSION")
                    .map(|version| version.to_ascii_lowercase()),
            },
            python: read.optional("PYTHON_PROGRAM", python_program),
            lock: read.text("LOCK"),
            profiles: words(read.in_force("PROFILES"), false),
            dist_packages: read.with("DIST_PACKAGES", packages).unwrap_or_default(),
            repositories: read.repositories(mode),
            extra_bindep: words(read.in_force("EXTRA_BINDEP"), false),
            extra_pydep: words(read.in_force("EXTRA_PYDEP"), false),
            installer: read.with("INSTALLER", str::parse).unwrap_or_default(),
            constraint_overrides: read
                .with("CONSTRAINT_OVERRIDES", overrides)
                .unwrap_or_default(),
            pip: read.pip(),
            bytecode: read
                .with("BYTECODE", |text| text.parse().map_err(Refused))
                .unwrap_or_default(),
            source_date_epoch: read.optional("SOURCE_DATE_EPOCH", epoch),
            smoke: read.boolean("SMOKE"),
            mod_oauth2: read.debian_packages("MOD_OAUTH2_PACKAGES"),
            horizon_panels: read.horizon_panels(),
            tss: read.tss(),
            consoles: Consoles {
                novnc: read.repository(["NOVNC_REPO", "NOVNC_REF"]),
                spice: read.repository(["SPICE_REPO", "SPICE_REF"]),
                skyline: read.repository(["SKYLINE_CONSOLE_REPO", "SKYLINE_CONSOLE_REF"]),
            },
            copy_default_config_files: read.boolean("COPY_DEFAULT_CONFIG_FILES"),
            project: project.unwrap_or_else(Fallback::fallback),
            given: given.clone(),
        };
        let mut errors = read.errors;
        errors.extend(
            environment::refused(environment).map(|(name, why)| SettingError {
                name: name.to_owned(),
                value: variable(environment, name).unwrap_or_default().to_owned(),
                why: format!("{why}; unset it for the build"),
            }),
        );
        if errors.is_empty() {
            Ok(settings)
        } else {
            Err(errors)
        }
    }

    /// Where a project is cloned from that the user does not have to have. What LOCI's
    /// script for Skyline installs is one of its extra projects.
    #[must_use]
    pub fn repository_of(&self, project: &str) -> Option<&Repository> {
        if project == self.project.as_str() {
            Some(&self.repository)
        } else {
            let is_console = project == SKYLINE_CONSOLE && self.project.as_str() == SKYLINE;
            is_console.then_some(&self.consoles.skyline)
        }
    }

    /// The credentials in what the user gave and in the environment that children get.
    #[must_use]
    pub fn secrets(given: &Given, environment: &[(String, String)]) -> Secrets {
        Secrets::gather(
            given
                .iter()
                .map(|(_, value)| value)
                .chain(environment.iter().map(|(_, value)| value.as_str())),
        )
    }
}

#[cfg(test)]
mod tests;
