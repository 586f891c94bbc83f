//! Keystone: Apache's module for OAuth 2.0, of the profile `mod_oauth2`.

use url::Url;

use super::super::packages;
use super::super::transaction::{RefreshLists, described, note_base, parts, restrain};
use crate::command::Command;
use crate::context::Context;
use crate::download::{Client, FILE, Fetched, Trust, Wanted};
use crate::failure::Failure;
use crate::findings::Findings;
use crate::fingerprint::Fingerprint;
use crate::inputs;
use crate::layout::STATE;
use crate::plan::{Action, Task, View};
use crate::platform::Family;
use crate::platform::package_manager::PackageManager;
use crate::record::PackageFile;
use crate::settings::{Hermetic, PinnedFile, Place, Settings};

/// LOCI's name of the profile. No bindep file can have it: names of profiles have no `_`.
const PROFILE: &str = "mod_oauth2";

/// The argument that says where the packages are.
const ARGUMENT: &str = "MOD_OAUTH2_PACKAGES";

/// LOCI's script for it.
pub(super) const SCRIPT: &str = "01_add_oauth_modules.sh";

/// What Debian and Ubuntu call it where they have it.
const PACKAGE: &str = "libapache2-mod-oauth2";

/// There once the module is enabled.
const ENABLED: &str = "/etc/apache2/mods-enabled/oauth2.load";

/// Who names a file means its version.
const OLDER: &str = "--allow-downgrades";

pub(super) fn wants_oauth2(settings: &Settings) -> bool {
    settings.profiles.iter().any(|profile| profile == PROFILE)
}

/// Says that packages are named and not wanted.
pub(super) fn warn_of_unused(view: &View<'_>, findings: &mut Findings) {
    let settings = view.settings;
    let is_keystone = settings.project.as_str() == "keystone";
    if is_keystone && !settings.mod_oauth2.is_empty() && !wants_oauth2(settings) {
        findings.warn(format!(
            "{ARGUMENT} is set, and none is installed: PROFILES has no {PROFILE}"
        ));
    }
}

/// Installs the module and enables it, unless that was done.
pub(super) fn oauth2(view: &View<'_>, findings: &mut Findings) -> Vec<Action> {
    let given = &view.settings.mod_oauth2;
    let manager = view.platform.package_manager;
    let family = view.platform.family;
    if family != Family::Debian {
        findings.input(format!(
            "PROFILES={PROFILE}: its packages are Debian's, and {} is of the {} family; \
             give {SCRIPT}, a hook of your own",
            view.platform.distribution.id,
            family.as_str()
        ));
        return Vec::new();
    }
    let mut wanted = packages::wanted(view).into_iter();
    if given.is_empty() && !wanted.any(|(name, _)| manager.bare(&name) == PACKAGE) {
        findings.input(format!(
            "PROFILES={PROFILE}: nothing says where the module comes from; \
             set DIST_PACKAGES={PACKAGE} where the archive has it, \
             else {ARGUMENT} to its .deb files and those that it needs, each with #sha256=; \
             or give {SCRIPT}, a hook of your own"
        ));
        return Vec::new();
    }
    let files = given
        .iter()
        .filter_map(|file| source(view, file, findings).map(|url| (file.clone(), url)));
    let install = Install {
        manager,
        hermetic: view.settings.hermetic,
        files: files.collect(),
    };
    let is_done =
        view.root.exists(ENABLED) && view.root.read(stamp_file()).ok() == Some(install.stamp());
    if is_done && !view.named() {
        return Vec::new();
    }
    restrain(manager)
        .into_iter()
        .chain([Action::task(install)])
        .collect()
}

fn stamp_file() -> String {
    format!("{STATE}/hooks/{PROFILE}.stamp")
}

/// The URL of a file; of one that is here, if it is what it has to be.
fn source(view: &View<'_>, file: &PinnedFile, findings: &mut Findings) -> Option<String> {
    let path = match &file.place {
        Place::Url(url) => return Some(url.to_string()),
        Place::Path(path) => path,
    };
    let (settings, root) = (view.settings, view.root);
    let sha256 = Some(file.sha256.as_str());
    let found = inputs::pinned(settings, root, ARGUMENT, path, sha256, findings)?;
    Url::from_file_path(root.join(found)).ok().map(Url::into)
}

/// Fetches the files, installs them with Apache in one transaction, enables the module.
#[derive(Debug)]
struct Install {
    manager: &'static dyn PackageManager,
    hermetic: Hermetic,
    /// Each with the URL that it is fetched from.
    files: Vec<(PinnedFile, String)>,
}

impl Install {
    fn stamp(&self) -> String {
        let mut fingerprint = Fingerprint::default();
        for (file, _) in &self.files {
            fingerprint.add(&file.sha256);
        }
        fingerprint.finish()
    }

    /// Where files wait for their installation.
    fn place(file: &PinnedFile) -> String {
        format!("{STATE}/packages/{}", file.name())
    }

    /// a2enmod(8) is Apache's, which the module does not depend on: it may be loaded by
    /// another program that takes modules.
    fn packages(&self) -> Vec<String> {
        let files = self.files.iter().map(|(file, _)| Self::place(file));
        std::iter::once("apache2".to_owned()).chain(files).collect()
    }

    fn commands(&self) -> Vec<Command> {
        let install = self.manager.install(&self.packages()).arg(OLDER);
        parts(install, self.manager, self.hermetic)
    }

    fn trial(&self) -> Command {
        self.manager.simulate(&self.packages()).arg(OLDER)
    }

    /// Makes sure that it can be installed. What is all here needs no lists of an archive.
    fn check(&self, context: &Context<'_>) -> Result<(), Failure> {
        let trial = self.trial();
        let first = context.runner.ask(&trial);
        let mut lines = first.stdout.lines();
        if first.ending.success() && lines.all(|line| line.starts_with("'file:")) {
            return Ok(());
        }
        RefreshLists(self.manager).perform(context)?;
        let doing = "find a way to install Apache's module oauth2";
        context.ask(doing, &trial).map(drop)
    }

    fn enable() -> Command {
        Command::new("a2enmod").args(["--quiet", "oauth2"])
    }

    fn fetch(&self, context: &Context<'_>) -> Result<(), Failure> {
        let failed = |why: Vec<String>| Failure::OwnHook {
            doing: "get Apache's module oauth2",
            why,
            advice: "Nothing of it was installed. Correct MOD_OAUTH2_PACKAGES, or what is served there.",
        };
        if self.files.iter().any(|(_, url)| !url.starts_with("file:")) {
            context.runner.fetches();
        }
        let known: Vec<String> = self.files.iter().map(|(_, url)| url.clone()).collect();
        let trust = Trust::default();
        let client = Client::trusting(context.environment, &known, &trust, &FILE)
            .map_err(|error| failed(vec![error.to_string()]))?;
        let mut errors = Vec::new();
        for (file, url) in &self.files {
            let wanted = Wanted {
                url: url.clone(),
                path: context.root.join(Self::place(file)),
                sha256: file.sha256.clone(),
                size: None,
            };
            match client.fetch(&wanted, &|_| ()) {
                Ok(Fetched::Downloaded(_) | Fetched::Present) => {
                    context.note(&format!("{} sha256={}", file.name(), file.sha256));
                }
                Err(error) => errors.push(error.to_string()),
            }
        }
        if errors.is_empty() {
            Ok(())
        } else {
            Err(failed(errors))
        }
    }
}

impl Task for Install {
    fn describe(&self) -> String {
        format!("{}; {}", described(&self.commands()), Self::enable())
    }

    fn online(&self) -> bool {
        true
    }

    fn details(&self) -> Vec<String> {
        let line = |(file, _): &(PinnedFile, String)| {
            format!(
                "{} from {}, sha256={}",
                file.name(),
                file.place,
                file.sha256
            )
        };
        self.files.iter().map(line).collect()
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        self.fetch(context)?;
        self.check(context)?;
        note_base(context, self.manager)?;
        for command in self.commands() {
            context.run("install Apache's module oauth2", &command)?;
        }
        context.run("enable Apache's module oauth2", &Self::enable())?;
        context.note("Apache's module oauth2 is enabled");
        let files = self.files.iter().map(|(file, _)| PackageFile {
            source: file.without_credentials(),
            sha256: file.sha256.clone(),
        });
        let files = files.collect();
        context.record(|record| record.package_files = files);
        context.write(&stamp_file(), &self.stamp())
    }
}
