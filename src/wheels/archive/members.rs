//! Members of an archive: their names, as ustar, GNU tar and pax spell long ones.

use std::io::Read;
use std::path::{Component, Path};

use tar::{Entry, EntryType, PaxExtensions};

use super::super::is_wanted;
use super::ArchiveError;

/// The longest extension of a header: pax's may have attributes of the file, each of
/// 64 KiB at most (`XATTR_SIZE_MAX`, xattr(7)).
const LONGEST: u64 = 1 << 20;

/// No wheel is larger, in bytes.
const LARGEST: u64 = 8 << 30;

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
    /// Its bytes, as pax has it.
    pax_size: Option<u64>,
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
    pub fn place(&self) -> Result<Place, ArchiveError> {
        let Some(name) = at_root(&self.name)
            .map_err(|()| ArchiveError::member(&self.name, "points outside the archive"))?
        else {
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
    pub fn target(&self) -> Result<String, ArchiveError> {
        let link = self.link.as_deref().unwrap_or_default();
        match at_root(link) {
            Ok(Some(name)) if is_wanted(name) => Ok(name.to_owned()),
            Ok(_) => {
                let why = format!("is a link to {link:?}, which is no wheel at the root");
                Err(ArchiveError::member(&self.name, why))
            }
            Err(()) => {
                let why = format!("is a link to {link:?}, outside the archive");
                Err(ArchiveError::member(&self.name, why))
            }
        }
    }

    /// Refuses what nobody could mean.
    pub fn check_size(&self) -> Result<(), ArchiveError> {
        let size = self.pax_size.unwrap_or(self.size);
        if size > LARGEST || size != self.size {
            let why = format!("is said to have {size} bytes");
            return Err(ArchiveError::member(&self.name, why));
        }
        Ok(())
    }
}

/// The one name of a path without directories; an error when it leads out.
fn at_root(path: &str) -> Result<Option<&str>, ()> {
    let mut names = Vec::new();
    for part in Path::new(path).components() {
        match part {
            Component::CurDir => {}
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
                let said = std::mem::take(self);
                let name = said.name.unwrap_or_else(|| header.path_bytes().into());
                let link = said
                    .link
                    .or_else(|| header.link_name_bytes().map(Into::into));
                let size = header.entry_size().map_err(ArchiveError::Read)?;
                let shown = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
                return Ok(Some(Member {
                    name: shown(name),
                    kind,
                    size,
                    link: link.map(shown),
                    pax_size: said.size,
                }));
            }
        }
        Ok(None)
    }

    /// POSIX.1-2001, pax interchange format.
    fn pax<R: Read>(&mut self, entry: &mut Entry<'_, R>) -> Result<(), ArchiveError> {
        let bytes = extension(entry)?;
        for extension in PaxExtensions::new(&bytes) {
            let extension = extension.map_err(ArchiveError::Read)?;
            let value = extension.value_bytes();
            match extension.key_bytes() {
                b"path" => self.name = Some(value.to_owned()),
                b"linkpath" => self.link = Some(value.to_owned()),
                b"size" => self.size = extension.value().ok().and_then(|size| size.parse().ok()),
                _ => {}
            }
        }
        Ok(())
    }
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
