//! What systemd-tmpfiles(8) makes for packages, whose scripts call it:
//! <https://www.freedesktop.org/software/systemd/man/latest/tmpfiles.d.html>.

use super::tree::{Entry, Kind};

/// Where packages say that.
pub const DIRECTORY: &str = "/usr/lib/tmpfiles.d/";

/// Whether a text of tmpfiles.d(5) has a line after which this is there, with its mode
/// and its owner, `user:group`.
pub fn makes(text: &str, path: &str, entry: &Entry, owner: &str) -> bool {
    text.lines().any(|line| {
        let mut fields = line.split_whitespace();
        let (Some(what), Some(of)) = (fields.next(), fields.next()) else {
            return false;
        };
        // /var/run is a link.
        let of = of
            .strip_prefix("/var")
            .filter(|of| of.starts_with("/run/"))
            .unwrap_or(of);
        if of != path {
            return false;
        }
        let mut field = || fields.next().filter(|field| *field != "-");
        let mode = field().and_then(|mode| {
            let digits = mode.trim_start_matches(['~', ':']);
            u32::from_str_radix(digits, 8).ok()
        });
        let names = [field(), field()].map(|name| name.unwrap_or("root").trim_start_matches(':'));
        let (kind, default) = match &what[..1] {
            // z changes what another line makes.
            "d" | "D" | "v" | "q" | "Q" | "z" | "Z" => (entry.kind == Kind::Directory, 0o755),
            "f" | "F" => (matches!(&entry.kind, Kind::File(it) if it.size == 0), 0o644),
            "L" => (matches!(entry.kind, Kind::Link(_)), entry.mode),
            _ => (false, 0),
        };
        kind && entry.mode == mode.unwrap_or(default)
            && owner == names.join(":")
            && entry.attributes.is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{directory, file, link};
    use super::*;

    #[test]
    fn a_line_gives_mode_and_owner() {
        let text = "# d /run/no\nd /run/it 0750 it adm -\nd! /var/run/plain\n\
                    L+ /etc/mtab - - - - ../proc\nr! /etc/gone\n";
        let is = |path: &str, entry: Entry, owner: &str| makes(text, path, &entry, owner);
        let mode = |mode| Entry {
            mode,
            ..directory()
        };
        assert!(is("/run/it", mode(0o750), "it:adm"));
        assert!(!is("/run/it", mode(0o755), "it:adm"));
        assert!(!is("/run/it", mode(0o750), "root:adm"));
        assert!(!is("/run/it", file("1"), "it:adm"));
        assert!(is("/run/plain", directory(), "root:root"));
        assert!(is("/etc/mtab", link("../proc"), "root:root"));
        assert!(!is("/run/no", directory(), "root:root"));
        assert!(!is("/etc/gone", file("1"), "root:root"));
    }
}
