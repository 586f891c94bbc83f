//! How two trees differ, file by file.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use crate::error::{Error, Result};
use crate::explain::described;
use crate::explain::difference::{Difference, between};
use crate::explain::tree::Tree;
use crate::process::command;

/// Of a text no more lines are told, and of all paths no more than this.
const LINES: usize = 20;
const PATHS: usize = 100;

/// No larger file is compared line by line, in bytes.
const TEXT: u64 = 1 << 20;

/// A path at which two trees differ.
#[derive(Debug)]
pub struct Found {
    /// Where.
    pub path: String,
    /// How, in lines.
    lines: Vec<String>,
}

/// All differences between two trees, each with the directory that it was read from;
/// on demand those of times alone.
pub fn find(
    (one, first): (&Tree, &Path),
    (two, second): (&Tree, &Path),
    times: bool,
) -> Result<Vec<Found>> {
    let differences = between(one, two).into_iter();
    let wanted = differences.filter(|difference| times || !difference.is_time());
    wanted
        .map(|Difference { path, what }| {
            let is = |tree: &Tree| tree.entries.get(&path).map(described);
            let mut lines = vec![what.to_string()];
            lines.extend(is(one).map(|is| format!("first: {is}")));
            lines.extend(is(two).map(|is| format!("second: {is}")));
            let contents_of = one.content(&path).zip(two.content(&path));
            if contents_of.is_some_and(|(one, two)| one != two) {
                let at = |root: &Path| root.join(path.trim_start_matches('/'));
                lines.extend(contents(&at(first), &at(second))?);
            }
            Ok(Found { path, lines })
        })
        .collect()
}

/// The text that tells them.
pub fn tell(found: &[Found]) -> String {
    let mut text = match found {
        [] => return "no file differs: it is the order or the format of the archives\n".to_owned(),
        [_] => "one path differs:\n".to_owned(),
        all => format!("{} paths differ:\n", all.len()),
    };
    for Found { path, lines } in found.iter().take(PATHS) {
        let _ = writeln!(text, "    {path}");
        for line in lines {
            let _ = writeln!(text, "        {line}");
        }
    }
    if found.len() > PATHS {
        let _ = writeln!(text, "    and {} more", found.len() - PATHS);
    }
    text
}

/// How two files differ: where first, and of short texts in which lines.
fn contents(first: &Path, second: &Path) -> Result<Vec<String>> {
    let read = |path: &Path| fs::read(path).map_err(Error::io("read", path));
    let (one, two) = (read(first)?, read(second)?);
    let mut pairs = one.iter().zip(&two);
    let offset = pairs.position(|(one, two)| one != two);
    let offset = offset.unwrap_or(one.len().min(two.len()));
    let mut lines = vec![format!("other bytes from offset {offset} on")];
    let is_text = |bytes: &[u8]| {
        bytes.len() as u64 <= TEXT && !bytes.contains(&0) && std::str::from_utf8(bytes).is_ok()
    };
    if is_text(&one) && is_text(&two) {
        lines.extend(changed_lines(first, second)?);
    }
    Ok(lines)
}

/// diff(1) less its headings.
fn changed_lines(first: &Path, second: &Path) -> Result<Vec<String>> {
    let mut diff = command("diff", ["--unified=0", "--"]);
    diff.args([first, second]).stderr(Stdio::inherit());
    let output = diff.output();
    let output = output.map_err(|error| Error::Io("cannot run diff".to_owned(), error))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let all: Vec<&str> = said.lines().skip(2).collect();
    let shown = all.iter().take(LINES).map(ToString::to_string);
    let mut lines: Vec<String> = shown.collect();
    if all.len() > LINES {
        lines.push(format!("and {} more lines", all.len() - LINES));
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    fn write(path: &Path, bytes: impl AsRef<[u8]>, mode: u32) {
        fs::write(path, bytes).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn tree(fill: impl Fn(&Path)) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        fill(directory.path());
        directory
    }

    fn told(one: &Path, two: &Path, times: bool) -> String {
        let (before, after) = (Tree::read(one).unwrap(), Tree::read(two).unwrap());
        let us = one.metadata().unwrap();
        let us = format!(" {}:{}", us.uid(), us.gid());
        tell(&find((&before, one), (&after, two), times).unwrap()).replace(&us, "")
    }

    #[test]
    fn every_difference_is_told_with_what_it_is() {
        let common = |root: &Path| {
            fs::create_dir(root.join("etc")).unwrap();
            write(&root.join("etc/same"), "same\n", 0o644);
        };
        let one = tree(|root| {
            common(root);
            write(&root.join("etc/lines"), "a\nb\nc\n", 0o644);
            write(&root.join("etc/bytes"), [1, 2, 0, 4], 0o644);
            write(&root.join("etc/gone"), "x", 0o644);
            write(&root.join("etc/mode"), "x", 0o644);
            symlink("a", root.join("link")).unwrap();
        });
        let two = tree(|root| {
            common(root);
            write(&root.join("etc/lines"), "a\nB\nc\nd\n", 0o644);
            write(&root.join("etc/bytes"), [1, 2, 0, 4, 5], 0o644);
            write(&root.join("etc/mode"), "x", 0o600);
            symlink("b", root.join("link")).unwrap();
        });
        assert_eq!(
            told(one.path(), two.path(), false),
            "\
5 paths differ:
    /etc/bytes
        changed: content
        first: file of 4 bytes, 0644
        second: file of 5 bytes, 0644
        other bytes from offset 4 on
    /etc/gone
        removed
        first: file of 1 bytes, 0644
    /etc/lines
        changed: content
        first: file of 6 bytes, 0644
        second: file of 8 bytes, 0644
        other bytes from offset 2 on
        @@ -2 +2 @@
        -b
        +B
        @@ -3,0 +4 @@
        +d
    /etc/mode
        changed: mode
        first: file of 1 bytes, 0644
        second: file of 1 bytes, 0600
    /link
        changed: content
        first: link to a, 0777
        second: link to b, 0777
"
        );
    }

    #[test]
    fn times_are_told_where_they_count() {
        let one = tree(|root| write(&root.join("a"), "x", 0o644));
        let two = tree(|root| {
            write(&root.join("a"), "x", 0o644);
            let file = fs::File::options().append(true).open(root.join("a"));
            file.unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
        });
        assert_eq!(
            told(one.path(), two.path(), false),
            "no file differs: it is the order or the format of the archives\n"
        );
        assert_eq!(
            told(one.path(), two.path(), true),
            "\
one path differs:
    /a
        changed: time
        first: file of 1 bytes, 0644
        second: file of 1 bytes, 0644
"
        );
    }

    #[test]
    fn a_long_text_is_cut() {
        let numbers = |from: usize| {
            let all: Vec<String> = (from..from + 30).map(|n| n.to_string()).collect();
            all.join("\n") + "\n"
        };
        let one = tree(|root| write(&root.join("a"), numbers(0), 0o644));
        let two = tree(|root| write(&root.join("a"), numbers(100), 0o644));
        let told = told(one.path(), two.path(), false);
        assert!(
            told.ends_with("        -18\n        and 41 more lines\n"),
            "{told}"
        );
    }
}
