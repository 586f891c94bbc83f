//! Mirrors, in the build of a service: real apt, a real archive, real signatures.

use std::fs::{self, File, FileTimes, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::{Duration, UNIX_EPOCH};

use crate::archive::{Archive, Mirror, Package};
use crate::container::Container;

const SOURCES: &str = "/etc/apt/sources.list.d/debian.sources";
const KEY: &str = "/etc/apt/keyrings/test.asc";

const SMALL: Package<'_> = Package {
    name: "small",
    fields: "",
    postinst: "",
};

/// A container whose only archive is Debian's by its address, trusted with `key`.
fn container(key: &str, mirror: &str) -> Container {
    let mut container = Container::with_tools();
    container.tiny_source("");
    container.shell("rm -rf /etc/apt/sources.list /var/lib/apt/lists/*_*");
    container.write(KEY, key);
    container.write(
        SOURCES,
        &format!(
            "# The archive.\nTypes: deb\nURIs: http://deb.debian.org/debian\nSuites: trixie\n\
             Components: main\nSigned-By: {KEY}\n"
        ),
    );
    container.set("APT_MIRROR_HOST", &format!("http://{mirror}"));
    // Whoever asks a proxy does not ask this machine.
    container.set("no_proxy", "127.0.0.1");
    container
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_mirror_serves_the_build_and_its_hooks_and_is_gone_afterwards() {
    let other = Package {
        name: "other",
        ..SMALL
    };
    let archive = Archive::of(&[SMALL, other]);
    let mirror = Mirror::of(&archive);
    let mut container = container(&archive.key(), &mirror.host);
    let file = container.path(SOURCES);
    fs::set_permissions(&file, Permissions::from_mode(0o640)).expect("set");
    let time = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let times = FileTimes::new().set_modified(time);
    File::options()
        .write(true)
        .open(&file)
        .expect("opened")
        .set_times(times)
        .expect("set");
    let original = container.read(SOURCES);

    container.set("DIST_PACKAGES", "small");
    container.hook(
        "10_other.sh",
        "apt-get -qq update && apt-get -qq install --yes other",
    );
    let said = container.install();
    said.succeeded().says(&format!(
        "repositories: http://deb.debian.org/debian -> http://{}/debian\n",
        mirror.host
    ));

    let installed = container.packages();
    assert!(installed.contains_key("small") && installed.contains_key("other"));
    assert_eq!(container.read(SOURCES), original);
    let metadata = fs::metadata(&file).expect("there");
    assert_eq!(metadata.mode() & 0o7777, 0o640);
    assert_eq!(metadata.modified().expect("a time"), time);
    assert_eq!(
        container.names_in("/etc/apt/sources.list.d"),
        ["debian.sources"]
    );
    let requests = mirror.requests();
    assert!(
        requests.contains(&"/debian/pool/other_1_all.deb".to_owned()),
        "{requests:?}"
    );
    container.install().succeeded().says("nothing to do");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_mirror_that_drops_connections_is_asked_again() {
    let archive = Archive::of(&[SMALL]);
    let mirror = Mirror::that_drops(&archive, 2);
    let mut container = container(&archive.key(), &mirror.host);
    container.set("DIST_PACKAGES", "small");
    container.steps(&["repositories", "packages"]).succeeded();
    assert!(container.packages().contains_key("small"));
    let requests = mirror.requests();
    let tries = requests
        .iter()
        .filter(|path| path.contains("/pool/"))
        .count();
    assert_eq!(tries, 3, "{requests:?}");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_mirror_that_never_keeps_a_connection_is_told() {
    let archive = Archive::of(&[SMALL]);
    let mirror = Mirror::that_drops(&archive, usize::MAX);
    let mut container = container(&archive.key(), &mirror.host);
    container.set("DIST_PACKAGES", "small");
    container.one_by_one();
    container.step("repositories").succeeded();
    let complaint = container.step("packages").complaint();
    insta::assert_snapshot!(complaint.replace(&mirror.host, "MIRROR"), @"");
    assert!(!container.packages().contains_key("small"));
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_mirror_that_is_not_there_is_named() {
    let archive = Archive::of(&[SMALL]);
    let mut container = container(&archive.key(), "127.0.0.1:9");
    container.set("DIST_PACKAGES", "small");
    container.one_by_one();
    insta::assert_snapshot!(container.install().complaint(), @"");
    // Another one, and the build goes on.
    let mirror = Mirror::of(&archive);
    container.set("APT_MIRROR_HOST", &format!("http://{}", mirror.host));
    container.install().succeeded();
    assert!(container.packages().contains_key("small"));
    assert!(
        container
            .read(SOURCES)
            .contains("http://deb.debian.org/debian\n")
    );
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_mirror_does_not_switch_signatures_off() {
    let archive = Archive::of(&[SMALL]);
    let mirror = Mirror::of(&archive);
    let mut container = container(&Archive::of(&[]).key(), &mirror.host);
    container.set("DIST_PACKAGES", "small");
    container.step("repositories").succeeded();
    let said = container.step("packages");
    said.failed_in("packages")
        .says("could not bring the package lists up to date from APT_MIRROR_HOST=http://127.0.0.1")
        .says("The repository 'http://");
    assert!(!container.packages().contains_key("small"));
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn packages_that_contradict_each_other_are_told_before_one_is_installed() {
    let archive = Archive::of(&[
        SMALL,
        Package {
            name: "large",
            fields: "Conflicts: small\n",
            ..SMALL
        },
    ]);
    let mirror = Mirror::of(&archive);
    let mut container = container(&archive.key(), &mirror.host);
    container.set("DIST_PACKAGES", "small large");
    container.one_by_one();
    container.step("repositories").succeeded();
    insta::assert_snapshot!(container.step("packages").complaint(), @"");
    assert!(!container.packages().contains_key("small"));
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_maintainer_script_that_fails_is_told_and_may_be_tried_again() {
    let archive = Archive::of(&[Package {
        postinst: "test -e /etc/license && exit 0; echo there is no /etc/license >&2; exit 3",
        ..SMALL
    }]);
    let mirror = Mirror::of(&archive);
    let mut container = container(&archive.key(), &mirror.host);
    container.set("DIST_PACKAGES", "small");
    container.one_by_one();
    container.step("repositories").succeeded();
    insta::assert_snapshot!(container.step("packages").complaint(), @"");
    // The same again: bootstrap finishes what is unfinished, and is told why it cannot.
    insta::assert_snapshot!(container.install().complaint(), @"");
    container.write("/etc/license", "");
    container.install().succeeded();
    assert!(container.packages().contains_key("small"));
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn repositories_are_switched_off_for_the_build() {
    let archive = Archive::of(&[SMALL]);
    let mirror = Mirror::of(&archive);
    let mut container = container(&archive.key(), &mirror.host);
    let broken = "deb http://127.0.0.1:9/x trixie main\n";
    container.write("/etc/apt/sources.list.d/broken.list", broken);
    container.set("DIST_REPOS", "-broken");
    container.set("DIST_PACKAGES", "small");
    container.install().succeeded();
    assert!(container.packages().contains_key("small"));
    assert_eq!(
        container.read("/etc/apt/sources.list.d/broken.list"),
        broken
    );
}
