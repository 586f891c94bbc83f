//! Builds one wheel, in an isolated environment where the constraints hold, too.

use super::index::Index;
use super::pip::pip;
use crate::command::Command;
use crate::secrets;

/// What builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Builder {
    /// uv, by its path: it makes a build environment in a tenth of a second.
    Uv(String),
    /// pip, where uv cannot be had or the user's arguments are pip's alone.
    Pip,
}

/// What a build needs.
#[derive(Debug, Clone)]
pub struct Build<'a> {
    /// An sdist or a directory.
    pub source: &'a str,
    /// Where the wheel is put.
    pub into: &'a str,
    /// The file of constraints for the build environment.
    pub constraints: &'a str,
    /// A file of constraints with hashes, for uv.
    pub hashes: Option<&'a str>,
    /// Where the build environment is installed from, and what the user says of builds.
    pub index: &'a Index,
}

/// What builds of a release are told, unless the environment of
/// this process says otherwise.
const TOLD: &[(&str, &str)] = &[
    // LOCI: uwsgi without it serves no HTTPS.
    ("UWSGI_PROFILE_OVERRIDE", "ssl=true"),
    // uwsgi and cassandra-driver compile with as many jobs as there are CPUs, which
    // the other builds use already.
    ("CPUCOUNT", "1"),
    ("CASS_DRIVER_BUILD_CONCURRENCY", "1"),
    // Python's own flags ask for debug information, which nobody debugs an image with:
    // it is two thirds of the time and of the size of gssapi's wheel. -O2 is there for
    // configure scripts, which optimize by themselves only when nothing is set.
    ("CFLAGS", "-O2 -g0"),
    ("CXXFLAGS", "-O2 -g0"),
];

/// What builds are told beside the environment of this process.
pub fn told(
    environment: &[(String, String)],
) -> impl Iterator<Item = (&'static str, &'static str)> {
    let set = |name: &str| environment.iter().any(|(set, _)| set == name);
    TOLD.iter().copied().filter(move |(name, _)| !set(name))
}

impl Builder {
    /// The build as a command.
    #[must_use]
    pub fn command(&self, build: &Build<'_>, python: &str) -> Command {
        let index = build.index;
        let mut command = match self {
            Self::Uv(program) => {
                let mut command = Command::new(program.as_str()).args(["build", "--wheel"]);
                if index.none {
                    command = command.arg("--offline");
                }
                let mut command = index
                    .tell_uv(command)
                    .args(["--build-constraints", build.constraints]);
                if let Some(file) = build.hashes {
                    command = command.args(["--build-constraints", file]);
                }
                command
                    .args(["--python", python, "--no-create-gitignore"])
                    .args(["--out-dir", build.into])
            }
            Self::Pip => {
                let mut command = pip(python, "wheel").args(["--no-deps", "--no-cache-dir"]);
                if index.none {
                    command = command.arg("--no-index");
                }
                // With a password it is told by a variable alone.
                for place in index
                    .find_links
                    .iter()
                    .filter(|place| !secrets::are_in(place))
                {
                    command = command.args(["--find-links", place]);
                }
                // Only the environment reaches the environment that pip builds in. Before
                // 25.3 that is PIP_CONSTRAINT, from then on PIP_BUILD_CONSTRAINT
                // (https://github.com/pypa/pip/issues/8209); each pip ignores the other one.
                index
                    .tell_pip(command)
                    .args(["--wheel-dir", build.into])
                    .variable("PIP_BUILD_CONSTRAINT", build.constraints)
                    .variable("PIP_CONSTRAINT", build.constraints)
                    .args(&index.rest)
            }
        };
        for setting in &index.config_settings {
            command = command.args([self.flag(), setting]);
        }
        // What a build requires is fetched in the midst of it.
        command.online(index.asks()).arg(build.source)
    }

    fn flag(&self) -> &'static str {
        match self {
            Self::Uv(_) => "--config-setting",
            Self::Pip => "--config-settings",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_tools_get_the_same() {
        let index = Index::read(&[], "wheel", &["-C".to_owned(), "a=b".to_owned()]);
        let build = Build {
            source: "/files/six-1.tar.gz",
            into: "/out",
            constraints: "/constraints.txt",
            hashes: Some("/hashes.txt"),
            index: &index.closed("/links"),
        };
        let uv = Builder::Uv("uv".to_owned()).command(&build, "/t/bin/python");
        assert_eq!(
            uv.to_string(),
            "uv build --wheel --offline --no-index --find-links /links --build-constraints /constraints.txt \
             --build-constraints /hashes.txt --python /t/bin/python --no-create-gitignore --out-dir /out --config-setting 'a=b' /files/six-1.tar.gz"
        );
        let pip = Builder::Pip.command(&build, "/t/bin/python");
        assert_eq!(
            pip.to_string(),
            "/t/bin/python -m pip wheel --no-deps --no-cache-dir --no-index --find-links /links \
             --wheel-dir /out --config-settings 'a=b' /files/six-1.tar.gz"
        );
        assert_eq!(pip.variables["PIP_BUILD_CONSTRAINT"], "/constraints.txt");
        assert_eq!(pip.variables["PIP_NO_INDEX"], "1");
    }

    #[test]
    fn what_the_user_says_of_a_build_counts() {
        let user = [("CPUCOUNT".to_owned(), "8".to_owned())];
        let told: Vec<_> = told(&user).map(|(name, _)| name).collect();
        assert!(!told.contains(&"CPUCOUNT"));
        assert!(told.contains(&"UWSGI_PROFILE_OVERRIDE"));
    }
}
