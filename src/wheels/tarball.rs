//! A tarball of wheels: members chosen, bounds checked, renamed into place when whole.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::{GLOBAL_REQUIREMENTS, UPPER_CONSTRAINTS};

/// Why a tarball could not be extracted.
#[derive(Debug, thiserror::Error)]
pub enum TarballError {
    /// It, or the destination, could not be read or written.
    #[error("could not extract {archive}: {source}")]
    Io {
        /// The tarball.
        archive: String,
        /// Why not.
        source: io::Error,
    },
    /// A member would be written outside the destination.
    #[error("{archive}: the member {member} points outside the archive; nothing was extracted")]
    Outside {
        /// The tarball.
        archive: String,
        /// The member.
        member: String,
    },
    /// There is no wheel at its root.
    #[error("{archive} has no wheels at its root")]
    NoWheels {
        /// The tarball.
        archive: String,
    },
}

/// Extracts the wheels and constraint files at the root of `archive` into
/// `destination`, which comes into being whole or not at all. Members named
/// `./x.whl` count; anything deeper, and anything that is no regular file, is
/// passed over. Returns the number of wheels.
pub fn extract(archive: &Path, destination: &Path) -> Result<usize, TarballError> {
    let name = archive.display().to_string();
    let io_error = |source: io::Error| TarballError::Io {
        archive: name.clone(),
        source,
    };
    let parent = destination.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(parent).map_err(io_error)?;
    // Of a fixed name, so that one that was cut off is found and removed.
    let partial = partial_of(destination);
    remove(&partial).map_err(io_error)?;
    let wheels = unpack(archive, &partial).inspect_err(|_| {
        // What went wrong is said already; the next try removes it, too.
        let _ = remove(&partial);
    })?;
    remove(destination).map_err(io_error)?;
    fs::rename(&partial, destination).map_err(io_error)?;
    Ok(wheels)
}

/// Where an archive is extracted before it is known to be whole.
#[must_use]
pub fn partial_of(destination: &Path) -> PathBuf {
    let mut name = destination.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

fn remove(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn unpack(archive: &Path, into: &Path) -> Result<usize, TarballError> {
    let name = archive.display().to_string();
    let io_error = |source: io::Error| TarballError::Io {
        archive: name.clone(),
        source,
    };
    fs::create_dir(into).map_err(io_error)?;

    let mut wheels = 0;
    let mut tar = tar::Archive::new(Ending::new(open(archive).map_err(io_error)?));
    for entry in tar.entries().map_err(io_error)? {
        let mut entry = entry.map_err(io_error)?;
        let path = entry.path().map_err(io_error)?.into_owned();
        if path
            .components()
            .any(|part| matches!(part, Component::ParentDir | Component::RootDir))
        {
            return Err(TarballError::Outside {
                archive: name,
                member: path.display().to_string(),
            });
        }
        let Some(file) = wanted(&path).filter(|_| entry.header().entry_type().is_file()) else {
            continue;
        };
        let size = entry.size();
        let mut out = File::create(into.join(&file)).map_err(io_error)?;
        let copied = io::copy(&mut entry, &mut out).map_err(io_error)?;
        if copied != size {
            return Err(io_error(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("it ends inside {file}, after {copied} of {size} bytes"),
            )));
        }
        wheels += usize::from(is_wheel(&file));
    }
    // To the last byte: gzip's checksum is behind it.
    let mut rest = tar.into_inner();
    io::copy(&mut rest, &mut io::sink()).map_err(io_error)?;
    if !rest.is_marked() {
        let cut = io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "it ends without the mark of an archive's end: it was cut off",
        );
        return Err(io_error(cut));
    }
    if wheels == 0 {
        return Err(TarballError::NoWheels { archive: name });
    }
    Ok(wheels)
}

/// Knows whether what was read ended in a block of zeros, as an archive does
/// (tar(5)); one that was cut off between two members looks whole otherwise.
struct Ending<R> {
    inner: R,
    zeros: u64,
}

impl<R: Read> Ending<R> {
    fn new(inner: R) -> Self {
        Self { inner, zeros: 0 }
    }

    fn is_marked(&self) -> bool {
        self.zeros >= 512
    }
}

impl<R: Read> Read for Ending<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let zeros = buffer[..read]
            .iter()
            .rev()
            .take_while(|byte| **byte == 0)
            .count();
        self.zeros = zeros as u64 + if zeros == read { self.zeros } else { 0 };
        Ok(read)
    }
}

/// The decompressed archive; gzip is told by its first two bytes (RFC 1952, 2.3.1).
fn open(archive: &Path) -> io::Result<Box<dyn Read>> {
    let mut magic = [0; 2];
    let gzip = File::open(archive)?.read(&mut magic)? == 2 && magic == [0x1f, 0x8b];
    let file = BufReader::new(File::open(archive)?);
    Ok(if gzip {
        Box::new(MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    })
}

/// The file name of a member that is wanted.
fn wanted(path: &Path) -> Option<String> {
    let mut parts = path.components().filter(|part| *part != Component::CurDir);
    let Component::Normal(name) = parts.next()? else {
        return None;
    };
    let name = name.to_str()?;
    let wanted = is_wheel(name) || name == UPPER_CONSTRAINTS || name == GLOBAL_REQUIREMENTS;
    (parts.next().is_none() && wanted).then(|| name.to_owned())
}

fn is_wheel(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| extension == "whl")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn archive(members: &[(&str, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, text) in members {
            let mut header = tar::Header::new_gnu();
            // `set_path` would refuse the names that this test is about.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            builder.append(&header, text.as_bytes()).expect("appended");
        }
        builder.into_inner().expect("finished")
    }

    fn extracted(bytes: &[u8]) -> (Result<usize, String>, Vec<String>) {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("w.tar");
        fs::write(&path, bytes).expect("written");
        let result = extract(&path, &directory.path().join("wheels")).map_err(|error| {
            error
                .to_string()
                .replace(&path.display().to_string(), "ARCHIVE")
        });
        let mut names: Vec<_> = fs::read_dir(directory.path().join("wheels"))
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        (result, names)
    }

    #[test]
    fn wheels_and_constraints_at_the_root_are_taken() {
        let tar = archive(&[
            ("./a-1-py3-none-any.whl", "x"),
            ("upper-constraints.txt", "a===1"),
            ("etc/passwd", "no"),
            ("notes.txt", "no"),
        ]);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&tar).expect("compressed");
        let wanted = (
            Ok(1),
            vec![
                "a-1-py3-none-any.whl".to_owned(),
                "upper-constraints.txt".to_owned(),
            ],
        );
        assert_eq!(extracted(&tar), wanted);
        assert_eq!(extracted(&gzip.finish().expect("compressed")), wanted);
    }

    #[test]
    fn members_that_point_outside_are_refused_by_name() {
        for name in ["../a-1-py3-none-any.whl", "/a-1-py3-none-any.whl"] {
            let (result, names) = extracted(&archive(&[(name, "x")]));
            assert_eq!(
                result,
                Err(format!(
                    "ARCHIVE: the member {name} points outside the archive; nothing was extracted"
                ))
            );
            assert!(names.is_empty());
        }
    }

    #[test]
    fn a_truncated_or_empty_archive_is_an_error_and_leaves_nothing() {
        let whole = archive(&[("a-1-py3-none-any.whl", &"x".repeat(2000))]);
        let (result, names) = extracted(&whole[..1000]);
        assert!(
            result
                .expect_err("an error")
                .contains("could not extract ARCHIVE")
        );
        assert!(names.is_empty());
        let two = archive(&[("a-1-py3-none-any.whl", "x"), ("b-1-py3-none-any.whl", "x")]);
        let (result, names) = extracted(&two[..1024]);
        assert!(result.expect_err("an error").ends_with("it was cut off"));
        assert!(names.is_empty());
        assert_eq!(
            extracted(&archive(&[("notes.txt", "x")])).0,
            Err("ARCHIVE has no wheels at its root".to_owned())
        );
    }
}
