//! A console: pages for browsers, from a source of their own.

use std::os::unix::fs::symlink;

use super::super::source::{self, Clone};
use crate::context::{Context, copy_tree, file};
use crate::failure::Failure;
use crate::findings::Findings;
use crate::fingerprint::Fingerprint;
use crate::git;
use crate::layout::STATE;
use crate::plan::{Action, Task, View};
use crate::record::Source;
use crate::root::Root;
use crate::settings::Repository;

/// A console.
#[derive(Debug)]
pub(in super::super) struct Console {
    /// Its directory in `SOURCES_DIR`, and its name in the record.
    pub(super) name: &'static str,
    /// Where its pages go.
    pub(super) directory: &'static str,
    pub(super) repository: Repository,
    /// One of these is in it.
    pub(super) pages: &'static [&'static str],
    /// A name that it has to have, and the page that it is of.
    pub(super) link: Option<(&'static str, &'static str)>,
}

impl Console {
    /// What its source is called.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Installs it, unless that was done.
    pub(super) fn plan(self, view: &View<'_>, findings: &mut Findings) -> Option<Action> {
        let source = source::of(view, self.name);
        if let Some(at) = &source {
            let has = |page: &&str| view.root.is_file(format!("{at}/{page}"));
            if !self.pages.iter().any(has) {
                findings.input(format!(
                    "{at} is no source of {}: it has none of {}",
                    self.name,
                    self.pages.join(", ")
                ));
            }
            source::warn_of_another_commit(view.root, at, &self.repository, findings);
        }
        let stamp = self.stamp(view.root, source.as_deref());
        let is_done = view.root.is_directory(self.directory)
            && view.root.read(self.stamp_file()).ok() == Some(stamp.clone());
        (view.named() || !is_done).then(|| {
            Action::task(Install {
                console: self,
                source,
                stamp,
            })
        })
    }

    fn stamp_file(&self) -> String {
        format!("{STATE}/hooks/{}.stamp", self.name)
    }

    /// What it is made of: a source that is there, wherever that is, or a clone.
    fn stamp(&self, root: &Root, source: Option<&str>) -> String {
        let mut fingerprint = Fingerprint::default();
        if let Some(at) = source {
            fingerprint.add_contents(&root.join(at));
        }
        fingerprint.add(&self.repository.url);
        fingerprint.add(self.repository.reference.as_str());
        fingerprint.finish()
    }

    /// Where it is cloned, on the way to its place.
    fn clone(&self) -> Clone {
        let directory = format!("{STATE}/sources/{}", self.name);
        Clone::new(&self.repository, self.name, directory, self.pages)
    }
}

/// Puts a console in its place.
#[derive(Debug)]
struct Install {
    console: Console,
    /// Where its source is, if it is there.
    source: Option<String>,
    stamp: String,
}

impl Task for Install {
    fn describe(&self) -> String {
        let from = match &self.source {
            Some(at) => format!("copy {at}"),
            None => self.console.clone().describe(),
        };
        format!("{from}, as {}", self.console.directory)
    }

    fn online(&self) -> bool {
        self.source.is_none() && self.console.clone().online()
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let console = &self.console;
        let from = if let Some(at) = &self.source {
            at.clone()
        } else {
            let clone = console.clone();
            context.remove(&clone.directory)?;
            clone.perform(context)?;
            clone.directory
        };
        let is_checkout = git::is_checkout(context.root, &from);
        let commit = is_checkout.then(|| source::commit_of(context, &from));
        let commit = commit.transpose()?;
        self.copy(context, &from)?;
        let of = commit.as_deref().unwrap_or("no git checkout");
        context.note(&format!("{} in {} ({of})", console.name, console.directory));
        context.record(|record| {
            let sources = &mut record.sources;
            let source: &mut Source = sources.entry(console.name.to_owned()).or_default();
            source.commit = commit;
        });
        context.write(&console.stamp_file(), &self.stamp)
    }
}

impl Install {
    /// Whole or not at all, and without what only git needs.
    fn copy(&self, context: &Context<'_>, from: &str) -> Result<(), Failure> {
        let directory = self.console.directory;
        let partial = source::partial(directory);
        context.remove(&partial)?;
        copy_tree(&context.root.join(from), &context.root.join(&partial))?;
        context.remove(&format!("{partial}/.git*"))?;
        if let Some((name, page)) = self.console.link {
            let link = context.root.join(format!("{partial}/{name}"));
            if !link.exists() && context.root.is_file(format!("{partial}/{page}")) {
                symlink(page, &link).map_err(|error| file("link", &link, &error))?;
            }
        }
        context.remove(directory)?;
        context.rename(&partial, directory)
    }
}
