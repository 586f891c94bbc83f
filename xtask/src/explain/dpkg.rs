//! What dpkg's databases say, deb-control(5), dpkg(1).

use std::collections::{BTreeMap, BTreeSet};

use super::tree::Tree;

/// The directory of dpkg's databases.
const DPKG: &str = "/var/lib/dpkg";

/// The installed packages of a tree and their files.
#[derive(Debug, Default)]
pub struct Packages {
    /// By names without architectures.
    versions: BTreeMap<String, String>,
    owners: BTreeMap<String, BTreeSet<String>>,
    /// MD5 sums of files.
    digests: BTreeMap<String, BTreeSet<String>>,
}

impl Packages {
    /// Those of a tree.
    pub fn of(tree: &Tree) -> Self {
        let mut all = Self::default();
        for paragraph in paragraphs(tree.text(&format!("{DPKG}/status"))) {
            all.read(tree, paragraph);
        }
        let lists = tree.texts.iter().filter_map(|(path, text)| {
            let (name, kind) = info(path)?;
            Some((name, kind, text))
        });
        for (name, kind, text) in lists {
            match kind {
                "list" => {
                    for path in text.lines() {
                        let owners = all.owners.entry(tree.merged(path)).or_default();
                        owners.insert(name.to_owned());
                    }
                }
                "md5sums" => {
                    // `DIGEST  PATH`, from the root and without its slash.
                    for (digest, path) in text.lines().filter_map(|line| line.split_once("  ")) {
                        all.digest(tree.merged(&format!("/{path}")), digest);
                    }
                }
                _ => {}
            }
        }
        all
    }

    /// A paragraph of the status file, with the sums of configuration files.
    fn read(&mut self, tree: &Tree, paragraph: &str) {
        let (Some(name), Some(version)) =
            (field(paragraph, "Package"), field(paragraph, "Version"))
        else {
            return;
        };
        self.versions.insert(name.to_owned(), version.to_owned());
        let lines = paragraph.lines();
        let files = lines.filter_map(|line| line.strip_prefix(" /")?.split_once(' '));
        for (path, digest) in files {
            let digest = digest.split(' ').next().unwrap_or_default();
            self.digest(tree.merged(&format!("/{path}")), digest);
        }
    }

    fn digest(&mut self, path: String, digest: &str) {
        let digests = self.digests.entry(path).or_default();
        digests.insert(digest.to_owned());
    }

    /// Those to which a path belongs.
    pub fn owners(&self, path: &str) -> impl Iterator<Item = &str> {
        self.owners
            .get(path)
            .into_iter()
            .flatten()
            .map(String::as_str)
    }

    /// Whether this is a sum that a package gives of a file.
    pub fn has_digest(&self, path: &str, md5: &str) -> bool {
        let digests = self.digests.get(path);
        digests.is_some_and(|digests| digests.contains(md5))
    }

    /// The names of those that [`Self::is_new`].
    pub fn new_ones<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = &'a str> {
        let names = self.versions.keys().map(String::as_str);
        names.filter(|name| self.is_new(before, name))
    }

    /// Whether a package is installed, in another version than before or not before at all.
    pub fn is_new(&self, before: &Self, name: &str) -> bool {
        let version = self.versions.get(name);
        version.is_some() && version != before.versions.get(name)
    }
}

/// The package and the kind of a file in dpkg's directory of them:
/// `libc6:amd64.md5sums`.
pub fn info(path: &str) -> Option<(&str, &str)> {
    let file = path.strip_prefix(DPKG)?.strip_prefix("/info/")?;
    let (name, kind) = file.rsplit_once('.')?;
    Some((name.split(':').next()?, kind))
}

/// Whether a file is one of the databases, and says something else than before of
/// `new` packages alone.
pub fn is_database(path: &str, before: &str, after: &str, new: impl Fn(&str) -> bool) -> bool {
    // Each record, with what tells the packages that it is about.
    let records = |text: &str| -> Option<BTreeMap<String, String>> {
        let records: Vec<(String, String)> = match path {
            "/var/lib/dpkg/status" | "/var/lib/apt/extended_states" => {
                keyed(text, "Package", "Package")
            }
            "/var/cache/debconf/config.dat" | "/var/cache/debconf/templates.dat" => {
                keyed(text, "Name", "Owners")
            }
            "/var/lib/dpkg/diversions" => {
                let lines: Vec<&str> = text.lines().collect();
                let triples = lines.chunks(3);
                triples
                    .map(|triple| {
                        (
                            triple.join("\n"),
                            triple.last().copied().unwrap_or_default().to_owned(),
                        )
                    })
                    .collect()
            }
            _ if path.starts_with("/var/lib/dpkg/triggers/") => text
                .lines()
                .map(|line| {
                    let package = line.rsplit(' ').next().unwrap_or_default();
                    let package = package.split(['/', ':']).next().unwrap_or_default();
                    (line.to_owned(), package.to_owned())
                })
                .collect(),
            _ => return None,
        };
        Some(records.into_iter().collect())
    };
    let (Some(before), Some(after)) = (records(before), records(after)) else {
        return false;
    };
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    keys.into_iter()
        .filter(|key| before.get(*key) != after.get(*key))
        .all(|key| {
            let sides = [before.get(key), after.get(key)];
            let packages = sides.into_iter().flatten();
            packages.flat_map(|record| about(record)).any(&new)
        })
}

/// The paragraphs of a text by a field of theirs, each as the packages that another
/// field names, and the rest of it.
fn keyed(text: &str, key: &str, packages: &str) -> Vec<(String, String)> {
    let all = paragraphs(text).filter_map(|paragraph| {
        // A package may be there for several architectures.
        let architecture = field(paragraph, "Architecture").unwrap_or_default();
        let key = format!("{} {architecture}", field(paragraph, key)?);
        let packages = field(paragraph, packages).unwrap_or_default();
        Some((key, format!("{packages}\n{paragraph}")))
    });
    all.collect()
}

/// The packages of a record, which its first line names. A template of debconf's belongs
/// to questions, whose names begin with that of their package, debconf-devel(7).
fn about(record: &str) -> impl Iterator<Item = &str> {
    let first = record.lines().next().unwrap_or_default();
    first
        .split(", ")
        .map(|name| name.split([':', '/']).next().unwrap_or_default())
}

/// The paragraphs of a text.
fn paragraphs(text: &str) -> impl Iterator<Item = &str> {
    text.split("\n\n")
        .map(str::trim)
        .filter(|it| !it.is_empty())
}

fn field<'a>(paragraph: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = paragraph.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{link, tree};
    use super::*;

    fn with(texts: &[(&str, &str)]) -> Tree {
        let mut tree = tree(&[("/lib", link("usr/lib"))]);
        let texts = texts.iter();
        tree.texts = texts
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
            .collect();
        tree
    }

    #[test]
    fn files_belong_to_packages() {
        let tree = with(&[
            (
                "/var/lib/dpkg/status",
                "Package: a\nVersion: 1\nConffiles:\n /etc/a.conf 11\n /etc/old 22 obsolete\n\n\
                 Package: b\nVersion: 2\n",
            ),
            ("/var/lib/dpkg/info/a:amd64.list", "/.\n/lib\n/lib/a.so\n"),
            ("/var/lib/dpkg/info/a:amd64.md5sums", "33  lib/a.so\n"),
        ]);
        let packages = Packages::of(&tree);
        assert_eq!(packages.owners("/usr/lib/a.so").collect::<Vec<_>>(), ["a"]);
        assert_eq!(packages.owners("/lib/a.so").count(), 0);
        assert!(packages.has_digest("/usr/lib/a.so", "33"));
        assert!(packages.has_digest("/etc/a.conf", "11"));
        assert!(packages.has_digest("/etc/old", "22"));
        assert!(!packages.has_digest("/etc/old", "23"));

        let other = with(&[("/var/lib/dpkg/status", "Package: a\nVersion: 0\n")]);
        let before = Packages::of(&other);
        assert!(packages.is_new(&before, "a") && packages.is_new(&before, "b"));
        assert!(!packages.is_new(&packages, "a"));
        assert!(!before.is_new(&packages, "b"));
    }

    fn is(path: &str, before: &str, after: &str) -> bool {
        is_database(path, before, after, |name| name == "new")
    }

    #[test]
    fn a_database_may_tell_of_new_packages_and_not_of_others() {
        let status = "/var/lib/dpkg/status";
        let old = "Package: old\nStatus: install ok installed\n\n";
        assert!(is(
            status,
            old,
            &format!("Package: new\nVersion: 1\n\n{old}")
        ));
        assert!(!is(status, old, &format!("Package: other\n\n{old}")));
        assert!(!is(status, old, &old.replace("install ok", "hold ok")));
        assert!(!is(status, old, ""));
        let questions = "/var/cache/debconf/config.dat";
        let shared = "Name: q\nOwners: old\n";
        assert!(is(questions, shared, "Name: q\nOwners: new, old\n"));
        assert!(!is(questions, shared, "Name: q\nOwners: old\nValue: x\n"));
        let templates = "/var/cache/debconf/templates.dat";
        assert!(is(templates, "", "Name: new/q\nOwners: new/q, new/r\n"));
        assert!(!is(templates, "", "Name: old/q\nOwners: old/q\n"));
        assert!(is("/var/lib/dpkg/diversions", "", "/a\n/b\nnew\n"));
        assert!(!is("/var/lib/dpkg/diversions", "", "/a\n/b\nold\n"));
        let triggers = "/var/lib/dpkg/triggers/File";
        assert!(is(triggers, "/a old\n", "/a old\n/b new/noawait\n"));
        assert!(!is(triggers, "/a old\n", "/b new\n"));
        assert!(!is("/etc/shadow", "", "new"));
    }
}
