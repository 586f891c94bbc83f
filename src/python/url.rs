//! The little of URLs (RFC 3986) that requirements and lock files need.

use std::fmt::Write;
use std::path::Path;

use percent_encoding::percent_decode_str;

/// The text with `%41` read as `A`; what is no escape stays, bytes that are no UTF-8 become U+FFFD.
#[must_use]
pub fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The file name at a URL's or a path's end, decoded; none when it ends in a directory.
#[must_use]
pub fn file_name(url: &str) -> Option<String> {
    let path = url.split(['?', '#']).next()?;
    let name = decoded(path.rsplit('/').next()?);
    (!name.is_empty()).then_some(name)
}

/// The `file://` URL of an absolute path.
#[must_use]
pub fn of_path(path: &Path) -> String {
    let mut url = "file://".to_owned();
    for byte in path.to_string_lossy().bytes() {
        // What RFC 3986 calls unreserved, the separator, and what file names of wheels have.
        if byte.is_ascii_alphanumeric() || b"-._~/+!".contains(&byte) {
            url.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(url, "%{byte:02X}");
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_and_written() {
        assert_eq!(decoded("a%2Bb%20%e2%82%ac"), "a+b €");
        assert_eq!(decoded("100%"), "100%");
        assert_eq!(decoded("%zz%+1"), "%zz%+1");
        let path = Path::new("/a b/#1/ü-1+x.whl");
        let url = of_path(path);
        assert_eq!(url, "file:///a%20b/%231/%C3%BC-1+x.whl");
        assert_eq!(decoded(&url), format!("file://{}", path.display()));
    }

    #[test]
    fn a_file_name_is_the_last_segment() {
        assert_eq!(
            file_name("https://h/p/a-1%2Bx.whl?x=/y#sha256=1").as_deref(),
            Some("a-1+x.whl")
        );
        assert_eq!(file_name("dir/a.zip").as_deref(), Some("a.zip"));
        assert_eq!(file_name("https://h/p/"), None);
    }
}
