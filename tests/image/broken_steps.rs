//! Every step is broken by hand, repaired and repeated; then the build is finished.

use std::fs;
use std::process::Command;

use crate::assets::assets;
use crate::container::Container;
use crate::repository::Repository;
use crate::said::run;

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn every_step_can_be_broken_repaired_and_repeated() {
    let directory = tempfile::tempdir().expect("a directory");
    let wheels = directory.path().join("wheels.tar");
    pack(&wheels);
    let whole = fs::read(&wheels).expect("read");
    let repository = Repository::of(&assets().source);

    let mut container = Container::keystone();
    container.unmount("/wheels");
    container.mount(directory.path(), "/in");
    container.mount(repository.path(), "/repository");
    container.set("WHEELS", "/in/wheels.tar");
    container.set("PROJECT_REPO", "/repository");
    container.set("PROJECT_REF", "stable/30");
    container.set("COPY_DEFAULT_CONFIG_FILES", "yes");
    container.one_by_one();
    let broken = |step: &str, words: &str| {
        container.install().failed_in(step).says(words);
    };
    let repaired = |step: &str| {
        container.step(step).succeeded();
    };

    container.write("/etc/apt/sources.list.d/broken.list", "deb nonsense\n");
    broken("bootstrap", "Malformed entry 1 in list file");
    container.remove("/etc/apt/sources.list.d/broken.list");
    repaired("bootstrap");

    container.rename("/usr/bin/dpkg", "/usr/bin/dpkg.real");
    container.program("/usr/bin/dpkg", "echo disk error >&2; exit 2");
    broken("packages", "could not install the packages");
    container.rename("/usr/bin/dpkg.real", "/usr/bin/dpkg");
    repaired("packages");

    container.write("/var/cache/keystone", "in the way");
    broken("user", "could not make the directory /var/cache/keystone");
    container.remove("/var/cache/keystone");
    repaired("user");

    fs::write(&wheels, &whole[..whole.len() / 2]).expect("written");
    broken("wheels", "/in/wheels.tar");
    fs::write(&wheels, &whole).expect("written");
    repaired("wheels");

    container.write("/var/lib/openstack", "in the way");
    broken("venv", "could not make the virtualenv");
    container.remove("/var/lib/openstack");
    repaired("venv");

    broken(
        "source",
        "/repository has no branch, tag or commit stable/30",
    );
    repository.git("tag -a -m 30 30.1.0");
    repository.git("branch stable/30");
    repaired("source");

    let setup = container.read("/tmp/keystone/pyproject.toml");
    container.write("/tmp/keystone/pyproject.toml", &format!("{setup}\n]["));
    broken("build", "could not build the wheels of the sources");
    container.write("/tmp/keystone/pyproject.toml", &setup);
    repaired("build");

    conflict(&container);
    damage(&container);

    container.hook("10_stop.sh", "echo the hook stops here; exit 3");
    broken("hooks", "10_stop.sh failed with exit status 3");
    container.hook("10_stop.sh", "echo the hook goes on");
    repaired("hooks");

    let shipped = "/etc/keystone/sso_callback_template.html";
    fs::create_dir_all(container.path(shipped)).expect("made");
    broken("config", &format!("could not copy to {shipped}"));
    fs::remove_dir(container.path(shipped)).expect("removed");
    repaired("config");

    fs::remove_dir_all(container.path("/etc/image_info")).ok();
    container.write("/etc/image_info", "in the way");
    broken("info", "could not write /etc/image_info/packages.txt");
    container.remove("/etc/image_info");
    repaired("info");

    container.program("/var/lib/dpkg/info/git.prerm", "echo stays here; exit 1");
    broken("cleanup", "could not remove the build's packages");
    container.remove("/var/lib/dpkg/info/git.prerm");

    container.install().succeeded().says("\ncleanup: done in ");
    finished(&container);
}

/// Wheels that contradict the project, then wheels that do not.
fn conflict(container: &Container) {
    let constraints = container.read("/wheels/upper-constraints.txt");
    let others: String = constraints
        .lines()
        .filter(|line| !line.starts_with("oslo.config="))
        .flat_map(|line| [line, "\n"])
        .collect();
    container.write(
        "/wheels/upper-constraints.txt",
        &format!("{others}oslo.config===1.0\n"),
    );
    container
        .install()
        .failed_in("pip")
        .says("\n  a constraint asks for oslo-config==1.0\n");
    container.write("/wheels/upper-constraints.txt", &constraints);
    container.step("pip").succeeded();
}

/// A distribution of which a file is gone.
fn damage(container: &Container) {
    let found = container.find("/var/lib/openstack/lib", |path, _| {
        path.ends_with("oslo_config/cfg.py")
    });
    let [module] = found.as_slice() else {
        panic!("{found:?}")
    };
    fs::remove_file(module).expect("removed");
    container.step("pip").succeeded();
    assert!(module.exists());
    container.step("pip").succeeded().says("pip: nothing to do");
}

fn finished(container: &Container) {
    let freeze = container.shell("/var/lib/openstack/bin/pip check && id keystone");
    assert!(
        freeze.starts_with("No broken requirements found.\n"),
        "{freeze}"
    );
    let version = container.shell(
        "/var/lib/openstack/bin/python -c 'from importlib.metadata import version; print(version(\"keystone\"))'",
    );
    assert_eq!(version, "30.1.0");
    for left in [
        "/wheels/pip",
        "/tmp/keystone",
        "/var/lib/loci-install",
        "/usr/bin/git",
    ] {
        assert!(!container.has(left), "{left}");
    }
    assert!(container.has("/etc/keystone/sso_callback_template.html"));
    let project = container.read("/etc/image_info/project.txt");
    assert!(project.contains("\nPROJECT_REF=stable/30\n"), "{project}");
    assert!(
        project.contains("\nAuthor: Tester <tester@test>\n"),
        "{project}"
    );
    container
        .install()
        .succeeded()
        .says("keystone: the image is finished; there is nothing to do");
}

/// The wheels as a tarball.
fn pack(archive: &std::path::Path) {
    run(Command::new("tar")
        .args(["--create", "--file"])
        .arg(archive)
        .arg("--directory")
        .args([assets().wheels.as_os_str(), ".".as_ref()]));
}
