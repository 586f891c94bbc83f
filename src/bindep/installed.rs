//! Which packages are installed, and in which version: the question as a
//! command line and the answer read from its output. Running it is up to the
//! caller.

use std::collections::BTreeMap;

use super::platform::Backend;

/// What a query runs with, so that messages are the ones this module knows.
pub const ENVIRONMENT: [(&str, &str); 1] = [("LC_ALL", "C")];

/// A command that asks for some names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The program and its arguments, to be run with [`ENVIRONMENT`] added.
    pub argv: Vec<String>,
    backend: Backend,
    names: Vec<String>,
}

/// What came of running a [`Query`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The exit status; nothing when a signal ended it.
    pub status: Option<i32>,
    /// The standard output.
    pub stdout: String,
    /// The standard error.
    pub stderr: String,
}

/// The versions of those names that are installed.
pub type Versions = BTreeMap<String, String>;

/// The installed packages cannot be known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The distribution has no package manager that can be asked.
    #[error(
        "it is not known how to ask this platform for its packages; \
         `-l newline` lists what is wanted without asking"
    )]
    UnknownPackageManager,
    /// The command failed, or left a name without an answer.
    #[error("`{command}` {end}{stderr}")]
    Query {
        /// The command line.
        command: String,
        /// How it ended.
        end: String,
        /// What it said, on lines of its own.
        stderr: String,
    },
}

impl Backend {
    /// What to run to learn about `names`: one command for all of them, except
    /// that files in RPM packages and everything in Gentoo must be asked for
    /// one by one, since their answers do not repeat the question.
    pub fn queries(self, names: &[&str]) -> Result<Vec<Query>, Error> {
        let alone = |name: &&str| match self {
            Self::Rpm => name.starts_with('/'),
            Self::Emerge => true,
            _ => false,
        };
        let (single, together): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| alone(name));
        let mut groups: Vec<Vec<&str>> = single.into_iter().map(|name| vec![name]).collect();
        if !together.is_empty() {
            groups.insert(0, together);
        }
        groups.into_iter().map(|names| self.query(&names)).collect()
    }

    fn query(self, names: &[&str]) -> Result<Query, Error> {
        let command: &[&str] = match self {
            Self::Dpkg => &[
                "dpkg-query",
                "-W",
                "-f",
                "${Package} ${Status} ${Version}\\n",
            ],
            // The indented lines tell which name a package was found by.
            Self::Rpm => &[
                "rpm",
                "--qf",
                "%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\\n[ %{PROVIDENAME}\\n]",
                "--whatprovides",
                "-q",
            ],
            Self::Pacman => &["pacman", "-Q"],
            Self::Apk => &["apk", "version"],
            Self::Emerge => &["equery", "l", "--format=$version"],
            Self::Unknown => return Err(Error::UnknownPackageManager),
        };
        let argv = command.iter().chain(names).map(|word| (*word).to_owned());
        Ok(Query {
            argv: argv.collect(),
            backend: self,
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        })
    }
}

impl Query {
    /// The versions in `answer`. A name that is absent was said to be missing:
    /// silence is an error, so that a broken database is never mistaken for an
    /// empty system.
    pub fn read(&self, answer: &Answer) -> Result<Versions, Error> {
        let entries = match self.backend {
            Backend::Dpkg => dpkg(&answer.stdout),
            Backend::Rpm => rpm(&answer.stdout, &self.names),
            Backend::Pacman => pacman(&answer.stdout),
            Backend::Apk => apk(&answer.stdout, &self.names),
            Backend::Emerge => emerge(&answer.stdout, &self.names),
            Backend::Unknown => return Err(Error::UnknownPackageManager),
        };
        let mut states = BTreeMap::new();
        for (name, version) in entries {
            // Several architectures or providers answer with a line each; the first one counts.
            states.entry(name).or_insert(version);
        }
        let unanswered = self
            .names
            .iter()
            .any(|name| !states.contains_key(name.as_str()));
        if !self.is_fine(answer) || (unanswered && !self.says_missing(answer)) {
            return Err(self.failure(answer));
        }
        let wanted = self.names.iter().filter_map(|name| {
            let version = states.get(name.as_str())?.as_ref()?;
            Some((name.clone(), (*version).to_owned()))
        });
        Ok(wanted.collect())
    }

    /// Whether the exit status is one of an answer.
    fn is_fine(&self, answer: &Answer) -> bool {
        match (self.backend, answer.status) {
            (_, None) => false,
            // rpm counts the names it did not find.
            (Backend::Rpm, Some(_)) => true,
            (Backend::Emerge, Some(status)) => matches!(status, 0 | 3),
            (_, Some(status)) => matches!(status, 0 | 1),
        }
    }

    fn says_missing(&self, answer: &Answer) -> bool {
        let phrases: &[&str] = match self.backend {
            Backend::Dpkg => &["o packages found matching"],
            Backend::Rpm => &[
                "no package provides",
                "is not installed",
                "is not owned by any package",
                "No such file or directory",
            ],
            Backend::Pacman => &["was not found"],
            Backend::Emerge => return answer.status == Some(3),
            Backend::Apk | Backend::Unknown => return true,
        };
        let said = |phrase: &&str| answer.stderr.contains(phrase) || answer.stdout.contains(phrase);
        answer.status != Some(0) && phrases.iter().any(said)
    }

    fn failure(&self, answer: &Answer) -> Error {
        let said = answer.stderr.lines().filter(|line| !line.trim().is_empty());
        let said: Vec<_> = said.take(20).map(|line| format!("\n    {line}")).collect();
        Error::Query {
            command: self.argv.join(" "),
            end: match answer.status {
                Some(0) => "did not tell about every package".to_owned(),
                Some(status) => format!("ended with status {status}"),
                None => "was ended by a signal".to_owned(),
            },
            stderr: said.concat(),
        }
    }
}

type Entry<'a> = (&'a str, Option<&'a str>);

/// `name want ok status version`; only the status `installed` counts, whatever
/// is wanted.
fn dpkg(stdout: &str) -> Vec<Entry<'_>> {
    let lines = stdout
        .lines()
        .map(|line| line.split(' ').collect::<Vec<_>>());
    let entry = |words: Vec<_>| match words[..] {
        [name, _, _, "installed", version, ..] => Some((name, Some(version))),
        [name, _, _, _, ..] => Some((name, None)),
        _ => None,
    };
    lines.filter_map(entry).collect()
}

/// `name version`, then indented all that the package provides.
fn rpm<'a>(stdout: &'a str, names: &'a [String]) -> Vec<Entry<'a>> {
    let is_file = names.iter().any(|name| name.starts_with('/'));
    let mut entries = Vec::new();
    let mut version = None;
    for line in stdout.lines() {
        if let Some(provided) = line.strip_prefix(' ') {
            entries.push((provided, version));
            continue;
        }
        let words: Vec<_> = line.split_whitespace().collect();
        if let [name, found] = words[..] {
            version = Some(found);
            entries.push((if is_file { &names[0] } else { name }, version));
        }
    }
    entries
}

/// `name version`
fn pacman(stdout: &str) -> Vec<Entry<'_>> {
    let lines = stdout.lines().filter_map(|line| line.split_once(' '));
    lines
        .map(|(name, version)| (name, Some(version.trim())))
        .collect()
}

/// Two words of heading, then triples like `musl-1.2.5-r0 = 1.2.5-r1`, of which
/// the reference takes the last word, the version that is available.
fn apk<'a>(stdout: &'a str, names: &'a [String]) -> Vec<Entry<'a>> {
    let words: Vec<&str> = stdout.split_whitespace().skip(2).collect();
    let mut entries = Vec::new();
    for triple in words.chunks_exact(3) {
        let is_of = |name: &&String| {
            let rest = triple[0].strip_prefix(name.as_str());
            let version = rest.and_then(|rest| rest.strip_prefix('-'));
            version.is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()))
        };
        let found = names.iter().filter(is_of);
        entries.extend(found.map(|name| (name.as_str(), Some(triple[2]))));
    }
    entries
}

/// A version on each line, for the one name that was asked.
fn emerge<'a>(stdout: &'a str, names: &'a [String]) -> Vec<Entry<'a>> {
    let versions = stdout
        .split_whitespace()
        .map(|version| version.trim_matches('\''));
    names
        .iter()
        .map(String::as_str)
        .zip(versions.map(Some))
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn ask(
        backend: Backend,
        names: &[&str],
        status: i32,
        stdout: &str,
        stderr: &str,
    ) -> Result<String, Error> {
        let queries = backend.queries(names)?;
        assert_eq!(queries.len(), 1);
        let versions = queries[0].read(&Answer {
            status: Some(status),
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
        })?;
        let versions = versions
            .iter()
            .map(|(name, version)| format!("{name}={version}"));
        Ok(versions.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn dpkg_is_asked_once_for_all() {
        let queries = Backend::Dpkg.queries(&["git", "curl"]).unwrap();
        assert_eq!(
            queries[0].argv,
            [
                "dpkg-query",
                "-W",
                "-f",
                "${Package} ${Status} ${Version}\\n",
                "git",
                "curl"
            ]
        );
        assert_eq!(Backend::Dpkg.queries(&[]), Ok(Vec::new()));
    }

    #[test]
    fn dpkg_tells_states_apart() {
        let stdout = "git install ok installed 1:2.43.0-1\n\
                      libc6 hold ok installed 2.39-0\nlibc6 install ok installed 2.38-1\n\
                      vim deinstall ok config-files 9.1\n\
                      half install ok half-configured 1\n\
                      gone unknown ok not-installed \n";
        let stderr = "dpkg-query: no packages found matching awk\n";
        assert_eq!(
            ask(
                Backend::Dpkg,
                &["git", "libc6", "vim", "half", "gone", "awk"],
                1,
                stdout,
                stderr
            )
            .unwrap(),
            "git=1:2.43.0-1 libc6=2.39-0"
        );
    }

    #[test]
    fn silence_is_a_failure_and_not_an_absence() {
        let stderr = "dpkg-query: error: failed to open package info file '/var/lib/dpkg/status'\n";
        let error = ask(Backend::Dpkg, &["git"], 2, "", stderr).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`dpkg-query -W -f ${Package} ${Status} ${Version}\\n git` ended with status 2\n    \
             dpkg-query: error: failed to open package info file '/var/lib/dpkg/status'"
        );
        let error = ask(Backend::Dpkg, &["git"], 0, "", "").unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("did not tell about every package")
        );
        let error = ask(
            Backend::Rpm,
            &["git"],
            1,
            "",
            "error: cannot open Packages database\n",
        )
        .unwrap_err();
        assert!(error.to_string().contains("cannot open"));
    }

    #[test]
    fn rpm_answers_by_what_is_provided() {
        let stdout = "gawk 5.1.0-6.el9\n awk\n gawk\n gawk(x86-64)\n\
                      bind-libs 32:9.16-1.el9_4\n bind-libs\nno package provides nosuch\n";
        assert_eq!(
            ask(Backend::Rpm, &["awk", "bind-libs", "nosuch"], 1, stdout, "").unwrap(),
            "awk=5.1.0-6.el9 bind-libs=32:9.16-1.el9_4"
        );
    }

    #[test]
    fn rpm_is_asked_for_files_one_by_one() {
        let queries = Backend::Rpm
            .queries(&["/usr/bin/awk", "git", "/bin/no"])
            .unwrap();
        let asked: Vec<_> = queries
            .iter()
            .map(|query| query.argv.last().unwrap().as_str())
            .collect();
        assert_eq!(asked, ["git", "/usr/bin/awk", "/bin/no"]);
        assert_eq!(
            ask(
                Backend::Rpm,
                &["/usr/bin/awk"],
                0,
                "gawk 5.1-6\n gawk\n",
                ""
            )
            .unwrap(),
            "/usr/bin/awk=5.1-6"
        );
        let stderr = "error: file /bin/no: No such file or directory\n";
        assert_eq!(ask(Backend::Rpm, &["/bin/no"], 1, "", stderr).unwrap(), "");
    }

    #[test]
    fn the_others_answer_too() {
        let stderr = "error: package 'nosuch' was not found\n";
        assert_eq!(
            ask(
                Backend::Pacman,
                &["git", "nosuch"],
                1,
                "git 2.45-1\n",
                stderr
            )
            .unwrap(),
            "git=2.45-1"
        );
        let stdout =
            "Installed:      Available:\nmusl-1.2.5-r0 < 1.2.5-r1\nmusl-dev-1.2.5-r0 = 1.2.5-r2\n";
        assert_eq!(
            ask(Backend::Apk, &["musl", "musl-dev", "nosuch"], 0, stdout, "").unwrap(),
            "musl=1.2.5-r1 musl-dev=1.2.5-r2"
        );
        assert_eq!(
            ask(Backend::Emerge, &["git"], 0, "2.45.1\n", "").unwrap(),
            "git=2.45.1"
        );
        assert_eq!(ask(Backend::Emerge, &["git"], 3, "", "").unwrap(), "");
        assert_eq!(
            Backend::Unknown.queries(&["git"]),
            Err(Error::UnknownPackageManager)
        );
    }
}
