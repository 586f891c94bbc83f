//! What a build made of a container, to be compared.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use super::build::image;
use crate::container::Container;
use crate::said::run;

/// A line for every path: kind, mode, owner, content.
#[derive(Debug, PartialEq, Eq)]
pub struct Tree(BTreeMap<String, String>);

/// What two builds without any fault differ in, and why.
const DIFFERS: &[&str] = &[
    // What apt notes of when.
    "./var/log",
    // Has the digests of the others.
    "./etc/image_info/files.mtree",
    // When which account's password was changed, in days.
    "./etc/shadow",
    // Who was there, of the faults themselves.
    "./faults",
];

impl Tree {
    /// The tree below a container's root.
    pub fn of(container: &Container) -> Self {
        let mut lines = BTreeMap::new();
        let find = |more: &[&str]| {
            run(Command::new("find")
                .current_dir(container.path("/"))
                .arg(".")
                .args(more))
        };
        for line in find(&["-printf", "%p\t%y %m %U %G %l\n"]).lines() {
            let (path, about) = line.split_once('\t').expect("a path");
            lines.insert(path.to_owned(), about.to_owned());
        }
        for (path, digest) in digests(container) {
            if let Some(about) = lines.get_mut(&path) {
                *about += &digest;
            }
        }
        lines.retain(|path, _| DIFFERS.iter().all(|differs| !path.starts_with(differs)));
        if let Some(about) = lines.get_mut(RECORD) {
            *about = untimed(&container.read(RECORD));
        }
        Self(lines)
    }

    /// The paths that are not the same in both.
    pub fn difference(&self, other: &Self) -> Vec<String> {
        let all = self.0.keys().chain(other.0.keys());
        let mut paths: Vec<&String> = all
            .filter(|path| self.0.get(*path) != other.0.get(*path))
            .collect();
        paths.sort();
        paths.dedup();
        let about = |tree: &Self, path| tree.0.get(path).cloned().unwrap_or("none".to_owned());
        paths
            .into_iter()
            .map(|path| format!("{path}: {}, not {}", about(other, path), about(self, path)))
            .collect()
    }
}

/// Whether a difference is one of those between what pip and uv install: who it was, and how
/// scripts are started.
pub fn is_of_engine(difference: &str) -> bool {
    let (path, _) = difference.split_once(": ").unwrap_or((difference, ""));
    path == RECORD
        || path.starts_with("./var/lib/openstack/bin/")
        || path.ends_with(".dist-info/INSTALLER")
        || path.ends_with(".dist-info/RECORD")
}

const RECORD: &str = "./etc/image_info/build.json";

/// The digest of every file. Those of the image are read once for all of its containers.
fn digests(container: &Container) -> BTreeMap<String, String> {
    static BELOW: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    let below = BELOW.get_or_init(|| {
        let fresh = Container::of(image());
        read(&fresh.path("/"), &fresh.path("/"))
    });
    let mut digests = below.clone();
    // Where overlayfs keeps what is another file than in the image.
    let own = container.path("/").with_file_name("diff");
    digests.extend(read(&own, &container.path("/")));
    digests
}

/// The digests of the files that a directory has, as they are in another one.
fn read(list: &Path, root: &Path) -> BTreeMap<String, String> {
    let script = "cd \"$0\" && find . -type f -print0 | (cd \"$1\" && xargs -0r sha256sum)";
    let output = Command::new("sh")
        .args(["-c", script])
        .args([list, root])
        .output();
    let output = output.expect("sh");
    let text = String::from_utf8_lossy(&output.stdout);
    let lines = text.lines().filter_map(|line| line.split_once("  "));
    lines
        .map(|(digest, path)| (path.to_owned(), digest.to_owned()))
        .collect()
}

/// A record without what each step took, in whichever run, without the digest of the
/// manifest, which has the files that are passed over here, and without what git may be unable
/// to say of a source: whether that is as it was committed.
fn untimed(record: &str) -> String {
    let mut record: Value = serde_json::from_str(record).expect("JSON");
    let fields = record.as_object_mut().expect("a record");
    fields.remove("steps");
    fields.remove("manifest_sha256");
    let sources = fields["sources"].as_object_mut().expect("sources");
    for source in sources.values_mut() {
        source.as_object_mut().expect("a source").remove("modified");
    }
    record.to_string()
}
