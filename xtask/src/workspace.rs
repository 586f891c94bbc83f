//! Where things are: the checkout, and what the chores make beside it.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The root of the checkout.
pub fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

/// The scripts that run in containers.
pub fn scripts() -> PathBuf {
    root().join("xtask/scripts")
}

/// Where cargo builds.
pub fn target() -> PathBuf {
    let asked = std::env::var_os("CARGO_TARGET_DIR").filter(|path| !path.is_empty());
    // Cargo takes a relative one from where it was called.
    let absolute = |path| std::path::absolute(path).ok();
    asked
        .and_then(absolute)
        .unwrap_or_else(|| root().join("target"))
}

/// A directory below `target/xtask`, made if need be. All that the chores
/// leave on disk is below it, so removing it is always safe.
pub fn work(name: &str) -> Result<PathBuf> {
    let directory = target().join("xtask").join(name);
    fs::create_dir_all(&directory).map_err(Error::io("make", &directory))?;
    Ok(directory)
}

/// An empty directory below `target/xtask`.
pub fn fresh(name: &str) -> Result<PathBuf> {
    let directory = work(name)?;
    fs::remove_dir_all(&directory).map_err(Error::io("remove", &directory))?;
    work(name)
}

/// Reads a text file.
pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(Error::io("read", path))
}

/// Writes a text file.
pub fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(Error::io("write", path))
}

/// A short name for all that a result was made from: as long as it stays the
/// same the result is used again.
pub fn key(parts: &[&str]) -> String {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
