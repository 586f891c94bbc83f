use std::fs::{self, File};
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn zip(&self, name: &str, files: &[(&str, &str)]) -> PathBuf {
        let path = self.0.path().join(name);
        let mut zip = ZipWriter::new(File::create(&path).expect("made"));
        for (name, text) in files {
            zip.start_file(*name, SimpleFileOptions::default())
                .expect("started");
            zip.write_all(text.as_bytes()).expect("written");
        }
        zip.finish().expect("finished");
        path
    }

    fn tarball(&self, name: &str, files: &[(&str, &str)]) -> PathBuf {
        let path = self.0.path().join(name);
        let gzip = GzEncoder::new(File::create(&path).expect("made"), Compression::fast());
        let mut tar = tar::Builder::new(gzip);
        for (name, text) in files {
            let mut header = tar::Header::new_gnu();
            // `set_path` would take `./` away.
            header.as_gnu_mut().expect("GNU").name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(text.len() as u64);
            header.set_cksum();
            tar.append(&header, text.as_bytes()).expect("written");
        }
        tar.into_inner()
            .and_then(GzEncoder::finish)
            .expect("finished");
        path
    }

    fn tree(&self, files: &[(&str, &str)]) -> PathBuf {
        let directory = tempfile::tempdir_in(self.0.path()).expect("made").keep();
        for (name, text) in files {
            fs::write(directory.join(name), text).expect("written");
        }
        directory
    }
}

fn texts(requirements: Result<Vec<Requirement>, MetadataError>) -> Vec<String> {
    let requirements = requirements.expect("requirements");
    requirements.iter().map(ToString::to_string).collect()
}

#[test]
fn a_wheel_says_who_it_is_and_what_it_requires() {
    let metadata = "Metadata-Version: 2.1\nName: Oslo.Config\nversion: 09.7\nRequires-Dist: pbr (>=2.0)\n\
                    Requires-Dist: broken >>1\nRequires-Dist: broken[x-]\nRequires-Dist: foo>=1;\n  extra == 'x'\n\nRequires-Dist: not-this\n";
    let scratch = Scratch::new();
    let wheel = scratch.zip(
        "oslo.config-9.7-py3-none-any.whl",
        &[
            ("oslo/vendored.dist-info/METADATA", "Name: vendored\n"),
            ("oslo.config-9.7.dist-info/METADATA", metadata),
        ],
    );
    assert_eq!(
        wheel_identity(&wheel),
        Ok(("Oslo.Config".to_owned(), "09.7".to_owned()))
    );
    assert_eq!(
        texts(requires_dist(&wheel)),
        ["pbr>=2.0", "foo>=1 ; extra == 'x'"]
    );
    let nameless = scratch.zip("a-1-py3-none-any.whl", &[("a-1.dist-info/METADATA", "")]);
    let error = wheel_identity(&nameless).expect_err("no name").to_string();
    assert!(
        error.ends_with("a-1-py3-none-any.whl: its METADATA has no Name"),
        "{error}"
    );
}

const PYPROJECT: &str = "[build-system]\nrequires = ['flit_core>=3', 'x; python_version<\"3\"']\n";

#[test]
fn an_sdist_says_what_its_build_requires_wherever_it_says_it() {
    let scratch = Scratch::new();
    let flit = ["flit-core>=3", "x ; python_full_version < '3'"];
    for sdist in [
        scratch.tarball(
            "a-1.tar.gz",
            &[
                ("a-1/tests/pyproject.toml", "broken"),
                ("a-1/pyproject.toml", PYPROJECT),
            ],
        ),
        scratch.tarball("b-1.tgz", &[("./other/pyproject.toml", PYPROJECT)]),
        scratch.tarball(
            "c-1.tar.gz",
            &[("docs/setup.py", ""), ("pyproject.toml", PYPROJECT)],
        ),
        scratch.tarball("d-1.tar.gz", &[("./pyproject.toml", PYPROJECT)]),
        scratch.zip("e-1.ZIP", &[("e-1/pyproject.toml", PYPROJECT)]),
    ] {
        let found = texts(build_requires(&sdist));
        assert_eq!(found.len(), 2, "{}", sdist.display());
        assert_eq!(found[0], flit[0], "{}", sdist.display());
    }
    let old = scratch.zip("f-1.zip", &[("f-1/setup.py", ""), ("PKG-INFO", "")]);
    assert_eq!(texts(build_requires(&old)), DEFAULT);
}

#[test]
fn literal_setup_requires_are_found() {
    let scratch = Scratch::new();
    for (files, expected) in [
        (
            [
                (
                    "setup.cfg",
                    "[metadata]\nsetup_requires = no\n[options]\nSetup-Requires =\n    pbr>=2,<9\n\n    # comment\n    x;os_name=='posix'\npackages = a\n",
                ),
                ("setup.py", ""),
            ],
            &["pbr>=2,<9", "x ; os_name == 'posix'"][..],
        ),
        (
            [
                ("setup.cfg", "[options]\nsetup_requires = a>=1; b\n"),
                ("setup.py", ""),
            ],
            &["a>=1", "b"],
        ),
        (
            [
                ("setup.cfg", ""),
                (
                    "setup.py",
                    "# setup_requires=['no']\nsetup(setup_requires=[\n  'pbr>=2.0.0', # 'not'\n  \"wheel\",\n], pbr=True)\n",
                ),
            ],
            &["pbr>=2.0.0"],
        ),
        (
            [
                ("setup.cfg", ""),
                ("setup.py", "setup(setup_requires='pbr')\n"),
            ],
            &["pbr"],
        ),
        (
            [
                ("setup.cfg", ""),
                ("setup.py", "setup(setup_requires=needed)\n"),
            ],
            &[],
        ),
        (
            [
                ("setup.cfg", ""),
                ("setup.py", "setup(setup_requires=['p' + 'br'])\n"),
            ],
            &[],
        ),
    ] {
        let found = texts(build_requires_of_tree(&scratch.tree(&files)));
        assert_eq!(found, [&DEFAULT[..], expected].concat(), "{files:?}");
    }
}

#[test]
fn what_cannot_be_read_is_named_with_the_reason() {
    let scratch = Scratch::new();
    let whole = fs::read(scratch.tarball("whole-1.tar.gz", &[("a/setup.py", "x")])).expect("read");
    let cut = scratch.0.path().join("cut-1.tar.gz");
    fs::write(&cut, &whole[..whole.len() / 2]).expect("written");
    let html = scratch.0.path().join("html-1.zip");
    fs::write(&html, "<html>").expect("written");
    let long = "x".repeat((4 << 20) + 1);
    for (sdist, why) in [
        (cut, ""),
        (html, ""),
        (scratch.0.path().join("none-1.zip"), "No such file"),
        (
            scratch.tarball("none-1.tar.gz", &[("a/README", "")]),
            "holds no pyproject.toml, setup.py or setup.cfg",
        ),
        (scratch.tarball("a-1.tar.bz2", &[]), "an sdist is a .tar.gz"),
        (
            scratch.tarball("long-1.tar.gz", &[("a/setup.py", &long)]),
            "a/setup.py: longer than 4 MiB",
        ),
        (
            scratch.tarball("toml-1.tar.gz", &[("a/pyproject.toml", "[")]),
            "pyproject.toml: ",
        ),
        (
            scratch.tarball(
                "list-1.tar.gz",
                &[("a/pyproject.toml", "[build-system]\nrequires = 'x'")],
            ),
            "pyproject.toml: [build-system] requires is no list of strings",
        ),
        (
            scratch.tarball(
                "bad-1.tar.gz",
                &[("a/pyproject.toml", "[build-system]\nrequires = ['x>>1']")],
            ),
            "pyproject.toml requires `x>>1`: ",
        ),
    ] {
        let error = build_requires(&sdist).expect_err("no sdist").to_string();
        let expected = format!("{}: {why}", sdist.display());
        assert!(error.starts_with(&expected), "{error}");
    }
}

#[test]
fn the_first_that_states_a_name_is_believed() {
    let scratch = Scratch::new();
    let setup_py = (
        "setup.py",
        "X = Extension(name='no')\nsetup(\n    version='1', name = \"py\")\n",
    );
    let pkg_info = ("PKG-INFO", "Metadata-Version: 1.0\nName: info\n");
    let setup_cfg = ("setup.cfg", "[metadata]\nname = cfg\n");
    let poetry = ("pyproject.toml", "[tool.poetry]\nname = 'poetry'\n");
    let project = (
        "pyproject.toml",
        "[tool.poetry]\nname = 'poetry'\n[project]\nname = 'Project'\n",
    );
    for (files, name) in [
        (
            &[setup_py, pkg_info, setup_cfg, project][..],
            Some("Project"),
        ),
        (&[setup_py, pkg_info, setup_cfg, poetry], Some("poetry")),
        (&[setup_py, pkg_info, setup_cfg], Some("cfg")),
        (&[setup_py, pkg_info], Some("info")),
        (&[setup_py], Some("py")),
        (
            &[(
                "setup.py",
                "if __name__ == '__main__':\n    setup(**config)\n",
            )],
            None,
        ),
    ] {
        assert_eq!(project_name(&scratch.tree(files)).as_deref(), name);
    }
}
