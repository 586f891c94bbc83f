//! What a build says of itself, `build.json`.

pub use loci_install::record::Record;

use crate::error::{Error, Result};

/// Reads a record.
pub fn parse(text: &str) -> Result<Record> {
    let record = loci_install::record::parse(text).filter(|record| record.format > 0);
    record.ok_or_else(|| Error::refused("build.json is no record"))
}
