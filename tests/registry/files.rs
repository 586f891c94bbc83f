//! The files that images are made of, and that are to come out of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// By name.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What most images hold: a set of wheels, one of them larger than a buffer.
pub fn wheels() -> Files {
    let mut files = of(&[
        ("alpha-1.0-py3-none-any.whl", 200 << 10),
        ("beta-2.0-py3-none-any.whl", 1 << 20),
        ("gamma-3.0-py3-none-any.whl", 3000),
    ]);
    files.extend(constraints("alpha===1.0\nbeta===2.0\ngamma===3.0\n"));
    files
}

/// Wheels of these names and sizes.
pub fn of(wheels: &[(&str, usize)]) -> Files {
    wheels
        .iter()
        .map(|(name, size)| ((*name).to_owned(), noise(name, *size)))
        .collect()
}

/// The files that come with a set of wheels.
pub fn constraints(upper: &str) -> Files {
    Files::from([
        ("upper-constraints.txt".to_owned(), upper.into()),
        ("global-requirements.txt".to_owned(), b"alpha>=1\n".to_vec()),
    ])
}

/// Bytes that cannot be compressed, the same for a name each time (xorshift64).
pub fn noise(name: &str, size: usize) -> Vec<u8> {
    let fold = |seed: u64, byte: u8| (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let mut state = name.bytes().fold(0xcbf2_9ce4_8422_2325, fold) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(&mut next)
        .flatten()
        .take(size)
        .collect()
}

/// What is in a directory: only files, or it is no set of wheels.
pub fn read(directory: &Path) -> Files {
    let entries =
        fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    entries
        .map(|entry| {
            let entry = entry.expect("an entry");
            let name = entry.file_name().into_string().expect("a name");
            assert!(entry.file_type().expect("a type").is_file(), "{name}");
            let bytes = fs::read(entry.path()).expect("read");
            (name, bytes)
        })
        .collect()
}

/// Insists that two sets are one, without showing what is in a wheel.
pub fn assert_same(there: &Files, wanted: &Files) {
    let sizes = |files: &Files| -> BTreeMap<String, usize> {
        let size = |(name, bytes): (&String, &Vec<u8>)| (name.clone(), bytes.len());
        files.iter().map(size).collect()
    };
    assert_eq!(sizes(there), sizes(wanted));
    for (name, bytes) in wanted {
        assert!(there[name] == *bytes, "{name} is another file");
    }
}
