//! Mirrors and `DIST_REPOS` in the build of a service: the step `repositories`.

use crate::test::{Outcome, Test};

/// What the plan says of that step.
fn planned(outcome: &Outcome) -> String {
    let mut parts = outcome.stdout.split("\n\n");
    let part = parts.find(|part| part.starts_with("repositories: "));
    format!("{}\n", part.unwrap_or_else(|| panic!("{outcome:?}")))
}

#[test]
fn most_builds_have_nothing_to_do_with_it() {
    let outcome = Test::debian().plan().outcome();
    assert!(!outcome.stdout.contains("repositories"), "{outcome:?}");
}

#[test]
fn ubuntu_is_turned_to_a_mirror() {
    let test = || {
        Test::ubuntu()
            .file("etc/apt/sources.list.d/ubuntu.sources", UBUNTU)
            .file(
                "etc/apt/sources.list.d/ports.list",
                "deb [arch=arm64] http://ports.ubuntu.com/ubuntu-ports/ noble main\n",
            )
            .file(
                "etc/apt/sources.list.d/docker.list",
                "deb https://download.docker.com/linux/ubuntu noble stable\n",
            )
            .set("APT_MIRROR_HOST", "mirror.example")
            .set("PACKAGE_MIRROR", "not-this.example")
    };
    // By http: the image has no certificates.
    insta::assert_snapshot!(planned(&test().plan().outcome()), @r"
    repositories: packages come by APT_MIRROR_HOST=mirror.example
        do     write /etc/apt/sources.list.d/ports.list; the original is /etc/apt/sources.list.d/ports.list.loci-install.orig until cleanup
               http://ports.ubuntu.com/ubuntu-ports/ -> http://mirror.example/ubuntu-ports/
        do     write /etc/apt/sources.list.d/ubuntu.sources; the original is /etc/apt/sources.list.d/ubuntu.sources.loci-install.orig until cleanup
               http://archive.ubuntu.com/ubuntu/ -> http://mirror.example/ubuntu/
               http://security.ubuntu.com/ubuntu/ -> http://mirror.example/ubuntu/
        remove /var/lib/loci-install/lists-refreshed
    ");
    let with = test().file("etc/ssl/certs/ca-certificates.crt", "");
    let said = planned(&with.plan().outcome());
    assert!(
        said.contains("-> https://mirror.example/ubuntu-ports/\n"),
        "{said}"
    );
    // `bootstrap` waits for it.
    let said = test().plan().outcome().stdout;
    assert!(said.contains("\n    after  repositories\n"), "{said}");
}

#[test]
fn every_argument_names_a_mirror() {
    for (argument, value) in [
        ("APT_MIRROR_HOST", "http://mirror.example/"),
        ("APT_MIRROR", "http://mirror.example/debian/"),
        ("PACKAGE_MIRROR", "http://mirror.example"),
    ] {
        let outcome = Test::debian()
            .file(
                "etc/apt/sources.list",
                "deb http://deb.debian.org/debian trixie main\n",
            )
            .set(argument, value)
            .plan()
            .outcome();
        let said = planned(&outcome);
        assert!(
            said.contains(
                "\n           http://deb.debian.org/debian -> http://mirror.example/debian\n"
            ),
            "{argument}: {said}"
        );
    }
}

#[test]
fn a_mirror_that_serves_nothing_is_told() {
    let said = Test::debian()
        .file(
            "etc/apt/sources.list",
            "deb http://company.example/debian trixie main\n",
        )
        .set("APT_MIRROR_HOST", "mirror.example")
        .plan()
        .outcome()
        .stderr;
    assert!(
        said.starts_with(
            "warning: APT_MIRROR_HOST=mirror.example: the mirror serves nothing: \
             no repository of this image is at an address of the distribution's own archive\n"
        ),
        "{said}"
    );
}

#[test]
fn an_original_that_lies_there_is_what_counts() {
    let test = |now: &str| {
        Test::debian().file("etc/apt/sources.list", now).file(
            "etc/apt/sources.list.loci-install.orig",
            "deb http://deb.debian.org/debian trixie main\n",
        )
    };
    let changed = "deb http://mirror.example/debian trixie main\n";
    // Nothing wants it changed any more.
    insta::assert_snapshot!(planned(&test(changed).plan().outcome()), @r"
    repositories: repositories are those of the image
        do     rename /etc/apt/sources.list.loci-install.orig back
        remove /var/lib/loci-install/lists-refreshed
    ");
    let same = test(changed).set("APT_MIRROR_HOST", "mirror.example");
    insta::assert_snapshot!(planned(&same.plan().outcome()), @r"
    repositories: packages come by APT_MIRROR_HOST=mirror.example
        done   they are as they have to be
    ");
    let other = test(changed).set("APT_MIRROR_HOST", "other.example");
    insta::assert_snapshot!(planned(&other.plan().outcome()), @r"
    repositories: packages come by APT_MIRROR_HOST=other.example
        do     write /etc/apt/sources.list; the original is /etc/apt/sources.list.loci-install.orig until cleanup
               http://deb.debian.org/debian -> http://other.example/debian
        remove /var/lib/loci-install/lists-refreshed
    ");
}

#[test]
fn repositories_are_switched_by_name() {
    let test = Test::debian()
        .file(
            "etc/apt/sources.list.d/docker.list",
            "deb https://d.example trixie stable\n",
        )
        .file(
            "etc/apt/sources.list.d/backports.sources",
            "Enabled: no\nTypes: deb\nURIs: https://b.example\n",
        )
        .set("DIST_REPOS", "+backports -docker");
    insta::assert_snapshot!(planned(&test.plan().outcome()), @r"
    repositories: packages come by DIST_REPOS=+backports -docker
        do     write /etc/apt/sources.list.d/docker.list; the original is /etc/apt/sources.list.d/docker.list.loci-install.orig until cleanup
        do     write /etc/apt/sources.list.d/backports.sources; the original is /etc/apt/sources.list.d/backports.sources.loci-install.orig until cleanup
        remove /var/lib/loci-install/lists-refreshed
    ");
}

#[test]
fn a_repository_that_there_is_not_is_told_with_those_that_there_are() {
    let test = |files: &[(&str, &str)], os_release: Option<&str>| {
        let mut test = Test::debian().set("DIST_REPOS", "dokcer, -nosuch");
        for (path, text) in files {
            test = test.file(path, text);
        }
        if let Some(text) = os_release {
            test = test.file("etc/os-release", text);
        }
        let outcome = test.plan().outcome();
        assert_eq!(outcome.status, Some(2), "{outcome:?}");
        let lines = outcome.stderr.lines();
        let lines = lines.filter(|line| line.contains("DIST_REPOS"));
        lines.flat_map(|line| [line, "\n"]).collect::<String>()
    };
    insta::assert_snapshot!(test(&[], None), @r"
    DIST_REPOS=+dokcer: there is no such repository; there is none at all
    DIST_REPOS=-nosuch: there is no such repository; there is none at all
    ");
    let apt = [
        ("etc/apt/sources.list.d/docker.list", ""),
        ("etc/apt/sources.list", ""),
    ];
    insta::assert_snapshot!(test(&apt, None), @r"
    DIST_REPOS=+dokcer: there is no such repository; did you mean docker?; there are docker, sources
    DIST_REPOS=-nosuch: there is no such repository; there are docker, sources
    ");
    let rpm = [("etc/yum.repos.d/x.repo", "[docker]\n[docker-source]\n")];
    insta::assert_snapshot!(test(&rpm, Some("ID=centos\nVERSION_ID=9\n")), @r"
    DIST_REPOS=+dokcer: there is no such repository; did you mean docker?; there are docker, docker-source
    DIST_REPOS=-nosuch: there is no such repository; there are docker, docker-source
    ");
}

#[test]
fn dnf_and_zypper_are_turned_to_a_mirror() {
    let centos = Test::debian()
        .file(
            "etc/os-release",
            "ID=centos\nID_LIKE=\"rhel fedora\"\nVERSION_ID=9\n",
        )
        .file("etc/yum.repos.d/centos.repo", CENTOS)
        .file("etc/pki/tls/certs/ca-bundle.crt", "")
        .set("PACKAGE_MIRROR", "mirror.example/centos-stream")
        .set("DIST_REPOS", "crb");
    insta::assert_snapshot!(planned(&centos.plan().outcome()), @r"
    repositories: packages come by PACKAGE_MIRROR=mirror.example/centos-stream and DIST_REPOS=+crb
        do     write /etc/yum.repos.d/centos.repo; the original is /etc/yum.repos.d/centos.repo.loci-install.orig until cleanup
               https://mirrors.centos.org/metalink?repo=centos-baseos-$stream&arch=$basearch&protocol=https,http -> https://mirror.example/centos-stream/$stream/BaseOS/$basearch/os/
               https://mirrors.centos.org/metalink?repo=centos-crb-$stream&arch=$basearch&protocol=https,http -> https://mirror.example/centos-stream/$stream/CRB/$basearch/os/
        remove /var/lib/loci-install/lists-refreshed
    ");
    let leap = Test::debian()
        .file(
            "etc/os-release",
            "ID=opensuse-leap\nID_LIKE=\"suse opensuse\"\nVERSION_ID=15.6\n",
        )
        .file("etc/zypp/repos.d/repo-oss.repo", LEAP)
        .set("PACKAGE_MIRROR", "http://mirror.example");
    insta::assert_snapshot!(planned(&leap.plan().outcome()), @r"
    repositories: packages come by PACKAGE_MIRROR=http://mirror.example
        do     write /etc/zypp/repos.d/repo-oss.repo; the original is /etc/zypp/repos.d/repo-oss.repo.loci-install.orig until cleanup
               http://download.opensuse.org/distribution/leap/$releasever/repo/oss/ -> http://mirror.example/distribution/leap/$releasever/repo/oss/
        remove /var/lib/loci-install/lists-refreshed
    ");
}

const UBUNTU: &str = "\
Types: deb
URIs: http://archive.ubuntu.com/ubuntu/
Suites: noble noble-updates noble-backports
Components: main universe restricted multiverse
Signed-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg

Types: deb
URIs: http://security.ubuntu.com/ubuntu/
Suites: noble-security
Components: main universe restricted multiverse
Signed-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg
";

const CENTOS: &str = "\
[baseos]
name=CentOS Stream $releasever - BaseOS
metalink=https://mirrors.centos.org/metalink?repo=centos-baseos-$stream&arch=$basearch&protocol=https,http
gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-centosofficial
gpgcheck=1
enabled=1

[crb]
name=CentOS Stream $releasever - CRB
metalink=https://mirrors.centos.org/metalink?repo=centos-crb-$stream&arch=$basearch&protocol=https,http
gpgcheck=1
enabled=0
";

const LEAP: &str = "\
[repo-oss]
name=Main Repository
enabled=1
autorefresh=1
baseurl=http://download.opensuse.org/distribution/leap/$releasever/repo/oss/
";

/// zypper writes such repositories anew whenever it refreshes the service.
#[test]
fn a_mirror_of_what_a_service_brings_is_refused() {
    let test = |enabled: &str| {
        let outcome = Test::debian()
            .file(
                "etc/os-release",
                "ID=opensuse-leap\nID_LIKE=\"suse opensuse\"\nVERSION_ID=16.0\n",
            )
            .file(
                "etc/zypp/services.d/openSUSE.service",
                &format!("[openSUSE]\nenabled={enabled}\ntype=ris\n"),
            )
            .set("PACKAGE_MIRROR", "mirror.example")
            .plan()
            .outcome();
        (outcome.status, outcome.stderr)
    };
    let (status, said) = test("1");
    assert_eq!(status, Some(2));
    assert!(
        said.contains(
            "  PACKAGE_MIRROR=mirror.example: the repositories of this image come from \
             /etc/zypp/services.d/openSUSE.service, and zypper writes them anew; \
             name the mirror there, or remove that file and add repositories of your own\n"
        ),
        "{said}"
    );
    assert_eq!(test("0").0, Some(0));
}
