//! Changes that leave an archive an archive: most random ones end at the first checksum.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzzer_mutate;

/// Bytes of a block, tar(5).
const BLOCK: usize = 512;

/// Bytes of a decompressed archive that are changed.
const LONGEST: u64 = 1 << 16;

/// Changes the input of `size` bytes in place and tells its new size, `most` at most.
pub fn mutate(data: &mut [u8], size: usize, most: usize, seed: u32) -> usize {
    if size < 2 || seed.is_multiple_of(8) {
        return fuzzer_mutate(data, size, most);
    }
    let is_gzip = data[1..size].starts_with(&[0x1f, 0x8b]);
    let is_zstd = data[1..size].starts_with(&[0x28, 0xb5]);
    let archive = if is_gzip {
        decompressed(&data[1..size])
    } else {
        Some(data[1..size].to_vec())
    };
    let Some(mut archive) = archive.filter(|_| !is_zstd) else {
        return fuzzer_mutate(data, size, most);
    };
    match seed / 8 % 3 {
        0 => anywhere(&mut archive, most),
        1 => in_a_block(&mut archive, seed),
        _ => of_blocks(&mut archive, seed),
    }
    repair(&mut archive);
    if is_gzip {
        archive = compressed(&archive);
    }
    if archive.len() >= most {
        return fuzzer_mutate(data, size, most);
    }
    // Now and then the other kind.
    data[0] ^= u8::from(seed.is_multiple_of(31));
    data[1..=archive.len()].copy_from_slice(&archive);
    archive.len() + 1
}

fn anywhere(archive: &mut Vec<u8>, most: usize) {
    let size = archive.len();
    archive.resize(size.max(most), 0);
    let changed = fuzzer_mutate(archive, size, size.max(most));
    archive.truncate(changed);
}

/// What is behind the block stays where it was.
fn in_a_block(archive: &mut [u8], seed: u32) {
    let blocks = archive.len() / BLOCK;
    let Some(number) = (seed as usize / 64).checked_rem(blocks) else {
        return;
    };
    let block = &mut archive[number * BLOCK..][..BLOCK];
    // Texts and numbers are at the starts of fields.
    let fields = [0, 100, 124, 156, 157, 257, 345];
    let field = fields[seed as usize % fields.len()];
    let changed = fuzzer_mutate(&mut block[field..], BLOCK - field, BLOCK - field);
    block[field + changed..].fill(0);
}

/// A block is doubled, elsewhere, or removed.
fn of_blocks(archive: &mut Vec<u8>, seed: u32) {
    let blocks = archive.len() / BLOCK;
    let seed = seed as usize / 64;
    let Some(from) = seed.checked_rem(blocks) else {
        return;
    };
    let from = from * BLOCK;
    let block = archive[from..from + BLOCK].to_vec();
    if seed.is_multiple_of(5) {
        archive.drain(from..from + BLOCK);
    } else {
        let to = seed / blocks % (blocks + 1) * BLOCK;
        archive.splice(to..to, block);
    }
}

/// Sets the checksums of all headers right.
fn repair(archive: &mut [u8]) {
    let mut start = 0;
    while let Some(header) = archive.get_mut(start..start + BLOCK) {
        start += BLOCK;
        if header.iter().all(|byte| *byte == 0) {
            continue;
        }
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let size = header[124..136].iter().map_while(|byte| match byte {
            b'0'..=b'7' => Some(usize::from(byte - b'0')),
            _ => None,
        });
        let size = size.fold(0_usize, |size, digit| size * 8 + digit);
        // Those of no archive, which ends the walk.
        start += size.next_multiple_of(BLOCK).min(archive.len());
    }
}

fn decompressed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut archive = Vec::new();
    let decoder = MultiGzDecoder::new(bytes);
    decoder.take(LONGEST).read_to_end(&mut archive).ok()?;
    Some(archive)
}

fn compressed(archive: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(archive);
    let finished = written.and_then(|()| encoder.finish());
    finished.expect("memory takes all")
}
