//! Paths of files, which are bytes, and how they are written in a line.

use std::ffi::OsStr;
use std::fmt::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::root::unescaped;

/// An absolute path inside an image, or where a link leads.
///
/// It is written as vis(3) and mtree(5) have it: what is not printable, what is not ASCII,
/// and what mtree(5) takes for something else is a backslash with three octal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePath(Vec<u8>);

impl FilePath {
    /// Reads it as it is written.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self(unescaped(text.as_bytes()))
    }

    /// Its bytes.
    #[must_use]
    pub fn as_path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.0))
    }

    /// Something in this directory.
    #[must_use]
    pub fn child(&self, name: &OsStr) -> Self {
        let mut bytes = self.0.clone();
        if bytes != b"/" {
            bytes.push(b'/');
        }
        bytes.extend(name.as_bytes());
        Self(bytes)
    }

    /// The directories that it is in, the nearest first.
    pub fn parents(&self) -> impl Iterator<Item = Self> {
        let parents = self.as_path().ancestors().skip(1);
        parents.map(|parent| Self(parent.as_os_str().as_bytes().to_owned()))
    }
}

impl From<&str> for FilePath {
    fn from(path: &str) -> Self {
        Self(path.as_bytes().to_owned())
    }
}

impl From<PathBuf> for FilePath {
    fn from(path: PathBuf) -> Self {
        Self(path.into_os_string().into_vec())
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in &self.0 {
            // A pattern, a comment, a keyword: mtree(5).
            let plain = byte.is_ascii_graphic() && !b"\\#*?[]=".contains(byte);
            if plain {
                formatter.write_char(char::from(*byte))?;
            } else {
                write!(formatter, "\\{byte:03o}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_written_in_a_line_and_read_again() {
        for (bytes, written) in [
            (&b"/a/b-1.0+x~"[..], "/a/b-1.0+x~"),
            (b"/a b\nc\td", "/a\\040b\\012c\\011d"),
            (b"/\xc3\xa4\xff", "/\\303\\244\\377"),
            (b"/\\040", "/\\134040"),
            (b"/[#=*?]", "/\\133\\043\\075\\052\\077\\135"),
        ] {
            let path = FilePath(bytes.to_owned());
            assert_eq!(path.to_string(), written);
            assert_eq!(FilePath::parse(written), path);
        }
        assert_eq!(FilePath::parse("/a\\9"), FilePath::from("/a\\9"));
    }

    #[test]
    fn a_path_has_parents() {
        let path = FilePath::from("/").child(OsStr::new("a"));
        let path = path.child(OsStr::new("b"));
        let parents: Vec<String> = path.parents().map(|path| path.to_string()).collect();
        assert_eq!(path.to_string(), "/a/b");
        assert_eq!(parents, ["/a", "/"]);
    }
}
