use super::*;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

const SHA256: &str = "4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274";

fn lock(packages: &str) -> Result<Lock, String> {
    let text = format!(
        "lock-version = \"1.0\"\ncreated-by = \"x\"\n{}",
        packages.replace("SHA256", SHA256)
    );
    Lock::parse("/locks/pylock.toml", &text).map_err(|error| error.to_string())
}

fn artifact(file_name: &str, url: &str, size: Option<u64>) -> Artifact {
    Artifact {
        file_name: file_name.to_owned(),
        url: url.to_owned(),
        size,
        sha256: SHA256.to_owned(),
    }
}

#[test]
fn a_lock_of_uv_is_read() {
    let lock = lock(
        r#"requires-python = ">=3.11.7"
[[packages]]
name = "six"
version = "1.17.0"
marker = "python_version < '3.13'"
sdist = { url = "https://h/six-1.17.0%2Bx.tar.gz", upload-time = 2024-12-04T17:35:28Z, size = 34031, hashes = { sha256 = "SHA256" } }
wheels = [{ path = "links/six-1.17.0-py2.py3-none-any.whl", hashes = { sha256 = "SHA256" } }]
[[packages]]
name = "six"
version = "2"
marker = "python_version >= '3.13'"
archive = { path = "./a b/six-2-py3-none-any.whl", hashes = { sha256 = "SHA256" } }
[[packages]]
name = "Some.Tree"
directory = { path = "tree", subdirectory = "sub" }
[[packages]]
name = "cloned"
version = "1"
vcs = { type = "git", url = "https://h/cloned", requested-revision = "v1", commit-id = "abc" }
[tool.uv]
x = 1
"#,
    )
    .expect("a lock");
    assert_eq!(lock.requires_python.as_deref(), Some(">=3.11.7"));
    let sources: Vec<_> = lock
        .packages
        .iter()
        .map(|package| &package.source)
        .collect();
    let wheel = "six-1.17.0-py2.py3-none-any.whl";
    assert_eq!(
        *sources[0],
        Source::Files {
            sdist: Some(artifact(
                "six-1.17.0+x.tar.gz",
                "https://h/six-1.17.0%2Bx.tar.gz",
                Some(34031)
            )),
            wheels: vec![artifact(
                wheel,
                &format!("file:///locks/links/{wheel}"),
                None
            )],
        }
    );
    assert_eq!(
        *sources[1],
        Source::Files {
            sdist: None,
            wheels: vec![artifact(
                "six-2-py3-none-any.whl",
                "file:///locks/a%20b/six-2-py3-none-any.whl",
                None
            )],
        }
    );
    assert_eq!(
        *sources[2],
        Source::Directory {
            path: "/locks/tree/sub".to_owned()
        }
    );
    let cloned = lock.package(&Name::new("cloned")).expect("a package");
    assert_eq!(
        cloned.source,
        Source::Vcs {
            repository: "https://h/cloned".to_owned(),
            reference: Some("v1".to_owned()),
            commit: "abc".to_owned(),
            subdirectory: None,
        }
    );
}

#[test]
fn a_lock_of_pip_is_read() {
    let lock = lock(
        r#"
[[packages]]
name = "six"
version = "1.17.0"

[[packages.wheels]]
name = "six-1.17.0-py2.py3-none-any.whl"
url = "https://h/0123"

[packages.wheels.hashes]
sha256 = "SHA256"
"#,
    )
    .expect("a lock");
    let Source::Files { wheels, .. } = &lock.packages[0].source else {
        panic!("{lock:?}");
    };
    let wheel = "six-1.17.0-py2.py3-none-any.whl";
    assert_eq!(*wheels, [artifact(wheel, "https://h/0123", None)]);
}

#[test]
fn what_is_wrong_is_said() {
    let head = |text: &str| {
        let error = Lock::parse("/pylock.toml", text).expect_err("not a lock");
        error.to_string()
    };
    assert!(head("a = 1\nb = ").starts_with("/pylock.toml:2: "));
    assert!(
        head("lock-version = \"1.0\"\n[[packages]]\nversion = '1'\n")
            .starts_with("/pylock.toml:2: missing field")
    );
    assert_eq!(
        head("lock-version = \"2.1\"\npackages = 1\n"),
        "/pylock.toml: lock-version is 2.1; only 1.x is understood"
    );
    assert_eq!(head(""), "/pylock.toml: no lock-version: not a lock file");
    let file = |rest: &str| format!("[[packages]]\nname = 'a'\nsdist = {{ {rest} }}\n");
    let good = file("url = 'https://h/a-1.zip', hashes = { sha256 = 'SHA256' }");
    for (text, why) in [
        (file("url = 'https://h/a-1.zip'"), "no sha256 for a-1.zip"),
        (
            file("url = 'https://h/a-1.zip', hashes = { sha256 = 'x' }"),
            "`x` for a-1.zip is not a sha256",
        ),
        (
            file("name = 'a-1.zip'"),
            "neither url nor path says where it is",
        ),
        (
            "[[packages]]\nname = 'a'\n".to_owned(),
            "no source: neither wheels, sdist, archive, vcs nor directory",
        ),
        (
            good.repeat(2),
            "two entries, and no markers that tell which one is meant",
        ),
    ] {
        let expected = format!("/locks/pylock.toml: package a: {why}");
        assert_eq!(lock(&text), Err(expected));
    }
    let relative = Lock::parse(
        "pylock.toml",
        "lock-version = '1.0'\n[[packages]]\nname = 'a'\ndirectory = { path = 'x' }\n",
    );
    assert!(relative.is_err_and(|error| error.why.contains("is relative")));
}

#[test]
fn the_text_is_sorted_and_one_line_is_one_file() {
    let package = |name: &str, version: &str| Package {
        name: Name::new(name),
        version: Some(version.to_owned()),
        marker: None,
        source: Source::Files {
            sdist: None,
            wheels: vec![artifact("x.whl", "https://h/x.whl", Some(1))],
        },
    };
    let text = Lock {
        requires_python: None,
        packages: vec![package("b", "1"), package("a", "1")],
        build_packages: vec![package("setuptools", "80"), package("setuptools", "59")],
    }
    .to_toml();
    let wheels = format!(
        "wheels = [\n    {{ hashes = {{ sha256 = \"{SHA256}\" }}, name = \"x.whl\", size = 1, url = \"https://h/x.whl\" }},\n]\n"
    );
    let entry = |heading: &str, name: &str, version: &str| {
        format!("\n[[{heading}]]\nname = \"{name}\"\nversion = \"{version}\"\n{wheels}")
    };
    let build = "tool.loci-install.build-packages";
    assert_eq!(
        text,
        [
            "lock-version = \"1.0\"\ncreated-by = \"loci-install\"\n".to_owned(),
            entry("packages", "a", "1"),
            entry("packages", "b", "1"),
            entry(build, "setuptools", "59"),
            entry(build, "setuptools", "80"),
        ]
        .concat()
    );
}

fn artifacts() -> impl Strategy<Value = Artifact> {
    (
        "[a-z]{1,4}-[0-9]{1,2}[+]?\\.(whl|tar\\.gz)",
        option::of(0..1_u64 << 40),
        "[0-9a-f]{64}",
    )
        .prop_map(|(file_name, size, sha256)| Artifact {
            url: format!("https://h/p/{file_name}"),
            file_name,
            size,
            sha256,
        })
}

fn sources() -> impl Strategy<Value = Source> {
    prop_oneof![
        (option::of(artifacts()), vec(artifacts(), 1..3))
            .prop_map(|(sdist, wheels)| Source::Files { sdist, wheels }),
        (
            "\\PC{1,9}",
            option::of("\\PC{1,9}"),
            "[0-9a-f]{40}",
            option::of("[a-z/]{1,9}")
        )
            .prop_map(
                |(repository, reference, commit, subdirectory)| Source::Vcs {
                    repository,
                    reference,
                    commit,
                    subdirectory
                }
            ),
        "/[a-z \"'\\\\#é]{1,9}".prop_map(|path| Source::Directory { path }),
    ]
}

fn packages() -> impl Strategy<Value = Vec<Package>> {
    let rest = (
        option::of("[0-9]\\.[0-9]"),
        option::of("\\PC{1,9}"),
        sources(),
    );
    btree_map("[a-z]{1,4}(-[a-z])?", rest, 0..4).prop_map(|packages| {
        packages
            .into_iter()
            .map(|(name, (version, marker, source))| Package {
                name: Name::new(&name),
                version,
                marker,
                source,
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        requires_python in option::of("[>=]{1,2}3\\.[0-9]{1,2}"),
        packages in packages(),
        build_packages in packages(),
    ) {
        let lock = Lock { requires_python, packages, build_packages };
        let read = Lock::parse("/locks/pylock.toml", &lock.to_toml());
        prop_assert_eq!(read, Ok(lock));
    }
}
