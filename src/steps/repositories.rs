//! `repositories`: turns the distribution's own repositories to a mirror, and switches
//! repositories on and off, in the files that every package manager and hook reads.
//!
//! In the image of a service both last for the build: the original lies beside the
//! changed file, where no package manager reads it, and `cleanup` renames it back. In a
//! base image `DIST_REPOS` stays, and a mirror does not.

mod unsigned;

use std::collections::BTreeSet;
use std::fs;

pub(super) use unsigned::warn as warn_of_unsigned;

use super::transaction::lists_refreshed;
use crate::context::{Context, file, write_like};
use crate::download::SYSTEM;
use crate::failure::Failure;
use crate::findings::Findings;
use crate::plan::{Action, Task, View, Work};
use crate::platform::Family;
use crate::repositories::{Format, places};
use crate::root::Root;
use crate::settings::{Mirror, Settings, Switch};
use crate::step::Mode;
use crate::words::did_you_mean;

/// The end of an original's name. apt says nothing of files that end in `.orig`
/// (`Dir::Ignore-Files-Silently`); dnf and zypper read `.repo` files only.
const SAVED: &str = ".loci-install.orig";

/// Whether a build has this step: most have nothing to do with it.
pub(super) fn is_wanted(settings: &Settings, root: &Root, family: Family) -> bool {
    let wanted = &settings.repositories;
    settings.mode == Mode::Base
        || wanted.apt_mirror.is_some()
        || wanted.package_mirror.is_some()
        || !wanted.switches.is_empty()
        || !saved(root, family).is_empty()
}

/// The originals that lie beside what took their places.
fn saved(root: &Root, family: Family) -> Vec<String> {
    let places = places(family).iter();
    places
        .flat_map(|(pattern, _)| root.glob(&format!("{pattern}{SAVED}")))
        .collect()
}

pub(super) fn plan(view: &View<'_>, findings: &mut Findings) -> (String, Work) {
    let settings = view.settings;
    let mirror = mirror(view, findings);
    if let (Some(mirror), Some(service)) = (mirror, service(view)) {
        findings.input(format!(
            "{mirror}: the repositories of this image come from {service}, and zypper writes them \
             anew; name the mirror there, or remove that file and add repositories of your own"
        ));
    }
    let files = files(view, findings);
    let switched = switched(view, &files, findings);
    let mut actions = Vec::new();
    let mut serves = false;
    for (file, switched) in files.iter().zip(switched) {
        let mirrored = mirror.map(|mirror| {
            let address = mirror.address(has_certificates(view.root));
            file.format.mirrored(&switched, &address)
        });
        let replaced = mirrored.iter().flat_map(|mirrored| &mirrored.replaced);
        let details: Vec<String> = replaced
            .map(|(from, to)| format!("{from} -> {to}"))
            .collect();
        serves |= !details.is_empty();
        let lasting = match settings.mode {
            Mode::Base => &switched,
            Mode::Project | Mode::Requirements | Mode::Infra => &file.original,
        };
        let now = mirrored
            .as_ref()
            .map_or(&switched, |mirrored| &mirrored.text);
        actions.extend(file.changes(lasting, now, details));
    }
    if let Some(mirror) = mirror.filter(|_| !serves) {
        findings.warn(format!(
            "{mirror}: the mirror serves nothing: no repository of this image is at an address \
             of the distribution's own archive"
        ));
    }
    if !actions.is_empty() {
        // They are another server's.
        actions.push(Action::Remove {
            path: lists_refreshed(),
        });
    }
    actions.extend(unsigned::allow(view, findings));
    let mut reasons: Vec<String> = mirror.iter().map(ToString::to_string).collect();
    if !settings.repositories.switches.is_empty() {
        let words = settings.repositories.switches.iter();
        let words: Vec<String> = words.map(Switch::to_string).collect();
        reasons.push(format!("DIST_REPOS={}", words.join(" ")));
    }
    let why = if reasons.is_empty() {
        "repositories are those of the image".to_owned()
    } else {
        format!("packages come by {}", reasons.join(" and "))
    };
    if actions.is_empty() {
        (why, Work::Done("they are as they have to be".to_owned()))
    } else {
        (why, Work::Do(actions))
    }
}

/// Puts the originals back, where this build has some.
pub(super) fn removal(view: &View<'_>) -> Option<Action> {
    let family = view.platform.family;
    is_wanted(view.settings, view.root, family).then(|| Action::task(PutBack(family)))
}

/// The mirror that this family's package manager is turned to.
fn mirror<'a>(view: &View<'a>, findings: &mut Findings) -> Option<&'a Mirror> {
    let wanted = &view.settings.repositories;
    match (
        view.platform.family,
        &wanted.apt_mirror,
        &wanted.package_mirror,
    ) {
        (Family::Debian, Some(mirror), _) | (_, _, Some(mirror)) => Some(mirror),
        (Family::RedHat | Family::Suse, Some(mirror), None) => {
            findings.input(format!("{mirror}: {}; give PACKAGE_MIRROR", no_apt(view)));
            None
        }
        (_, None, None) => None,
    }
}

/// The file of a service that repositories come from, zypper(8), if there is one.
fn service(view: &View<'_>) -> Option<String> {
    let files = view.root.glob("/etc/zypp/services.d/*.service");
    let mut files = files.into_iter();
    files.find(|path| {
        let text = view.root.read(path).unwrap_or_default();
        !text.lines().any(|line| line.trim() == "enabled=0")
    })
}

/// `centos has dnf and no apt`.
fn no_apt(view: &View<'_>) -> String {
    format!(
        "{} has {} and no apt",
        view.platform.distribution.id,
        view.platform.package_manager.name()
    )
}

/// Whether programs of the image can check certificates, as its own bundles say: package
/// managers do not ask `SSL_CERT_FILE`.
fn has_certificates(root: &Root) -> bool {
    SYSTEM.iter().any(|bundle| root.is_file(bundle))
}

/// A file of repositories.
#[derive(Debug)]
struct RepositoryFile {
    path: String,
    format: Format,
    /// What it says before this program changes it for the time of a build.
    original: String,
    /// What it says now, where that is something else.
    changed: Option<String>,
}

impl RepositoryFile {
    /// Its name without the ending.
    fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }

    /// The repositories that have names of their own.
    fn names(&self) -> Vec<String> {
        self.format.names(&self.original)
    }

    /// What is done so that it says `now`, and `lasting` after the build.
    fn changes(&self, lasting: &str, now: &str, details: Vec<String>) -> Vec<Action> {
        let mut actions = Vec::new();
        let path = self.path.clone();
        if lasting != self.original {
            let original = if self.changed.is_some() {
                format!("{path}{SAVED}")
            } else {
                path.clone()
            };
            actions.push(Action::task(Lasting {
                path: original,
                text: lasting.to_owned(),
            }));
        }
        if now == lasting {
            actions.extend(self.changed.is_some().then(|| Action::task(Restore(path))));
        } else if self.changed.as_deref() != Some(now) {
            actions.push(Action::task(Temporary {
                path,
                text: now.to_owned(),
                details,
            }));
        }
        actions
    }
}

fn files(view: &View<'_>, findings: &mut Findings) -> Vec<RepositoryFile> {
    let root = view.root;
    let mut files = Vec::new();
    for (pattern, format) in places(view.platform.family) {
        for path in root.glob(pattern) {
            if !root.is_file(&path) {
                continue;
            }
            let original = format!("{path}{SAVED}");
            let read = root.read(&path).and_then(|text| {
                if root.exists(&original) {
                    Ok((root.read(&original)?, Some(text)))
                } else {
                    Ok((text, None))
                }
            });
            match read {
                Ok((original, changed)) => files.push(RepositoryFile {
                    path,
                    format: *format,
                    original,
                    changed,
                }),
                Err(error) => findings.input(format!("{path}: {error}")),
            }
        }
    }
    files
}

/// The text of each file with `DIST_REPOS` applied.
fn switched(view: &View<'_>, files: &[RepositoryFile], findings: &mut Findings) -> Vec<String> {
    let mut texts: Vec<String> = files.iter().map(|file| file.original.clone()).collect();
    for switch in &view.settings.repositories.switches {
        // A repository comes before a file: `epel.repo` has more than the repository `epel`.
        let named = |file: &RepositoryFile| file.names().contains(&switch.name);
        let name = files.iter().any(named).then_some(switch.name.as_str());
        let is_meant = |file: &RepositoryFile| match name {
            Some(_) => named(file),
            None => file.stem() == switch.name,
        };
        if !files.iter().any(is_meant) {
            findings.input(unknown(switch, files));
        }
        for (file, text) in files.iter().zip(&mut texts) {
            if is_meant(file) {
                *text = file.format.switched(text, name, switch.on);
            }
        }
    }
    texts
}

/// What is said of a repository that there is not.
fn unknown(switch: &Switch, files: &[RepositoryFile]) -> String {
    let mut known: BTreeSet<String> = BTreeSet::new();
    for file in files {
        let names = file.names();
        if names.is_empty() {
            known.insert(file.stem().to_owned());
        }
        known.extend(names);
    }
    let near = did_you_mean(&switch.name, known.iter().map(String::as_str));
    let known: Vec<String> = known.into_iter().collect();
    let known = if known.is_empty() {
        "there is none at all".to_owned()
    } else {
        format!("there are {}", known.join(", "))
    };
    format!("DIST_REPOS={switch}: there is no such repository{near}; {known}")
}

/// Writes a file that stays.
#[derive(Debug)]
struct Lasting {
    path: String,
    text: String,
}

impl Task for Lasting {
    fn describe(&self) -> String {
        format!("write {}, to stay", self.path)
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let path = context.root.join(&self.path);
        write_like(&path, self.text.as_bytes(), &path)
    }
}

/// Writes a file for the time of the build.
#[derive(Debug)]
struct Temporary {
    path: String,
    text: String,
    details: Vec<String>,
}

impl Task for Temporary {
    fn describe(&self) -> String {
        format!(
            "write {}; the original is {}{SAVED} until cleanup",
            self.path, self.path
        )
    }

    fn details(&self) -> Vec<String> {
        self.details.clone()
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let path = context.root.join(&self.path);
        let original = format!("{}{SAVED}", self.path);
        // A second name, so that there is a file under the first one at any time.
        if !context.root.exists(&original) {
            let original = context.root.join(&original);
            fs::hard_link(&path, &original).map_err(|error| file("write", &original, &error))?;
        }
        write_like(&path, self.text.as_bytes(), &path)?;
        self.details.iter().for_each(|line| context.note(line));
        Ok(())
    }
}

/// Renames an original back.
#[derive(Debug)]
struct Restore(String);

impl Task for Restore {
    fn describe(&self) -> String {
        format!("rename {}{SAVED} back", self.0)
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        put_back(context, &self.0)
    }
}

/// Renames all originals back.
#[derive(Debug)]
struct PutBack(Family);

impl Task for PutBack {
    fn describe(&self) -> String {
        "rename the original files of repositories back".to_owned()
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let originals = saved(context.root, self.0);
        originals.iter().try_for_each(|original| {
            put_back(context, original.strip_suffix(SAVED).unwrap_or(original))
        })
    }
}

fn put_back(context: &Context<'_>, path: &str) -> Result<(), Failure> {
    let original = format!("{path}{SAVED}");
    context.rename(&original, path)?;
    // Of two names of one file, as a run leaves them that is cut off before it writes,
    // rename(2) removes neither.
    context.remove(&original)
}
