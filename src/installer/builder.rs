//! Builds one wheel, in an isolated environment that has the index switched off:
//! all that a build may install is in a directory, and the constraints hold
//! there, too.

use super::index::Index;
use crate::command::Command;

/// What builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Builder {
    /// uv, by its path: it makes a build environment in a tenth of a second.
    Uv(String),
    /// pip, where uv cannot be had or the user's arguments are pip's alone.
    Pip,
}

/// What one build needs.
#[derive(Debug, Clone)]
pub struct Build<'a> {
    /// An sdist or a directory.
    pub source: &'a str,
    /// Where the wheel is put.
    pub into: &'a str,
    /// The directory of wheels for the build environment.
    pub find_links: &'a str,
    /// The file of constraints for the build environment.
    pub constraints: &'a str,
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
    pub fn command(
        &self,
        build: &Build<'_>,
        index: &Index,
        python: &str,
        environment: &[(String, String)],
    ) -> Command {
        let mut command = match self {
            Self::Uv(program) => Command::new(program.as_str())
                .args(["build", "--wheel", "--offline", "--no-index"])
                .args(["--find-links", build.find_links])
                .args(["--build-constraints", build.constraints])
                .args(["--python", python, "--no-create-gitignore"])
                .args(["--out-dir", build.into]),
            Self::Pip => Command::new(python)
                .args(["-m", "pip", "wheel", "--no-deps", "--no-cache-dir"])
                .args(["--no-index", "--find-links", build.find_links])
                .args(["--wheel-dir", build.into])
                // Only the environment reaches the environment that pip builds in. Before
                // 25.3 that is PIP_CONSTRAINT, from then on PIP_BUILD_CONSTRAINT
                // (https://github.com/pypa/pip/issues/8209); each pip ignores the other one.
                .variable("PIP_BUILD_CONSTRAINT", build.constraints)
                .variable("PIP_CONSTRAINT", build.constraints)
                .variable("PIP_NO_INDEX", "1")
                .variable("PIP_FIND_LINKS", build.find_links)
                .args(&index.rest),
        };
        for setting in &index.config_settings {
            command = command.args([flag(self), setting]);
        }
        for (name, value) in told(environment) {
            command = command.variable(name, value);
        }
        command.arg(build.source)
    }
}

fn flag(builder: &Builder) -> &'static str {
    match builder {
        Builder::Uv(_) => "--config-setting",
        Builder::Pip => "--config-settings",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUILD: Build<'_> = Build {
        source: "/files/six-1.tar.gz",
        into: "/out",
        find_links: "/links",
        constraints: "/constraints.txt",
    };

    #[test]
    fn both_tools_get_the_same() {
        let index = Index::read("", &["-C".to_owned(), "a=b".to_owned()]);
        let uv = Builder::Uv("uv".to_owned()).command(&BUILD, &index, "/t/bin/python", &[]);
        assert_eq!(
            uv.to_string(),
            "uv build --wheel --offline --no-index --find-links /links --build-constraints /constraints.txt \
             --python /t/bin/python --no-create-gitignore --out-dir /out --config-setting 'a=b' /files/six-1.tar.gz"
        );
        let pip = Builder::Pip.command(&BUILD, &index, "/t/bin/python", &[]);
        assert_eq!(
            pip.to_string(),
            "/t/bin/python -m pip wheel --no-deps --no-cache-dir --no-index --find-links /links \
             --wheel-dir /out --config-settings 'a=b' /files/six-1.tar.gz"
        );
        assert_eq!(pip.variables["PIP_BUILD_CONSTRAINT"], "/constraints.txt");
    }

    #[test]
    fn what_the_user_says_of_a_build_counts() {
        let user = [("CPUCOUNT".to_owned(), "8".to_owned())];
        let command = Builder::Pip.command(&BUILD, &Index::default(), "python", &user);
        assert!(!command.variables.contains_key("CPUCOUNT"));
        assert_eq!(command.variables["UWSGI_PROFILE_OVERRIDE"], "ssl=true");
    }
}
