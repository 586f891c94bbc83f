//! Mirrors, in the build of a service: real apt, a real archive, real signatures.

use std::fs::{self, File, FileTimes, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::{Duration, UNIX_EPOCH};

use regex::Regex;

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

/// The text less what differs from run to run and from machine to machine.
fn scrubbed(text: &str, mirror: &Mirror) -> String {
    let (_, port) = mirror.host.split_once(':').expect("a port");
    let text = text.replace(&mirror.host, "MIRROR").replace(port, "PORT");
    let files = Regex::new(r"\d+ files and").expect("constant");
    let text = files.replace_all(&text, "N files and");
    let architecture = Regex::new(":(?:amd64|arm64)").expect("constant");
    architecture.replace_all(&text, ":ARCH").into_owned()
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
    insta::assert_snapshot!(scrubbed(&complaint, &mirror), @r"
    packages: could not install the packages
      command: apt-get -qq '--option=Acquire::Retries=3' '--option=Acquire::Languages=none' '--option=Dpkg::Use-Pty=false' '--option=Dpkg::Options::=--force-confold' '--option=Dpkg::Options::=--force-confdef' '--option=Dpkg::Options::=--force-unsafe-io' '--option=APT::Install-Suggests=false' '--option=DPkg::Path=/var/lib/loci-install/programs:/usr/sbin:/usr/bin:/sbin:/bin' install --yes --no-install-recommends small
      ended:   exit status 100
      said:
        E: Failed to fetch http://MIRROR/debian/pool/small_1_all.deb  Undetermined Error [IP: 127.0.0.1 PORT]
        E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?
    The last lines say what to correct.
    This step alone: loci-install step packages; the build from there: loci-install
    ");
    assert!(!container.packages().contains_key("small"));
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_mirror_that_is_not_there_is_named() {
    let archive = Archive::of(&[SMALL]);
    let mut container = container(&archive.key(), "127.0.0.1:9");
    container.set("DIST_PACKAGES", "small");
    container.one_by_one();
    insta::assert_snapshot!(container.install().complaint(), @r"
    packages: could not bring the package lists up to date from APT_MIRROR_HOST=http://127.0.0.1:9
      command: apt-get -qq '--option=Acquire::Retries=3' '--option=Acquire::Languages=none' '--option=Dpkg::Use-Pty=false' '--option=Dpkg::Options::=--force-confold' '--option=Dpkg::Options::=--force-confdef' '--option=Dpkg::Options::=--force-unsafe-io' update '--error-on=any' '--option=pkgCacheFile::Generate=false'
      ended:   exit status 100
      said:
        E: Failed to fetch http://127.0.0.1:9/debian/dists/trixie/InRelease  Unable to connect to 127.0.0.1:9:
        E: Some index files failed to download. They have been ignored, or old ones used instead.
    The last lines say what to correct.
    This step alone: loci-install step packages; the build from there: loci-install
    ");
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
    insta::assert_snapshot!(scrubbed(&container.step("packages").complaint(), &mirror), @r"
    packages: could not find a way to install the packages together
      command: apt-get -qq '--option=Acquire::Retries=3' '--option=Acquire::Languages=none' '--option=Dpkg::Use-Pty=false' '--option=Dpkg::Options::=--force-confold' '--option=Dpkg::Options::=--force-confdef' '--option=Dpkg::Options::=--force-unsafe-io' '--option=APT::Install-Suggests=false' '--option=DPkg::Path=/var/lib/loci-install/programs:/usr/sbin:/usr/bin:/sbin:/bin' install --yes --no-install-recommends --print-uris '--option=Acquire::ForceHash=SHA256' small large
      ended:   exit status 100
      said:
        E: Unable to correct problems, you have held broken packages.
        E: The following information from --solver 3.0 may provide additional context:
           Unable to satisfy dependencies. Reached two conflicting decisions:
           1. large:ARCH=1 is selected for install
           2. large:ARCH is not selected for install because:
              1. small:ARCH=1 is selected for install
              2. large:ARCH Conflicts small
    The last lines say what to correct.
    This step alone: loci-install step packages; the build from there: loci-install
    ");
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
    insta::assert_snapshot!(scrubbed(&container.step("packages").complaint(), &mirror), @r"
    packages: could not install the packages
      command: apt-get -qq '--option=Acquire::Retries=3' '--option=Acquire::Languages=none' '--option=Dpkg::Use-Pty=false' '--option=Dpkg::Options::=--force-confold' '--option=Dpkg::Options::=--force-confdef' '--option=Dpkg::Options::=--force-unsafe-io' '--option=APT::Install-Suggests=false' '--option=DPkg::Path=/var/lib/loci-install/programs:/usr/sbin:/usr/bin:/sbin:/bin' install --yes --no-install-recommends small
      ended:   exit status 100
      said:
        Selecting previously unselected package small.
        (Reading database ... N files and directories currently installed.)
        Preparing to unpack .../apt/archives/small_1_all.deb ...
        Unpacking small (1) ...
        Setting up small (1) ...
        there is no /etc/license
        dpkg: error processing package small (--configure):
         installed small package post-installation script subprocess returned error exit status 3
        Errors were encountered while processing:
         small
        E: Sub-process /usr/bin/dpkg returned an error code (1)
    The last lines say what to correct.
    This step alone: loci-install step packages; the build from there: loci-install
    ");
    // The same again: bootstrap finishes what is unfinished, and is told why it cannot.
    insta::assert_snapshot!(container.install().complaint(), @r"
    bootstrap: could not finish the installation that was cut off
      command: dpkg --configure --pending --force-confold
      ended:   exit status 1
      said:
        Setting up small (1) ...
        there is no /etc/license
        dpkg: error processing package small (--configure):
         installed small package post-installation script subprocess returned error exit status 3
        Errors were encountered while processing:
         small
    The last lines say what to correct.
    This step alone: loci-install step bootstrap; the build from there: loci-install
    ");
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

/// Both names are of one file then, and rename(2) would leave them as they are.
#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_run_that_was_cut_off_before_it_changed_a_file_leaves_none() {
    let container = container("", "127.0.0.1:9");
    let original = format!("{SOURCES}.loci-install.orig");
    container.shell(&format!("ln {SOURCES} {original}"));
    container.write("/var/lib/openstack/pyvenv.cfg", "");
    container.step("cleanup").succeeded();
    assert!(container.has(SOURCES) && !container.has(&original));
}
