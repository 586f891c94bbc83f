//! `ceph`: adds Ceph's archive to a base image, trusted with its own key and no other's.

use std::fs;

use sha2::{Digest, Sha256};
use url::Url;

use super::transaction::{RefreshLists, lists_refreshed};
use crate::command::Command;
use crate::context::Context;
use crate::download::{Client, DownloadError, FILE, Request, Trust};
use crate::failure::Failure;
use crate::findings::Findings;
use crate::inputs;
use crate::plan::{Action, Task, View, Work};
use crate::platform::Family;
use crate::settings::{CephRepository, KeyFile, Place};
use crate::words::{hex, reason};

/// More than any key has; what a captive portal sends may go on for ever.
const MOST: u64 = 1 << 20;

pub(super) fn plan(view: &View<'_>, findings: &mut Findings) -> (String, Work) {
    let wanted = &view.settings.repositories;
    let Some(repository) = &wanted.ceph else {
        let why = "Ceph's archive has newer releases than the distribution's".to_owned();
        return (why, Work::Done("CEPH_REPO is not set".to_owned()));
    };
    let family = view.platform.family;
    let id = &view.platform.distribution.id;
    let manager = view.platform.package_manager;
    let name = manager.name();
    let why = "CEPH_REPO names Ceph's archive".to_owned();
    let given = view.settings.given.get("CEPH_REPO").unwrap_or_default();
    let other = match (family, repository) {
        (Family::Debian, CephRepository::Address(_)) => {
            Some("a line of sources.list(5), `deb URI SUITE COMPONENT...`")
        }
        (Family::RedHat | Family::Suse, CephRepository::Line(_)) => {
            Some("the URL below which its repodata is")
        }
        _ => None,
    };
    if let Some(other) = other {
        findings.input(format!("CEPH_REPO={given}: {id} has {name}; give {other}"));
    }
    let key = wanted.ceph_key.as_ref();
    let key = key.map(|key| found(view, key, findings));
    let work = Work::Do(vec![
        Action::task(AddArchive {
            family,
            repository: repository.clone(),
            key,
        }),
        Action::Remove {
            path: lists_refreshed(),
        },
        // Here, so that a wrong key is told by the step that brought it.
        Action::task(RefreshLists(manager)),
    ]);
    (why, work)
}

/// The key, by its path in the image when it is not fetched.
fn found(view: &View<'_>, key: &KeyFile, findings: &mut Findings) -> KeyFile {
    let Place::Path(name) = &key.place else {
        return key.clone();
    };
    let (settings, root) = (view.settings, view.root);
    let sha256 = key.sha256.as_deref();
    match inputs::pinned(settings, root, "CEPH_KEY", name, sha256, findings) {
        Some(path) => KeyFile {
            place: Place::Path(path),
            sha256: key.sha256.clone(),
        },
        None => key.clone(),
    }
}

/// Writes the key and the file that names it.
#[derive(Debug)]
struct AddArchive {
    family: Family,
    repository: CephRepository,
    key: Option<KeyFile>,
}

impl AddArchive {
    /// The file of the archive.
    fn file(&self) -> &'static str {
        match self.family {
            Family::Debian => "/etc/apt/sources.list.d/ceph.list",
            Family::RedHat => "/etc/yum.repos.d/ceph.repo",
            Family::Suse => "/etc/zypp/repos.d/ceph.repo",
        }
    }

    /// The file of the key. apt tells the kinds of keys apart by their names.
    fn key_file(&self, is_armored: bool) -> &'static str {
        match (self.family, is_armored) {
            (Family::Debian, true) => "/etc/apt/keyrings/ceph.asc",
            (Family::Debian, false) => "/etc/apt/keyrings/ceph.gpg",
            (Family::RedHat | Family::Suse, _) => "/etc/pki/rpm-gpg/RPM-GPG-KEY-ceph",
        }
    }

    /// The text of the archive's file.
    fn text(&self, key: Option<&str>) -> String {
        match &self.repository {
            CephRepository::Line(line) => format!("{}\n", line.signed_by(key)),
            CephRepository::Address(url) => {
                let key = key.map_or_else(
                    || "gpgcheck=1\n".to_owned(),
                    |path| format!("gpgcheck=1\ngpgkey=file://{path}\n"),
                );
                format!("[ceph]\nname=Ceph\nbaseurl={url}\nenabled=1\n{key}")
            }
        }
    }
}

/// Gets the key, and makes sure that it is one.
fn read(context: &Context<'_>, key: &KeyFile) -> Result<Vec<u8>, Failure> {
    let place = &key.place;
    let failed = |why: String| Failure::OwnHook {
        doing: "get the key of Ceph's archive",
        why: vec![why],
        advice: "Nothing was added. Correct CEPH_KEY, or what is served there.",
    };
    let bytes = match place {
        Place::Url(url) => fetch(context, url).map_err(|error| failed(error.to_string()))?,
        Place::Path(path) => fs::read(context.root.join(path))
            .map_err(|error| failed(format!("{path}: {}", reason(&error))))?,
    };
    let digest = hex(&Sha256::digest(&bytes));
    if let Some(wanted) = &key.sha256
        && *wanted != digest
    {
        return Err(failed(format!(
            "{place} has the digest sha256={digest}, and sha256={wanted} is wanted"
        )));
    }
    if !is_armored(&bytes) && !is_binary(&bytes) {
        return Err(failed(format!("{place} is no OpenPGP key")));
    }
    context.note(&format!("{place} sha256={digest}"));
    Ok(bytes)
}

fn fetch(context: &Context<'_>, url: &Url) -> Result<Vec<u8>, DownloadError> {
    context.runner.fetches();
    let known = [url.to_string()];
    let client = Client::trusting(context.environment, &known, &Trust::default(), &FILE)?;
    client.open(Request::of(url.as_str()), &|_| ())?.bytes(MOST)
}

/// RFC 9580, 6.2.
fn is_armored(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.contains("-----BEGIN PGP PUBLIC KEY BLOCK-----")
}

/// A packet of the kind "public key", RFC 9580, 4.2 and 5: both formats of its first octet.
fn is_binary(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| match first >> 6 {
        0b11 => first & 0x3f == 6,
        0b10 => (first & 0x3f) >> 2 == 6,
        _ => false,
    })
}

impl Task for AddArchive {
    fn describe(&self) -> String {
        let file = self.file();
        match (&self.key, self.family) {
            (None, _) => format!("write {file}"),
            (Some(_), Family::Debian) => format!(
                "write {}, or ceph.gpg when the key is binary, and {file}",
                self.key_file(true)
            ),
            (Some(_), _) => format!("write {}, import it, and write {file}", self.key_file(true)),
        }
    }

    fn details(&self) -> Vec<String> {
        let key = self.key.iter().map(|key| format!("key: {}", key.place));
        let path = self.key.as_ref().map(|_| self.key_file(true));
        let text = self.text(path);
        key.chain(text.lines().map(str::to_owned)).collect()
    }

    fn online(&self) -> bool {
        let place = self.key.as_ref().map(|key| &key.place);
        matches!(place, Some(Place::Url(_)))
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let Some(key) = &self.key else {
            return context.write(self.file(), &self.text(None));
        };
        let bytes = read(context, key)?;
        let key_file = self.key_file(is_armored(&bytes));
        context.write_bytes(key_file, &bytes)?;
        if self.family != Family::Debian {
            let import = Command::new("rpm").args(["--import", key_file]);
            context.run("import the key of Ceph's archive", &import)?;
        }
        context.write(self.file(), &self.text(Some(key_file)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_from_pages() {
        assert!(is_armored(
            b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ==\n-----END PGP PUBLIC KEY BLOCK-----\n"
        ));
        for first in [0x98, 0x99, 0xc6] {
            assert!(is_binary(&[first, 1]), "{first:x}");
        }
        for page in [&b"<!DOCTYPE html>"[..], b"", b"\x1f\x8b"] {
            assert!(!is_armored(page) && !is_binary(page));
        }
    }

    #[test]
    fn rpm_repositories_check_what_they_give() {
        let archive = AddArchive {
            family: Family::RedHat,
            repository: "https://download.ceph.com/rpm-squid/el9/x86_64"
                .parse()
                .expect("a repository"),
            key: None,
        };
        assert_eq!(
            archive.text(Some(archive.key_file(true))),
            "[ceph]\nname=Ceph\nbaseurl=https://download.ceph.com/rpm-squid/el9/x86_64\nenabled=1\n\
             gpgcheck=1\ngpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-ceph\n"
        );
    }
}
