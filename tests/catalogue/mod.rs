//! The images that the project's own `bindep.txt` serves, and how the program is asked about one.

use std::path::{Path, PathBuf};
use std::process::Command;

/// PROJECT and PROFILES of every image that has packages of its own: each service alone, and
/// with each profile or set of profiles that adds something. `tests/data.rs` proves that no line
/// and no profile of `bindep.txt` is forgotten here.
pub const IMAGES: &[&str] = &[
    "barbican",
    "barbican apache",
    "barbican nginx",
    "base",
    "ceilometer",
    "cinder",
    "cinder ceph",
    "cinder lvm",
    "cinder purestorage",
    "cinder qemu",
    "cyborg",
    "glance",
    "glance ceph",
    "glance qemu",
    "heat",
    "horizon",
    "horizon apache",
    "infra haproxy",
    "infra keepalived",
    "infra libvirt",
    "infra memcached",
    "infra openvswitch",
    "infra rabbitmq",
    "infra rabbitmq hipe",
    "ironic",
    "ironic ipmi",
    "ironic ipxe",
    "ironic qemu",
    "ironic tftp",
    "ironic-inspector",
    "keystone",
    "keystone apache",
    "keystone apache mellon",
    "keystone apache openidc",
    "keystone ldap",
    "manila",
    "manila ceph",
    "manila lvm",
    "masakari-monitors",
    "monasca api",
    "neutron",
    "neutron linuxbridge",
    "neutron openvswitch",
    "neutron vpn",
    "nova",
    "nova ceph",
    "nova configdrive",
    "nova linuxbridge",
    "nova migration",
    "nova openvswitch",
    "nova purestorage",
    "nova qemu",
    "octavia",
    "ovn-bgp-agent",
    "placement",
    "requirements",
    "skyline-apiserver nginx",
    "zun",
];

/// What `bindep.txt` selects for `image` on `platform`, in the order of the file. The codename
/// is a profile too, as it is when an image is built.
pub fn packages(platform: &str, image: &str) -> Vec<String> {
    let (_, codename) = platform.split_once('-').expect("a platform is ID-CODENAME");
    let words = image.split_whitespace().chain([codename]);
    let arguments = ["-b", "-l", "newline", "--platform", platform];
    bindep("bindep.txt", arguments.into_iter().chain(words))
        .lines()
        .filter(|line| !line.is_empty())
        .map(String::from)
        .collect()
}

/// What `loci-install bindep -f FILE ARGUMENTS...` prints. `file` is one of the project's own.
pub fn bindep<'a>(file: &str, arguments: impl IntoIterator<Item = &'a str>) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loci-install"));
    command.arg("bindep").arg("-f").arg(path(file));
    command.args(arguments);
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{stderr}",
        output.status
    );
    String::from_utf8(output.stdout).expect("names are UTF-8")
}

/// Where `file`, one of the project's own, is.
pub fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}
