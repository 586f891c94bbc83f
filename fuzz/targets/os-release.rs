//! os-release files, after a line that stands for `/etc/debian_version`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loci_install::bindep::PLATFORM;
use loci_install::platform::os_release::{OsRelease, parse};

/// Every field that is read.
const FIELDS: [&str; 9] = [
    "ID",
    "ID_LIKE",
    "NAME",
    "PRETTY_NAME",
    "VERSION",
    "VERSION_ID",
    "VERSION_CODENAME",
    "UBUNTU_CODENAME",
    "CODENAME",
];

fuzz_target!(|input: &str| {
    let (debian_version, text) = input.split_once('\n').unwrap_or(("", input));
    let fields = match parse(text) {
        Ok(fields) => fields,
        Err(error) => {
            let lines = text.replace("\r\n", "\n").replace('\r', "\n");
            assert!((1..=lines.split('\n').count()).contains(&error.line));
            return;
        }
    };
    let again = parse(&written(&fields)).expect("it is quoted");
    for name in FIELDS {
        assert_eq!(again.get(name), fields.get(name), "{name}");
    }
    let Some(identity) = fields.identity(debian_version) else {
        assert_eq!(fields.get("ID"), "");
        return;
    };
    // A field that is there and empty is not one that is not there: of what is empty
    // nothing is written.
    let again = again.identity(debian_version).expect("it has an ID");
    assert_eq!(again.raw_id, identity.raw_id);
    assert_eq!(again.id_like, identity.id_like);
    assert_eq!(again.distribution.version, identity.distribution.version);
    // A file can name each of them in a selector, where a space ends a name: if it has none.
    let named = [
        "ID",
        "VERSION_ID",
        "VERSION_CODENAME",
        "UBUNTU_CODENAME",
        "CODENAME",
    ];
    if named
        .iter()
        .any(|name| fields.get(name).contains(char::is_whitespace))
    {
        return;
    }
    for atom in identity.distribution.atoms().iter() {
        assert!(atom.starts_with(PLATFORM), "{atom:?}");
        assert!(!atom.contains(char::is_whitespace), "{atom:?}");
    }
});

/// The fields, quoted for a shell.
fn written(fields: &OsRelease) -> String {
    let there = FIELDS.iter().filter(|name| !fields.get(name).is_empty());
    there
        .map(|name| format!("{name}='{}'\n", fields.get(name).replace('\'', r#"'"'"'"#)))
        .collect()
}
