//! Wheels: a line with the file's name, and the text of METADATA in it; or, where the
//! name is empty, the bytes of the whole file.
#![no_main]

use std::fs;
use std::io::{Cursor, Write};

use libfuzzer_sys::fuzz_target;
use loci_install::python::WheelName;
use loci_install::python::metadata::{extras_of_wheel, requires_dist, wheel_identity};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

fuzz_target!(|input: &[u8]| {
    let line = input.iter().position(|byte| *byte == b'\n');
    let (name, rest) = input.split_at(line.unwrap_or(input.len()));
    let rest = rest.get(1..).unwrap_or_default();
    if let Ok(name) = str::from_utf8(name) {
        file_name(name);
    }
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("a-1-py3-none-any.whl");
    if name.is_empty() {
        fs::write(&file, rest).expect("written");
        let requires = requires_dist(&file);
        assert_eq!(requires.is_ok(), extras_of_wheel(&file).is_ok());
        assert!(requires.is_ok() || wheel_identity(&file).is_err());
        return;
    }
    fs::write(&file, packed(rest)).expect("written");
    let text = String::from_utf8_lossy(rest);
    for requirement in requires_dist(&file).expect("METADATA is there") {
        let shown = requirement.to_string();
        assert_eq!(shown.parse().ok().as_ref(), Some(&requirement), "{shown}");
    }
    for extra in extras_of_wheel(&file).expect("METADATA is there") {
        assert!(
            extra.split(' ').all(|word| text.contains(word)),
            "{extra:?}"
        );
    }
    if let Ok((name, version)) = wheel_identity(&file) {
        assert!(!name.contains('\n') && !version.contains('\n'));
    }
});

/// What a file name says is written as a name that says the same.
fn file_name(text: &str) {
    let Some(wheel) = WheelName::parse(text) else {
        return;
    };
    assert!(!wheel.tags.is_empty());
    for tag in &wheel.tags {
        let build = wheel.build.as_ref();
        let build = build.map(|(number, rest)| format!("-{number}{rest}"));
        let name = wheel.name.as_str().replace('-', "_");
        let shown = format!(
            "{name}-{}{}-{tag}.whl",
            wheel.version,
            build.unwrap_or_default()
        );
        let again = WheelName::parse(&shown).unwrap_or_else(|| panic!("{shown}"));
        assert_eq!(again.tags, [tag.clone()], "{shown}");
        assert_eq!((&again.name, &again.version), (&wheel.name, &wheel.version));
        assert_eq!(again.build, wheel.build, "{shown}");
    }
}

fn packed(metadata: &[u8]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("a-1.dist-info/METADATA", SimpleFileOptions::default())
        .expect("a member");
    zip.write_all(metadata).expect("written");
    zip.finish().expect("finished").into_inner()
}
