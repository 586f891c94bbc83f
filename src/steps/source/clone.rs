//! A clone, from a server of any kind, whole or not at all.

use std::thread;
use std::time::Duration;

use super::partial;
use crate::command::{Command, Ending};
use crate::context::Context;
use crate::download::{back_off, retries};
use crate::failure::{FailedChild, Failure};
use crate::git::{Remote, Trouble, credentials_file, git_in};
use crate::plan::Task;
use crate::record::Source;
use crate::secrets;
use crate::settings::{GitRef, Repository};

/// git-upload-pack(1) for a repository that another user owns.
const UPLOAD_PACK: &str = "git -c safe.directory=* upload-pack";

/// Clones into a directory beside the final one and renames, so that a clone
/// that was cut off is never taken for a source.
#[derive(Debug)]
pub(in super::super) struct Clone {
    pub(in super::super) repository: String,
    pub(in super::super) reference: GitRef,
    pub(in super::super) directory: String,
    pub(in super::super) project: String,
    /// What has to be in it, one of these.
    pub(in super::super) holds: &'static [&'static str],
}

/// How much of a repository is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// Commits and tags come with the clone, which pbr counts versions from; trees
    /// and files only of what is checked out. A server that cannot filter sends
    /// everything.
    Treeless,
    /// Everything.
    Whole,
    /// Nothing: what is on a disk of this machine is read where it is. The clone
    /// lives no longer than the build.
    Shared,
}

impl Task for Clone {
    fn describe(&self) -> String {
        let url = Remote::new(&self.repository, None).url;
        format!(
            "{}, and check out {}",
            clone_command(self.extent(), &url, &self.directory),
            self.reference
        )
    }

    /// A local one may have submodules that are not.
    fn online(&self) -> bool {
        true
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let partial = partial(&self.directory);
        let made = self.make(context, &partial);
        if made.is_err() {
            context.remove(&partial)?;
        }
        made?;
        context.record(|record| {
            record.sources.insert(
                self.project.clone(),
                Source {
                    repository: Some(secrets::redacted(&self.repository)),
                    reference: Some(self.reference.to_string()),
                    ..Source::default()
                },
            );
        });
        // Before it is there: the next run uses what is there, and would not know where from.
        context.keep_record()?;
        context.rename(&partial, &self.directory)?;
        Ok(())
    }
}

impl Clone {
    /// The clone of a project, at the reference that is wanted of its repository.
    pub(in super::super) fn new(
        from: &Repository,
        project: &str,
        directory: String,
        holds: &'static [&'static str],
    ) -> Self {
        Self {
            repository: from.url.clone(),
            reference: from.reference.clone(),
            directory,
            project: project.to_owned(),
            holds,
        }
    }

    fn extent(&self) -> Extent {
        if self.repository.starts_with('/') {
            Extent::Shared
        } else {
            Extent::Treeless
        }
    }

    fn make(&self, context: &Context<'_>, into: &str) -> Result<(), Failure> {
        let file = credentials_file(context.settings, context.root);
        let git = Git {
            context,
            remote: Remote::new(&self.repository, file.as_deref()),
            directory: into,
            online: self.extent() != Extent::Shared && !self.repository.starts_with("file:"),
        };
        let extent = self.extent();
        match self.attempt(&git, extent) {
            // A server may offer to leave trees out and then refuse to send the ones
            // that are asked for: git's protocol 0 without uploadpack.allowAnySHA1InWant.
            Err((_, Trouble::Unclear)) if extent == Extent::Treeless => {
                context
                    .note("the server does not give parts of its repository; all of it is cloned");
                self.attempt(&git, Extent::Whole)
            }
            result => result,
        }
        .map_err(|(failure, _)| failure)?;
        let from = context.root.join(into);
        if self.holds.iter().any(|file| from.join(file).is_file()) {
            Ok(())
        } else {
            Err(Failure::NotASource {
                repository: self.repository.clone(),
                reference: self.reference.to_string(),
                lacks: self.holds,
            })
        }
    }

    fn attempt(&self, git: &Git<'_>, extent: Extent) -> Result<(), (Failure, Trouble)> {
        let lasting = |failure| (failure, Trouble::Lasting);
        git.context.remove(git.directory).map_err(lasting)?;
        git.fetch(&clone_command(extent, &git.remote.url, git.directory))
            .map_err(|failed| self.unreachable(failed))?;
        git.forget_promise().map_err(lasting)?;
        let commit = self.find(git)?;
        let failed = |doing: &str| {
            let doing = doing.to_owned();
            |failed: Failed| {
                let child = failed.child;
                (Failure::Command { doing, child }, failed.trouble)
            }
        };
        git.fetch(&git.command(&["checkout", "--quiet", "--detach", &commit]))
            .map_err(failed("check out the source"))?;
        if git.has(".gitmodules") {
            let update = ["submodule", "update", "--init", "--recursive", "--quiet"];
            git.fetch(&git.command(&update).online(true))
                .map_err(failed("get the submodules of the source"))?;
        }
        Ok(())
    }

    fn unreachable(&self, failed: Failed) -> (Failure, Trouble) {
        let failure = Failure::RepositoryUnreachable {
            repository: self.repository.clone(),
            refused: failed.trouble == Trouble::Refused,
            child: failed.child,
        };
        (failure, failed.trouble)
    }

    /// The commit of the reference among what was cloned, a branch before a tag, or
    /// fetched for it.
    fn find(&self, git: &Git<'_>) -> Result<String, (Failure, Trouble)> {
        let reference = self.reference.as_str();
        for candidate in [
            format!("refs/remotes/origin/{reference}"),
            format!("refs/tags/{reference}"),
            reference.to_owned(),
        ] {
            let wanted = format!("{candidate}^{{commit}}");
            let ask = git.command(&["rev-parse", "--verify", "--quiet", &wanted]);
            // Asking for an absent commit would make a partial clone fetch it and fail noisily.
            let ask = ask.variable("GIT_NO_LAZY_FETCH", "1");
            let output = git.context.attempt(&ask);
            match output.ending {
                Ending::Exited(0) => return Ok(output.stdout.trim().to_owned()),
                Ending::Exited(_) => {}
                // That is no answer: a tag may have the name of a branch.
                Ending::Killed(_) | Ending::NotStarted(_) => {
                    let failure = Failure::command("look for the reference in the clone");
                    let child = FailedChild::new(&ask, &output);
                    return Err((failure(child), Trouble::Lasting));
                }
            }
        }
        // Gerrit's changes and bare commits are not among a clone's references.
        git.fetch(&git.command(&["fetch", "--quiet", "origin", reference]))
            .map(|()| "FETCH_HEAD".to_owned())
            .map_err(|failed| match failed.trouble {
                Trouble::Unclear => {
                    let failure = Failure::ReferenceUnknown {
                        repository: self.repository.clone(),
                        reference: reference.to_owned(),
                        child: failed.child,
                    };
                    // More of the repository would not have it either.
                    (failure, Trouble::Lasting)
                }
                _ => self.unreachable(failed),
            })
    }
}

fn clone_command(extent: Extent, url: &str, into: &str) -> Command {
    let clone = Command::new("git").args(["clone", "--quiet", "--no-checkout"]);
    let clone = match extent {
        Extent::Treeless => clone.arg("--filter=tree:0"),
        Extent::Whole => clone,
        // Another git reads it, which is told nothing of ours and asks whose it is.
        Extent::Shared => clone.args(["--shared", "--upload-pack", UPLOAD_PACK]),
    };
    clone.args(["--", url, into])
}

/// How long a server may send nothing, in seconds, when nobody says: it may be
/// busy with finding out what to send.
const SILENCE: &str = "60";

/// Ends a transfer over HTTP that stands still, git(1), after the time that pip waits
/// when that is given.
fn impatient(command: Command, context: &Context<'_>) -> Command {
    let (limit, time) = ("GIT_HTTP_LOW_SPEED_LIMIT", "GIT_HTTP_LOW_SPEED_TIME");
    if context.variable(limit).or(context.variable(time)).is_some() {
        return command;
    }
    let seconds = context.variable("PIP_DEFAULT_TIMEOUT").unwrap_or(SILENCE);
    // git reads whole numbers.
    let seconds = seconds.split('.').next().unwrap_or(SILENCE);
    command.variable(limit, "1").variable(time, seconds)
}

/// git with a repository that is being cloned.
struct Git<'a> {
    context: &'a Context<'a>,
    remote: Remote,
    directory: &'a str,
    /// Whether the repository is on another machine.
    online: bool,
}

/// A child that could not get what it was to get.
struct Failed {
    child: Box<FailedChild>,
    trouble: Trouble,
}

impl Git<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        git_in(self.directory, arguments.iter().copied())
    }

    fn has(&self, path: &str) -> bool {
        let root = self.context.root;
        root.is_file(format!("{}/{path}", self.directory))
    }

    /// Runs what talks to the server, again when the network fails: as often and
    /// after the same pauses as other downloads.
    fn fetch(&self, command: &Command) -> Result<(), Failed> {
        let context = self.context;
        let told = self.remote.told(command.clone(), context.environment);
        let told = impatient(told, context).online(self.online || command.online);
        // A number that is none is told where wheels are fetched, or by pip.
        let retries = retries(context.environment).unwrap_or_default();
        let mut tries = 1;
        loop {
            let output = context.attempt(&told);
            if output.ending.success() {
                return Ok(());
            }
            let trouble = Trouble::of(&output);
            if trouble != Trouble::Passing || tries > retries || context.runner.stopping() {
                let child = FailedChild::new(command, &output);
                return Err(Failed { child, trouble });
            }
            let pause = back_off(tries);
            context.note(&format!("tried again in {} s", pause.as_secs_f64()));
            self.wait(pause);
            tries += 1;
        }
    }

    /// Sleeps, unless the run is stopped.
    fn wait(&self, pause: Duration) {
        let glance = Duration::from_millis(100);
        let mut left = pause;
        while !left.is_zero() && !self.context.runner.stopping() {
            thread::sleep(left.min(glance));
            left = left.saturating_sub(glance);
        }
    }

    /// What came without a promise of the rest is whole: over "dumb" HTTP git takes
    /// the filter for heard. Asked for an absent commit it would then start itself,
    /// to fetch what is absent, until the machine stops it.
    fn forget_promise(&self) -> Result<(), Failure> {
        let root = self.context.root;
        let promised = root.glob(&format!("{}/.git/objects/pack/*.promisor", self.directory));
        let config = root.read(format!("{}/.git/config", self.directory));
        if !promised.is_empty() || !config.is_ok_and(|text| text.contains("promisor = true")) {
            return Ok(());
        }
        for key in ["remote.origin.promisor", "remote.origin.partialclonefilter"] {
            let unset = self.command(&["config", "--unset-all", key]);
            self.context.run("note that the clone is whole", &unset)?;
        }
        Ok(())
    }
}
