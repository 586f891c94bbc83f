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
    /// on Gentoo, whose answers do not repeat the question.
    pub fn queries(self, names: &[&str]) -> Result<Vec<Query>, Error> {
        let together = if self == Self::Emerge {
            1
        } else {
            names.len().max(1)
        };
        let groups = names.chunks(together);
        groups.map(|names| self.query(names)).collect()
    }

    fn query(self, names: &[&str]) -> Result<Query, Error> {
        let command: &[&str] = match self {
            Self::Dpkg => &[
                "dpkg-query",
                "-W",
                "-f",
                "${Package} ${Status} ${Version}\\n",
            ],
            Self::Rpm => &[
                "rpm",
                "--qf",
                "%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\\n",
                "--whatprovides",
                "-q",
            ],
            Self::Pacman => &["pacman", "-Q"],
            Self::Apk => &["apk", "version"],
            Self::Emerge => &["equery", "l", "--format=$version"],
            Self::Unknown => return Err(Error::UnknownPackageManager),
        };
        let mut argv: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        for (index, name) in names.iter().enumerate() {
            if self == Self::Rpm && index > 0 {
                argv.push(SEPARATOR.to_owned());
            }
            argv.push((*name).to_owned());
        }
        Ok(Query {
            argv,
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
        let Answer { stdout, stderr, .. } = answer;
        let says_so = match self.backend {
            Backend::Dpkg => [stdout, stderr]
                .iter()
                .any(|said| said.contains("o packages found matching")),
            Backend::Rpm => {
                let separators = stdout
                    .lines()
                    .filter(|line| line.ends_with(SEPARATOR))
                    .count();
                let mut errors = stderr.lines().filter(|line| line.starts_with("error: "));
                separators + 1 == self.names.len()
                    && errors.all(|error| error.ends_with("No such file or directory"))
            }
            Backend::Pacman => [stdout, stderr]
                .iter()
                .any(|said| said.contains("was not found")),
            Backend::Emerge => answer.status == Some(3),
            // apk does not mention what it does not know.
            Backend::Apk => return true,
            Backend::Unknown => false,
        };
        says_so && answer.status != Some(0)
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

/// `name version` for each package that provides what was asked for, which
/// may be a file or a capability: the separator tells the names apart.
fn rpm<'a>(stdout: &'a str, names: &'a [String]) -> Vec<Entry<'a>> {
    let mut entries = Vec::new();
    let mut rest = names.iter();
    let mut name = rest.next();
    for line in stdout.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        match (words[..].as_ref(), name) {
            ([.., SEPARATOR], _) => name = rest.next(),
            ([_, version], Some(name)) => entries.push((name.as_str(), Some(*version))),
            _ => {}
        }
    }
    entries
}

/// A name that no package provides. rpm says so in its place among the
/// answers, which do not repeat the question.
const SEPARATOR: &str = "loci-install:next-name";

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
    fn rpm_answers_name_by_name() {
        let argv = &Backend::Rpm.queries(&["awk", "/usr/bin/git"]).unwrap()[0].argv;
        assert_eq!(argv[4..], ["-q", "awk", SEPARATOR, "/usr/bin/git"]);
        let next = format!("no package provides {SEPARATOR}\n");
        let stdout = [
            "gawk 5.1.0-6.el9\nmawk 1.3-1\n",
            "no package provides nosuch\n",
            "bind-libs 32:9.16-1.el9_4\n",
            // What is wrong with a file is said on standard error.
            "",
            "git 2.43-1\n",
        ]
        .join(&next);
        let names = ["awk", "nosuch", "bind-libs", "/bin/no", "/usr/bin/git"];
        let stderr = "error: file /bin/no: No such file or directory\n";
        assert_eq!(
            ask(Backend::Rpm, &names, 6, &stdout, stderr).unwrap(),
            "/usr/bin/git=2.43-1 awk=5.1.0-6.el9 bind-libs=32:9.16-1.el9_4"
        );
    }

    #[test]
    fn rpm_must_answer_every_name() {
        let names = ["awk", "git"];
        let stdout = "gawk 5.1.0-6.el9\n";
        let error = ask(Backend::Rpm, &names, 1, stdout, "error: rpmdb is damaged\n").unwrap_err();
        assert!(
            error.to_string().ends_with("error: rpmdb is damaged"),
            "{error}"
        );
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
