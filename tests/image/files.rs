//! Files of this machine.

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

/// The name of a file, without its directory.
pub fn name_of(path: &Path) -> String {
    let name = path.file_name().expect("a name");
    name.to_string_lossy().into_owned()
}

/// The SHA-256 digest of a file.
pub fn digest_of(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    format!("{:x}", Sha256::digest(bytes))
}
