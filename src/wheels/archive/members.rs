//! Members of an archive: their names, as ustar, GNU tar and pax spell long ones.

use std::io::Read;
use std::path::{Component, Path};

use tar::{Entry, EntryType};

use super::super::is_wanted;
use super::{ArchiveError, Kind, shown};

/// The longest extension of a header: pax's may have attributes of the file, each of
/// 64 KiB at most (`XATTR_SIZE_MAX`, xattr(7)).
const LONGEST: u64 = 1 << 20;

/// Where whiteouts begin, in a layer of an image.
const WHITEOUT: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";

/// A member, with what headers before its own say of it.
#[derive(Debug)]
pub struct Member {
    /// Its name, for people.
    pub name: String,
    /// What it is.
    pub kind: EntryType,
    /// Its bytes, as its header has it.
    pub size: u64,
    /// What it leads to, when it is a link.
    link: Option<String>,
}

/// Where a member is.
#[derive(Debug, PartialEq, Eq)]
pub enum Place {
    /// A wheel or a constraint file at the root.
    Wanted(String),
    /// It removes such a file of a lower layer.
    Whiteout(String),
    /// It removes all files of lower layers.
    Opaque,
    /// Anywhere else.
    Elsewhere,
}

impl Member {
    /// Where it is. A name that leads out of the archive is an error.
    pub fn place(&self, kind: Kind) -> Result<Place, ArchiveError> {
        let name = at_root(&self.name, kind)
            .map_err(|()| ArchiveError::member(&self.name, "points outside the archive"))?;
        let Some(name) = name else {
            return Ok(Place::Elsewhere);
        };
        Ok(match name.strip_prefix(WHITEOUT) {
            _ if name == OPAQUE => Place::Opaque,
            Some(removed) if is_wanted(removed) => Place::Whiteout(removed.to_owned()),
            // tar(5): before there were kinds, a slash at the end told a directory.
            _ if is_wanted(name) && !self.name.ends_with('/') => Place::Wanted(name.to_owned()),
            _ => Place::Elsewhere,
        })
    }

    /// What a link leads to, when that is a file that is taken, too.
    pub fn target(&self, kind: Kind) -> Result<String, ArchiveError> {
        let link = self.link.as_deref().unwrap_or_default();
        let wrong = |why: &str| {
            let why = format!("is a link to \"{}\", {why}", shown(link));
            Err(ArchiveError::member(&self.name, why))
        };
        match at_root(link, kind) {
            Ok(Some(name)) if is_wanted(name) => Ok(name.to_owned()),
            Ok(_) => wrong("which is no wheel at the root"),
            Err(()) => wrong("outside the archive"),
        }
    }

    /// Refuses what tar programs do not read alike, wherever it is: what one takes for a
    /// member, another takes for the content of one.
    fn check(&self, said: &Headers) -> Result<(), ArchiveError> {
        let refused = |why: &str| Err(ArchiveError::member(&self.name, why));
        let size = said.size.unwrap_or(self.size);
        let has_none = matches!(
            self.kind,
            EntryType::Link
                | EntryType::Symlink
                | EntryType::Directory
                | EntryType::Char
                | EntryType::Block
                | EntryType::Fifo
        );
        if said.is_sparse || self.kind == EntryType::GNUSparse {
            return refused("is a sparse file");
        }
        if size != self.size {
            return refused(&format!("is said to have {size} bytes"));
        }
        if has_none && size > 0 {
            return refused("has content, and is no file");
        }
        Ok(())
    }
}

/// The one name of a path without directories; an error when it leads out. Names in a
/// layer are of the image's root, whether they begin there or not: kaniko's do.
fn at_root(path: &str, kind: Kind) -> Result<Option<&str>, ()> {
    let mut names = Vec::new();
    for part in Path::new(path).components() {
        match part {
            Component::CurDir => {}
            Component::RootDir if kind == Kind::Layer => {}
            Component::Normal(name) => names.push(name.to_str().unwrap_or_default()),
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(()),
        }
    }
    Ok(match names[..] {
        [name] => Some(name),
        _ => None,
    })
}

/// What headers said of the member that comes next.
#[derive(Debug, Default)]
pub struct Headers {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    is_sparse: bool,
}

impl Headers {
    /// Reads an entry; none when it only says something of the next one.
    pub fn read<R: Read>(
        &mut self,
        entry: &mut Entry<'_, R>,
    ) -> Result<Option<Member>, ArchiveError> {
        match entry.header().entry_type() {
            EntryType::GNULongName => self.name = Some(text(entry)?),
            EntryType::GNULongLink => self.link = Some(text(entry)?),
            EntryType::XHeader => self.pax(entry)?,
            // Of all members that follow: nothing of it counts here.
            EntryType::XGlobalHeader => {}
            kind => {
                let header = entry.header();
                let mut said = std::mem::take(self);
                let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
                let name = said.name.take();
                let link = said.link.take();
                let member = Member {
                    name: text(name.unwrap_or_else(|| header.path_bytes().into())),
                    kind,
                    size: header.entry_size().map_err(ArchiveError::Read)?,
                    link: link
                        .or_else(|| header.link_name_bytes().map(Into::into))
                        .map(text),
                };
                member.check(&said)?;
                return Ok(Some(member));
            }
        }
        Ok(None)
    }

    fn pax<R: Read>(&mut self, entry: &mut Entry<'_, R>) -> Result<(), ArchiveError> {
        let bytes = extension(entry)?;
        let malformed = || {
            let name = String::from_utf8_lossy(&entry.header().path_bytes()).into_owned();
            ArchiveError::member(&name, "is a header that cannot be read")
        };
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (key, value, behind) = record(rest).ok_or_else(malformed)?;
            rest = behind;
            match key {
                b"path" => self.name = Some(value.to_owned()),
                b"linkpath" => self.link = Some(value.to_owned()),
                b"size" => self.size = Some(number(value).ok_or_else(malformed)?),
                _ => self.is_sparse |= key.starts_with(b"GNU.sparse."),
            }
        }
        Ok(())
    }
}

/// The first record of a header, and what is behind it: `LENGTH KEY=VALUE` and a newline,
/// all of which the length counts (POSIX.1-2001, pax interchange format). Not by lines:
/// values have newlines, too.
fn record(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = bytes.iter().position(|byte| *byte == b' ')?;
    let length = usize::try_from(number(&bytes[..space])?).ok()?;
    let (record, behind) = bytes.split_at_checked(length)?;
    let record = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    Some((&record[..equals], &record[equals + 1..], behind))
}

fn number(digits: &[u8]) -> Option<u64> {
    let is_number = digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits)
        .ok()
        .filter(|_| is_number)?
        .parse()
        .ok()
}

/// A long name, which GNU tar ends by a zero.
fn text<R: Read>(entry: &mut Entry<'_, R>) -> Result<Vec<u8>, ArchiveError> {
    let mut bytes = extension(entry)?;
    if bytes.last() == Some(&0) {
        bytes.pop();
    }
    Ok(bytes)
}

fn extension<R: Read>(entry: &mut Entry<'_, R>) -> Result<Vec<u8>, ArchiveError> {
    let size = entry.header().entry_size().map_err(ArchiveError::Read)?;
    if size > LONGEST {
        let name = String::from_utf8_lossy(&entry.header().path_bytes()).into_owned();
        let why = format!("is a header of {size} bytes");
        return Err(ArchiveError::member(&name, why));
    }
    let mut bytes = Vec::new();
    let read = entry.take(LONGEST).read_to_end(&mut bytes);
    read.map_err(ArchiveError::Read)?;
    Ok(bytes)
}
