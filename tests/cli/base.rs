//! `loci-install base`, and the arguments that are its own.

use crate::test::Test;

impl Test {
    /// A Debian 13 image that nothing was done to, with this repository's bindep file.
    fn bare() -> Self {
        Self::debian()
            .unset("PROJECT")
            .without("wheels")
            .without("tmp")
            .file(
                "opt/loci/bindep.txt",
                "netbase [platform:dpkg]\nwget [base]\n",
            )
            .file("opt/loci/pydep.txt", "uwsgi []\n")
    }

    /// Asks for the plan of a base image.
    fn plan_base(self) -> Self {
        self.plan().args(["base"])
    }
}

/// The plan without what every command line of apt has.
fn shortened(test: &Test) -> String {
    let outcome = test.outcome();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    let short = |line: &str| {
        let at = line
            .find(" '--option=Acquire::Retries")
            .unwrap_or(line.len());
        let rest = line.find(" install --yes").or(line.find(" update '"));
        let rest = rest.map_or("", |at| &line[at..]);
        format!("{}{rest}\n", &line[..at])
    };
    outcome.stdout.lines().map(short).collect()
}

#[test]
fn a_plan() {
    insta::assert_snapshot!(shortened(&Test::bare().plan_base()), @r"
    base on debian 13 (trixie) ARCH

    repositories: repositories are those of the image
        done   they are as they have to be

    bootstrap: the base image lacks python3 to run the service, ca-certificates to trust other services, python3's shared library, which uwsgi is linked with
        after  repositories
        do     write /usr/sbin/policy-rc.d and /var/lib/loci-install/programs/py3compile, so that no package starts a service or compiles modules
        do     apt-get -qq update '--error-on=any' '--option=pkgCacheFile::Generate=false', once in a build
        do     apt-get -qq install --yes --no-install-recommends ca-certificates python3 libpython3.X

    ceph: Ceph's archive has newer releases than the distribution's
        after  bootstrap
        done   CEPH_REPO is not set

    packages: 2 packages for the profiles base, trixie
        after  bootstrap, ceph
        do     write /usr/sbin/policy-rc.d and /var/lib/loci-install/programs/py3compile, so that no package starts a service or compiles modules
        do     apt-get -qq update '--error-on=any' '--option=pkgCacheFile::Generate=false', once in a build
        do     apt-get -qq install --yes --no-install-recommends netbase wget

    info: /etc/image_info says what the image is made of
        after  packages
        do     write /etc/image_info/{packages.txt,build.json}

    cleanup: the image keeps nothing that only its build needed
        after  repositories, bootstrap, packages, info
        do     remove the packages that bootstrap installed for the build alone, and what came with them
        do     remove __pycache__ directories below /usr/lib/python3*, /usr/share and /var/lib/openstack
        do     remove /usr/sbin/policy-rc.d, if it is ours
        do     remove /etc/machine-id and /var/lib/dbus/machine-id, what of it packages of this build made
        do     remove copies and locks that changes of accounts left beside /etc/group, /etc/gshadow, /etc/passwd, /etc/shadow, /etc/subgid, /etc/subuid
        do     write /etc/image_info/sbom.cdx.json: every package and distribution
        do     rename the original files of repositories back
        remove /var/lib/loci-install/lists-refreshed
        remove /var/lib/apt/lists/*
        remove /var/cache/apt/*.bin*
        remove /var/cache/apt/archives/*.deb
        remove /var/cache/apt/archives/partial/*
        remove /var/cache/debconf/*-old
        remove /var/cache/ldconfig/aux-cache
        remove /var/lib/dpkg/*-old
        remove /var/log/alternatives.log
        remove /var/log/apt/*
        remove /var/log/bootstrap.log
        remove /var/log/dpkg.log
        remove /opt/loci
        remove /var/lib/openstack/.loci-install
        do     write /etc/image_info/files.mtree, with a digest of every file
        remove /var/lib/loci-install

    critical path: bootstrap 10 s, packages 14 s, cleanup 1 s; 25 s in all, estimated
    ");
}

#[test]
fn a_plan_with_everything() {
    let test = Test::bare()
        .file("etc/apt/sources.list.d/debian.sources", SOURCES)
        .file(
            "etc/apt/sources.list.d/docker.list",
            "deb https://download.docker.com/linux/debian trixie stable\n",
        )
        .file(
            "opt/loci/ceph.asc",
            "-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
        )
        .set("APT_MIRROR_HOST", "mirror.example:8080/x")
        .set("DIST_REPOS", "-docker")
        .set(
            "CEPH_REPO",
            "deb [arch=amd64] https://download.ceph.com/debian-squid bookworm main",
        )
        .set("CEPH_KEY", "ceph.asc")
        .set("ALLOW_UNAUTHENTICATED", "True")
        .plan_base();
    insta::assert_snapshot!(shortened(&test), @r"
    base on debian 13 (trixie) ARCH

    repositories: packages come by APT_MIRROR_HOST=mirror.example:8080/x and DIST_REPOS=-docker
        do     write /etc/apt/sources.list.d/docker.list, to stay
        do     write /etc/apt/sources.list.d/debian.sources; the original is /etc/apt/sources.list.d/debian.sources.loci-install.orig until cleanup
               http://deb.debian.org/debian -> http://mirror.example:8080/x/debian
               http://deb.debian.org/debian-security -> http://mirror.example:8080/x/debian-security
        remove /var/lib/loci-install/lists-refreshed
        do     write /etc/apt/apt.conf.d/allow-unauthenticated, to stay

    bootstrap: the base image lacks python3 to run the service, ca-certificates to trust other services, python3's shared library, which uwsgi is linked with
        after  repositories
        do     write /usr/sbin/policy-rc.d and /var/lib/loci-install/programs/py3compile, so that no package starts a service or compiles modules
        do     apt-get -qq update '--error-on=any' '--option=pkgCacheFile::Generate=false', once in a build
        do     apt-get -qq install --yes --no-install-recommends ca-certificates python3 libpython3.X

    ceph: CEPH_REPO names Ceph's archive
        after  bootstrap
        do     write /etc/apt/keyrings/ceph.asc, or ceph.gpg when the key is binary, and /etc/apt/sources.list.d/ceph.list
               key: /opt/loci/ceph.asc
               deb [arch=amd64 signed-by=/etc/apt/keyrings/ceph.asc] https://download.ceph.com/debian-squid bookworm main
        remove /var/lib/loci-install/lists-refreshed
        do     apt-get -qq update '--error-on=any' '--option=pkgCacheFile::Generate=false', once in a build

    packages: 2 packages for the profiles base, trixie
        after  bootstrap, ceph
        do     write /usr/sbin/policy-rc.d and /var/lib/loci-install/programs/py3compile, so that no package starts a service or compiles modules
        do     apt-get -qq update '--error-on=any' '--option=pkgCacheFile::Generate=false', once in a build
        do     apt-get -qq install --yes --no-install-recommends netbase wget

    info: /etc/image_info says what the image is made of
        after  packages
        do     write /etc/image_info/{packages.txt,build.json}

    cleanup: the image keeps nothing that only its build needed
        after  repositories, bootstrap, packages, info
        do     remove the packages that bootstrap installed for the build alone, and what came with them
        do     remove __pycache__ directories below /usr/lib/python3*, /usr/share and /var/lib/openstack
        do     remove /usr/sbin/policy-rc.d, if it is ours
        do     remove /etc/machine-id and /var/lib/dbus/machine-id, what of it packages of this build made
        do     remove copies and locks that changes of accounts left beside /etc/group, /etc/gshadow, /etc/passwd, /etc/shadow, /etc/subgid, /etc/subuid
        do     write /etc/image_info/sbom.cdx.json: every package and distribution
        do     rename the original files of repositories back
        remove /var/lib/loci-install/lists-refreshed
        remove /var/lib/apt/lists/*
        remove /var/cache/apt/*.bin*
        remove /var/cache/apt/archives/*.deb
        remove /var/cache/apt/archives/partial/*
        remove /var/cache/debconf/*-old
        remove /var/cache/ldconfig/aux-cache
        remove /var/lib/dpkg/*-old
        remove /var/log/alternatives.log
        remove /var/log/apt/*
        remove /var/log/bootstrap.log
        remove /var/log/dpkg.log
        remove /opt/loci
        remove /var/lib/openstack/.loci-install
        do     write /etc/image_info/files.mtree, with a digest of every file
        remove /var/lib/loci-install

    critical path: bootstrap 10 s, ceph 3 s, packages 14 s, cleanup 1 s; 28 s in all, estimated
    ");
    assert!(test.outcome().stderr.starts_with(
        "warning: ALLOW_UNAUTHENTICATED=True: packages are installed whose signatures are missing or wrong: \
         anybody's, whoever is between, in this image and in every one that is made of it\n"
    ));
}

/// `PROJECT=base` is the same, so that steps can be run alone.
#[test]
fn a_plan_by_its_project() {
    let one = Test::bare().plan_base().outcome();
    let other = Test::bare().set("PROJECT", "base").plan().outcome();
    assert_eq!(one, other);
    let command_wins = Test::bare().set("PROJECT", "nova").plan_base().outcome();
    assert_eq!(one, command_wins);
}

#[test]
fn its_steps_are_its_own() {
    Test::bare()
        .args(["step", "--project", "base", "pip"])
        .inside()
        .stderr(
            "error: 2 problems; nothing was touched\n\
             \x20 installing needs root; run it as root, or use `loci-install plan` to look only\n\
             \x20 PROJECT=base has no step pip; its steps are repositories, bootstrap, ceph, packages, info, cleanup\n",
        )
        .status(2)
        .run();
}

#[test]
fn what_is_wrong_is_told_at_once() {
    Test::bare()
        .set("APT_MIRROR_HOST", "/srv/mirror")
        .set("PACKAGE_MIRROR", "ftp://mirror.example")
        .set("APT_MIRROR", "a b")
        .set("ALLOW_UNAUTHENTICATED", "perhaps")
        .set("CEPH_REPO", "deb https://download.ceph.com/debian-squid bookworm")
        .set("CEPH_KEY", "http://download.ceph.com/keys/release.asc")
        .set("DIST_REPOS", "epel -epel a/b")
        .set("PIP_PACKAGES", "pymysql")
        .set("BYTECODE", "checked")
        .plan_base()
        .stderr(
            "error: 10 wrong settings; nothing was touched\n\
             \x20 PIP_PACKAGES=pymysql: a base image has no virtualenv; the images made of it have\n\
             \x20 BYTECODE=checked: a base image has no virtualenv; the images made of it have\n\
             \x20 APT_MIRROR_HOST=/srv/mirror: not a mirror; host, host:port or host/prefix, each also behind http:// or https://\n\
             \x20 APT_MIRROR=a b: not a mirror; host, host:port or host/prefix, each also behind http:// or https://\n\
             \x20 PACKAGE_MIRROR=ftp://mirror.example: not a mirror; host, host:port or host/prefix, each also behind http:// or https://\n\
             \x20 ALLOW_UNAUTHENTICATED=perhaps: not a boolean; True, yes, 1 or on, or False, no, 0 or off\n\
             \x20 CEPH_REPO=deb https://download.ceph.com/debian-squid bookworm: not a line of sources.list(5): the suite `bookworm` needs a component; for example deb https://download.ceph.com/debian-squid bookworm main\n\
             \x20 CEPH_KEY=http://download.ceph.com/keys/release.asc: a key that comes by http can be anybody's; use https, or write #sha256= behind it, and what sha256sum says of the file\n\
             \x20 DIST_REPOS=epel -epel a/b: both +epel and -epel\n\
             \x20 DIST_REPOS=epel -epel a/b: `a/b` is not the name of a repository; NAME or +NAME switch one on, -NAME off\n",
        )
        .status(2)
        .run();
}

#[test]
fn signatures_of_ceph_are_switched_off_in_one_place_only() {
    Test::bare()
        .set("CEPH_REPO", "deb [trusted=yes] https://h.example/debian x main")
        .plan_base()
        .stderr(
            "error: 1 wrong setting; nothing was touched\n\
             \x20 CEPH_REPO=deb [trusted=yes] https://h.example/debian x main: trusted=yes switches the check of signatures off; \
             leave it out and give CEPH_KEY, or set ALLOW_UNAUTHENTICATED=True\n",
        )
        .status(2)
        .run();
    Test::bare()
        .set("CEPH_REPO", "deb [signed-by=/k] https://h.example/debian x main")
        .set("CEPH_KEY", "https://h.example/key")
        .plan_base()
        .stderr(
            "error: 1 wrong setting; nothing was touched\n\
             \x20 CEPH_KEY=https://h.example/key: CEPH_REPO names its key with signed-by; name it in one place\n",
        )
        .status(2)
        .run();
}

#[test]
fn a_key_that_is_not_there_or_another_one() {
    let repository = "deb https://h.example/debian x main";
    Test::bare()
        .set("CEPH_REPO", repository)
        .set("CEPH_KEY", "ceph.asc")
        .plan_base()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 CEPH_KEY=ceph.asc: no such file in /opt/loci\n",
        )
        .status(2)
        .run();
    let zeros = "0".repeat(64);
    Test::bare()
        .file("opt/loci/ceph.asc", "")
        .set("CEPH_REPO", repository)
        .set("CEPH_KEY", &format!("ceph.asc#sha256={zeros}"))
        .plan_base()
        .stderr(&format!(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 CEPH_KEY=ceph.asc: /opt/loci/ceph.asc has the digest sha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855, \
             and sha256={zeros} is wanted; give the right file, or its digest\n"
        ))
        .status(2)
        .run();
}

#[test]
fn its_own_arguments_are_no_services() {
    Test::debian()
        .set("CEPH_REPO", "deb https://download.ceph.com/debian-squid bookworm main")
        .set("CEPH_KEY", "https://ceph.example/key")
        .set("ALLOW_UNAUTHENTICATED", "yes")
        .plan()
        .stderr(
            "error: 3 wrong settings; nothing was touched\n\
             \x20 CEPH_REPO=deb https://download.ceph.com/debian-squid bookworm main: for the base image only: loci-install base\n\
             \x20 CEPH_KEY=https://ceph.example/key: for the base image only: loci-install base\n\
             \x20 ALLOW_UNAUTHENTICATED=yes: for the base image only: loci-install base\n",
        )
        .status(2)
        .run();
}

#[test]
fn defaults_are_no_trouble() {
    let plan = |test: Test| test.plan().outcome();
    let with_defaults = Test::debian()
        .set("ALLOW_UNAUTHENTICATED", "no")
        .set("CEPH_KEY", "https://download.ceph.com/keys/release.asc")
        // What LOCI's Dockerfile has.
        .set("APT_MIRROR", "https://archive.ubuntu.com/ubuntu/")
        .set("REGISTRY_PROTOCOL", "detect")
        .set("REGISTRY_INSECURE", "False")
        .set("NOVA_TSS_USER", "tss")
        .set("NOVA_TSS_UID", "42434")
        .set("NOVNC_REF", "v1.0.0");
    assert_eq!(plan(with_defaults), plan(Test::debian()));
}

/// The image that `base` made with `ALLOW_UNAUTHENTICATED`, or LOCI.
#[test]
fn an_image_that_verifies_nothing_is_told_in_every_build() {
    let said = Test::debian()
        .file(
            "etc/apt/apt.conf.d/allow-unathenticated",
            "APT::Get::AllowUnauthenticated \"true\";\n",
        )
        .file(
            "etc/apt/apt.conf.d/other",
            "APT::Get::AllowUnauthenticated \"false\";\n",
        )
        .plan()
        .outcome()
        .stderr;
    assert!(
        said.starts_with(
            "warning: /etc/apt/apt.conf.d/allow-unathenticated says AllowUnauthenticated: \
             packages are installed whose signatures are missing or wrong: anybody's, whoever is between\n"
        ),
        "{said}"
    );
    assert_eq!(said.matches("warning: ").count(), 1, "{said}");
}

#[test]
fn a_distribution_without_apt_has_other_arguments() {
    let test = |os_release: &str| {
        Test::bare()
            .file("etc/os-release", os_release)
            .set("ALLOW_UNAUTHENTICATED", "True")
            .set("APT_MIRROR_HOST", "mirror.example")
            .set("CEPH_REPO", "deb https://h.example/debian x main")
            .plan_base()
            .outcome()
    };
    for (os_release, has) in [
        ("ID=centos\nVERSION_ID=9\n", "centos has dnf"),
        ("ID=opensuse-leap\nVERSION_ID=15.6\n", "opensuse has zypper"),
    ] {
        let outcome = test(os_release);
        assert_eq!(outcome.status, Some(2), "{outcome:?}");
        for problem in [
            format!("  APT_MIRROR_HOST=mirror.example: {has} and no apt; give PACKAGE_MIRROR\n"),
            format!(
                "  ALLOW_UNAUTHENTICATED=True: {has} and no apt; what gpgcheck says in the repositories' own files holds\n"
            ),
            format!(
                "  CEPH_REPO=deb https://h.example/debian x main: {has}; give the URL below which its repodata is\n"
            ),
        ] {
            assert!(outcome.stderr.contains(&problem), "{problem}\n{outcome:?}");
        }
    }
    let outcome = Test::bare()
        .set(
            "CEPH_REPO",
            "https://download.ceph.com/rpm-squid/el9/noarch",
        )
        .plan_base()
        .outcome();
    let problem = "  CEPH_REPO=https://download.ceph.com/rpm-squid/el9/noarch: debian has apt; \
                   give a line of sources.list(5), `deb URI SUITE COMPONENT...`\n";
    assert!(outcome.stderr.contains(problem), "{outcome:?}");
}

#[test]
fn passwords_of_mirrors_and_keys_are_masked() {
    let outcome = Test::bare()
        .file("etc/apt/sources.list.d/debian.sources", SOURCES)
        .set(
            "APT_MIRROR_HOST",
            "https://ci:S3cr3tPassw0rd@mirror.example",
        )
        .set("CEPH_REPO", "deb https://h.example/debian x main")
        .set("CEPH_KEY", "https://ci:S3cr3tPassw0rd@h.example/key")
        .plan_base()
        .outcome();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    assert!(!format!("{outcome:?}").contains("S3cr3t"), "{outcome:?}");
    assert!(
        outcome
            .stdout
            .contains("https://****@mirror.example/debian"),
        "{outcome:?}"
    );
}

const SOURCES: &str = "\
Types: deb
URIs: http://deb.debian.org/debian
Suites: trixie trixie-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://deb.debian.org/debian-security
Suites: trixie-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
";
