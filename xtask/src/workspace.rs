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

/// The directory of this name below `target/xtask`, filled again when its key
/// has changed. What was there stays until that has gone well.
pub fn kept(name: &str, key: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let home = work(name)?;
    let stamp = home.with_file_name(format!(
        "{}.key",
        home.file_name().unwrap_or_default().display()
    ));
    if fs::read_to_string(&stamp).is_ok_and(|made| made == key) {
        return Ok(home);
    }
    let output = fresh(&format!("new/{name}"))?;
    fill(&output)?;
    if stamp.exists() {
        fs::remove_file(&stamp).map_err(Error::io("remove", &stamp))?;
    }
    fs::remove_dir_all(&home).map_err(Error::io("remove", &home))?;
    fs::rename(&output, &home).map_err(Error::io("make", &home))?;
    write(&stamp, key)?;
    Ok(home)
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
pub fn key<P: AsRef<[u8]>>(parts: &[P]) -> String {
    let mut hasher = DefaultHasher::new();
    for part in parts {
        part.as_ref().hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_filled_again_with_its_key_and_not_when_that_fails() {
        fresh("test-kept").unwrap();
        let fill = |key: &str, text: &str| {
            kept("test-kept/it", key, |output| {
                write(&output.join("text"), text)
            })
        };
        let read = |home: &Path| read(&home.join("text")).unwrap();
        let home = fill("1", "one").unwrap();
        assert_eq!(read(&home), "one");
        assert_eq!(read(&fill("1", "other").unwrap()), "one");
        kept("test-kept/it", "2", |_| Err(Error::refused("no"))).unwrap_err();
        assert_eq!(read(&fill("1", "other").unwrap()), "one");
        assert_eq!(read(&fill("2", "two").unwrap()), "two");
    }
}
