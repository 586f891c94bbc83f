//! The way of an archive: from where it comes, counted and hashed, through another thread
//! that decompresses and unpacks it, into a directory.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use super::Digest;
use super::ahead::ahead;
use super::archive::{self, ArchiveError, Kind, Taken};
use super::meter::Meter;
use super::verified::{Expected, Verified};
use crate::words::reason;

/// Takes what belongs to a set of wheels from an archive into the new directory `into`.
/// Returns what that is, and the digest of the archive.
///
/// # Errors
/// Why not, as a sentence without the archive's name. Of what was unpacked until then
/// nothing may be used.
pub fn unpack(
    stream: impl Read + Send,
    expected: Expected,
    kind: Kind,
    into: &Path,
    meter: &Meter<'_>,
) -> Result<(Taken, Digest), String> {
    fs::create_dir(into)
        .map_err(|error| format!("could not make {}: {}", into.display(), reason(&error)))?;
    let is_pinned = expected.digest.is_some();
    let stream = Verified::new(meter.over(stream), expected);
    let ((taken, failure), stream) = ahead(stream, |stream| {
        let taken = archive::take(&mut *stream, into, kind);
        if taken.is_err() && !is_pinned {
            // Nothing that comes could matter any more.
            meter.stop();
        } else if !matches!(taken, Err(ArchiveError::Write { .. })) {
            // That it is not what was expected explains most of what can be wrong with an
            // archive, and is known at the end only.
            let _ = io::copy(stream, &mut io::sink());
        }
        (taken, stream.failure().map(str::to_owned))
    });
    let digest = stream.digest().cloned();
    match (failure, taken) {
        (Some(failure), _) => Err(failure),
        (None, Err(error)) => Err(error.to_string()),
        (None, Ok(taken)) => match digest {
            Some(digest) => Ok((taken, digest)),
            None => Err("it was not read to its end".to_owned()),
        },
    }
}
