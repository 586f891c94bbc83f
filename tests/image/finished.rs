//! A finished image: what is in it, and what is not.

use std::path::{Path, PathBuf};

use crate::container::Container;

const SECRET: &str = "S3cr3tPassw0rd";

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_finished_image_has_the_service_and_nothing_else() {
    let mut container = Container::keystone().with_source();
    // Never asked, because KEEP_ALL_WHEELS says that the wheels are all there is.
    container.set(
        "PIP_ARGS",
        &format!("--extra-index-url https://ci:{SECRET}@127.0.0.1:1/simple"),
    );
    container.write("/tmp/of-the-base", "mine\n");
    let base = container.packages();
    container.install().succeeded();

    account(&container);
    virtualenv(&container);
    nothing_left(&container);
    packages(&container, &base);
    records(&container);
    container.holds_nowhere(SECRET);
    let again = container.install();
    assert_eq!(
        again.succeeded().stderr,
        "keystone: the image is finished; there is nothing to do\n"
    );
}

fn account(container: &Container) {
    assert_eq!(
        container.shell("id keystone; getent passwd keystone"),
        "uid=42424(keystone) gid=42424(keystone) groups=42424(keystone)\n\
         keystone:x:42424:42424:keystone user:/var/lib/keystone:/usr/sbin/nologin"
    );
    for directory in ["/etc", "/var/log", "/var/lib", "/var/cache"] {
        let directory = format!("{directory}/keystone");
        assert_eq!(container.owner(&directory), (42424, 42424), "{directory}");
    }
    let lastlog = container.path("/var/log/lastlog");
    assert!(lastlog.metadata().map_or(0, |metadata| metadata.len()) < 1024);
}

fn virtualenv(container: &Container) {
    let configuration = container.read("/var/lib/openstack/pyvenv.cfg");
    assert!(configuration.contains("include-system-site-packages = true\n"));
    assert_eq!(
        container.shell("PYTHONDONTWRITEBYTECODE=1 /var/lib/openstack/bin/python -m pip check"),
        "No broken requirements found."
    );
    let version =
        "from importlib.metadata import version; import keystone, ldap; print(version('keystone'))";
    let version = container.shell(&format!(
        "PYTHONDONTWRITEBYTECODE=1 /var/lib/openstack/bin/python -c \"{version}\""
    ));
    let freeze = container.read("/etc/image_info/pip.txt");
    assert!(
        freeze.contains(&format!("\nkeystone=={version}\n")),
        "{freeze}"
    );
}

fn nothing_left(container: &Container) {
    for empty in [
        "/var/lib/apt/lists",
        "/opt/loci",
        "/wheels",
        "/var/cache/apt/archives/partial",
    ] {
        assert_eq!(container.names_in(empty), Vec::<String>::new(), "{empty}");
    }
    for gone in [
        "/root/.cache",
        "/tmp/keystone",
        "/tmp/keystone.partial",
        "/var/lib/loci-install",
        "/usr/sbin/policy-rc.d",
        "/var/log/dpkg.log",
        "/etc/passwd-",
        "/etc/shadow-",
        "/etc/subuid-",
        "/etc/machine-id",
        "/usr/bin/git",
    ] {
        assert!(!container.has(gone), "{gone}");
    }
    assert_eq!(container.names_in("/tmp"), ["of-the-base"]);
    for directory in [
        "/usr/lib/python3",
        "/usr/lib/python3.13",
        "/usr/share",
        "/var/lib/openstack",
    ] {
        if container.has(directory) {
            let bytecode = container.find(directory, |path, _| path.ends_with("__pycache__"));
            assert_eq!(bytecode, Vec::<PathBuf>::new());
        }
    }
    let archives = container.find("/var/cache", |path, _| {
        path.extension()
            .is_some_and(|extension| extension == "deb" || extension == "bin")
    });
    assert_eq!(archives, Vec::<PathBuf>::new());
    // buildah makes the mount point; in an image's build it is not even there.
    assert_eq!(container.read("/usr/local/bin/loci-install"), "");
}

fn packages(container: &Container, base: &std::collections::BTreeMap<String, String>) {
    let now = container.packages();
    for (name, version) in base {
        assert_eq!(
            now.get(name),
            Some(version),
            "{name} of the base; if the archive has a newer one, make the base anew"
        );
    }
    for gone in ["git", "liberror-perl", "python3-venv"] {
        assert!(!now.contains_key(gone), "{gone}");
    }
    for asked in ["python3", "apache2", "libldap2", "libpython3.13"] {
        assert!(now.contains_key(asked), "{asked}");
    }
}

fn records(container: &Container) {
    let packages = container.read("/etc/image_info/packages.txt");
    assert!(packages.contains("\nii  python3 "), "{packages}");
    assert!(!packages.contains("\nii  git "), "{packages}");
    assert_eq!(
        container.read("/etc/image_info/project.txt"),
        "PROJECT=keystone\n\
         PROJECT_REPO=https://opendev.org/openstack/keystone\n\
         PROJECT_REF=master\n\
         PROJECT_RELEASE=master\n"
    );
    let record = container.record();
    assert_eq!(record["finished"], true);
    assert_eq!(record["project"], "keystone");
    assert_eq!(
        record["arguments"]["PIP_ARGS"],
        "--extra-index-url https://****@127.0.0.1:1/simple"
    );
    let steps: Vec<&str> = record["steps"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|step| step["name"].as_str())
        .collect();
    let mut sorted = steps.clone();
    sorted.sort_unstable();
    assert_eq!(
        sorted,
        [
            "bootstrap",
            "build",
            "cleanup",
            "info",
            "packages",
            "pip",
            "smoke",
            "source",
            "user",
            "venv",
            "wheels",
        ]
    );
    assert_eq!(
        (steps[0], steps[9], steps[10]),
        ("bootstrap", "cleanup", "smoke")
    );
    assert!(
        Path::new(record["built"][0].as_str().expect("a wheel"))
            .extension()
            .is_some()
    );
}
