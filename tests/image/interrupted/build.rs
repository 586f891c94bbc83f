//! A small build that goes through all steps, and has a child for each thing that
//! children are started for.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::assets::{made_once, some_wheels, tools};
use crate::container::Container;
use crate::repository::Repository;
use crate::said::run;

/// What is mounted into every build.
pub struct Inputs {
    repository: Repository,
    wheels: TempDir,
}

impl Inputs {
    /// A repository and a few wheels.
    pub fn new() -> Self {
        let repository = Repository::holding(
            &[
                ("pyproject.toml", PROJECT),
                ("backend.py", BACKEND),
                ("tiny.py", "answer = 42\n"),
                ("tiny.conf", "[DEFAULT]\n"),
            ],
            "1.0",
        );
        let wheels = some_wheels(&["pip", "six", "uv"]);
        fs::write(
            wheels.path().join("upper-constraints.txt"),
            "six===1.17.0\n",
        )
        .expect("written");
        Self { repository, wheels }
    }

    /// A container in which nothing is done, and for which everything is there.
    pub fn container(&self) -> Container {
        let mut container = Container::of(image()).tiny();
        // Otherwise the wheel that is built has the time of its build.
        container.set("SOURCE_DATE_EPOCH", "1700000000");
        container.mount(self.repository.path(), "/repository");
        container.mount(self.wheels.path(), "/wheels");
        container.input("bindep.txt", "small\n");
        container.input("patches/tiny/10_answer.patch", PATCH);
        container.hook("10_hook.sh", "echo hooked > /srv/hooked");
        for (name, value) in [
            ("PROJECT_REPO", "/repository"),
            ("COPY_DEFAULT_CONFIG_FILES", "yes"),
            ("PIP_PACKAGES", "six"),
            ("DIST_REPOS", "-other"),
        ] {
            container.set(name, value);
        }
        // So that children have an order.
        container.one_by_one();
        container
    }
}

const PROJECT: &str = "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n\
     [project]\nname = 'tiny'\nversion = '1.0'\n";

/// A backend that takes no time (PEP 517).
const BACKEND: &str = r"
import pathlib, zipfile

def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = 'tiny-1.0-py3-none-any.whl'
    files = {
        'tiny.py': pathlib.Path('tiny.py').read_text(),
        'tiny-1.0.data/data/etc/tiny/tiny.conf': pathlib.Path('tiny.conf').read_text(),
        'tiny-1.0.dist-info/METADATA': 'Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\nRequires-Dist: six\n',
        'tiny-1.0.dist-info/WHEEL': 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    }
    files['tiny-1.0.dist-info/RECORD'] = ''.join(f'{path},,\n' for path in [*files, 'tiny-1.0.dist-info/RECORD'])
    with zipfile.ZipFile(pathlib.Path(directory, name), 'w') as wheel:
        for path, text in files.items():
            wheel.writestr(zipfile.ZipInfo(path), text)
    return name
";

const PATCH: &str = "--- a/tiny.py\n+++ b/tiny.py\n@@ -1 +1 @@\n-answer = 42\n+answer = 43\n";

/// The tools' image without virtualenv, and without git and certificates, which the archive
/// in it has: no build depends on a network.
pub fn image() -> &'static str {
    static IMAGE: OnceLock<String> = OnceLock::new();
    IMAGE.get_or_init(|| {
        made_once("interrupted", tools(), |container| {
            container.shell(
                "mkdir /srv/archive /srv/git && chmod 755 /srv/archive &&
                 cp -a /usr/lib/git-core /usr/bin/git /srv/git/ &&
                 cp /etc/ssl/certs/ca-certificates.crt /srv/bundle &&
                 dpkg --purge --force-depends git git-man ca-certificates >&2 &&
                 cp -a /srv/git/git-core /usr/lib/ &&
                 rm -rf /etc/ssl/certs/* /var/lib/openstack /var/lib/loci-install \
                     /var/lib/apt/lists/* /etc/apt/sources.list /etc/apt/sources.list.d/*",
            );
            small(&container);
            index(&container.path("/srv/archive"));
            let archive = "deb [trusted=yes] file:/srv/archive ./\n";
            container.write("/etc/apt/sources.list", archive);
            let other = "deb [trusted=yes] file:/srv/other ./\n";
            container.write("/etc/apt/sources.list.d/other.list", other);
            container
        })
    })
}

/// Fails once when it is told to.
const GIT: &str = "if [ -e /srv/git-fails ]; then rm /srv/git-fails; exit 1; fi";

/// Packages with scripts, in the archive.
fn small(container: &Container) {
    let noted = "echo small >> /srv/installed";
    let certify = "mkdir -p /etc/ssl/certs; cp /srv/bundle /etc/ssl/certs/ca-certificates.crt";
    for (name, needs, script) in [
        ("small", "Depends: smaller\n", noted),
        ("smaller", "", "sleep 0.1"),
        // The real ones take seconds.
        ("ca-certificates", "", certify),
        ("git", "Depends: git-man\n", GIT),
        ("git-man", "", ""),
    ] {
        let tree = format!("/tmp/{name}");
        container.write(
            &format!("{tree}/DEBIAN/control"),
            &format!(
                "Package: {name}\nVersion: 1\nArchitecture: all\n{needs}\
                 Maintainer: Tester <tester@test>\nDescription: a small one\n"
            ),
        );
        container.program(&format!("{tree}/DEBIAN/postinst"), script);
        container.write(&format!("{tree}/usr/share/{name}/data"), "small\n");
        if name == "git" {
            container.shell("mkdir -p /tmp/git/usr/bin && mv /srv/git/git /tmp/git/usr/bin/");
        }
        container.shell(&format!(
            "dpkg-deb --root-owner-group --build {tree} /srv/archive && rm -r {tree}"
        ));
    }
}

fn index(archive: &Path) {
    let listed = run(Command::new("apt-ftparchive")
        .args(["packages", "."])
        .current_dir(archive));
    fs::write(archive.join("Packages"), listed).expect("written");
}
