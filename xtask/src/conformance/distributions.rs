//! Which distributions are served: the table of docs/distributions.md, and whether real
//! os-release files are classified as it says.

use std::collections::BTreeSet;

use loci_install::platform::os_release::{self, Identity};
use loci_install::platform::{Platform, PlatformError};
use loci_install::root::Root;

/// What os-release files say, written anew: `# NAME` and the fields.
const FACTS: &str = include_str!("../../data/os-release.txt");

/// A distribution of the table.
struct Row {
    #[cfg(test)]
    name: String,
    identity: Identity,
}

/// Whether an os-release file is classified as the documented row of its id and version,
/// or as one of its id where no row has this version.
pub(super) fn compare(text: &str) -> Result<(String, String), String> {
    let identity = identity(text, "")?;
    let id = &identity.raw_id.to_lowercase();
    let rows = rows();
    let mut documented: Vec<&Row> = rows
        .iter()
        .filter(|row| row.identity.raw_id.to_lowercase() == *id)
        .collect();
    let version = |identity: &Identity| identity.distribution.version.clone();
    let exact = |row: &&Row| version(&row.identity) == version(&identity);
    if documented.iter().any(exact) {
        documented.retain(exact);
    }
    let ours = answer(&told(&identity));
    let theirs: BTreeSet<String> = documented
        .iter()
        .map(|row| answer(&told(&row.identity)))
        .collect();
    if theirs.contains(&ours) {
        return Ok((ours.clone(), ours));
    }
    let theirs: Vec<String> = theirs.into_iter().collect();
    Ok((ours, theirs.join(" or ")))
}

/// Without an image: whatever programs it has.
fn told(identity: &Identity) -> Result<Platform, PlatformError> {
    Platform::told(&Root::new("/nonexistent"), identity, None)
}

/// In a word or two.
fn answer(told: &Result<Platform, PlatformError>) -> String {
    match told {
        Ok(platform) => platform.package_manager.name().to_owned(),
        Err(PlatformError::TooOld { id, oldest, .. }) => format!("too old: {id} before {oldest}"),
        Err(PlatformError::Foreign { manager, .. }) => (*manager).to_owned(),
        Err(_) => "not known".to_owned(),
    }
}

fn rows() -> Vec<Row> {
    let blocks = FACTS.split("\n\n").skip(1);
    let row = |block: &str| {
        let (name, fields) = block.split_once('\n').unwrap_or_default();
        let debian_version = fields
            .lines()
            .find_map(|line| line.strip_prefix("debian_version="));
        Row {
            #[cfg(test)]
            name: name.trim_start_matches("# ").to_owned(),
            identity: identity(fields, debian_version.unwrap_or_default())
                .unwrap_or_else(|error| panic!("{name}: {error}")),
        }
    };
    blocks.map(row).collect()
}

fn identity(text: &str, debian_version: &str) -> Result<Identity, String> {
    let os_release = os_release::parse(text).map_err(|error| error.to_string())?;
    Ok(os_release.identity(debian_version).ok_or("no ID")?)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// Writes the page instead when `UPDATE_DOCS` is set.
    #[test]
    fn the_page_says_what_is_served() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/distributions.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, page()).expect("written");
        }
        let written = std::fs::read_to_string(path).expect("docs/distributions.md");
        assert!(
            written == page(),
            "docs/distributions.md is out of date: UPDATE_DOCS=1 cargo test -p xtask distributions"
        );
    }

    #[test]
    fn a_file_is_compared_with_the_row_of_its_version() {
        let compared = |text: &str| compare(text).expect("compared");
        for (text, answer) in [
            ("ID=debian\nVERSION_ID=8\n", "too old: debian before 10"),
            ("ID=debian\nVERSION_ID=13\n", "apt"),
            ("ID=ol\nVERSION_ID=9.9\n", "dnf"),
        ] {
            assert_eq!(
                compared(text),
                (answer.to_owned(), answer.to_owned()),
                "{text}"
            );
        }
        assert_eq!(
            compared("ID=nobody-wrote-of-it\n"),
            ("not known".to_owned(), String::new())
        );
    }

    /// docs/distributions.md
    fn page() -> String {
        let mut served = String::new();
        let mut refused = String::new();
        for Row { name, identity } in rows() {
            let like = identity.id_like.join(" ");
            let told = told(&identity);
            let answer = answer(&told);
            let id = &identity.raw_id;
            let _ = match told {
                Ok(platform) => {
                    let atoms = platform.atoms();
                    let atoms: Vec<&str> = atoms
                        .iter()
                        .map(|atom| atom.trim_start_matches("platform:"))
                        .collect();
                    let parent = platform.parent.map_or_else(String::new, |parent| {
                        let release = format!("{} {}", parent.id, parent.version);
                        release.trim_end().to_owned()
                    });
                    writeln!(
                        served,
                        "| {name} | `{id}` | {answer} | {parent} | {} |",
                        atoms.join(" ")
                    )
                }
                Err(_) => writeln!(refused, "| {name} | `{id}` | {like} | {answer} |"),
            };
        }
        format!("{HEAD}{served}{BETWEEN}{refused}")
    }

    const HEAD: &str = "\
# Distributions

<!-- Made by a test of xtask from xtask/data/os-release.txt: see CONTRIBUTING.md. -->

The distribution is what os-release says: its `ID`, or else the first word of `ID_LIKE`
that is known. `DISTRO` and `DISTRO_VERSION` override that; `DISTRO` takes the spellings
of os-release, of bindep and of LOCI (`ol` and `oracle`, `opensuse-leap` and `opensuse`).

A derivative is served as what it is made from, and the atoms of both hold in bindep files.
Which release that is tells `UBUNTU_CODENAME`, `DEBIAN_CODENAME`, a codename that both
share, `/etc/debian_version`, or `PLATFORM_ID`. Where nothing tells, there is a warning, and
rules for a release do not match until `DISTRO` and `DISTRO_VERSION` state it.

| distribution | `ID` | served by | made from | bindep's platforms |
| --- | --- | --- | --- | --- |
";

    const BETWEEN: &str = "
That a distribution is here says that it is recognised; the README says which are tried.
Those whose hosts are updated as images (Fedora CoreOS, Bazzite, openSUSE MicroOS) are
served as far as a container of theirs has the package manager.

## Refused

A release is too old when its Python is older than 3.6 or when it has yum and no dnf.
`DISTRO` does not help where software comes by something else than packages of Debian's
or RPM's kind.

| distribution | `ID` | `ID_LIKE` | because of |
| --- | --- | --- | --- |
";
}
