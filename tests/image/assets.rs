//! What the tests build from and with.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use loci_install::python::WheelName;
use tempfile::TempDir;

use crate::container::Container;

/// What `cargo xtask test` prepared.
pub struct Assets {
    /// The program under test.
    pub binary: PathBuf,
    /// A minimal Debian, known to buildah.
    pub base: String,
    /// Keystone's wheels.
    pub wheels: PathBuf,
    /// Keystone's source, an unpacked sdist.
    pub source: PathBuf,
}

/// The assets; a test without them fails, and says how to get them.
pub fn assets() -> &'static Assets {
    static ASSETS: OnceLock<Assets> = OnceLock::new();
    ASSETS.get_or_init(|| Assets {
        binary: PathBuf::from(variable("LOCI_TEST_BINARY")),
        base: variable("LOCI_TEST_BASE"),
        wheels: PathBuf::from(variable("LOCI_TEST_WHEELS")),
        source: PathBuf::from(variable("LOCI_TEST_SOURCE")),
    })
}

/// A Debian with dnf, zypper and rpm in the place of apt and dpkg.
pub fn rpm_base() -> String {
    variable("LOCI_TEST_RPM")
}

/// A directory with the wheels of these distributions.
pub fn some_wheels(names: &[&str]) -> TempDir {
    let some = tempfile::tempdir().expect("a directory");
    for entry in fs::read_dir(&assets().wheels).expect("wheels").flatten() {
        let file = entry.file_name().into_string().expect("a name");
        if WheelName::parse(&file).is_some_and(|wheel| names.contains(&wheel.name.as_str())) {
            fs::copy(entry.path(), some.path().join(file)).expect("copied");
        }
    }
    some
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run `cargo xtask test`, which prepares what this test needs")
    })
}

/// buildah as it works without privileges beyond root's.
pub fn buildah() -> Command {
    settled(Command::new("buildah"))
}

/// The same in a network namespace of its own, in which no interface is up:
/// chroot isolation takes over what there is.
pub fn buildah_without_network() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--net", "buildah"]);
    settled(command)
}

/// The same with every program that it starts written down, and its arguments.
pub fn buildah_traced(into: &Path) -> Command {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "--seccomp-bpf", "--string-limit=1000000"]);
    command.args(["--signal=none", "--trace=execve,execveat", "--output"]);
    command.arg(into).arg("buildah");
    settled(command)
}

fn settled(mut command: Command) -> Command {
    command.env("BUILDAH_ISOLATION", "chroot");
    command.env("STORAGE_DRIVER", "overlay");
    command
}

/// The base with everything that a small project needs: python3, git, useradd
/// and a virtualenv. Made once, because it takes longer than most tests.
pub fn tools() -> &'static str {
    static IMAGE: OnceLock<String> = OnceLock::new();
    IMAGE.get_or_init(|| {
        made_once("tools", &assets().base, |container| {
            let container = container.tiny();
            container.steps(&["bootstrap", "venv"]).succeeded();
            container
        })
    })
}

/// Makes an image for the tests of this run.
pub fn made_once(name: &str, base: &str, make: impl FnOnce(Container) -> Container) -> String {
    remove_of_earlier_runs();
    let image = format!("{MADE}{name}-{}", std::process::id());
    make(Container::of(base)).commit(&image);
    image
}

const MADE: &str = "localhost/loci-test-";

fn remove_of_earlier_runs() {
    let listing = buildah()
        .args(["images", "--noheading", "--format", "{{.Name}}"])
        .output()
        .expect("buildah");
    for name in String::from_utf8_lossy(&listing.stdout).lines() {
        let owner = name.strip_prefix(MADE);
        let owner = owner.and_then(|name| Some(name.rsplit_once('-')?.1));
        if owner.is_some_and(|owner| !Path::new("/proc").join(owner).exists()) {
            // In use by another run after all, or gone: neither matters here.
            let _ = buildah().args(["rmi", name]).output();
        }
    }
}
