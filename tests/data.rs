//! The project's own lists: `bindep.txt`, `pydep.txt` and `python-custom-name-mapping.txt`.

mod catalogue;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use catalogue::{IMAGES, bindep, packages, path};

/// The platforms that are served, as `bindep --platform` calls them.
const PLATFORMS: &[&str] = &[
    "debian-bookworm",
    "debian-trixie",
    "ubuntu-jammy",
    "ubuntu-noble",
    "centos-9",
    "centos-10",
    "opensuse-15.6",
];

/// Images that lack packages that they have on Debian: docs/packages.md says why.
const MISSING: &[(&str, &str)] = &[
    ("centos-9", "infra rabbitmq hipe"),
    ("centos-10", "infra rabbitmq hipe"),
    ("opensuse-15.6", "infra rabbitmq hipe"),
    ("opensuse-15.6", "keystone apache mellon"),
    ("centos-9", "monasca api"),
    ("centos-10", "monasca api"),
    ("opensuse-15.6", "monasca api"),
    ("centos-9", "neutron linuxbridge"),
    ("centos-10", "neutron linuxbridge"),
];

/// The profiles of LOCI's lists, of both generations. Who builds with one of them gets its
/// packages from ours.
const LOCI_PROFILES: &[&str] = &[
    "apache",
    "api",
    "ceph",
    "cinder",
    "configdrive",
    "glance",
    "haproxy",
    "hipe",
    "horizon",
    "infra",
    "ipmi",
    "ipxe",
    "ironic",
    "keepalived",
    "keystone",
    "ldap",
    "libvirt",
    "linuxbridge",
    "lvm",
    "manila",
    "mellon",
    "memcached",
    "migration",
    "monasca",
    "neutron",
    "nginx",
    "nova",
    "octavia",
    "openidc",
    "openvswitch",
    "placement",
    "purestorage",
    "qemu",
    "rabbitmq",
    "requirements",
    "tftp",
    "vpn",
];

#[test]
fn every_paragraph_says_why_and_is_sorted() {
    for file in ["bindep.txt", "pydep.txt"] {
        for paragraph in paragraphs(file) {
            let (comments, rules) = split(&paragraph);
            if rules.is_empty() {
                continue;
            }
            assert!(!comments.is_empty(), "{file}: {paragraph} does not say why");
            assert!(
                !rules.join("\n").contains('#'),
                "{file}: {paragraph} has a comment inside"
            );
            assert!(
                rules
                    .iter()
                    .all(|rule| rule.contains(" [") && rule.ends_with(']')),
                "{file}: {paragraph} has a line without a selector"
            );
            let names: Vec<&str> = rules.iter().map(|rule| name(rule)).collect();
            assert!(
                names.is_sorted_by(|a, b| a < b),
                "{file}: {names:?} are not sorted"
            );
        }
    }
}

#[test]
fn every_profile_of_loci_is_served() {
    let ours = profiles("bindep.txt");
    let missing: Vec<_> = LOCI_PROFILES
        .iter()
        .filter(|name| !ours.contains(**name))
        .collect();
    assert!(missing.is_empty(), "bindep.txt does not know {missing:?}");
}

#[test]
fn every_profile_is_in_the_catalogue() {
    let catalogue: BTreeSet<&str> = IMAGES.iter().flat_map(|image| image.split(' ')).collect();
    let mut missing = profiles("bindep.txt");
    missing.retain(|profile| !catalogue.contains(profile.as_str()));
    assert!(
        missing.is_empty(),
        "no image of tests/catalogue has the profiles {missing:?}"
    );
}

/// A platform with every profile at once selects all that its images select, and a line that no
/// platform selects is dead.
#[test]
fn every_line_is_reached_by_the_catalogue() {
    let everything: Vec<String> = profiles("bindep.txt").into_iter().collect();
    let mut reached = BTreeSet::new();
    for platform in PLATFORMS {
        let mut by_images = BTreeSet::new();
        for image in IMAGES {
            let selected = packages(platform, image);
            let distinct: BTreeSet<String> = selected.iter().cloned().collect();
            assert_eq!(
                selected.len(),
                distinct.len(),
                "{image} on {platform} selects a package twice: {selected:?}"
            );
            by_images.extend(distinct);
        }
        let at_once: BTreeSet<String> = packages(platform, &everything.join(" "))
            .into_iter()
            .collect();
        assert_eq!(by_images, at_once, "on {platform}");
        reached.extend(by_images);
    }

    let listed: BTreeSet<String> = paragraphs("bindep.txt")
        .iter()
        .flat_map(|paragraph| split(paragraph).1)
        .map(|rule| name(&rule).to_owned())
        .collect();
    assert_eq!(listed, reached);
}

/// Where a word of an image adds packages on Debian it adds some on the others, too.
#[test]
fn every_image_has_its_packages_on_every_platform() {
    let mut selections = BTreeMap::new();
    let mut adds = |platform, image: &str, word| {
        let others: Vec<&str> = image.split(' ').filter(|one| *one != word).collect();
        let [with, without] = [image.to_owned(), others.join(" ")].map(|image| {
            let selection = selections.entry((platform, image.clone()));
            selection
                .or_insert_with(|| packages(platform, &image))
                .clone()
        });
        with.iter().any(|name| !without.contains(name))
    };
    let mut missing = BTreeSet::new();
    for platform in ["centos-9", "centos-10", "opensuse-15.6"] {
        for image in IMAGES {
            for word in image.split(' ') {
                if adds("debian-trixie", image, word) && !adds(platform, image, word) {
                    missing.insert((platform, *image));
                }
            }
        }
    }
    let documented: BTreeSet<_> = MISSING.iter().copied().collect();
    assert_eq!(missing, documented);

    let page = fs::read_to_string(path("docs/packages.md")).expect("the project's own file");
    for (_, image) in MISSING {
        assert!(
            page.contains(&format!("| `{image}` | ")),
            "docs/packages.md does not say why {image} lacks packages"
        );
    }
}

/// docs/packages.md has a row for each name of an RPM distribution, with a repository where
/// the name is selected, and no other.
#[test]
fn every_rpm_name_has_its_source() {
    let page = fs::read_to_string(path("docs/packages.md")).expect("the project's own file");
    let (_, table) = page
        .split_once("| package | EL9 |")
        .expect("the table of packages");
    let rows: Vec<Vec<&str>> = table
        .lines()
        .skip(2)
        .map_while(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .map(|row| row.split('|').map(str::trim).collect())
        .collect();
    let everything: Vec<String> = profiles("bindep.txt").into_iter().collect();
    for (column, platform) in [(1, "centos-9"), (2, "centos-10"), (3, "opensuse-15.6")] {
        let documented: BTreeSet<&str> = rows
            .iter()
            .filter(|row| !row[column].is_empty())
            .map(|row| row[0])
            .collect();
        let selected = packages(platform, &everything.join(" "));
        let selected: BTreeSet<&str> = selected.iter().map(String::as_str).collect();
        assert_eq!(selected, documented, "on {platform}");
    }
    for row in &rows {
        assert!(
            !row[4].is_empty() && row[1..4].iter().any(|cell| !cell.is_empty()),
            "{row:?}"
        );
    }
    assert!(rows.is_sorted_by(|a, b| a[0] < b[0]), "not sorted");
}

#[test]
fn keystone_with_ldap_behind_apache() {
    let selected = |platform| sorted(packages(platform, "keystone ldap apache"));
    let debian_12 = "apache2 ca-certificates libapache2-mod-wsgi-py3 libcap2 libldap-2.5-0 \
                     libpcre2-8-0 libxml2 netbase";
    let debian_13 = "apache2 ca-certificates libapache2-mod-wsgi-py3 libcap2 libldap2 \
                     libpcre2-8-0 libxml2 netbase";
    let ubuntu_24 = "apache2 ca-certificates libapache2-mod-wsgi-py3 libcap2 libldap2 \
                     libpcre2-8-0 libpcre3 libxml2 netbase";
    assert_eq!(selected("debian-bookworm"), debian_12);
    assert_eq!(selected("debian-trixie"), debian_13);
    assert_eq!(selected("ubuntu-jammy"), debian_12);
    assert_eq!(selected("ubuntu-noble"), ubuntu_24);
}

#[test]
fn keystone_alone_is_what_every_image_has() {
    let every_image = "ca-certificates libcap2 libpcre2-8-0 libxml2 netbase";
    assert_eq!(sorted(packages("debian-trixie", "keystone")), every_image);
    assert_eq!(sorted(packages("debian-trixie", "heat")), every_image);
    assert_eq!(
        sorted(packages("debian-trixie", "ldap ceph lvm")),
        every_image
    );
}

#[test]
fn the_base_below_them() {
    assert_eq!(
        sorted(packages("debian-trixie", "base")),
        "bind9-host ca-certificates libcap2 libpcre2-8-0 libxml2 lsb-release netbase sudo wget"
    );
}

#[test]
fn cinder_with_lvm_and_ceph() {
    for platform in ["debian-bookworm", "debian-trixie", "ubuntu-jammy"] {
        assert_eq!(
            sorted(packages(platform, "cinder lvm ceph")),
            "ca-certificates ceph-common libcap2 libpcre2-8-0 libxml2 lvm2 netbase \
             python3-rados python3-rbd sudo tgt thin-provisioning-tools",
            "on {platform}"
        );
    }
}

#[test]
fn nova_as_a_compute_node() {
    assert_eq!(
        sorted(packages(
            "debian-trixie",
            "nova ceph openvswitch configdrive qemu migration"
        )),
        "ca-certificates ceph-common genisoimage iproute2 libcap2 libosinfo-bin libpcre2-8-0 \
         libvirt0 libxml2 netbase openssh-client openvswitch-switch python3-rados python3-rbd \
         qemu-utils sudo"
    );
    assert_eq!(
        sorted(packages("ubuntu-noble", "nova linuxbridge purestorage")),
        "bridge-utils ca-certificates iproute2 iptables libcap2 libosinfo-bin libpcre2-8-0 \
         libpcre3 libvirt0 libxml2 multipath-tools netbase open-iscsi sg3-utils sudo"
    );
}

#[test]
fn neutron_with_openvswitch_and_vpn() {
    assert_eq!(
        sorted(packages("debian-bookworm", "neutron openvswitch vpn")),
        "ca-certificates conntrack dnsmasq dnsmasq-utils ebtables haproxy iproute2 ipset iptables \
         iputils-arping keepalived libcap2 libpcre2-8-0 libxml2 netbase openvswitch-switch procps \
         radvd strongswan sudo uuid-runtime"
    );
}

#[test]
fn what_compiles_the_wheels() {
    assert_eq!(
        sorted(packages("debian-trixie", "requirements")),
        "build-essential ca-certificates default-libmysqlclient-dev git libblas-dev libcap-dev \
         libcap2 liberasurecode-dev libffi-dev libjpeg-dev libkrb5-dev liblapack-dev \
         libldap-dev libnss3-dev libpcre2-8-0 libpcre2-dev libpq-dev librdkafka-dev \
         libsasl2-dev libssl-dev libsystemd-dev libvirt-dev libxml2 libxml2-dev libxslt1-dev \
         libyaml-dev netbase pkg-config python3-dev zlib1g-dev"
    );
}

#[test]
fn images_without_a_service() {
    let infra = |profiles| sorted(packages("debian-trixie", profiles));
    assert_eq!(
        infra("infra rabbitmq hipe"),
        "ca-certificates erlang-base libcap2 libpcre2-8-0 libxml2 netbase rabbitmq-server"
    );
    assert_eq!(
        infra("infra libvirt"),
        "ca-certificates iproute2 libcap2 libpcre2-8-0 libvirt-clients libvirt-daemon-system \
         libxml2 netbase qemu-system-x86"
    );
}

#[test]
fn python_packages_by_service_and_release() {
    let pydep = |words: &str| {
        let arguments = ["-b", "-l", "newline"];
        let output = bindep("pydep.txt", arguments.into_iter().chain(words.split(' ')));
        sorted(output.lines().map(String::from).collect())
    };
    assert_eq!(pydep("glance master"), "pymysql python-memcached uwsgi");
    assert_eq!(
        pydep("horizon master"),
        "pymemcache pymysql python-memcached uwsgi"
    );
    assert_eq!(
        pydep("keystone 2026.1 ldap fluent"),
        "fluent-logger ldappool pymysql python-ldap python-memcached uwsgi"
    );
    assert_eq!(
        pydep("neutron master baremetal vpn"),
        "networking-baremetal neutron-vpnaas pymysql pyroute2 python-memcached uwsgi"
    );
    assert_eq!(
        pydep("nova master purestorage"),
        "libvirt-python purestorage pymysql python-memcached uwsgi"
    );
    assert_eq!(
        pydep("cinder master purestorage"),
        "purestorage pymysql python-memcached uwsgi"
    );
    assert_eq!(
        pydep("octavia master"),
        "pymysql pyroute2 python-memcached uwsgi"
    );
    assert_eq!(
        pydep("placement master"),
        "cryptography pymysql python-memcached uwsgi"
    );
    assert_eq!(
        pydep("monasca master api"),
        "monasca-statsd pymysql python-memcached uwsgi"
    );
    assert_eq!(
        pydep("requirements master"),
        "networking-baremetal purestorage pymysql python-memcached uwsgi"
    );
}

#[test]
fn the_name_mapping_has_three_names_a_line() {
    let mut folders = BTreeSet::new();
    for paragraph in paragraphs("python-custom-name-mapping.txt") {
        let (_, lines) = split(&paragraph);
        assert!(lines.is_sorted(), "not sorted:\n{paragraph}");
        for line in lines {
            assert_eq!(
                line.split(' ').count(),
                3,
                "not FOLDER PYPI_NAME PACKAGE_NAME: {line}"
            );
            assert!(folders.insert(name(&line).to_owned()), "twice: {line}");
        }
    }
}

/// The profiles that `file` mentions.
fn profiles(file: &str) -> BTreeSet<String> {
    let output = bindep(file, ["--profiles"]);
    let (_, profiles) = output
        .split_once("Configuration profiles:\n")
        .unwrap_or_else(|| panic!("no configuration profiles in:\n{output}"));
    profiles.lines().map(String::from).collect()
}

/// The blocks of lines between blank lines.
fn paragraphs(file: &str) -> Vec<String> {
    let text = fs::read_to_string(path(file)).expect("the project's own file");
    text.split("\n\n")
        .map(|paragraph| paragraph.trim_matches('\n').to_owned())
        .collect()
}

/// The comment that a paragraph begins with, and the lines after it.
fn split(paragraph: &str) -> (Vec<String>, Vec<String>) {
    let mut lines = paragraph
        .lines()
        .map(String::from)
        .filter(|line| !line.is_empty())
        .peekable();
    let mut comments = Vec::new();
    while let Some(line) = lines.next_if(|line| line.starts_with('#')) {
        comments.push(line);
    }
    (comments, lines.collect())
}

fn name(rule: &str) -> &str {
    rule.split(' ').next().unwrap_or(rule)
}

fn sorted(mut names: Vec<String>) -> String {
    names.sort();
    names.join(" ")
}
