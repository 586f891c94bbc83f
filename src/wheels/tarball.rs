//! A tarball of wheels on this machine.

use std::fs::File;
use std::io;
use std::path::Path;

use super::archive::{self, ArchiveError, Kind};
use super::making::Making;

/// Extracts the wheels and constraint files at the root of `tarball` into
/// `destination`, which comes into being whole or not at all. Returns the number of
/// wheels.
///
/// # Errors
/// Why not, beginning with the tarball's name.
pub fn extract(tarball: &Path, destination: &Path) -> Result<usize, String> {
    let failed = |error: ArchiveError| format!("{}: {error}", tarball.display());
    let unmade = |error: io::Error| format!("could not make {}: {error}", destination.display());
    let file = File::open(tarball).map_err(|error| failed(ArchiveError::Read(error)))?;
    let making = Making::begin(destination).map_err(unmade)?;
    let taken = archive::take(file, making.directory(), Kind::Tarball).map_err(failed)?;
    if taken.wheels() == 0 {
        return Err(failed(ArchiveError::NoWheels));
    }
    making.finish().map_err(unmade)?;
    Ok(taken.wheels())
}
