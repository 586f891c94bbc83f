//! Both installation engines, and that they install the same.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::assets::{assets, some_wheels};
use crate::container::Container;

const VIRTUALENV: &str = "/var/lib/openstack";
const PIP: &str = "PYTHONDONTWRITEBYTECODE=1 /var/lib/openstack/bin/python -m pip";

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn both_engines_install_the_same() {
    let [by_pip, by_uv] = ["pip", "uv"].map(|engine| {
        let mut container = Container::keystone().with_source();
        container.set("INSTALLER", engine);
        container.set("PIP_PACKAGES", "pycparser 'six; python_version > \"3\"'");
        let said = container.install();
        said.succeeded();
        match engine {
            "pip" => said.says("\npip: by pip: INSTALLER says so\n"),
            _ => said.says("\npip: by uv "),
        };
        container
    });
    assert_eq!(files(&by_pip), files(&by_uv));
    for file in ["packages.txt", "pip.txt", "project.txt"] {
        let file = format!("/etc/image_info/{file}");
        assert_eq!(by_pip.read(&file), by_uv.read(&file), "{file}");
    }
    assert_eq!(entry_points(&by_pip), entry_points(&by_uv));
    for container in [&by_pip, &by_uv] {
        assert_eq!(
            container.shell(&format!("{PIP} check")),
            "No broken requirements found."
        );
        let linked = container.find(VIRTUALENV, |_, file| file.is_file() && file.nlink() != 1);
        assert_eq!(linked, Vec::<PathBuf>::new());
        let uvs = container.find("/", |path, _| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            ["uv", "uvx", ".uv", "uv_cache.json"].contains(&name.as_ref())
        });
        assert_eq!(uvs, Vec::<PathBuf>::new());
        for gone in ["/root/.cache", "/root/.local"] {
            assert!(!container.has(gone), "{gone}");
        }
    }
}

/// Every file of the virtualenv with its mode and what it holds. Of scripts that an
/// engine wrote, only what they call; of RECORD files only which files they name and
/// the digests of those that are the same.
fn files(container: &Container) -> BTreeMap<PathBuf, (u32, String)> {
    let top = container.path(VIRTUALENV);
    container
        .find(VIRTUALENV, |_, file| !file.is_dir())
        .into_iter()
        .filter(|path| path.file_name() != Some("INSTALLER".as_ref()))
        .map(|path| {
            let name = path.strip_prefix(&top).expect("below it").to_owned();
            let file = path.symlink_metadata().expect("a file");
            let text = if file.is_symlink() {
                let target = fs::read_link(&path).expect("a link");
                target.to_string_lossy().into_owned()
            } else {
                let bytes = fs::read(&path).expect("read");
                content(&name, &String::from_utf8_lossy(&bytes))
            };
            (name, (file.permissions().mode(), text))
        })
        .collect()
}

fn content(name: &Path, text: &str) -> String {
    if name.starts_with("bin") {
        return called(text);
    }
    if name.file_name() != Some("RECORD".as_ref()) {
        return text.to_owned();
    }
    let mut rows: Vec<&str> = text
        .lines()
        .map(|row| {
            let path = row.split(',').next().expect("a path");
            let written = path.contains("/bin/") || path.ends_with(".dist-info/INSTALLER");
            if written { path } else { row }
        })
        .collect();
    rows.sort_unstable();
    rows.join("\n")
}

/// The interpreter and the function of a console script; any other script whole.
fn called(text: &str) -> String {
    let import = text.lines().find(|line| line.starts_with("from "));
    match import {
        Some(import) if text.contains("sys.exit(") => {
            let call = text.split("sys.exit(").nth(1).unwrap_or_default();
            let first = text.lines().next().unwrap_or_default();
            format!("{first} {import} {}", call.trim_end())
        }
        _ => text.to_owned(),
    }
}

/// What importlib.metadata says, as services ask it.
fn entry_points(container: &Container) -> String {
    container.shell(
        "PYTHONDONTWRITEBYTECODE=1 /var/lib/openstack/bin/python -c \"\
         from importlib.metadata import distributions\n\
         for d in sorted(distributions(), key=lambda d: d.name):\n\
         \x20   print(d.name, d.version, sorted(map(str, d.entry_points)), sorted(d.requires or []))\"",
    )
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn pip_installs_what_uv_cannot_be_told_and_says_why() {
    let mut container = Container::with_tools();
    container.tiny_source("'six'");
    container.set("PIP_ARGS", "--no-color --use-deprecated legacy-certs");
    let said = container.install();
    said.succeeded()
        .says("\nbuild: by pip: uv cannot be told --use-deprecated of PIP_ARGS\n")
        .says("\npip: by pip: uv cannot be told --use-deprecated of PIP_ARGS\n");
}

/// `pip freeze` is read from the metadata and not asked of pip.
#[test]
#[ignore = "builds real images: cargo xtask test"]
fn pip_txt_is_what_pip_freeze_says() {
    let container = Container::with_tools();
    container.tiny_source("'six', 'oslo.config', 'pyyaml'");
    // Installed by a hook, in the ways that pip has.
    container.write("/srv/direct/pyproject.toml", &project("direct-one"));
    container.write("/srv/direct/direct_one.py", "");
    container.hook(
        "install",
        "/var/lib/openstack/bin/python -m pip install --no-index --find-links /wheels /srv/direct /wheels/attrs-*.whl",
    );
    container
        .steps(&["venv", "source", "build", "pip", "hooks", "info"])
        .succeeded();
    let told = container.read("/etc/image_info/pip.txt");
    assert!(told.contains("direct-one @ file:///srv/direct\n"), "{told}");
    assert!(told.contains("attrs @ file:///wheels/attrs-"), "{told}");
    assert_eq!(told.trim_end(), container.shell(&format!("{PIP} freeze")));

    let log = container.step("info");
    assert!(!log.succeeded().stderr.contains("freeze"), "{}", log.stderr);
    container.shell(&format!(
        "{PIP} install --quiet --no-index --find-links /wheels --editable /srv/direct"
    ));
    container.step("info").succeeded();
    let told = container.read("/etc/image_info/pip.txt");
    assert!(told.contains("\n-e /srv/direct\n"), "{told}");
    assert_eq!(told.trim_end(), container.shell(&format!("{PIP} freeze")));
}

fn project(name: &str) -> String {
    crate::container::tiny_project("").replace("'tiny'", &format!("'{name}'"))
}

/// A constraint may pin a pre-release, which requirements alone would not take.
#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_pinned_pre_release_is_installed_by_either() {
    let wheels = some_wheels(&["pip", "setuptools", "uv"]);
    let constraints = wheels.path().join("upper-constraints.txt");
    fs::write(constraints, "tiny-part===2.0.0.0rc1\n").expect("written");
    let mut container = Container::with_tools();
    container.mount(wheels.path(), "/wheels");
    for version in ["1.0", "2.0.0.0rc1", "2.0.0.0rc2"] {
        let text = project("tiny-part").replace("'1.0'", &format!("'{version}'"));
        container.write("/srv/part/pyproject.toml", &text);
        container.write("/srv/part/part.py", "");
        container.shell(&format!(
            "mkdir -p /run/wheels && cd /srv/part && {PIP} wheel --quiet --no-deps --no-index \
             --find-links /wheels --wheel-dir /run/wheels . && rm -rf build *.egg-info"
        ));
    }
    for name in container.names_in("/run/wheels") {
        let from = container.path(&format!("/run/wheels/{name}"));
        fs::copy(from, wheels.path().join(&name)).expect("copied");
    }
    container.tiny_source("'tiny-part>=1'");
    for engine in ["pip", "uv"] {
        container.set("INSTALLER", engine);
        container
            .steps(&["venv", "source", "build", "pip"])
            .succeeded();
        let frozen = container.shell(&format!("{PIP} freeze"));
        assert!(
            frozen.contains("tiny-part==2.0.0.0rc1"),
            "{engine}: {frozen}"
        );
        container.shell("rm -r /var/lib/openstack");
    }
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_conflict_that_uv_finds_shows_both_sides() {
    let mut container = Container::with_tools();
    container.mount(&assets().wheels, "/most");
    container.shell(
        "mkdir /run/wheels && ln -s /most/*.whl /run/wheels && echo six===1.17.0 >/run/wheels/upper-constraints.txt",
    );
    container.set("WHEELS_PATH", "/run/wheels");
    container.set("INSTALLER", "uv");
    container.tiny_source("'six<1.17'");
    insta::assert_snapshot!(container.install().complaint(), @r"
    pip: the constraints and the requirements contradict each other
      tiny==1.0 depends on six<1.17
      a constraint asks for six==1.17.0
      command: /var/lib/loci-install/uv/0.N.N/uv pip install --python /var/lib/openstack/bin/python --only-binary :all: --constraints /var/lib/loci-install/upper-constraints.txt --no-index --find-links /run/wheels /var/lib/loci-install/built/tiny-1.0-py3-none-any.whl
      ended:   exit status 1
      said:
        Using Python 3.13.5 environment at: /var/lib/openstack
        error: No solution found when resolving dependencies
          cause: Because tiny==1.0 depends on six<1.17 and six==1.17.0, we can conclude that tiny==1.0 cannot be used.
                 And because only tiny==1.0 is available and you require tiny, we can conclude that your requirements are unsatisfiable.
    Correct the constraint, in the wheels' upper-constraints.txt or by CONSTRAINT_OVERRIDES, or the requirement that it contradicts.
    This step alone: loci-install step pip; the build from there: loci-install
    ");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_requirement_for_which_uv_finds_no_wheel_is_named() {
    let mut container = Container::with_tools();
    container.set("INSTALLER", "uv");
    container.tiny_source("'six', 'no-such-distribution>=2'");
    insta::assert_snapshot!(container.install().complaint(), @r"
    pip: no wheel satisfies no-such-distribution>=2 (from tiny==1.0)
      looked in /wheels only, because KEEP_ALL_WHEELS says that it is complete
      command: /var/lib/loci-install/uv/0.N.N/uv pip install --python /var/lib/openstack/bin/python --only-binary :all: --constraints /var/lib/loci-install/upper-constraints.txt --constraints /var/lib/loci-install/global-requirements.txt --no-index --find-links /wheels /var/lib/loci-install/built/tiny-1.0-py3-none-any.whl
      ended:   exit status 1
      said:
        warning: Requirements file `/var/lib/loci-install/global-requirements.txt` does not contain any dependencies
        Using Python 3.13.5 environment at: /var/lib/openstack
        error: No solution found when resolving dependencies
          cause: Because no-such-distribution was not found in the provided package locations and tiny==1.0 depends on no-such-distribution>=2, we can conclude that tiny==1.0 cannot be used.
                 And because only tiny==1.0 is available and you require tiny, we can conclude that your requirements are unsatisfiable.
    Add the wheel to the wheels, or correct the requirement.
    This step alone: loci-install step pip; the build from there: loci-install
    ");
}
