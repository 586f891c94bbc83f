//! Looks for a password, in all the forms that it may have.

use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::assets::buildah;

/// Whose password it is.
pub const USER: &str = "ci";

/// The password. Nothing else has this text; `+` and `/` are other ones in a URL.
pub const CANARY: &str = "C4nary+Pa55/Wd";

/// It as a part of a URL.
pub const ENCODED: &str = "C4nary%2BPa55%2FWd";

/// It as files and headers may have it.
pub fn forms() -> Vec<String> {
    vec![
        CANARY.to_owned(),
        ENCODED.to_owned(),
        ENCODED.to_lowercase(),
        BASE64_STANDARD.encode(CANARY),
        BASE64_STANDARD.encode(format!("{USER}:{CANARY}")),
        BASE64_STANDARD.encode(format!("{USER}:{ENCODED}")),
    ]
}

/// The lines of a text that have it.
pub fn in_text(text: &str) -> Vec<String> {
    let forms = forms();
    let has = |line: &&str| forms.iter().any(|form| line.contains(form));
    text.lines().filter(has).map(str::to_owned).collect()
}

/// The files below a directory that have it, in their contents, name or link.
pub fn in_tree(directory: &Path) -> Vec<String> {
    let patterns = tempfile::NamedTempFile::new().expect("a file");
    fs::write(patterns.path(), forms().join("\n")).expect("written");
    let found = Command::new("grep")
        .args(["--recursive", "--files-with-matches", "--text"])
        .args(["--devices=skip", "--fixed-strings", "--file"])
        .args([patterns.path(), directory])
        .output()
        .expect("grep");
    assert_ne!(
        found.status.code(),
        Some(2),
        "grep looked at everything: {found:?}"
    );
    let names = Command::new("find")
        .arg(directory)
        .args(["-xdev", "-printf", "%P -> %l\\n"])
        .output()
        .expect("find");
    let mut all: Vec<String> = String::from_utf8_lossy(&found.stdout)
        .lines()
        .map(str::to_owned)
        .collect();
    all.extend(in_text(&String::from_utf8_lossy(&names.stdout)));
    all
}

/// The parts of an image that have it: its manifest, its configuration with the history,
/// and its layers, which have names, contents, links and extended attributes of files.
pub fn in_image(image: &str) -> Vec<String> {
    let directory = tempfile::tempdir().expect("a directory");
    let pushed = buildah()
        .args(["push", "--quiet", "--disable-compression", image])
        .arg(format!("dir:{}", directory.path().display()))
        .output()
        .expect("buildah");
    assert!(pushed.status.success(), "{pushed:?}");
    in_tree(directory.path())
}
