//! What is in an image, read from its files.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::container::Container;

impl Container {
    /// Reads a file of JSON.
    pub fn json(&self, inside: &str) -> Value {
        serde_json::from_str(&self.read(inside)).unwrap_or_else(|error| panic!("{inside}: {error}"))
    }

    /// The record in the image.
    pub fn record(&self) -> Value {
        self.json("/etc/image_info/build.json")
    }

    /// What single steps have recorded so far, for the record that the build ends with.
    pub fn record_so_far(&self) -> Value {
        self.json("/var/lib/loci-install/record.json")
    }

    /// Every installed package with its version.
    pub fn packages(&self) -> BTreeMap<String, String> {
        let status = self.read("/var/lib/dpkg/status");
        status
            .split("\n\n")
            .filter(|paragraph| paragraph.contains("\nStatus: install ok installed\n"))
            .map(|paragraph| {
                let field = |name: &str| {
                    let line = paragraph.lines().find_map(|line| line.strip_prefix(name));
                    line.unwrap_or_else(|| panic!("no {name} in {paragraph}"))
                        .to_owned()
                };
                (field("Package: "), field("Version: "))
            })
            .collect()
    }

    /// The names in a directory; none when it is not there.
    pub fn names_in(&self, inside: &str) -> Vec<String> {
        fs::read_dir(self.path(inside))
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect()
    }

    /// User and group of a file.
    pub fn owner(&self, inside: &str) -> (u32, u32) {
        let metadata = fs::metadata(self.path(inside));
        let metadata = metadata.unwrap_or_else(|error| panic!("{inside}: {error}"));
        (metadata.uid(), metadata.gid())
    }

    /// Everything below a directory of which this is true.
    pub fn find(&self, inside: &str, is: impl Fn(&Path, &fs::Metadata) -> bool) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut waiting = vec![self.path(inside)];
        while let Some(path) = waiting.pop() {
            let metadata = path.symlink_metadata().expect("a file");
            if is(&path, &metadata) {
                found.push(path.clone());
            }
            if metadata.is_dir() {
                let entries = fs::read_dir(&path).expect("a directory");
                waiting.extend(entries.flatten().map(|entry| entry.path()));
            }
        }
        found
    }

    /// Insists that no file of the container holds this text.
    pub fn holds_nowhere(&self, text: &str) {
        let found = Command::new("grep")
            .args(["--recursive", "--files-with-matches", "--text"])
            .args(["--devices=skip", "--fixed-strings", "-e", text])
            .arg(self.path("/"))
            .output()
            .expect("grep");
        assert_eq!(String::from_utf8_lossy(&found.stdout), "");
        assert_eq!(found.status.code(), Some(1), "grep looked at everything");
    }
}
