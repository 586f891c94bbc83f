//! A base image with hostile settings.

use std::os::unix::fs::PermissionsExt;

use crate::container::Container;

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn hostile_settings_of_the_base_change_nothing() {
    let mut container = Container::keystone().with_source();
    container.set("COPY_DEFAULT_CONFIG_FILES", "yes");
    container.set("LANG", "de_DE.UTF-8");
    container.set("LANGUAGE", "de");
    container.set("LC_ALL", "de_DE.UTF-8");
    // What users say of installing, they say to pip.
    for (name, value) in [
        ("UV_CACHE_DIR", "/uv-cache"),
        ("UV_CONSTRAINT", "/not-there.txt"),
        ("UV_LINK_MODE", "symlink"),
        ("UV_NO_BINARY", "1"),
        ("UV_SYSTEM_PYTHON", "1"),
    ] {
        container.set(name, value);
    }
    container.write(
        "/etc/apt/apt.conf.d/00hostile",
        "APT::Install-Recommends \"true\";\nAPT::Install-Suggests \"true\";\nAPT::Get::Show-Versions \"true\";\n",
    );
    container.write(
        "/etc/pip.conf",
        "[global]\nindex-url = http://127.0.0.1:1/simple\ncache-dir = /pip-cache\nquiet = 2\n",
    );
    container.write("/root/.gitconfig", "[core]\nautocrlf = true\n");
    container
        .run(&[
            "sh",
            "-c",
            "unset HOME; umask 077; PATH=/usr/bin:/bin exec /usr/local/bin/loci-install",
        ])
        .succeeded();

    let version = container.run_as(
        "42424:42424",
        &["/var/lib/openstack/bin/python", "-c", "import keystone, ldap; from importlib.metadata import version; print(version('oslo.config'))"],
    );
    version.succeeded();
    assert!(!container.has("/pip-cache"));
    assert!(!container.has("/uv-cache"));
    // Apache itself was asked for; what it merely recommends was not.
    let packages = container.packages();
    assert!(packages.contains_key("apache2"), "{packages:?}");
    assert!(!packages.contains_key("ssl-cert"), "{packages:?}");
    assert!(container.has("/etc/keystone/sso_callback_template.html"));
    for open in ["/var/lib/openstack", "/etc/image_info", "/etc/keystone"] {
        let closed = container.find(open, |_, metadata| {
            !metadata.is_symlink() && metadata.permissions().mode() & 0o004 == 0
        });
        assert_eq!(closed, Vec::<std::path::PathBuf>::new());
    }
    assert!(!container.read("/etc/image_info/pip.txt").is_empty());
}
