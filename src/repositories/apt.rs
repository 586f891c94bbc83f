//! sources.list(5), in both of its formats.

use std::ops::Range;

use super::{Mirrored, is_below, split};

/// What a mirror has in the place of an archive of Ubuntu or Debian, below its address.
///
/// Ubuntu: <https://documentation.ubuntu.com/project/how-ubuntu-is-made/concepts/package-archive/>;
/// Debian: <https://www.debian.org/mirror/list>, <https://deb.debian.org/>.
fn below(uri: &str) -> Option<String> {
    let (host, path) = split(uri)?;
    let host = host.to_ascii_lowercase();
    let is_country = |before: &str, after: &str| {
        let inner = host.strip_prefix(before);
        let inner = inner.and_then(|rest| rest.strip_suffix(after));
        let is_inner = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
        inner.is_some_and(|inner| !inner.is_empty() && inner.chars().all(is_inner))
    };
    // Some addresses have the archive at their root.
    let rooted = |directory: &str| match path {
        "" | "/" => format!("{directory}{path}"),
        _ => path.to_owned(),
    };
    let (path, directories): (String, &[&str]) = match host.as_str() {
        "ports.ubuntu.com" => (rooted("/ubuntu-ports"), &["/ubuntu-ports"]),
        "archive.ubuntu.com" | "security.ubuntu.com" => (path.to_owned(), &["/ubuntu"]),
        "security.debian.org" => (rooted("/debian-security"), &["/debian-security"]),
        "deb.debian.org" | "httpredir.debian.org" | "ftp.debian.org" => {
            (path.to_owned(), &["/debian", "/debian-security"])
        }
        _ if is_country("", ".archive.ubuntu.com") => (path.to_owned(), &["/ubuntu"]),
        _ if is_country("ftp.", ".debian.org") => (path.to_owned(), &["/debian"]),
        _ => return None,
    };
    let known = directories.iter().any(|name| is_below(&path, name));
    known.then_some(path)
}

/// Replaces archives in a file of lines.
pub(super) fn mirror_lines(text: &str, mirror: &str) -> Mirrored {
    let mut mirrored = Mirrored::default();
    for line in text.split_inclusive('\n') {
        let replaced = uri_of(line).and_then(|place| {
            let uri = &line[place.clone()];
            let new = format!("{mirror}{}", below(uri)?);
            mirrored.note(uri, &new);
            Some(format!(
                "{}{new}{}",
                &line[..place.start],
                &line[place.end..]
            ))
        });
        mirrored.text += replaced.as_deref().unwrap_or(line);
    }
    mirrored
}

/// Where the URI of an active line is.
fn uri_of(line: &str) -> Option<Range<usize>> {
    let kind = line.trim_start();
    let rest = ["deb-src", "deb"]
        .iter()
        .find_map(|name| kind.strip_prefix(name))
        .filter(|rest| rest.starts_with([' ', '\t']))?;
    let mut rest = rest.trim_start();
    if rest.starts_with('[') {
        rest = rest.split_once(']')?.1.trim_start();
    }
    let uri = rest.split_whitespace().next()?;
    let start = line.len() - rest.len();
    Some(start..start + uri.len())
}

/// Replaces archives in a file of stanzas.
pub(super) fn mirror_stanzas(text: &str, mirror: &str) -> Mirrored {
    let mut mirrored = Mirrored::default();
    let mut in_uris = false;
    for line in text.split_inclusive('\n') {
        let is_continued = line.starts_with([' ', '\t']) && !line.trim().is_empty();
        if !line.starts_with('#') && !is_continued {
            in_uris = is_field(line, "uris");
        }
        if !in_uris || line.starts_with('#') {
            mirrored.text += line;
            continue;
        }
        for piece in line.split_inclusive(char::is_whitespace) {
            let uri = piece.trim_end();
            let uri = uri
                .get(5..)
                .filter(|_| is_field(uri, "uris"))
                .unwrap_or(uri);
            if let Some(path) = below(uri) {
                let new = format!("{mirror}{path}");
                mirrored.note(uri, &new);
                mirrored.text += &piece.replacen(uri, &new, 1);
            } else {
                mirrored.text += piece;
            }
        }
    }
    mirrored
}

/// Whether a line begins this field, by its name in lower case.
fn is_field(line: &str, name: &str) -> bool {
    let field = line.split_once(':').map(|(field, _)| field.trim_end());
    field.is_some_and(|field| field.eq_ignore_ascii_case(name))
}

/// Prose may begin with `deb`, too, and a CD of the installation is not in the drive.
fn is_of_archive(uri: &str) -> bool {
    uri.contains(":/") && !uri.starts_with("cdrom:")
}

/// Comments every line out, or takes that back where none is active.
pub(super) fn switch_lines(text: &str, on: bool) -> String {
    let is_active = |line: &str| uri_of(line).is_some();
    if on && text.lines().any(is_active) {
        return text.to_owned();
    }
    let line = |line: &str| {
        let bare = line.trim_start_matches(['#', ' ', '\t']);
        let is_source =
            bare.starts_with("deb ") && uri_of(bare).is_some_and(|uri| is_of_archive(&bare[uri]));
        if on && is_source {
            bare.to_owned()
        } else if !on && is_active(line) {
            format!("# {line}")
        } else {
            line.to_owned()
        }
    };
    text.split_inclusive('\n').map(line).collect()
}

/// Says in every stanza whether it counts.
pub(super) fn switch_stanzas(text: &str, on: bool) -> String {
    let mut out = String::new();
    let mut stanza: Vec<&str> = Vec::new();
    for line in text.split_inclusive('\n').chain(["\n"]) {
        if line.trim().is_empty() {
            out += &switch_stanza(&stanza, on);
            out += line;
            stanza.clear();
        } else {
            stanza.push(line);
        }
    }
    // The end that was added above.
    out.pop();
    out
}

fn switch_stanza(lines: &[&str], on: bool) -> String {
    let is_enabled = |line: &&&str| is_field(line, "enabled");
    let all = lines.concat();
    if !lines.iter().any(|line| !line.starts_with('#')) {
        return all;
    }
    let value = if on { "yes" } else { "no" };
    match lines.iter().find(is_enabled) {
        Some(line) => {
            let off = line.split_once(':').map(|(_, value)| value.trim());
            let is_off = off.is_some_and(|value| {
                ["no", "false", "without", "off", "disable", "0"]
                    .contains(&value.to_ascii_lowercase().as_str())
            });
            if is_off == on {
                let end = &line[line.trim_end().len()..];
                all.replacen(line, &format!("Enabled: {value}{end}"), 1)
            } else {
                all
            }
        }
        None if on => all,
        None => format!("Enabled: {value}\n{all}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIRROR: &str = "https://mirror.example";

    #[test]
    fn archives_are_known_by_their_addresses() {
        for (uri, path) in [
            ("http://archive.ubuntu.com/ubuntu", Some("/ubuntu")),
            ("http://archive.ubuntu.com/ubuntu/", Some("/ubuntu/")),
            ("http://de.archive.ubuntu.com/ubuntu/", Some("/ubuntu/")),
            (
                "http://eu-west-1.ec2.archive.ubuntu.com/ubuntu/",
                Some("/ubuntu/"),
            ),
            ("https://SECURITY.ubuntu.com/ubuntu", Some("/ubuntu")),
            (
                "http://ports.ubuntu.com/ubuntu-ports/",
                Some("/ubuntu-ports/"),
            ),
            ("http://ports.ubuntu.com/", Some("/ubuntu-ports/")),
            ("http://deb.debian.org/debian", Some("/debian")),
            (
                "http://deb.debian.org/debian-security/",
                Some("/debian-security/"),
            ),
            (
                "http://security.debian.org/debian-security",
                Some("/debian-security"),
            ),
            ("http://security.debian.org/", Some("/debian-security/")),
            ("http://ftp.de.debian.org/debian/", Some("/debian/")),
            ("http://deb.debian.org/debian-debug", None),
            ("http://archive.ubuntu.com/", None),
            ("http://old-releases.ubuntu.com/ubuntu", None),
            ("https://ppa.launchpadcontent.net/x/y/ubuntu", None),
            ("https://download.docker.com/linux/debian", None),
            ("http://deb.debian.org:8080/debian", None),
            ("file:/srv/debian", None),
        ] {
            assert_eq!(below(uri).as_deref(), path, "{uri}");
        }
    }

    #[test]
    fn of_lines_only_the_archives_address_changes() {
        let text = "# deb http://archive.ubuntu.com/ubuntu noble main\n\
                    deb  [ arch=amd64 signed-by=/k ]\thttp://archive.ubuntu.com/ubuntu/ noble main # x\n\
                    deb-src http://security.ubuntu.com/ubuntu noble-security main\n\
                    deb [signed-by=/d] https://download.docker.com/linux/ubuntu noble stable\n\
                    \tdeb http://archive.ubuntu.com/ubuntu/ noble main\n\
                    debris http://archive.ubuntu.com/ubuntu noble main";
        let mirrored = mirror_lines(text, MIRROR);
        assert_eq!(
            mirrored.text,
            "# deb http://archive.ubuntu.com/ubuntu noble main\n\
             deb  [ arch=amd64 signed-by=/k ]\thttps://mirror.example/ubuntu/ noble main # x\n\
             deb-src https://mirror.example/ubuntu noble-security main\n\
             deb [signed-by=/d] https://download.docker.com/linux/ubuntu noble stable\n\
             \tdeb https://mirror.example/ubuntu/ noble main\n\
             debris http://archive.ubuntu.com/ubuntu noble main"
        );
        let replaced: Vec<_> = mirrored.replaced.iter().map(|(from, _)| from).collect();
        assert_eq!(
            replaced,
            [
                "http://archive.ubuntu.com/ubuntu/",
                "http://security.ubuntu.com/ubuntu"
            ]
        );
    }

    #[test]
    fn of_stanzas_only_the_archives_address_changes() {
        let text = "Types: deb\n# http://snapshot.debian.org/archive/debian/1\nURIs: http://deb.debian.org/debian\n\
                    Suites: trixie trixie-updates\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n\
                    Types: deb\nuris:http://deb.debian.org/debian-security\n  https://other.example/x\n# http://deb.debian.org/debian\n\
                    \thttp://security.debian.org/ \nSuites: http://deb.debian.org/debian\n";
        assert_eq!(
            mirror_stanzas(text, MIRROR).text,
            "Types: deb\n# http://snapshot.debian.org/archive/debian/1\nURIs: https://mirror.example/debian\n\
             Suites: trixie trixie-updates\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n\
             Types: deb\nuris:https://mirror.example/debian-security\n  https://other.example/x\n# http://deb.debian.org/debian\n\
             \thttps://mirror.example/debian-security/ \nSuites: http://deb.debian.org/debian\n"
        );
    }

    #[test]
    fn lines_are_commented_out_and_in() {
        let text = "# Docker\ndeb https://d x stable\n# deb-src https://d x stable\n";
        let off = "# Docker\n# deb https://d x stable\n# deb-src https://d x stable\n";
        assert_eq!(switch_lines(text, false), off);
        assert_eq!(switch_lines(off, false), off);
        assert_eq!(switch_lines(off, true), text);
        assert_eq!(switch_lines(text, true), text);
    }

    #[test]
    fn stanzas_say_whether_they_count() {
        let text = "# all of them\n\nTypes: deb\nURIs: https://a\n\nenabled: No\nTypes: deb\n";
        let off = "# all of them\n\nEnabled: no\nTypes: deb\nURIs: https://a\n\nenabled: No\nTypes: deb\n";
        assert_eq!(switch_stanzas(text, false), off);
        assert_eq!(switch_stanzas(off, false), off);
        assert_eq!(
            switch_stanzas(off, true),
            "# all of them\n\nEnabled: yes\nTypes: deb\nURIs: https://a\n\nEnabled: yes\nTypes: deb\n"
        );
        assert_eq!(switch_stanzas("", false), "");
    }
}
