//! `loci-install base` on a Debian that nothing was done to.

use crate::archive::{Archive, Mirror, Package};
use crate::assets::assets;
use crate::container::{Container, PROGRAM};
use crate::said::Said;

const CEPH: &str = "/etc/apt/sources.list.d/ceph.list";

/// A bare Debian, with this repository's bindep file and what `base` is told of Ceph.
fn bare(repository: &str, key: &str) -> Container {
    let mut container = Container::of(&assets().base);
    container.input("bindep.txt", include_str!("../../bindep.txt"));
    container.set("CEPH_REPO", repository);
    container.set("CEPH_KEY", key);
    container.set("no_proxy", "127.0.0.1");
    container
}

fn base(container: &Container) -> Said {
    container.run(&[PROGRAM, "base"])
}

/// Insists that the step `ceph` failed, and returns what was said.
fn failed_in_ceph(container: &Container) -> Said {
    let said = base(container);
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    said.says("\nerror: ceph: ").says(
        "\nThis step alone: loci-install step --project base ceph; the build from there: loci-install base\n",
    );
    said
}

fn ceph() -> Archive {
    Archive::of(&[Package {
        name: "ceph-small",
        ..Package::default()
    }])
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_base_with_ceph_and_a_service_on_top_of_it() {
    let archive = ceph();
    let mirror = Mirror::of(&archive);
    let mut container = bare(
        &format!("deb http://{}/debian trixie main", mirror.host),
        "ceph.asc",
    );
    container.input("ceph.asc", &archive.key());
    container.set("DIST_PACKAGES", "ceph-small");
    container.set("DIST_REPOS", "-extra");
    let extra = "/etc/apt/sources.list.d/extra.list";
    container.write(extra, "deb http://127.0.0.1:9/x trixie main\n");
    let before = container.read("/etc/apt/sources.list");
    base(&container).succeeded();

    let installed = container.packages();
    for package in [
        "python3",
        "ca-certificates",
        "netbase",
        "sudo",
        "wget",
        "bind9-host",
        "ceph-small",
    ] {
        assert!(installed.contains_key(package), "{package}");
    }
    for package in ["git", "gnupg"] {
        assert!(!installed.contains_key(package), "{package}");
    }
    assert_eq!(
        container.read(CEPH),
        format!(
            "deb [signed-by=/etc/apt/keyrings/ceph.asc] http://{}/debian trixie main\n",
            mirror.host
        )
    );
    assert_eq!(container.read("/etc/apt/keyrings/ceph.asc"), archive.key());
    assert_eq!(
        container.read(extra),
        "# deb http://127.0.0.1:9/x trixie main\n"
    );
    assert_eq!(container.read("/etc/apt/sources.list"), before);
    for gone in [
        "/var/lib/loci-install",
        "/var/lib/openstack",
        "/etc/image_info/pip.txt",
        "/etc/machine-id",
    ] {
        assert!(!container.has(gone), "{gone}");
    }
    assert_eq!(
        container.names_in("/var/lib/apt/lists"),
        Vec::<String>::new()
    );
    let record = container.record();
    assert_eq!(
        (&record["project"], &record["finished"]),
        (&"base".into(), &true.into())
    );
    assert!(
        container
            .read("/etc/image_info/packages.txt")
            .contains("ceph-small")
    );
    let again = base(&container);
    assert_eq!(
        again.succeeded().stderr,
        "base: the image is finished; there is nothing to do\n"
    );

    let said = container.run(&[PROGRAM, "verify"]);
    assert_eq!(said.succeeded().stdout, "");

    // A service finds what it needs, Ceph's archive among it.
    container.set("CEPH_REPO", "");
    container.set("CEPH_KEY", "");
    container.set("DIST_REPOS", "");
    container.set("PROJECT", "tiny");
    container.set("KEEP_ALL_WHEELS", "True");
    container.mount(&assets().wheels, "/wheels");
    container.tiny_source("");
    container
        .install()
        .succeeded()
        .says("bootstrap: nothing to do: all are there")
        .says("cleanup: done in ");
    assert!(container.packages().contains_key("wget"));
    assert!(container.has(CEPH));
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn another_key_than_the_archives_is_refused_by_apt() {
    let archive = ceph();
    let mirror = Mirror::of(&archive);
    let container = bare(
        &format!("deb http://{}/debian trixie main", mirror.host),
        "ceph.asc",
    );
    container.input("ceph.asc", &ceph().key());
    failed_in_ceph(&container)
        .says("could not bring the package lists up to date\n")
        .says(" is not signed.");
    // The right one, and the build goes on.
    container.input("ceph.asc", &archive.key());
    base(&container).succeeded();
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_key_comes_by_http_when_its_digest_is_known() {
    let archive = ceph();
    let key = archive.path().join("release.asc");
    std::fs::write(&key, archive.key()).expect("written");
    let mirror = Mirror::of(&archive);
    let url = format!("http://{}/debian/release.asc", mirror.host);
    let right = Container::of(&assets().base);
    let digest = {
        right.write("/tmp/key", &archive.key());
        right.shell("sha256sum /tmp/key | cut -d' ' -f1")
    };
    let repository = format!("deb http://{}/debian trixie main", mirror.host);
    let mut container = bare(&repository, &format!("{url}#sha256={}", "0".repeat(64)));
    let complaint = base(&container).complaint();
    let complaint = complaint
        .replace(&mirror.host, "MIRROR")
        .replace(&digest, "DIGEST");
    insta::assert_snapshot!(complaint, @r"
    ceph: could not get the key of Ceph's archive
      http://MIRROR/debian/release.asc has the digest sha256=DIGEST, and sha256=0000000000000000000000000000000000000000000000000000000000000000 is wanted
    Nothing was added. Correct CEPH_KEY, or what is served there.
    This step alone: loci-install step --project base ceph; the build from there: loci-install base
    ");
    assert!(!container.has(CEPH));

    container.set(
        "CEPH_KEY",
        &format!(
            "http://{}/debian/dists/trixie/Release#sha256={digest}",
            mirror.host
        ),
    );
    failed_in_ceph(&container);
    container.set("CEPH_KEY", &format!("{url}#sha256={digest}"));
    base(&container).succeeded();
    assert_eq!(container.read("/etc/apt/keyrings/ceph.asc"), archive.key());
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn unsigned_packages_come_only_when_they_are_asked_for() {
    let archive = ceph().unsigned();
    let mirror = Mirror::of(&archive);
    let mut container = bare(
        &format!("deb http://{}/debian trixie main", mirror.host),
        "ceph.asc",
    );
    container.input("ceph.asc", &archive.key());
    container.set("DIST_PACKAGES", "ceph-small");
    failed_in_ceph(&container).says("is not signed.");
    assert!(!container.packages().contains_key("ceph-small"));

    container.set("CEPH_KEY", "");
    container.set("ALLOW_UNAUTHENTICATED", "True");
    base(&container)
        .succeeded()
        .says("warning: ALLOW_UNAUTHENTICATED=True: packages are installed");
    assert!(container.packages().contains_key("ceph-small"));
    assert!(!container.read(CEPH).contains("signed-by"));
    // Images that are made of it say so, too, and their apt behaves the same.
    container.set("ALLOW_UNAUTHENTICATED", "");
    container.set("CEPH_REPO", "");
    container.set("PROJECT", "infra");
    let said = container.run(&[PROGRAM, "plan"]);
    said.succeeded()
        .says("warning: /etc/apt/apt.conf.d/allow-unauthenticated says AllowUnauthenticated: ");
}
