//! Errors in words: what failed, why, and what the reader does next.

use std::fmt::Write;

use nix::sys::signal::Signal;

use crate::command::Ending;
use crate::failure::{FailedBuild, FailedChild, Failure, UnknownPackage};
use crate::findings::Problem;
use crate::settings::SettingError;
use crate::smoke::Report;
use crate::step::{Mode, StepName};

/// The settings that were refused.
#[must_use]
pub fn refused_settings(errors: &[SettingError]) -> String {
    let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
    listed("wrong setting", &lines)
}

/// The problems that keep a plan from being run.
#[must_use]
pub fn problems(problems: &[Problem]) -> String {
    let lines: Vec<_> = problems
        .iter()
        .map(|problem| problem.text().to_owned())
        .collect();
    listed("problem", &lines)
}

fn listed(what: &str, lines: &[String]) -> String {
    let plural = if lines.len() == 1 { "" } else { "s" };
    let mut out = format!(
        "error: {} {what}{plural}; nothing was touched\n",
        lines.len()
    );
    for line in lines {
        let _ = writeln!(out, "  {}", line.replace('\n', "\n  "));
    }
    out
}

/// The failure of a step of a build.
#[must_use]
pub fn explain(mode: Mode, step: StepName, failure: &Failure) -> String {
    let mut out = explain_alone(step.as_str(), failure);
    let (alone, all) = (mode.step_command(), mode.command());
    let _ = writeln!(
        out,
        "This step alone: {alone} {step}; the build from there: {all}"
    );
    out
}

/// The failure of what is called `name` and is no part of a build.
#[must_use]
pub fn explain_alone(name: &str, failure: &Failure) -> String {
    let Words {
        headline,
        details,
        child,
        mut advice,
    } = words(failure);
    // Whose script it is, or whose archive, is not what matters then.
    if let Some(of_machine) = child.and_then(trouble_of_machine) {
        of_machine.clone_into(&mut advice);
    }
    let mut out = format!("error: {name}: {headline}\n");
    for detail in details {
        let _ = writeln!(out, "  {detail}");
    }
    for line in child.iter().flat_map(|child| told(child, "")) {
        let _ = writeln!(out, "  {line}");
    }
    let _ = writeln!(out, "{advice}");
    out
}

/// What helps a child that could not do its work because of where it ran, whatever it
/// was for.
fn trouble_of_machine(child: &FailedChild) -> Option<&'static str> {
    let said = |words: &str| {
        let mut lines = child.tail.iter();
        lines.any(|line| line.to_lowercase().contains(words))
    };
    if said("no space left on device") {
        return Some("The disk is full: make room and run it again; what is done is kept.");
    }
    if said("read-only file system") {
        return Some(
            "Build where this can be written to, without --read-only and with volumes that are not ro; what is done is kept.",
        );
    }
    // As shadow's programs say it.
    if said("cannot lock /etc/") {
        return Some(
            "Nobody else changes accounts in a build: /etc can only be read, or its disk is full.",
        );
    }
    match &child.ending {
        Ending::Killed(signal) if *signal == Signal::SIGKILL as i32 => Some(
            "Give it more memory, or find out who killed it, and run it again; what is done is kept.",
        ),
        Ending::Exited(_) if child.tail.is_empty() => {
            Some("It said nothing: the command by itself, in this container, may say more.")
        }
        _ => None,
    }
}

/// A signal that came while these steps of a build ran.
#[must_use]
pub fn interrupted(mode: Mode, signal: Signal, steps: &[StepName]) -> String {
    let names: Vec<_> = steps.iter().map(|step| step.as_str()).collect();
    let during = if names.is_empty() {
        String::new()
    } else {
        format!(" during {}", names.join(", "))
    };
    format!(
        "error: stopped by {signal}{during}; no child is left running\n\
         What is done is kept. The build from there: {}\n",
        mode.command()
    )
}

/// A child and its last words; `log` says where the others are.
fn told(child: &FailedChild, log: &str) -> Vec<String> {
    let mut lines = vec![
        format!("command: {}", child.command),
        format!("ended:   {}", child.ending),
    ];
    if !child.tail.is_empty() {
        lines.push(format!("said{log}:"));
        lines.extend(child.tail.iter().map(|line| format!("  {line}")));
    }
    lines
}

struct Words<'a> {
    headline: String,
    details: Vec<String>,
    child: Option<&'a FailedChild>,
    advice: String,
}

#[allow(clippy::too_many_lines, reason = "a catalogue: one arm a failure")]
fn words(failure: &Failure) -> Words<'_> {
    match failure {
        Failure::Command { doing, child } => Words {
            headline: format!("could not {doing}"),
            details: Vec::new(),
            child: Some(child),
            advice: "The last lines say what to correct.".to_owned(),
        },
        Failure::File { doing, path, error } => Words {
            headline: format!("could not {doing} {}: {error}", path.display()),
            details: Vec::new(),
            child: None,
            advice: "Correct the path, its permissions or the space on its device.".to_owned(),
        },
        Failure::PackagesUnknown { packages, child } => Words {
            headline: "the archive does not have every package that was asked for; none was installed".to_owned(),
            details: packages.iter().map(UnknownPackage::to_string).collect(),
            child: Some(child),
            advice: "Correct the names for this release, or add the archive that has them.".to_owned(),
        },
        Failure::RepositoryUnreachable { repository, refused, child } => Words {
            headline: format!("could not clone {repository}"),
            details: Vec::new(),
            child: Some(child),
            advice: if *refused {
                "The server wants a login, or another one: give it by the secret git-credentials or GIT_CREDENTIALS_FILE; of ssh a key."
            } else {
                "Check its URL, the network and the proxy variables; or put the source into SOURCES_DIR."
            }.to_owned(),
        },
        Failure::ReferenceUnknown { repository, reference, child } => Words {
            headline: format!("{repository} has no branch, tag or commit {reference}"),
            details: Vec::new(),
            child: Some(child),
            advice: "Correct the reference; a commit that is in no branch and no tag needs its whole id, and a server that gives it.".to_owned(),
        },
        Failure::NotASource { repository, reference, lacks } => Words {
            headline: match lacks {
                [file] => format!("{repository} at {reference} has no {file}"),
                _ => format!(
                    "{repository} at {reference} is no Python project: it has no {}",
                    listed_or(lacks)
                ),
            },
            details: Vec::new(),
            child: None,
            advice: "Correct PROJECT_REPO or PROJECT_REF.".to_owned(),
        },
        Failure::NoVersion(why) => Words {
            headline: why.clone(),
            details: Vec::new(),
            child: None,
            advice: "Without that its wheel would be called otherwise than the source is.".to_owned(),
        },
        Failure::Patch { patch, source, rejected, is_there, child } => Words {
            headline: if *is_there {
                format!("{patch} is in {source} already")
            } else {
                format!("{patch} does not apply to {source}")
            },
            details: rejected.iter().filter(|_| !is_there).flat_map(|hunk| {
                let lines = hunk.lines.iter().map(|line| format!("  {line}"));
                std::iter::once(format!("rejected, of {}:", hunk.file)).chain(lines)
            }).collect(),
            child: Some(child),
            advice: if *is_there {
                "Remove the patch: this source has what it changes.".to_owned()
            } else {
                "Make the patch anew from this source; none is applied to it now.".to_owned()
            },
        },
        Failure::Conflict { sides, child } => Words {
            headline: "the constraints and the requirements contradict each other".to_owned(),
            details: sides.clone(),
            child: Some(child),
            advice: "Correct the constraint, in the wheels' upper-constraints.txt or by CONSTRAINT_OVERRIDES, or the requirement that it contradicts.".to_owned(),
        },
        Failure::NoDistribution { requirement, wheels, index, child } => Words {
            headline: format!("no wheel satisfies {requirement}"),
            details: vec![if *index {
                format!("looked in {wheels} and, as far as it could be reached, in the package index")
            } else {
                format!("looked in {wheels} only, because KEEP_ALL_WHEELS says that it is complete")
            }],
            child: Some(child),
            advice: "Add the wheel to the wheels, or correct the requirement.".to_owned(),
        },
        Failure::Hook { script, child } => Words {
            headline: match &child.ending {
                Ending::Exited(_) => format!("the hook {script} failed with {}", child.ending),
                Ending::Killed(_) | Ending::NotStarted(_) => {
                    format!("the hook {script} was {}", child.ending)
                }
            },
            details: Vec::new(),
            child: Some(child),
            advice: match &child.ending {
                Ending::NotStarted(_) => "Have its interpreter installed, by bindep.txt or DIST_PACKAGES, and mount scripts where they may be executed.",
                _ => "The script is the image author's; its last lines say what to correct.",
            }
            .to_owned(),
        },
        Failure::OwnHook { doing, why, advice } => Words {
            headline: format!("could not {doing}"),
            details: why.clone(),
            child: None,
            advice: (*advice).to_owned(),
        },
        Failure::Smoke(report) => smoke(report),
        Failure::Input(problems) => Words {
            headline: "the source of the constraints is wrong".to_owned(),
            details: problems.iter().flat_map(|problem| problem.lines()).map(str::to_owned).collect(),
            child: None,
            advice: "Correct the file where it comes from, or give another PROJECT_REF.".to_owned(),
        },
        Failure::IndexUnreachable { why, child } => Words {
            headline: "the package index could not be read".to_owned(),
            details: vec![why.clone()],
            child: Some(child),
            advice: "Check PIP_INDEX_URL and its credentials, the network, the proxy variables and PIP_CERT.".to_owned(),
        },
        Failure::ConstraintsUnknown { constraints, more, child } => Words {
            headline: "the package index does not have everything that the constraints name".to_owned(),
            details: constraints
                .iter()
                .map(|(constraint, why)| format!("{constraint}: {why}"))
                .chain(more.then(|| "and perhaps more: the search ended here".to_owned()))
                .collect(),
            child: Some(child),
            advice: "Correct the constraint, or give the index that has it as PIP_INDEX_URL or PIP_EXTRA_INDEX_URL.".to_owned(),
        },
        Failure::Release { fetches, builds, blocked, made } => release(fetches, builds, blocked, *made),
        Failure::Unmakable(why) => Words {
            headline: why.clone(),
            details: Vec::new(),
            child: None,
            advice: "What is done is kept: the next run goes on from there.".to_owned(),
        },
        Failure::NoInstaller(why) => Words {
            headline: why.clone(),
            details: Vec::new(),
            child: None,
            advice: "Leave INSTALLER at auto, or make what it says possible: uv's wheel among the wheels, or uv on PATH.".to_owned(),
        },
        Failure::AnotherFile { faults, child } => Words {
            headline: "a file that was fetched is not the one that hashes.txt names".to_owned(),
            details: faults.clone(),
            child: child.as_deref(),
            advice: format!(
                "{} Give the index that has the file of that digest as PIP_INDEX_URL, \
                 or make the wheels anew: from this index, and on the base that they are for.",
                // pip tells only after it has installed.
                if child.is_some() { "Nothing of it is installed." } else { "The virtualenv with it was removed." }
            ),
        },
        Failure::WheelsChanged { directory, faults } => Words {
            headline: format!("{directory} does not hold the wheels that its hashes.txt names; none was installed"),
            details: faults.clone(),
            child: None,
            advice: "Make or fetch the set again. Wheels of your own go into a directory that WHEELS names before the set.".to_owned(),
        },
        Failure::Wheels(why) => Words {
            headline: why.clone(),
            details: Vec::new(),
            child: None,
            advice: "Give complete wheels by WHEELS_PATH or WHEELS.".to_owned(),
        },
    }
}

fn smoke<'a>(report: &Report) -> Words<'a> {
    let mut details = Vec::new();
    for (index, fault) in report.faults.iter().enumerate() {
        let mut lines = fault.lines.iter();
        details.extend(lines.next().cloned());
        details.extend(lines.map(|line| format!("  {line}")));
        let next = report.faults.get(index + 1);
        if next.is_none_or(|next| next.advice != fault.advice) {
            details.push(format!("  -> {}", fault.advice));
        }
    }
    Words {
        headline: format!(
            "{} of {} checks of the finished image failed",
            report.faults.len(),
            report.checks()
        ),
        details,
        child: None,
        advice: "SMOKE=no builds the image without this test.".to_owned(),
    }
}

/// `a, b or c`.
fn listed_or(words: &[&str]) -> String {
    match words {
        [most @ .., last] if !most.is_empty() => format!("{} or {last}", most.join(", ")),
        words => words.join(", "),
    }
}

fn release<'a>(
    fetches: &[String],
    builds: &[FailedBuild],
    blocked: &[(String, String)],
    made: usize,
) -> Words<'a> {
    let mut details = Vec::new();
    for build in builds {
        let words = words(&build.failure);
        details.push(format!("{}: {}", build.package, words.headline));
        details.extend(words.details.iter().map(|detail| format!("  {detail}")));
        let log = build.log.as_ref();
        let log = log.map(|log| format!(" (all of it is in {log})"));
        if let Some(child) = words.child {
            let lines = told(child, &log.unwrap_or_default());
            details.extend(lines.iter().map(|line| format!("  {line}")));
        }
    }
    for (package, needed) in blocked {
        details.push(format!("{package} was not tried: it needs {needed}"));
    }
    details.extend(fetches.iter().cloned());
    let failed = builds.len() + blocked.len() + fetches.len();
    let said = |words: &str| {
        details
            .iter()
            .any(|line| line.to_lowercase().contains(words))
    };
    let full = said("no space left on");
    // uv tells of its own child only so.
    let killed = said("sigkill");
    let advice = if full {
        "The disk is full: make room and run it again; what is done is kept."
    } else if killed {
        "What is done is kept: the next run does only what failed. Where memory ran out, JOBS=1 needs the least."
    } else {
        "What is done is kept: the next run does only what failed."
    };
    Words {
        headline: format!("{failed} of {} wheels could not be made", failed + made),
        details,
        child: None,
        advice: advice.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smoke::Fault;

    #[test]
    fn an_error_says_what_failed_why_and_what_next() {
        let failure = Failure::Command {
            doing: "install the packages".to_owned(),
            child: Box::new(FailedChild {
                command: "apt-get install foo".to_owned(),
                ending: Ending::Exited(100),
                tail: vec!["E: broken".to_owned()],
            }),
        };
        assert_eq!(
            explain(Mode::Project, StepName::Packages, &failure),
            "error: packages: could not install the packages\n\
             \x20 command: apt-get install foo\n\
             \x20 ended:   exit status 100\n\
             \x20 said:\n\
             \x20   E: broken\n\
             The last lines say what to correct.\n\
             This step alone: loci-install step packages; the build from there: loci-install\n"
        );
    }

    #[test]
    fn a_smoke_test_tells_all_and_each_advice_once() {
        let fault = |lines: &[&str], advice: &str| Fault {
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            advice: advice.to_owned(),
        };
        let failure = Failure::Smoke(Report {
            looked_at: vec![("package", 2), ("library", 3)],
            faults: vec![
                fault(&["a needs b"], "Install it."),
                fault(&["c needs d"], "Install it."),
                fault(&["e", "  said"], "Correct it."),
            ],
            notes: Vec::new(),
        });
        let told = "error: smoke: 3 of 5 checks of the finished image failed\n\
             \x20 a needs b\n\
             \x20 c needs d\n\
             \x20   -> Install it.\n\
             \x20 e\n\
             \x20     said\n\
             \x20   -> Correct it.\n\
             SMOKE=no builds the image without this test.\n";
        assert_eq!(explain_alone("smoke", &failure), told);
        assert_eq!(
            explain(Mode::Project, StepName::Smoke, &failure),
            format!(
                "{told}This step alone: loci-install step smoke; the build from there: loci-install\n"
            )
        );
    }

    #[test]
    fn what_the_machine_did_to_a_child_is_not_the_childs_to_correct() {
        let last = |ending: Ending, tail: &[&str]| {
            let child = Box::new(FailedChild {
                command: "git clone x y".to_owned(),
                ending,
                tail: tail.iter().map(ToString::to_string).collect(),
            });
            let failure = Failure::RepositoryUnreachable {
                repository: "x".to_owned(),
                refused: false,
                child,
            };
            let text = explain(Mode::Project, StepName::Source, &failure);
            let advice = text.lines().rev().nth(1);
            advice.unwrap_or_default().to_owned()
        };
        assert_eq!(
            last(Ending::Killed(9), &["Cloning"]),
            "Give it more memory, or find out who killed it, and run it again; what is done is kept."
        );
        assert_eq!(
            last(
                Ending::Exited(1),
                &["fatal: write error: No space left on device", "fatal: x"]
            ),
            "The disk is full: make room and run it again; what is done is kept."
        );
        assert_eq!(
            last(
                Ending::Exited(1),
                &["OSError: [Errno 30] Read-only file system: '/x'"]
            ),
            "Build where this can be written to, without --read-only and with volumes that are not ro; what is done is kept."
        );
        assert_eq!(
            last(
                Ending::Exited(10),
                &["groupadd: cannot lock /etc/group; try again later."]
            ),
            "Nobody else changes accounts in a build: /etc can only be read, or its disk is full."
        );
        assert_eq!(
            last(Ending::Exited(1), &[]),
            "It said nothing: the command by itself, in this container, may say more."
        );
        assert_eq!(
            last(Ending::Exited(1), &["fatal: no such host"]),
            "Check its URL, the network and the proxy variables; or put the source into SOURCES_DIR."
        );
    }

    #[test]
    fn a_hook_that_cannot_be_started_is_told_why() {
        let failure = Failure::Hook {
            script: "/opt/loci/10_x.sh".to_owned(),
            child: Box::new(FailedChild {
                command: "/opt/loci/10_x.sh".to_owned(),
                ending: Ending::NotStarted(
                    "there is no /bin/zsh, which its first line names".to_owned(),
                ),
                tail: Vec::new(),
            }),
        };
        assert_eq!(
            explain(Mode::Project, StepName::Build, &failure),
            "error: build: the hook /opt/loci/10_x.sh was not started: there is no /bin/zsh, which its first line names\n\
             \x20 command: /opt/loci/10_x.sh\n\
             \x20 ended:   not started: there is no /bin/zsh, which its first line names\n\
             Have its interpreter installed, by bindep.txt or DIST_PACKAGES, and mount scripts where they may be executed.\n\
             This step alone: loci-install step build; the build from there: loci-install\n"
        );
    }

    #[test]
    fn what_a_project_needs_and_cannot_have_is_told_with_its_own_advice() {
        let failure = Failure::OwnHook {
            doing: "get Apache's module oauth2",
            why: vec!["there is no https://h/x.deb; check the URL".to_owned()],
            advice: "Correct MOD_OAUTH2_PACKAGES.",
        };
        assert_eq!(
            explain(Mode::Project, StepName::Hooks, &failure),
            "error: hooks: could not get Apache's module oauth2\n\
             \x20 there is no https://h/x.deb; check the URL\n\
             Correct MOD_OAUTH2_PACKAGES.\n\
             This step alone: loci-install step hooks; the build from there: loci-install\n"
        );
    }

    #[test]
    fn an_installer_that_is_not_there_names_the_knob() {
        let why =
            "INSTALLER=uv: there is no uv on PATH, and no wheel of it for this machine in /wheels";
        assert_eq!(
            explain(
                Mode::Project,
                StepName::Venv,
                &Failure::NoInstaller(why.to_owned())
            ),
            format!(
                "error: venv: {why}\n\
                 Leave INSTALLER at auto, or make what it says possible: uv's wheel among the wheels, or uv on PATH.\n\
                 This step alone: loci-install step venv; the build from there: loci-install\n"
            )
        );
    }

    #[test]
    fn wheels_that_are_others_are_told_with_what_to_do() {
        let fault = "a-1-py3-none-any.whl has the sha256 12, but hashes.txt says ab";
        let failure = Failure::WheelsChanged {
            directory: "/wheels".to_owned(),
            faults: vec![fault.to_owned()],
        };
        assert_eq!(
            explain(Mode::Project, StepName::Wheels, &failure),
            "error: wheels: /wheels does not hold the wheels that its hashes.txt names; none was installed\n\
             \x20 a-1-py3-none-any.whl has the sha256 12, but hashes.txt says ab\n\
             Make or fetch the set again. Wheels of your own go into a directory that WHEELS names before the set.\n\
             This step alone: loci-install step wheels; the build from there: loci-install\n"
        );
        let failure = Failure::AnotherFile {
            faults: vec!["six==1.17.0 has the sha256 12, but is to have ab".to_owned()],
            child: None,
        };
        assert_eq!(
            explain(Mode::Project, StepName::Pip, &failure),
            "error: pip: a file that was fetched is not the one that hashes.txt names\n\
             \x20 six==1.17.0 has the sha256 12, but is to have ab\n\
             The virtualenv with it was removed. Give the index that has the file of that digest as PIP_INDEX_URL, or make the wheels anew: from this index, and on the base that they are for.\n\
             This step alone: loci-install step pip; the build from there: loci-install\n"
        );
    }

    #[test]
    fn one_problem_is_not_many() {
        assert_eq!(
            problems(&[Problem::Machine("must be root".to_owned())]),
            "error: 1 problem; nothing was touched\n  must be root\n"
        );
    }
}
