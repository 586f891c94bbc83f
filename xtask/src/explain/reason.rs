//! Why two trees differ at a path: the reasons that there are, and the judgement.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use super::difference::{self, Difference, What};
use super::dpkg::{self, Packages};
use super::made;
use super::python::{self, Recorded};
use super::tmpfiles;
use super::tree::{Entry, Kind, Tree};

/// Why something is as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A file of a package, with the content that dpkg knows.
    Package(String),
    /// A maintainer script of a package does that: which, and what for.
    Script(String, &'static str),
    /// Made by systemd-tmpfiles(8), as a file of a package says.
    Tmpfiles(String),
    /// A unit or an init script of a package that is enabled.
    Service(String),
    /// A link, or what is noted of it, that update-alternatives made for a package.
    Alternative(String),
    /// A database of dpkg, apt or debconf, and all that it says anew is of new packages.
    Database,
    /// ldconfig's cache, and there are new libraries.
    Linker,
    /// A file of a distribution in the virtualenv, with the content that its RECORD says.
    Distribution(String),
    /// The virtualenv's own.
    Virtualenv,
    /// A compiled module whose source is there, and bytecode was asked for.
    Bytecode,
    /// The account of the service or of a package, and its directories.
    Account(String),
    /// A configuration file that the service ships, copied to /etc.
    Configuration,
    /// What the image says of itself.
    Info,
    /// Removed by `cleanup`, from the base as well: why.
    Removed(&'static str),
    /// The time of a directory in which something else changed.
    Entries,
    /// The time of a directory in which something was for a while.
    Passed(&'static str),
    /// Made by what built the image.
    Builder(&'static str),
}

/// What is known of two trees.
struct Judge<'a> {
    before: &'a Tree,
    after: &'a Tree,
    packages_before: Packages,
    packages: Packages,
    recorded: BTreeMap<String, Recorded>,
    /// Of the service: its name and whether it asked for bytecode.
    service: String,
    bytecode: bool,
    /// Names of accounts and groups by their ids.
    users: BTreeMap<u32, &'a str>,
    groups: BTreeMap<u32, &'a str>,
}

/// Every difference, with its reason if there is one.
pub fn judge(before: &Tree, after: &Tree) -> Vec<(Difference, Option<Reason>)> {
    let judge = Judge::of(before, after);
    let differences = difference::between(before, after);
    let mut reasons: BTreeMap<String, Reason> = BTreeMap::new();
    for difference in &differences {
        if let Some(reason) = judge.reason(difference) {
            reasons.insert(difference.path.clone(), reason);
        }
    }
    // A directory is there for what is in it; the deepest comes first.
    for difference in differences.iter().rev() {
        let path = &difference.path;
        if difference.what == What::Added
            && !reasons.contains_key(path)
            && judge.is_plain_directory(path)
            && let Some(reason) = first_below(&reasons, path)
        {
            reasons.insert(path.clone(), reason);
        }
    }
    let changed: BTreeSet<&str> = differences
        .iter()
        .filter(|difference| !difference.is_time())
        .filter_map(|difference| parent(&difference.path))
        .collect();
    for difference in &differences {
        let path = difference.path.as_str();
        if difference.is_time() && !reasons.contains_key(path) && judge.is_directory(path) {
            let entries = changed.contains(path).then_some(Reason::Entries);
            if let Some(reason) = entries.or(made::passed(path).map(Reason::Passed)) {
                reasons.insert(path.to_owned(), reason);
            }
        }
    }
    let judged = differences.into_iter().map(|difference| {
        let reason = reasons.remove(&difference.path);
        (difference, reason)
    });
    judged.collect()
}

impl<'a> Judge<'a> {
    fn of(before: &'a Tree, after: &'a Tree) -> Self {
        let record = after.text("/etc/image_info/build.json");
        let record: Value = serde_json::from_str(record).unwrap_or_default();
        let bytecode = record["arguments"]["BYTECODE"].as_str();
        Self {
            before,
            after,
            packages_before: Packages::of(before),
            packages: Packages::of(after),
            recorded: python::recorded(after),
            service: record["project"].as_str().unwrap_or_default().to_owned(),
            bytecode: bytecode.is_some_and(|kind| kind != "none"),
            users: names(after.text("/etc/passwd")),
            groups: names(after.text("/etc/group")),
        }
    }

    fn reason(&self, difference: &Difference) -> Option<Reason> {
        let path = difference.path.as_str();
        let Some(entry) = self.after.entries.get(path) else {
            return self.why_removed(path);
        };
        match difference.what {
            What::Added => self.why_added(path, entry),
            _ if difference.is_content() => self.why_changed(path, entry),
            _ if difference.is_time() => is_lock(path, entry).then_some(Reason::Database),
            _ => None,
        }
    }

    fn why_removed(&self, path: &str) -> Option<Reason> {
        if let Some(why) = made::removed(path) {
            return Some(Reason::Removed(why));
        }
        if path.contains("/__pycache__") {
            return Some(Reason::Removed("bytecode is made anew, or not there"));
        }
        let mut owners = self.packages_before.owners(path);
        let owner = owners.find(|name| self.is_new(name))?;
        Some(Reason::Package(owner.to_owned()))
    }

    fn why_changed(&self, path: &str, entry: &Entry) -> Option<Reason> {
        if path == "/etc/ld.so.cache" {
            return Some(Reason::Linker);
        }
        if self.is_database(path) {
            return Some(Reason::Database);
        }
        self.of_account_file(path)
            .or_else(|| self.of_package(path, entry))
    }

    fn why_added(&self, path: &str, entry: &Entry) -> Option<Reason> {
        self.of_package(path, entry)
            .or_else(|| self.of_script(path, entry))
            .or_else(|| self.of_tmpfiles(path, entry))
            .or_else(|| self.of_account(path, entry))
            .or_else(|| of_builder(path, entry))
            .or_else(|| {
                if !is_plain(entry) {
                    return None;
                }
                self.of_distribution(path, entry)
                    .or_else(|| self.of_bytecode(path))
                    .or_else(|| self.of_service(path))
                    .or_else(|| self.of_alternative(path))
                    .or_else(|| self.of_configuration(path, entry))
                    .or_else(|| match path {
                        _ if path.starts_with("/etc/image_info/") => Some(Reason::Info),
                        _ if python::is_of_venv(path) => Some(Reason::Virtualenv),
                        _ if self.is_database(path) => Some(Reason::Database),
                        _ => None,
                    })
            })
    }

    fn of_package(&self, path: &str, entry: &Entry) -> Option<Reason> {
        let owner = self.new_owner(path)?;
        // dpkg does not know permissions; those that are unusual are listed with scripts.
        (self.is_as_packed(path, entry) && is_plain(entry))
            .then(|| Reason::Package(owner.to_owned()))
    }

    /// Whether dpkg knows this content. It does not know where links lead.
    fn is_as_packed(&self, path: &str, entry: &Entry) -> bool {
        match &entry.kind {
            Kind::File(content) => self.packages.has_digest(path, &content.md5),
            Kind::Directory | Kind::Link(_) => true,
            Kind::Other(_) => false,
        }
    }

    fn of_script(&self, path: &str, entry: &Entry) -> Option<Reason> {
        // What a package logged while it was installed does not belong to an image.
        if path.starts_with("/var/log/") && matches!(&entry.kind, Kind::File(it) if it.size > 0) {
            return None;
        }
        if self.new_owner(path).is_some() && !self.is_as_packed(path, entry) {
            return None;
        }
        let bare = Entry {
            attributes: BTreeMap::new(),
            ..entry.clone()
        };
        let capable = entry.attributes.keys().eq(["security.capability"]);
        let mut made = made::by_scripts(path).filter(|made| {
            let permissions = match made.special {
                None => is_plain(&bare),
                Some((mode, owner)) => entry.mode == mode && self.owner(entry) == owner,
            };
            permissions && capable == made.capable && (capable || entry.attributes.is_empty())
        });
        made.find_map(|made| {
            let mut new = self.packages.new_ones(&self.packages_before);
            let package = new.find(|name| made.is_by(name))?;
            Some(Reason::Script(package.to_owned(), made.why))
        })
    }

    fn of_tmpfiles(&self, path: &str, entry: &Entry) -> Option<Reason> {
        let owner = self.owner(entry);
        let texts = self.after.texts.iter();
        let mut files = texts.filter(|(file, _)| file.starts_with(tmpfiles::DIRECTORY));
        files.find_map(|(file, text)| {
            let package = self.new_owner(file)?;
            let makes = tmpfiles::makes(text, path, entry, &owner);
            makes.then(|| Reason::Tmpfiles(package.to_owned()))
        })
    }

    /// The service's directories, <https://opendev.org/openstack/loci>'s `create_user`.
    fn of_account(&self, path: &str, entry: &Entry) -> Option<Reason> {
        let service = &self.service;
        let (parent, name) = path.rsplit_once('/')?;
        let is_one = ["/etc", "/var/log", "/var/lib", "/var/cache"].contains(&parent)
            && name == service
            && entry.kind == Kind::Directory
            && entry.mode == 0o755
            && self.owner(entry) == format!("{service}:{service}");
        is_one.then(|| Reason::Account(service.clone()))
    }

    /// A file of accounts, with new lines of the service or of new packages.
    fn of_account_file(&self, path: &str) -> Option<Reason> {
        const FILES: [&str; 6] = ["passwd", "group", "shadow", "gshadow", "subuid", "subgid"];
        if !FILES.contains(&path.strip_prefix("/etc/")?) {
            return None;
        }
        let lines = |tree: &'a Tree| -> BTreeSet<&'a str> { tree.text(path).lines().collect() };
        let (before, after) = (lines(self.before), lines(self.after));
        let mut names = before
            .symmetric_difference(&after)
            .map(|line| line.split(':').next().unwrap_or_default());
        names
            .all(|name| {
                name == self.service
                    || made::account(name).is_some_and(|package| self.is_new(package))
            })
            .then(|| Reason::Account(self.service.clone()))
    }

    fn of_distribution(&self, path: &str, entry: &Entry) -> Option<Reason> {
        let recorded = self.recorded.get(path)?;
        let same = match &entry.kind {
            Kind::File(content) => match &recorded.sha256 {
                Some(sha256) => *sha256 == content.sha256,
                // A RECORD cannot have its own.
                None => path.ends_with("/RECORD"),
            },
            _ => false,
        };
        same.then(|| Reason::Distribution(recorded.distribution.clone()))
    }

    fn of_bytecode(&self, path: &str) -> Option<Reason> {
        let source = python::source(path)?;
        (self.bytecode && self.after.entries.contains_key(&source)).then_some(Reason::Bytecode)
    }

    /// Links of update-rc.d(8) and of deb-systemd-helper(1p), and its notes.
    fn of_service(&self, path: &str) -> Option<Reason> {
        let (directory, name) = path.rsplit_once('/')?;
        let script = |path: String| self.new_owner(&path).map(ToOwned::to_owned);
        let owner = if let Some(level) = directory.strip_prefix("/etc/rc") {
            level.strip_suffix(".d").filter(|level| level.len() == 1)?;
            // S01apache2
            script(format!("/etc/init.d/{}", name.get(3..)?))?
        } else if directory.starts_with("/etc/systemd/system")
            || directory.starts_with("/var/lib/systemd/deb-systemd-helper-enabled")
        {
            let unit = name.strip_suffix(".dsh-also").unwrap_or(name);
            script(format!("/usr/lib/systemd/system/{unit}"))
                .or_else(|| script(format!("/lib/systemd/system/{unit}")))?
        } else {
            return None;
        };
        Some(Reason::Service(owner))
    }

    /// update-alternatives(1): what it notes has the paths of what there is to choose.
    fn of_alternative(&self, path: &str) -> Option<Reason> {
        let owner = |text: &str| {
            let mut paths = text.lines().filter(|line| line.starts_with('/'));
            paths.find_map(|path| {
                self.new_owner(&self.after.merged(path))
                    .map(ToOwned::to_owned)
            })
        };
        let notes = self.after.texts.iter();
        let mut notes = notes.filter(|(note, _)| note.starts_with("/var/lib/dpkg/alternatives/"));
        let link = match &self.after.entries.get(path)?.kind {
            // Both the link and the name of where it leads are noted.
            Kind::Link(_) => path.strip_prefix("/etc/alternatives/").unwrap_or(path),
            _ => {
                return owner(self.after.texts.get(path)?)
                    .filter(|_| path.starts_with("/var/lib/dpkg/alternatives/"))
                    .map(Reason::Alternative);
            }
        };
        notes
            .find_map(|(note, text)| {
                let named =
                    note.ends_with(&format!("/{link}")) || text.lines().any(|line| line == link);
                named.then(|| owner(text))?
            })
            .map(Reason::Alternative)
    }

    /// `COPY_DEFAULT_CONFIG_FILES`.
    fn of_configuration(&self, path: &str, entry: &Entry) -> Option<Reason> {
        let own = format!("/etc/{}/", self.service);
        let shipped = self.after.content(&format!("/var/lib/openstack{path}"))?;
        let same = matches!(&entry.kind, Kind::File(content) if content == shipped);
        (same && path.starts_with(&own)).then_some(Reason::Configuration)
    }

    fn is_database(&self, path: &str) -> bool {
        if let Some((package, _)) = dpkg::info(path) {
            return self.is_new(package);
        }
        dpkg::is_database(
            path,
            self.before.text(path),
            self.after.text(path),
            |name| self.is_new(name),
        )
    }

    /// A package that came with the image and has this path.
    fn new_owner(&self, path: &str) -> Option<&str> {
        self.packages.owners(path).find(|name| self.is_new(name))
    }

    fn is_new(&self, package: &str) -> bool {
        self.packages.is_new(&self.packages_before, package)
    }

    fn is_directory(&self, path: &str) -> bool {
        let entry = self.after.entries.get(path);
        entry.is_some_and(|entry| entry.kind == Kind::Directory)
    }

    fn is_plain_directory(&self, path: &str) -> bool {
        self.is_directory(path) && is_plain(&self.after.entries[path])
    }

    fn owner(&self, entry: &Entry) -> String {
        let (user, group) = entry.owner;
        let name = |names: &BTreeMap<u32, &str>, id: u32| {
            names
                .get(&id)
                .map_or_else(|| id.to_string(), ToString::to_string)
        };
        format!("{}:{}", name(&self.users, user), name(&self.groups, group))
    }
}

/// Whether permissions and owner are what nearly everything has.
fn is_plain(entry: &Entry) -> bool {
    let mode = match entry.kind {
        Kind::File(_) => [0o644, 0o755].contains(&entry.mode),
        Kind::Directory => entry.mode == 0o755,
        Kind::Link(_) => true,
        Kind::Other(_) => false,
    };
    mode && entry.owner == (0, 0) && entry.attributes.is_empty()
}

/// Mount points of files.
fn of_builder(path: &str, entry: &Entry) -> Option<Reason> {
    let empty = matches!(&entry.kind, Kind::File(content) if content.size == 0);
    let why = made::by_builder(path).filter(|_| empty);
    why.map(Reason::Builder)
}

/// dpkg opens its locks to write.
fn is_lock(path: &str, entry: &Entry) -> bool {
    const LOCKS: [&str; 3] = [
        "/var/lib/dpkg/lock",
        "/var/lib/dpkg/lock-frontend",
        "/var/lib/dpkg/triggers/Lock",
    ];
    LOCKS.contains(&path) && matches!(&entry.kind, Kind::File(content) if content.size == 0)
}

/// The first reason of something in a directory.
fn first_below(reasons: &BTreeMap<String, Reason>, directory: &str) -> Option<Reason> {
    let below = format!("{directory}/");
    let mut all = reasons.range(below.clone()..);
    let (path, reason) = all.next()?;
    path.starts_with(&below).then(|| reason.clone())
}

fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(parent, _)| parent)
}

/// Names by ids, passwd(5) and group(5).
fn names(text: &str) -> BTreeMap<u32, &str> {
    let lines = text.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        Some((fields.nth(1)?.parse().ok()?, name))
    });
    lines.collect()
}

impl Reason {
    /// What reasons of this kind are called together.
    pub fn heading(&self) -> &'static str {
        match self {
            Self::Package(_) => "files of distribution packages",
            Self::Script(..) => "made by maintainer scripts",
            Self::Tmpfiles(_) => "made by systemd-tmpfiles",
            Self::Service(_) => "services that packages enable",
            Self::Alternative(_) => "alternatives",
            Self::Database => "databases of dpkg, apt and debconf",
            Self::Linker => "ldconfig's cache",
            Self::Distribution(_) => "files of Python distributions",
            Self::Virtualenv => "the virtualenv's own",
            Self::Bytecode => "bytecode",
            Self::Account(_) => "accounts and their directories",
            Self::Configuration => "configuration that the service ships",
            Self::Info => "/etc/image_info",
            Self::Removed(_) => "leftovers of the base, removed",
            Self::Entries | Self::Passed(_) => "times of directories",
            Self::Builder(_) => "made by the builder",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Package(name) => write!(f, "package {name}"),
            Self::Script(package, why) => write!(f, "{package}: {why}"),
            Self::Tmpfiles(package) => write!(f, "tmpfiles.d of {package}"),
            Self::Service(package) => write!(f, "a service of {package} is enabled"),
            Self::Alternative(package) => write!(f, "an alternative of {package}"),
            Self::Database => f.write_str("says of new packages that they are there"),
            Self::Linker => f.write_str("ldconfig's cache of libraries"),
            Self::Distribution(name) => write!(f, "distribution {name}"),
            Self::Virtualenv => f.write_str("the virtualenv's own"),
            Self::Bytecode => f.write_str("compiled from the module beside it"),
            Self::Account(name) => write!(f, "the account {name}"),
            Self::Configuration => f.write_str("a copy of what the service ships"),
            Self::Info => f.write_str("what the image says of itself"),
            Self::Removed(why) | Self::Passed(why) | Self::Builder(why) => f.write_str(why),
            Self::Entries => f.write_str("something in it changed"),
        }
    }
}

#[cfg(test)]
mod tests;
