//! Archives of wheels, after a byte that tells their kind: whatever they are, nothing
//! comes of them but files in the one directory, and of those all are told.
#![no_main]

#[path = "archive/mutation.rs"]
mod mutation;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use loci_install::wheels::archive::{Kind, take};

fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
    mutation::mutate(data, size, most, seed)
});

fuzz_target!(|input: &[u8]| {
    let Some((first, archive)) = input.split_first() else {
        return;
    };
    let kind = if first % 2 == 0 {
        Kind::Tarball
    } else {
        Kind::Layer
    };
    let home = tempfile::tempdir().expect("a directory");
    let middle = home.path().join("middle");
    let into = middle.join("into");
    fs::create_dir_all(&into).expect("a directory");

    let taken = take(archive, &into, kind);

    // What leads out by `..` ends in one of these.
    assert_eq!(names(home.path()), ["middle".to_owned()].into());
    assert_eq!(names(&middle), ["into".to_owned()].into());
    let files = names(&into);
    for file in &files {
        let metadata = fs::symlink_metadata(into.join(file)).expect("metadata");
        assert!(metadata.is_file(), "{file} is no file");
    }
    let Ok(taken) = taken else {
        return;
    };
    assert_eq!(files, taken.files);
    assert!(
        taken
            .files
            .iter()
            .all(|name| !Path::new(name).is_absolute())
    );
    assert!(taken.links.keys().all(|name| !files.contains(name)));
    if kind == Kind::Tarball {
        assert!(taken.whiteouts.is_empty() && taken.links.is_empty() && !taken.opaque);
    }
});

fn names(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).expect("a directory").flatten();
    let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("UTF-8");
    entries.map(name).collect()
}
