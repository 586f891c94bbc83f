//! `loci-install verify` in finished images: nothing differs, and whatever is changed is found.

use std::fs;
use std::sync::OnceLock;

use crate::assets::{made_once, tools};
use crate::container::{Container, PROGRAM, tiny_project};
use crate::said::Said;

const SITE: &str = "/var/lib/openstack/lib/python3.13/site-packages";

/// Makes a socket of this name.
const SOCKET: &str = "perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => \"socket\", Listen => 1) or die $!'";

/// A finished image of `tiny`, with a script, a configuration file, bytecode, and programs
/// that tests need.
fn finished() -> &'static str {
    static IMAGE: OnceLock<String> = OnceLock::new();
    IMAGE.get_or_init(|| {
        made_once("verified", tools(), |container| {
            // No image has sockets, and so the manifest may not have this one.
            container.shell(&format!("cd /opt; {SOCKET}"));
            built(container.tiny())
        })
    })
}

fn built(mut container: Container) -> Container {
    let project = tiny_project("'six'")
        + "[project.scripts]\ntiny = 'tiny:main'\n\
           [tool.setuptools]\npy-modules = ['tiny']\n\
           [tool.setuptools.data-files]\n'etc/tiny' = ['tiny.conf']\n";
    container.write("/tmp/tiny/pyproject.toml", &project);
    container.write("/tmp/tiny/tiny.py", "def main():\n    print(42)\n");
    container.write("/tmp/tiny/tiny.conf", "[tiny]\n");
    container.set("COPY_DEFAULT_CONFIG_FILES", "yes");
    container.set("BYTECODE", "checked");
    container.set(
        "DIST_PACKAGES",
        "netbase libcap2-bin mtree-netbsd libarchive-tools",
    );
    // A name that takes writing down.
    container.write("/opt/of the base/[x]#1=\u{e4}\n", "");
    // Passwords that are words of the record and of its packages.
    container.set("rsync_proxy", "http://ci:pass@proxy:3128");
    container.set("gopher_proxy", "http://tiny:base@proxy:3128");
    // What is mounted hides a file of the base image.
    container.write("/opt/ca.pem", "of the base\n");
    let directory = tempfile::tempdir().expect("a directory");
    let certificate = directory.path().join("ca.pem");
    fs::write(&certificate, "of the builder\n").expect("written");
    container.mount(&certificate, "/opt/ca.pem");
    container.install().succeeded();
    container.unmount("/opt/ca.pem");
    container
}

fn verify(container: &Container) -> Said {
    container.run(&[PROGRAM, "verify"])
}

/// Insists that nothing differs.
fn same(container: &Container) {
    let said = verify(container);
    assert_eq!(said.succeeded().stdout, "");
    said.says(": no differences in ");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn nothing_differs_in_a_finished_image() {
    let container = Container::with_tools();
    let container = built(container);
    same(&container);
    verify(&container)
        .says("not looked at: /opt/ca.pem: something was mounted there when the image was made\n");
    same(&Container::of(finished()));
    // By somebody who may not read everything, too.
    let container = Container::of(finished());
    let said = container.run_as("42424", &[PROGRAM, "verify"]);
    assert_eq!(said.succeeded().stdout, "");
    said.says("not looked at: /etc/shadow: permission denied\n")
        .says("not looked at: /root: permission denied\n")
        .says("tiny: no differences in ");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn what_an_engine_adds_is_no_difference() {
    let mut container = Container::of(finished());
    let directory = tempfile::tempdir().expect("a directory");
    let passwd = directory.path().join("passwd");
    let users = container.read("/etc/passwd") + "podman:*:1000:0:podman:/:/bin/sh\n";
    fs::write(&passwd, users).expect("written");
    container.mount(&passwd, "/etc/passwd");
    let token = "/run/secrets/kubernetes.io/serviceaccount";
    container.mount(directory.path(), token);
    let said = verify(&container);
    assert_eq!(said.succeeded().stdout, "");
    said.says(&format!(
        "not looked at: {token}: something is mounted there\n"
    ))
    .says("not looked at: accounts: /etc/passwd: something is mounted there\n")
    .says(" and 0 accounts\n");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn what_tells_of_packages_and_cannot_be_seen_tells_nothing() {
    let mut container = Container::of(finished());
    let directory = tempfile::tempdir().expect("a directory");
    let status = directory.path().join("status");
    fs::write(&status, "").expect("written");
    container.mount(&status, "/var/lib/dpkg/status");
    container.mount(directory.path(), "/var/lib/openstack/lib");
    let said = verify(&container);
    assert_eq!(said.succeeded().stdout, "");
    said.says(
        "not looked at: Python distributions: /var/lib/openstack/lib: something is mounted there\n",
    )
    .says(
        "not looked at: distribution packages: /var/lib/dpkg/status: something is mounted there\n",
    )
    .says(" 0 packages, 0 distributions ");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn other_programs_read_the_manifest() {
    let container = Container::of(finished());
    let manifest = "/etc/image_info/files.mtree";
    let read = || container.run(&["mtree", "-f", manifest, "-p", "/", "-e"]);
    // Of the file system they tell what is more, which is mounted, and nothing else.
    let said = read();
    assert_eq!(said.succeeded().stdout, "", "{}", said.stderr);
    container.shell(&format!("echo >>{SITE}/tiny.py"));
    let said = read();
    assert_eq!(said.status, Some(2), "{}{}", said.stdout, said.stderr);
    assert!(said.stdout.contains("tiny.py"), "{}", said.stdout);
    let listed = container.shell("bsdtar -tf /etc/image_info/files.mtree");
    let lines = container.read("/etc/image_info/files.mtree");
    let paths = lines.lines().filter(|line| line.starts_with('.'));
    assert_eq!(listed.lines().count(), paths.count());
    assert!(listed.contains(&format!("\n.{SITE}/tiny.py\n")), "{listed}");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn changed_files_are_found() {
    all_found(FILES);
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_changed_system_is_found() {
    all_found(SYSTEM);
}

/// A change, the commands that make it, and each line that tells it.
struct Planted(&'static str, &'static str, &'static [&'static str]);

/// Makes each change alone, in a new container, and compares all lines.
fn all_found(planted: &[Planted]) {
    let fresh = Container::of(finished());
    let versions = fresh.packages();
    let mut wrong = Vec::new();
    for Planted(what, commands, lines) in planted {
        let container = Container::of(finished());
        let script = format!(
            "set -e\n{{ {}\n}} >&2\nexec {PROGRAM} verify",
            commands.replace("SITE", SITE)
        );
        let said = container.run(&["sh", "-c", &script]);
        let expected: String = lines
            .iter()
            .map(|line| {
                let line = line.replace("SITE", SITE);
                let line = line.replace("NETBASE", &versions["netbase"]);
                line.replace("MTREE", &versions["mtree-netbsd"]) + "\n"
            })
            .collect();
        let found = scrubbed(&said.stdout);
        if found != expected || said.status != Some(1) {
            wrong.push(format!(
                "{what}: {:?}\n{}expected\n{expected}found\n{found}",
                said.status, said.stderr
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Digests are longer than they tell.
fn scrubbed(text: &str) -> String {
    let words = text.split_inclusive([' ', '\n']).map(|word| {
        let bare = word.trim_end();
        if bare.len() == 64 && bare.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            word.replace(bare, "DIGEST")
        } else {
            word.to_owned()
        }
    });
    words.collect()
}

const FILES: &[Planted] = &[
    Planted(
        "a changed module",
        "echo >>SITE/tiny.py",
        &["content SITE/tiny.py: sha256 DIGEST -> sha256 DIGEST (distribution tiny)"],
    ),
    Planted(
        "changed bytecode",
        "printf x >>SITE/__pycache__/tiny.cpython-313.pyc",
        &["content SITE/__pycache__/tiny.cpython-313.pyc: sha256 DIGEST -> sha256 DIGEST"],
    ),
    Planted(
        "a deleted module",
        "rm SITE/tiny.py",
        &["gone SITE/tiny.py: file 0644 0:0 -> nothing (distribution tiny)"],
    ),
    Planted(
        "an added module",
        "echo >SITE/evil.py",
        &["added SITE/evil.py: nothing -> file 0644 0:0 sha256 DIGEST"],
    ),
    Planted(
        "a changed console script",
        "echo >>/var/lib/openstack/bin/tiny",
        &[
            "content /var/lib/openstack/bin/tiny: sha256 DIGEST -> sha256 DIGEST (distribution tiny)",
        ],
    ),
    Planted(
        "a link in the place of a file",
        "ln -sf /tmp/tiny.py SITE/tiny.py",
        &["type SITE/tiny.py: file 0644 0:0 -> link to /tmp/tiny.py (distribution tiny)"],
    ),
    Planted(
        "another mode",
        "chmod 0666 /etc/tiny/tiny.conf",
        &["mode /etc/tiny/tiny.conf: 0644 -> 0666"],
    ),
    Planted(
        "a setuid bit",
        "chmod u+s /usr/bin/perl",
        &["mode /usr/bin/perl: 0755 -> 4755 (package perl-base)"],
    ),
    Planted(
        "a setuid bit less",
        "chmod u-s /usr/bin/passwd",
        &["mode /usr/bin/passwd: 4755 -> 0755 (package passwd)"],
    ),
    Planted(
        "another owner",
        "chown 1:2 /etc/tiny/tiny.conf",
        &["owner /etc/tiny/tiny.conf: 0:0 -> 1:2"],
    ),
    Planted(
        "a changed program of a package",
        "printf x >>/usr/bin/openssl",
        &["content /usr/bin/openssl: sha256 DIGEST -> sha256 DIGEST (package openssl)"],
    ),
    Planted(
        "a deleted file of a package",
        "rm /etc/services",
        &["gone /etc/services: file 0644 0:0 -> nothing (package netbase)"],
    ),
    Planted(
        "an added job",
        "mkdir /etc/cron.d; echo '* * * * * root /tmp/x' >/etc/cron.d/evil",
        &[
            "added /etc/cron.d: nothing -> dir 0755 0:0",
            "added /etc/cron.d/evil: nothing -> file 0644 0:0 sha256 DIGEST",
        ],
    ),
    Planted(
        "a library for every program",
        "echo /tmp/evil.so >/etc/ld.so.preload",
        &["added /etc/ld.so.preload: nothing -> file 0644 0:0 sha256 DIGEST"],
    ),
    Planted(
        "a key to log in with",
        "mkdir /root/.ssh; echo ssh-rsa x >/root/.ssh/authorized_keys",
        &[
            "added /root/.ssh: nothing -> dir 0755 0:0",
            "added /root/.ssh/authorized_keys: nothing -> file 0644 0:0 sha256 DIGEST",
        ],
    ),
    Planted(
        "a changed configuration",
        "echo debug = true >>/etc/tiny/tiny.conf",
        &["content /etc/tiny/tiny.conf: sha256 DIGEST -> sha256 DIGEST"],
    ),
    Planted(
        "a turned link of a library",
        "ln -sf /tmp/evil.so /usr/lib/x86_64-linux-gnu/libcap.so.2",
        &[
            "link /usr/lib/x86_64-linux-gnu/libcap.so.2: to libcap.so.2.75 -> to /tmp/evil.so (package libcap2)",
        ],
    ),
    Planted(
        "a capability",
        "setcap cap_net_raw=ep /usr/bin/openssl",
        &["capability /usr/bin/openssl: none -> cap_net_raw=ep (package openssl)"],
    ),
    Planted(
        "names of all kinds",
        "cd /opt; echo >'a b'; echo >\"$(printf 'new\\nline')\"; echo >\"$(printf '\\344\\377')\"; mkfifo pipe\n\
         perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => \"socket\", Listen => 1) or die $!'",
        &[
            "added /opt/\\344\\377: nothing -> file 0644 0:0 sha256 DIGEST",
            "added /opt/a\\040b: nothing -> file 0644 0:0 sha256 DIGEST",
            "added /opt/new\\012line: nothing -> file 0644 0:0 sha256 DIGEST",
            "added /opt/pipe: nothing -> fifo 0644 0:0",
            "added /opt/socket: nothing -> socket 0755 0:0",
        ],
    ),
    Planted(
        "something in the place of a mount",
        "echo >/wheels/x",
        &["added /wheels/x: nothing -> file 0644 0:0 sha256 DIGEST"],
    ),
    Planted(
        "an edited manifest that knows of another change",
        "echo >>SITE/tiny.py; cd /etc/image_info\n\
         new=$(sha256sum SITE/tiny.py | cut -d' ' -f1)\n\
         sed -i \"/tiny\\.py /s/sha256digest=.*/sha256digest=$new/\" files.mtree",
        &[
            "content /etc/image_info/files.mtree: sha256 DIGEST -> sha256 DIGEST",
            "content SITE/tiny.py: sha256 DIGEST -> sha256 DIGEST (distribution tiny)",
        ],
    ),
    Planted(
        "a record that others may write",
        "chmod g+w /etc/image_info/build.json; chown 1:2 /etc/image_info/files.mtree",
        &[
            "mode /etc/image_info/build.json: 0644 -> 0664",
            "owner /etc/image_info/files.mtree: 0:0 -> 1:2",
        ],
    ),
    Planted(
        "an edited list of packages",
        "echo >>/etc/image_info/packages.txt",
        &["content /etc/image_info/packages.txt: sha256 DIGEST -> sha256 DIGEST"],
    ),
    Planted(
        "an edited bill of materials",
        "sed -i s/tiny/tony/ /etc/image_info/sbom.cdx.json",
        &["content /etc/image_info/sbom.cdx.json: sha256 DIGEST -> sha256 DIGEST"],
    ),
];

const SYSTEM: &[Planted] = &[
    Planted(
        "an added distribution",
        "cd SITE; mkdir evil-1.dist-info; printf 'Name: evil\\nVersion: 1\\n' >evil-1.dist-info/METADATA",
        &[
            "distribution evil: nothing -> 1",
            "added SITE/evil-1.dist-info: nothing -> dir 0755 0:0",
            "added SITE/evil-1.dist-info/METADATA: nothing -> file 0644 0:0 sha256 DIGEST",
        ],
    ),
    Planted(
        "a removed distribution",
        "rm -r SITE/tiny-1.0.dist-info",
        &[
            "distribution tiny: 1.0 -> nothing",
            "gone SITE/tiny-1.0.dist-info: dir 0755 0:0 -> nothing",
            "gone SITE/tiny-1.0.dist-info/INSTALLER: file 0644 0:0 -> nothing",
            "gone SITE/tiny-1.0.dist-info/METADATA: file 0644 0:0 -> nothing",
            "gone SITE/tiny-1.0.dist-info/RECORD: file 0644 0:0 -> nothing",
            "gone SITE/tiny-1.0.dist-info/REQUESTED: file 0644 0:0 -> nothing",
            "gone SITE/tiny-1.0.dist-info/WHEEL: file 0644 0:0 -> nothing",
            "gone SITE/tiny-1.0.dist-info/entry_points.txt: file 0644 0:0 -> nothing",
            "gone SITE/tiny-1.0.dist-info/top_level.txt: file 0644 0:0 -> nothing",
        ],
    ),
    Planted(
        "an edited version",
        "sed -i 's/^Version: .*/Version: 2.0/' SITE/tiny-1.0.dist-info/METADATA",
        &[
            "distribution tiny: 1.0 -> 2.0",
            "content SITE/tiny-1.0.dist-info/METADATA: sha256 DIGEST -> sha256 DIGEST (distribution tiny)",
        ],
    ),
    Planted(
        "an edited RECORD and its file",
        "cd SITE; echo >>tiny.py\n\
         new=$(openssl dgst -sha256 -binary tiny.py | base64 | tr +/ -_ | tr -d =)\n\
         sed -i \"s|^tiny\\.py,.*|tiny.py,sha256=$new,1|\" tiny-1.0.dist-info/RECORD",
        &[
            "distribution tiny: RECORD sha256 DIGEST -> RECORD sha256 DIGEST",
            "content SITE/tiny-1.0.dist-info/RECORD: sha256 DIGEST -> sha256 DIGEST (distribution tiny)",
            "content SITE/tiny.py: sha256 DIGEST -> sha256 DIGEST (distribution tiny)",
        ],
    ),
    Planted(
        "an installed package",
        "mkdir -p /dev/shm/p/DEBIAN; cd /dev/shm\n\
         printf 'Package: evil\\nVersion: 1\\nArchitecture: all\\nMaintainer: x <x@example.org>\\nDescription: x\\n' >p/DEBIAN/control\n\
         dpkg-deb --build p evil.deb; dpkg --install evil.deb",
        &[
            "package evil: nothing -> 1 all",
            "added /var/lib/dpkg/info/evil.list: nothing -> file 0644 0:0 sha256 DIGEST (package evil)",
            "added /var/lib/dpkg/info/evil.md5sums: nothing -> file 0644 0:0 sha256 DIGEST (package evil)",
            "content /var/lib/dpkg/status: sha256 DIGEST -> sha256 DIGEST",
            "added /var/lib/dpkg/status-old: nothing -> file 0644 0:0 sha256 DIGEST",
            "added /var/log/dpkg.log: nothing -> file 0644 0:0 sha256 DIGEST",
        ],
    ),
    Planted(
        "a removed package",
        "dpkg --purge mtree-netbsd",
        &[
            "package mtree-netbsd: MTREE amd64 -> nothing",
            "gone /usr/bin/mtree: file 0755 0:0 -> nothing",
            "gone /usr/share/doc/mtree-netbsd: dir 0755 0:0 -> nothing",
            "gone /usr/share/doc/mtree-netbsd/README.Debian: file 0644 0:0 -> nothing",
            "gone /usr/share/doc/mtree-netbsd/changelog.Debian.gz: file 0644 0:0 -> nothing",
            "gone /usr/share/doc/mtree-netbsd/copyright: file 0644 0:0 -> nothing",
            "gone /usr/share/man/man8/mtree.8.gz: file 0644 0:0 -> nothing",
            "gone /var/lib/dpkg/info/mtree-netbsd.list: file 0644 0:0 -> nothing (package mtree-netbsd)",
            "gone /var/lib/dpkg/info/mtree-netbsd.md5sums: file 0644 0:0 -> nothing (package mtree-netbsd)",
            "content /var/lib/dpkg/status: sha256 DIGEST -> sha256 DIGEST",
            "added /var/lib/dpkg/status-old: nothing -> file 0644 0:0 sha256 DIGEST",
            "added /var/log/dpkg.log: nothing -> file 0644 0:0 sha256 DIGEST",
        ],
    ),
    Planted(
        "a version in the database",
        "sed -i '/^Package: netbase$/,/^$/s/^Version: .*/Version: 0.1/' /var/lib/dpkg/status",
        &[
            "package netbase: NETBASE all -> 0.1 all",
            "content /var/lib/dpkg/status: sha256 DIGEST -> sha256 DIGEST",
        ],
    ),
    Planted(
        "a half-configured package",
        "sed -i '/^Package: netbase$/,/^$/s/^Status: .*/Status: install ok half-configured/' /var/lib/dpkg/status",
        &[
            "package netbase: NETBASE all -> NETBASE half-configured all",
            "content /var/lib/dpkg/status: sha256 DIGEST -> sha256 DIGEST",
        ],
    ),
    Planted(
        "another user id",
        "sed -i 's/^tiny:x:42424:/tiny:x:0:/' /etc/passwd",
        &[
            "user tiny: uid 42424 -> uid 0",
            "content /etc/passwd: sha256 DIGEST -> sha256 DIGEST",
        ],
    ),
    Planted(
        "another shell",
        "sed -i '/^tiny:/s,/usr/sbin/nologin,/bin/bash,' /etc/passwd",
        &[
            "user tiny: shell /usr/sbin/nologin -> shell /bin/bash",
            "content /etc/passwd: sha256 DIGEST -> sha256 DIGEST",
        ],
    ),
    Planted(
        "a second root",
        "echo evil::0:0::/root:/bin/sh >>/etc/passwd",
        &[
            "user evil: nothing -> uid 0, gid 0, home /root, shell /bin/sh",
            "content /etc/passwd: sha256 DIGEST -> sha256 DIGEST",
        ],
    ),
    Planted(
        "a member of a group",
        "sed -i 's/^sudo:.*/&tiny/' /etc/group",
        &[
            "group sudo: members none -> members tiny",
            "content /etc/group: sha256 DIGEST -> sha256 DIGEST",
        ],
    ),
    Planted(
        "a password",
        "sed -i 's/^root:[^:]*:/root::/' /etc/shadow",
        &["content /etc/shadow: sha256 DIGEST -> sha256 DIGEST"],
    ),
    Planted(
        "another mode of the home",
        "chmod 0777 /var/lib/tiny",
        &["mode /var/lib/tiny: 0755 -> 0777"],
    ),
];
