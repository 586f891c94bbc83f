//! What the virtualenv's distributions say of their files, PEP 376 and
//! <https://packaging.python.org/en/latest/specifications/recording-installed-packages/>.

use std::collections::BTreeMap;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::tree::Tree;

/// The virtualenv.
const VIRTUALENV: &str = "/var/lib/openstack/";

/// A file as a RECORD has it.
#[derive(Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Whose RECORD that is.
    pub distribution: String,
    /// SHA-256, where it has one.
    pub sha256: Option<String>,
}

/// The files of all distributions in the virtualenv.
pub fn recorded(tree: &Tree) -> BTreeMap<String, Recorded> {
    let mut all = BTreeMap::new();
    for (path, text) in &tree.texts {
        let Some(metadata) = path.strip_suffix("/RECORD") else {
            continue;
        };
        let Some((site, name)) = metadata.rsplit_once('/') else {
            continue;
        };
        if !path.starts_with(VIRTUALENV) {
            continue;
        }
        let distribution = name.strip_suffix(".dist-info").unwrap_or(name);
        for (file, sha256) in text.lines().filter_map(row) {
            let recorded = Recorded {
                distribution: distribution.to_owned(),
                sha256,
            };
            all.insert(resolved(site, &file), recorded);
        }
    }
    all
}

/// The path and the digest of a row, which is CSV: a path with a comma is quoted.
fn row(row: &str) -> Option<(String, Option<String>)> {
    let (path, rest) = if let Some(quoted) = row.strip_prefix('"') {
        let (path, rest) = quoted.split_once("\",")?;
        (path.replace("\"\"", "\""), rest)
    } else {
        let (path, rest) = row.split_once(',')?;
        (path.to_owned(), rest)
    };
    let digest = rest.split(',').next()?.strip_prefix("sha256=");
    let bytes = digest.and_then(|digest| URL_SAFE_NO_PAD.decode(digest).ok());
    Some((path, bytes.map(|bytes| hexadecimal(&bytes))))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        write!(digits, "{byte:02x}").ok();
        digits
    })
}

/// A path with its `..` taken out, relative to a directory unless it is absolute.
fn resolved(directory: &str, path: &str) -> String {
    let whole = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{directory}/{path}")
    };
    let mut parts = Vec::new();
    for part in whole.split('/').filter(|part| !part.is_empty()) {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    format!("/{}", parts.join("/"))
}

/// The source of a compiled module: `a/__pycache__/b.cpython-313.pyc` is of `a/b.py`,
/// PEP 3147.
pub fn source(path: &str) -> Option<String> {
    let (directory, file) = path.rsplit_once("/__pycache__/")?;
    let module = file.strip_suffix(".pyc")?.split('.').next()?;
    Some(format!("{directory}/{module}.py"))
}

/// Whether that is made by venv itself or by what stands in for it.
pub fn is_of_venv(path: &str) -> bool {
    const FILES: [&str; 4] = [".gitignore", "pyvenv.cfg", "lib64", "CACHEDIR.TAG"];
    let Some(path) = path.strip_prefix(VIRTUALENV) else {
        return false;
    };
    FILES.contains(&path)
        || is_version(path, "include/python")
        || is_version(path, "bin/python")
        || path
            .strip_prefix("bin/")
            .is_some_and(|name| name.to_lowercase().starts_with("activate"))
}

/// Whether nothing but a version comes after that.
fn is_version(path: &str, before: &str) -> bool {
    let version = path.strip_prefix(before);
    version.is_some_and(|version| version.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_names_files_and_digests() {
        let site = "/var/lib/openstack/lib/python3.13/site-packages";
        let record = "\
../../../bin/it,sha256=ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0,3
\"it/a,b.py\",sha256=ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0,3
it-1.dist-info/RECORD,,
";
        let mut tree = Tree::default();
        tree.texts
            .insert(format!("{site}/it-1.dist-info/RECORD"), record.to_owned());
        // What the distribution's own Python has is its packages'.
        tree.texts.insert(
            "/usr/lib/python3/dist-packages/x-1.dist-info/RECORD".to_owned(),
            "x.py,,\n".to_owned(),
        );
        let recorded = recorded(&tree);
        let paths: Vec<&String> = recorded.keys().collect();
        assert_eq!(
            paths,
            [
                "/var/lib/openstack/bin/it",
                &format!("{site}/it-1.dist-info/RECORD"),
                &format!("{site}/it/a,b.py"),
            ]
        );
        let script = &recorded["/var/lib/openstack/bin/it"];
        assert_eq!(script.distribution, "it-1");
        assert_eq!(
            script.sha256.as_deref(),
            Some("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        );
        assert_eq!(
            recorded[&format!("{site}/it-1.dist-info/RECORD")].sha256,
            None
        );
    }

    #[test]
    fn compiled_modules_have_sources() {
        assert_eq!(
            source("/a/__pycache__/b.cpython-313.opt-1.pyc").as_deref(),
            Some("/a/b.py")
        );
        assert_eq!(source("/a/b.pyc"), None);
    }

    #[test]
    fn venv_makes_a_few_files() {
        for path in [
            "bin/python3.13",
            "bin/python",
            "bin/Activate.ps1",
            "lib64",
            "include/python3.13",
        ] {
            assert!(is_of_venv(&format!("/var/lib/openstack/{path}")), "{path}");
        }
        for path in ["bin/python-x", "bin/keystone", "share"] {
            assert!(!is_of_venv(&format!("/var/lib/openstack/{path}")), "{path}");
        }
        assert!(!is_of_venv("/usr/bin/python3"));
    }
}
