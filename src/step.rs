//! The names of the steps, what each waits for and what it must have to itself.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a build makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// An image of a service.
    Project,
    /// The wheels that services are installed from: `PROJECT=requirements`.
    Requirements,
    /// An image of distribution packages and `PIP_PACKAGES` alone: `PROJECT=infra`.
    Infra,
    /// The image that the others are made of: `loci-install base`.
    Base,
}

impl Mode {
    /// The command that does it all.
    #[must_use]
    pub fn command(self) -> &'static str {
        match self {
            Self::Base => "loci-install base",
            Self::Project | Self::Requirements | Self::Infra => "loci-install",
        }
    }

    /// The command that runs one of its steps, without the step's name.
    #[must_use]
    pub fn step_command(self) -> &'static str {
        match self {
            Self::Base => "loci-install step --project base",
            Self::Project | Self::Requirements | Self::Infra => "loci-install step",
        }
    }
}

/// A step, by the name that users type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "`summary` says what each is")]
pub enum StepName {
    Repositories,
    Bootstrap,
    Packages,
    User,
    Wheels,
    Venv,
    Source,
    Build,
    Pip,
    Hooks,
    Config,
    Info,
    Cleanup,
    Smoke,
    Constraints,
    WheelsBuild,
    Publish,
    Ceph,
}

/// What no two steps may use at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lock {
    /// dpkg's or rpm's database, which has a lock file of its own that others fail on.
    PackageManager,
    /// `/etc/passwd` and its like: useradd(8) fails when another holds them.
    Accounts,
    /// The virtualenv's site-packages.
    Virtualenv,
}

impl StepName {
    /// Every step: those of a project, those that only a release's wheels have, and the
    /// one that only a base image has.
    pub const ALL: [Self; 18] = [
        Self::Repositories,
        Self::Bootstrap,
        Self::Packages,
        Self::User,
        Self::Wheels,
        Self::Venv,
        Self::Source,
        Self::Build,
        Self::Pip,
        Self::Hooks,
        Self::Config,
        Self::Info,
        Self::Cleanup,
        Self::Smoke,
        Self::Constraints,
        Self::WheelsBuild,
        Self::Publish,
        Self::Ceph,
    ];

    const PROJECT: &'static [Self] = &[
        Self::Repositories,
        Self::Bootstrap,
        Self::Packages,
        Self::User,
        Self::Wheels,
        Self::Venv,
        Self::Source,
        Self::Build,
        Self::Pip,
        Self::Hooks,
        Self::Config,
        Self::Info,
        Self::Cleanup,
        Self::Smoke,
    ];

    const BEFORE_CLEANUP: &'static [Self] = Self::PROJECT.split_at(Self::PROJECT.len() - 2).0;

    /// The steps of a build, in an order that respects [`StepName::needs`].
    #[must_use]
    pub fn of(mode: Mode) -> &'static [Self] {
        match mode {
            Mode::Project => Self::PROJECT,
            Mode::Requirements => &[
                Self::Repositories,
                Self::Bootstrap,
                Self::Packages,
                Self::Source,
                Self::Constraints,
                Self::WheelsBuild,
                Self::Publish,
            ],
            Mode::Base => &[
                Self::Repositories,
                Self::Bootstrap,
                Self::Ceph,
                Self::Packages,
                Self::Info,
                Self::Cleanup,
            ],
            Mode::Infra => &[
                Self::Repositories,
                Self::Bootstrap,
                Self::Packages,
                Self::Wheels,
                Self::Venv,
                Self::Source,
                Self::Pip,
                Self::Hooks,
                Self::Info,
                Self::Cleanup,
                Self::Smoke,
            ],
        }
    }

    /// The name that users type.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Repositories => "repositories",
            Self::Bootstrap => "bootstrap",
            Self::Packages => "packages",
            Self::User => "user",
            Self::Wheels => "wheels",
            Self::Venv => "venv",
            Self::Source => "source",
            Self::Build => "build",
            Self::Pip => "pip",
            Self::Hooks => "hooks",
            Self::Config => "config",
            Self::Info => "info",
            Self::Cleanup => "cleanup",
            Self::Smoke => "smoke",
            Self::Constraints => "constraints",
            Self::WheelsBuild => "wheels-build",
            Self::Publish => "publish",
            Self::Ceph => "ceph",
        }
    }

    /// What the step is for, in one line.
    #[must_use]
    pub fn summary(self) -> &'static str {
        match self {
            Self::Repositories => "turns to the mirror, and switches repositories on and off",
            Self::Bootstrap => "installs what this program itself needs and the base image lacks",
            Self::Packages => "installs the distribution packages that bindep selects",
            Self::User => "makes the service's group, user and directories",
            Self::Wheels => "makes the wheels directory available",
            Self::Venv => "creates the virtualenv and its pip toolchain",
            Self::Source => "gets the project's source, from a directory or by git",
            Self::Build => "runs scripts that come before pip, then builds wheels of the sources",
            Self::Pip => "installs the project and everything it needs, in one resolution",
            Self::Hooks => "does what single projects need, then runs the image author's scripts",
            Self::Config => "copies the project's default configuration to /etc",
            Self::Info => "writes down what is in the image",
            Self::Cleanup => "removes what the build left behind",
            Self::Smoke => "tests that what is installed is all there and can be imported",
            Self::Constraints => "requirements: finds the file that each constraint stands for",
            Self::WheelsBuild => {
                "requirements: fetches wheels and builds those that are not to be had"
            }
            Self::Publish => "requirements: puts the wheels and their constraints in one directory",
            Self::Ceph => "base: adds Ceph's archive, with its key",
        }
    }

    /// How long it takes, in seconds, where nothing better is known: what was measured
    /// for Cinder, and for a whole release, on Debian 13 with two processors.
    #[must_use]
    pub fn usual_seconds(self) -> f64 {
        match self {
            Self::Bootstrap | Self::Constraints => 10.0,
            Self::Packages => 14.0,
            Self::User | Self::Config | Self::Hooks => 0.1,
            Self::Wheels | Self::Ceph => 3.0,
            Self::Venv | Self::Cleanup => 1.0,
            Self::Source | Self::Smoke => 2.0,
            Self::Build => 4.0,
            Self::Pip => 5.0,
            Self::Info => 0.3,
            Self::Repositories => 0.0,
            Self::WheelsBuild => 150.0,
            Self::Publish => 0.2,
        }
    }

    /// What has to be done before this step starts.
    ///
    /// `venv` waits for `wheels` because pip itself comes from them.
    #[must_use]
    pub fn needs(self) -> &'static [Self] {
        match self {
            Self::Repositories | Self::Wheels => &[],
            Self::Bootstrap => &[Self::Repositories],
            Self::Packages | Self::User | Self::Source | Self::Ceph => &[Self::Bootstrap],
            Self::Venv => &[Self::Bootstrap, Self::Wheels],
            Self::Build => &[Self::Source, Self::Venv, Self::Wheels],
            Self::Pip => &[Self::Build, Self::Wheels, Self::Venv],
            Self::Hooks => &[Self::Packages, Self::User, Self::Pip],
            // A hook may write what is copied, and what it is copied to.
            Self::Config => &[Self::Pip, Self::User, Self::Hooks],
            Self::Info => &[Self::Pip, Self::Packages, Self::Hooks],
            Self::Cleanup => Self::BEFORE_CLEANUP,
            // What goes with packages of the build is missed only then.
            Self::Smoke => &[Self::Cleanup],
            // Without uv, reading an sdist's metadata may compile.
            Self::Constraints => &[Self::Packages, Self::Source],
            Self::WheelsBuild => &[Self::Packages, Self::Constraints],
            Self::Publish => &[Self::WheelsBuild],
        }
    }

    /// What the step must have to itself. A hook may do anything, so it takes all.
    #[must_use]
    pub fn locks(self) -> &'static [Lock] {
        match self {
            Self::Wheels
            | Self::Source
            | Self::Config
            | Self::Constraints
            | Self::WheelsBuild
            | Self::Publish
            | Self::Smoke => &[],
            // Maintainer scripts of packages make accounts, too.
            Self::Bootstrap | Self::Packages => &[Lock::PackageManager, Lock::Accounts],
            Self::Repositories | Self::Ceph => &[Lock::PackageManager],
            Self::User => &[Lock::Accounts],
            Self::Venv | Self::Build | Self::Pip => &[Lock::Virtualenv],
            Self::Info => &[Lock::PackageManager, Lock::Virtualenv],
            Self::Hooks | Self::Cleanup => {
                &[Lock::PackageManager, Lock::Accounts, Lock::Virtualenv]
            }
        }
    }
}

impl fmt::Display for StepName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for StepName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|name| name.as_str() == text)
            .ok_or_else(|| {
                let names: Vec<_> = Self::ALL.iter().map(|name| name.as_str()).collect();
                format!("{text}: no such step; the steps are {}", names.join(", "))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_respects_what_each_step_waits_for() {
        for mode in [Mode::Project, Mode::Infra, Mode::Requirements, Mode::Base] {
            let steps = StepName::of(mode);
            for (index, step) in steps.iter().enumerate() {
                for need in step.needs().iter().filter(|need| steps.contains(need)) {
                    assert!(steps[..index].contains(need), "{step} needs {need}");
                }
            }
        }
    }

    #[test]
    fn nothing_runs_beside_a_hook() {
        let waits = |step: StepName, other: StepName| {
            let mut before: Vec<StepName> = step.needs().to_vec();
            let mut seen = 0;
            while seen < before.len() {
                before.extend(before[seen].needs());
                seen += 1;
            }
            before.contains(&other)
        };
        for step in StepName::of(Mode::Project) {
            let ordered = waits(*step, StepName::Hooks) || waits(StepName::Hooks, *step);
            assert!(ordered || *step == StepName::Hooks, "{step}");
        }
    }

    #[test]
    fn names_round_trip_and_an_unknown_one_lists_them() {
        for step in StepName::ALL {
            assert_eq!(step.as_str().parse(), Ok(step));
        }
        assert_eq!(
            "nosuch".parse::<StepName>(),
            Err("nosuch: no such step; the steps are repositories, bootstrap, packages, user, wheels, venv, source, build, pip, hooks, config, info, cleanup, smoke, constraints, wheels-build, publish, ceph".to_owned())
        );
    }
}
