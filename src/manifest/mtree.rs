//! The manifest as text: mtree(5), which `mtree` and everything made of libarchive read.
//!
//! A line for each path, whole and not nested, so that one can be searched for. What most
//! entries have in common is said once, by `/set`.

use std::fmt::Write;

use super::{DeviceNumber, Entries, Entry, FilePath, Kind, Mounted};

/// What is said before all: `.` comes first, of which only the type is said, because the
/// permissions of an image's root are the engine's that unpacks it.
const HEAD: &str = "#mtree\n. type=dir\n/set type=file uid=0 gid=0 mode=0644\n";

/// What stands before and behind an entry whose permissions are not known.
const UNKNOWN: [&str; 2] = ["/unset uid gid mode\n", "/set uid=0 gid=0 mode=0644\n"];

/// Why a text is none.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct MtreeError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub what: String,
}

/// Writes it.
#[must_use]
pub fn write(entries: &Entries) -> String {
    let mut text = HEAD.to_owned();
    for (path, entry) in entries {
        let known = matches!(entry.mounted, None | Some(Mounted::Below));
        if !known {
            text.push_str(UNKNOWN[0]);
        }
        let _ = write!(text, ".{path}");
        if !matches!(entry.kind, Kind::File(_)) {
            let _ = write!(text, " type={}", entry.kind.name());
        }
        if known {
            permissions(&mut text, entry);
        }
        text.push_str(match entry.mounted {
            None => "",
            Some(Mounted::OnNothing | Mounted::Below) => " optional",
            Some(Mounted::OnSomething) => " optional ignore",
        });
        match &entry.kind {
            Kind::File(Some(sha256)) => {
                let _ = write!(text, " sha256digest={sha256}");
            }
            Kind::Link(to) => {
                let _ = write!(text, " link={to}");
            }
            Kind::Device(_, number) => {
                let _ = write!(text, " device=linux,{number}");
            }
            _ => {}
        }
        text.push('\n');
        if !known {
            text.push_str(UNKNOWN[1]);
        }
    }
    text
}

fn permissions(text: &mut String, entry: &Entry) {
    let (user, group) = entry.owner;
    for (name, id) in [("uid", user), ("gid", group)] {
        if id != 0 {
            let _ = write!(text, " {name}={id}");
        }
    }
    if entry.mode != 0o644 {
        let _ = write!(text, " mode={:04o}", entry.mode);
    }
}

/// Reads it: what [`write`] writes, with whatever order and `/set` lines.
///
/// # Errors
/// The first line that is none of mtree(5), or that says something this does not know.
pub fn parse(text: &str) -> Result<Entries, MtreeError> {
    let mut lines = text.lines().enumerate();
    if lines.next().is_none_or(|(_, first)| first != "#mtree") {
        return Err(MtreeError {
            line: 1,
            what: "it does not begin with #mtree".to_owned(),
        });
    }
    let mut entries = Entries::new();
    let mut common = Words::default();
    for (index, line) in lines {
        let at = |what: String| MtreeError {
            line: index + 1,
            what,
        };
        let mut words = line.split_whitespace();
        match words.next() {
            None => {}
            Some(comment) if comment.starts_with('#') => {}
            Some("/set") => common.take(words).map_err(at)?,
            Some("/unset") => words.for_each(|word| common.unset(word)),
            Some(path) => {
                let mut own = common.clone();
                own.take(words).map_err(at)?;
                match path.strip_prefix('.') {
                    Some("") => {}
                    Some(path) if path.starts_with('/') => {
                        let entry = own.entry().map_err(at)?;
                        entries.insert(FilePath::parse(path), entry);
                    }
                    _ => return Err(at(format!("{path:?} does not begin with ./"))),
                }
            }
        }
    }
    Ok(entries)
}

/// What is said of an entry.
#[derive(Debug, Clone, Default)]
struct Words<'a> {
    kind: &'a str,
    mode: Option<u32>,
    owner: (u32, u32),
    sha256: Option<&'a str>,
    link: Option<&'a str>,
    device: Option<DeviceNumber>,
    optional: bool,
    ignore: bool,
}

impl<'a> Words<'a> {
    fn take(&mut self, words: impl Iterator<Item = &'a str>) -> Result<(), String> {
        for word in words {
            let number = |digits: &str, base| {
                u32::from_str_radix(digits, base).map_err(|_| format!("{word:?} has no number"))
            };
            match word.split_once('=').unwrap_or((word, "")) {
                ("type", kind) => self.kind = kind,
                ("mode", mode) => self.mode = Some(number(mode, 8)?),
                ("uid", id) => self.owner.0 = number(id, 10)?,
                ("gid", id) => self.owner.1 = number(id, 10)?,
                ("sha256digest", sha256) => self.sha256 = Some(sha256),
                ("link", to) => self.link = Some(to),
                ("device", device) => {
                    let numbers = device.strip_prefix("linux,").unwrap_or_default();
                    let (major, minor) = numbers.split_once(',').unwrap_or_default();
                    self.device = Some(DeviceNumber {
                        major: number(major, 10)?,
                        minor: number(minor, 10)?,
                    });
                }
                ("optional", "") => self.optional = true,
                ("ignore", "") => self.ignore = true,
                _ => return Err(format!("{word:?} is not known")),
            }
        }
        Ok(())
    }

    fn unset(&mut self, word: &str) {
        match word {
            "type" => self.kind = "",
            "mode" => self.mode = None,
            "uid" => self.owner.0 = 0,
            "gid" => self.owner.1 = 0,
            _ => {}
        }
    }

    fn entry(self) -> Result<Entry, String> {
        let kind = match self.kind {
            "file" => Kind::File(self.sha256.map(str::to_owned)),
            "dir" => Kind::Directory,
            "link" => Kind::Link(FilePath::parse(self.link.unwrap_or_default())),
            "block" => Kind::Device("block", self.device.unwrap_or_default()),
            "char" => Kind::Device("char", self.device.unwrap_or_default()),
            "fifo" => Kind::Other("fifo"),
            "socket" => Kind::Other("socket"),
            kind => return Err(format!("{kind:?} is no type")),
        };
        Ok(Entry {
            kind,
            mode: self.mode.unwrap_or_default(),
            owner: self.owner,
            capability: None,
            mounted: self
                .optional
                .then_some(match (self.ignore, self.mode.is_some()) {
                    (true, _) => Mounted::OnSomething,
                    (false, true) => Mounted::Below,
                    (false, false) => Mounted::OnNothing,
                }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: Kind, mode: u32, owner: (u32, u32)) -> Entry {
        Entry {
            kind,
            mode,
            owner,
            capability: None,
            mounted: None,
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let file = |sha256: &str| Kind::File(Some(sha256.to_owned()));
        let mounted = |kind, mounted| Entry {
            mounted: Some(mounted),
            ..entry(kind, 0, (0, 0))
        };
        let entries: Entries = [
            ("/etc", entry(Kind::Directory, 0o755, (0, 0))),
            ("/etc/a b", entry(file("01"), 0o644, (0, 0))),
            ("/etc/shadow", entry(file("02"), 0o640, (0, 42))),
            ("/lib", entry(Kind::Link("usr/lib\n".into()), 0o777, (0, 0))),
            (
                "/opt",
                Entry {
                    mounted: Some(Mounted::Below),
                    ..entry(Kind::Directory, 0o755, (0, 0))
                },
            ),
            (
                "/run/null",
                entry(
                    Kind::Device("char", DeviceNumber { major: 1, minor: 3 }),
                    0o666,
                    (0, 0),
                ),
            ),
            ("/run/pipe", entry(Kind::Other("fifo"), 0o600, (5, 0))),
            ("/usr/bin/su", entry(file("03"), 0o4755, (0, 0))),
            ("/wheels", mounted(Kind::Directory, Mounted::OnNothing)),
            ("/x", mounted(Kind::File(None), Mounted::OnNothing)),
            ("/y", mounted(Kind::Directory, Mounted::OnSomething)),
        ]
        .into_iter()
        .map(|(path, entry)| (path.into(), entry))
        .collect();
        let text = write(&entries);
        assert_eq!(
            text,
            "#mtree\n\
             . type=dir\n\
             /set type=file uid=0 gid=0 mode=0644\n\
             ./etc type=dir mode=0755\n\
             ./etc/a\\040b sha256digest=01\n\
             ./etc/shadow gid=42 mode=0640 sha256digest=02\n\
             ./lib type=link mode=0777 link=usr/lib\\012\n\
             ./opt type=dir mode=0755 optional\n\
             ./run/null type=char mode=0666 device=linux,1,3\n\
             ./run/pipe type=fifo uid=5 mode=0600\n\
             ./usr/bin/su mode=4755 sha256digest=03\n\
             /unset uid gid mode\n\
             ./wheels type=dir optional\n\
             /set uid=0 gid=0 mode=0644\n\
             /unset uid gid mode\n\
             ./x optional\n\
             /set uid=0 gid=0 mode=0644\n\
             /unset uid gid mode\n\
             ./y type=dir optional ignore\n\
             /set uid=0 gid=0 mode=0644\n"
        );
        assert_eq!(parse(&text), Ok(entries));
    }

    #[test]
    fn another_text_is_refused_by_line() {
        for (text, refusal) in [
            ("", "line 1: it does not begin with #mtree"),
            (
                "#mtree\n\n# x\netc\n",
                "line 4: \"etc\" does not begin with ./",
            ),
            ("#mtree\n./etc type=door\n", "line 2: \"door\" is no type"),
            ("#mtree\n./etc\n", "line 2: \"\" is no type"),
            (
                "#mtree\n/set uid=root\n",
                "line 2: \"uid=root\" has no number",
            ),
            (
                "#mtree\n./etc time=1.0\n",
                "line 2: \"time=1.0\" is not known",
            ),
        ] {
            let error = parse(text).map_err(|error| error.to_string());
            assert_eq!(error, Err(refusal.to_owned()), "{text:?}");
        }
    }
}
