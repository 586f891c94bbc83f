//! Whole plans, in each of their formats.

use serde_json::{Value, json};

use crate::test::Test;

#[test]
fn for_people() {
    Test::debian()
        .set("PROFILES", "apache ldap")
        .plan()
        .stdout(TEXT)
        .stderr("HERE\n")
        .run();
}

#[test]
fn for_programs() {
    let test = Test::ubuntu().plan().args(["--format", "json"]);
    let outcome = test.outcome();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    let plan: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert_eq!(
        plan,
        json!({
            "format": 1,
            "project": "keystone",
            "platform": {
                "id": "ubuntu",
                "version": "24.04",
                "codename": "noble",
                "family": "Debian",
                "architecture": "ARCH",
            },
            "steps": steps(),
            "critical_path": {
                "seconds": 23.3,
                "steps": ["bootstrap", "venv", "build", "pip", "info", "cleanup", "smoke"],
            },
            "problems": test.problems_here(),
            "warnings": [],
        })
    );
}

#[test]
fn as_a_picture() {
    Test::ubuntu()
        .plan()
        .args(["--format", "dot"])
        .stdout(DOT)
        .stderr("HERE\n")
        .run();
}

/// An image where an earlier run has come as far as its virtualenv.
#[test]
fn what_is_done_is_not_done_again() {
    let (uid, gid) = (uzers::get_effective_uid(), uzers::get_effective_gid());
    let outcome = Test::debian()
        .script("usr/bin/python3")
        .script("usr/sbin/useradd")
        .file("usr/lib/ARCH-linux-gnu/libpython3.13.so.1.0", "")
        .file("etc/ssl/certs/ca-certificates.crt", "")
        .file(
            "var/lib/dpkg/status",
            "Package: apache2\nStatus: install ok installed\nVersion: 2.4.65-2\n\n\
             Package: libldap2\nStatus: install ok installed\nVersion: 2.6.10\n",
        )
        .set("PROFILES", "apache ldap")
        .file(
            "etc/passwd",
            &format!("keystone:x:{uid}:{gid}::/var/lib/keystone:/usr/sbin/nologin\n"),
        )
        .file("etc/group", &format!("keystone:x:{gid}:\n"))
        .file("etc/keystone/x", "")
        .file("var/log/keystone/x", "")
        .file("var/lib/keystone/x", "")
        .file("var/cache/keystone/x", "")
        .script("var/lib/openstack/bin/python")
        .file(
            "var/lib/openstack/pyvenv.cfg",
            "include-system-site-packages = false\n",
        )
        .file(
            "var/lib/openstack/lib/python3.13/site-packages/pip-25.1.1.dist-info/RECORD",
            "pip-25.1.1.dist-info/RECORD,,\n",
        )
        .plan()
        .args(["--uid", &uid.to_string(), "--gid", &gid.to_string()])
        .outcome();
    let done: Vec<(&str, &str)> = outcome
        .stdout
        .split("\n\n")
        .filter_map(|step| {
            let (name, _) = step.split_once(':')?;
            let (_, reason) = step.split_once("    done   ")?;
            Some((name, reason.trim_end()))
        })
        .collect();
    assert_eq!(
        done,
        [
            ("bootstrap", "all are there"),
            ("packages", "all are installed"),
            ("user", "the account and its directories are there"),
            ("wheels", "/wheels holds 2 wheels"),
            (
                "source",
                "it is no git checkout: there is nothing to find out about it"
            ),
            ("hooks", "there are none"),
            ("config", "it is off"),
        ]
    );
}

const TEXT: &str = r"keystone on debian 13 (trixie) ARCH

bootstrap: the base image lacks python3 to run the service, ca-certificates to trust other services, passwd to make the account, python3's shared library, which uwsgi is linked with
    do     write /usr/sbin/policy-rc.d and /var/lib/loci-install/programs/py3compile, so that no package starts a service or compiles modules
    do     apt-get -qq '--option=Acquire::Retries=3' '--option=Acquire::Languages=none' '--option=Dpkg::Use-Pty=false' '--option=Dpkg::Options::=--force-confold' '--option=Dpkg::Options::=--force-confdef' '--option=Dpkg::Options::=--force-unsafe-io' update '--error-on=any' '--option=pkgCacheFile::Generate=false', once in a build
    do     apt-get -qq '--option=Acquire::Retries=3' '--option=Acquire::Languages=none' '--option=Dpkg::Use-Pty=false' '--option=Dpkg::Options::=--force-confold' '--option=Dpkg::Options::=--force-confdef' '--option=Dpkg::Options::=--force-unsafe-io' '--option=APT::Install-Suggests=false' '--option=DPkg::Path=/var/lib/loci-install/programs:/usr/sbin:/usr/bin:/sbin:/bin' install --yes --no-install-recommends ca-certificates python3 passwd libpython3.X

packages: 2 packages for the profiles keystone, apache, ldap, trixie
    after  bootstrap
    do     write /usr/sbin/policy-rc.d and /var/lib/loci-install/programs/py3compile, so that no package starts a service or compiles modules
    do     apt-get -qq '--option=Acquire::Retries=3' '--option=Acquire::Languages=none' '--option=Dpkg::Use-Pty=false' '--option=Dpkg::Options::=--force-confold' '--option=Dpkg::Options::=--force-confdef' '--option=Dpkg::Options::=--force-unsafe-io' update '--error-on=any' '--option=pkgCacheFile::Generate=false', once in a build
    do     apt-get -qq '--option=Acquire::Retries=3' '--option=Acquire::Languages=none' '--option=Dpkg::Use-Pty=false' '--option=Dpkg::Options::=--force-confold' '--option=Dpkg::Options::=--force-confdef' '--option=Dpkg::Options::=--force-unsafe-io' '--option=APT::Install-Suggests=false' '--option=DPkg::Path=/var/lib/loci-install/programs:/usr/sbin:/usr/bin:/sbin:/bin' install --yes --no-install-recommends apache2 libldap2

user: keystone runs as keystone (42424:42424)
    after  bootstrap
    run    groupadd --gid 42424 keystone
    run    useradd --uid 42424 --gid 42424 --no-create-home --no-log-init --home-dir /var/lib/keystone --shell /usr/sbin/nologin --comment 'keystone user' keystone
    make   /etc/keystone, owned by 42424:42424
    make   /var/log/keystone, owned by 42424:42424
    make   /var/lib/keystone, owned by 42424:42424
    make   /var/cache/keystone, owned by 42424:42424

wheels: every distribution is installed from /wheels
    done   /wheels holds 2 wheels

venv: the service and all its distributions live in /var/lib/openstack
    after  bootstrap, wheels
    run    python3 -m venv --clear --without-pip /var/lib/openstack
    do     /var/lib/openstack/bin/python /wheels/pip-25.1.1-py3-none-any.whl/pip install --no-cache-dir --no-compile --root-user-action ignore --no-index --find-links /wheels pip

source: /tmp/keystone is there and used as it is
    after  bootstrap
    done   it is no git checkout: there is nothing to find out about it

build: wheels of /tmp/keystone
    after  source, venv, wheels
    remove /var/lib/loci-install/built
    do     /var/lib/openstack/bin/python -m pip wheel --no-deps --no-cache-dir --find-links /wheels --wheel-dir /var/lib/loci-install/built /tmp/keystone

pip: keystone with 2 requirements from pydep files and 0 from PIP_PACKAGES, in one resolution
    after  build, wheels, venv
    do     /var/lib/openstack/bin/python -m pip install --no-cache-dir --no-compile --only-binary :all: --root-user-action ignore --constraint /var/lib/loci-install/upper-constraints.txt --find-links /wheels '/var/lib/loci-install/built/*.whl' uwsgi python-ldap; /var/lib/openstack/bin/python -m pip check

hooks: the image author's scripts for keystone
    after  packages, user, pip
    done   there are none

config: COPY_DEFAULT_CONFIG_FILES copies /var/lib/openstack/etc/keystone to /etc/keystone
    after  pip, user, hooks
    done   it is off

info: /etc/image_info says what the image is made of
    after  pip, packages, hooks
    do     write /etc/image_info/{packages.txt,pip.txt,project.txt,build.json}

cleanup: the image keeps the service and nothing that only its build needed
    after  bootstrap, packages, user, wheels, venv, source, build, pip, hooks, config, info
    do     remove the packages that bootstrap installed for the build alone, and what came with them
    do     set include-system-site-packages = true in /var/lib/openstack/pyvenv.cfg
    do     remove __pycache__ directories below /usr/lib/python3*, /usr/share and /var/lib/openstack
    do     remove /usr/sbin/policy-rc.d, if it is ours
    do     remove /etc/machine-id and /var/lib/dbus/machine-id, what of it packages of this build made
    do     remove copies and locks that changes of accounts left beside /etc/group, /etc/gshadow, /etc/passwd, /etc/shadow, /etc/subgid, /etc/subuid
    do     write /etc/image_info/sbom.cdx.json: every package and distribution
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
    remove /tmp/keystone.partial
    remove /tmp/keystone
    remove /opt/loci
    remove /var/lib/openstack/.loci-install
    do     write /etc/image_info/files.mtree, with a digest of every file
    remove /var/lib/loci-install

smoke: what is missing is found now, and not by the service's users
    after  cleanup
    do     test requirements, programs, imports and shared libraries of what is in /var/lib/openstack

critical path: bootstrap 10 s, packages 14 s, cleanup 1 s, smoke 2 s; 27 s in all, estimated
";

fn steps() -> Value {
    json!([
        {
            "name": "bootstrap",
            "why": "the base image lacks python3 to run the service, ca-certificates to trust other services, passwd to make the account, python3's shared library, which uwsgi is linked with",
            "needs": [],
            "locks": ["package-manager", "accounts"],
            "done": null,
            "expected": {"seconds": 10.0, "remembered": false},
            "actions": [
                {"do": "write /usr/sbin/policy-rc.d and /var/lib/loci-install/programs/py3compile, so that no package starts a service or compiles modules"},
                {"do": "apt-get -qq '--option=Acquire::Retries=3' '--option=Acquire::Languages=none' '--option=Dpkg::Use-Pty=false' '--option=Dpkg::Options::=--force-confold' '--option=Dpkg::Options::=--force-confdef' '--option=Dpkg::Options::=--force-unsafe-io' update '--error-on=any' '--option=pkgCacheFile::Generate=false', once in a build"},
                {"do": "apt-get -qq '--option=Acquire::Retries=3' '--option=Acquire::Languages=none' '--option=Dpkg::Use-Pty=false' '--option=Dpkg::Options::=--force-confold' '--option=Dpkg::Options::=--force-confdef' '--option=Dpkg::Options::=--force-unsafe-io' '--option=APT::Install-Suggests=false' '--option=DPkg::Path=/var/lib/loci-install/programs:/usr/sbin:/usr/bin:/sbin:/bin' install --yes --no-install-recommends ca-certificates python3 passwd libpython3.X"},
            ],
        },
        {
            "name": "packages",
            "why": "0 packages for the profiles keystone, noble",
            "needs": ["bootstrap"],
            "locks": ["package-manager", "accounts"],
            "done": "all are installed",
            "expected": {"seconds": 0.0, "remembered": false},
            "actions": [
            ],
        },
        {
            "name": "user",
            "why": "keystone runs as keystone (42424:42424)",
            "needs": ["bootstrap"],
            "locks": ["accounts"],
            "done": null,
            "expected": {"seconds": 0.1, "remembered": false},
            "actions": [
                {"run": "groupadd --gid 42424 keystone"},
                {"run": "useradd --uid 42424 --gid 42424 --no-create-home --no-log-init --home-dir /var/lib/keystone --shell /usr/sbin/nologin --comment 'keystone user' keystone"},
                {"make": "/etc/keystone", "owner": {"gid": 42424, "uid": 42424}},
                {"make": "/var/log/keystone", "owner": {"gid": 42424, "uid": 42424}},
                {"make": "/var/lib/keystone", "owner": {"gid": 42424, "uid": 42424}},
                {"make": "/var/cache/keystone", "owner": {"gid": 42424, "uid": 42424}},
            ],
        },
        {
            "name": "wheels",
            "why": "every distribution is installed from /wheels",
            "needs": [],
            "locks": [],
            "done": "/wheels holds 2 wheels",
            "expected": {"seconds": 0.0, "remembered": false},
            "actions": [
            ],
        },
        {
            "name": "venv",
            "why": "the service and all its distributions live in /var/lib/openstack",
            "needs": ["bootstrap", "wheels"],
            "locks": ["virtualenv"],
            "done": null,
            "expected": {"seconds": 1.0, "remembered": false},
            "actions": [
                {"run": "python3 -m venv --clear --without-pip /var/lib/openstack"},
                {"do": "/var/lib/openstack/bin/python /wheels/pip-25.1.1-py3-none-any.whl/pip install --no-cache-dir --no-compile --root-user-action ignore --no-index --find-links /wheels pip"},
            ],
        },
        {
            "name": "source",
            "why": "/tmp/keystone is there and used as it is",
            "needs": ["bootstrap"],
            "locks": [],
            "done": "it is no git checkout: there is nothing to find out about it",
            "expected": {"seconds": 0.0, "remembered": false},
            "actions": [
            ],
        },
        {
            "name": "build",
            "why": "wheels of /tmp/keystone",
            "needs": ["source", "venv", "wheels"],
            "locks": ["virtualenv"],
            "done": null,
            "expected": {"seconds": 4.0, "remembered": false},
            "actions": [
                {"remove": "/var/lib/loci-install/built"},
                {"do": "/var/lib/openstack/bin/python -m pip wheel --no-deps --no-cache-dir --find-links /wheels --wheel-dir /var/lib/loci-install/built /tmp/keystone"},
            ],
        },
        {
            "name": "pip",
            "why": "keystone with 2 requirements from pydep files and 0 from PIP_PACKAGES, in one resolution",
            "needs": ["build", "wheels", "venv"],
            "locks": ["virtualenv"],
            "done": null,
            "expected": {"seconds": 5.0, "remembered": false},
            "actions": [
                {"do": "/var/lib/openstack/bin/python -m pip install --no-cache-dir --no-compile --only-binary :all: --root-user-action ignore --constraint /var/lib/loci-install/upper-constraints.txt --find-links /wheels '/var/lib/loci-install/built/*.whl' uwsgi python-ldap; /var/lib/openstack/bin/python -m pip check"}
            ],
        },
        {
            "name": "hooks",
            "why": "the image author's scripts for keystone",
            "needs": ["packages", "user", "pip"],
            "locks": ["package-manager", "accounts", "virtualenv"],
            "done": "there are none",
            "expected": {"seconds": 0.0, "remembered": false},
            "actions": [
            ],
        },
        {
            "name": "config",
            "why": "COPY_DEFAULT_CONFIG_FILES copies /var/lib/openstack/etc/keystone to /etc/keystone",
            "needs": ["pip", "user", "hooks"],
            "locks": [],
            "done": "it is off",
            "expected": {"seconds": 0.0, "remembered": false},
            "actions": [
            ],
        },
        {
            "name": "info",
            "why": "/etc/image_info says what the image is made of",
            "needs": ["pip", "packages", "hooks"],
            "locks": ["package-manager", "virtualenv"],
            "done": null,
            "expected": {"seconds": 0.3, "remembered": false},
            "actions": [
                {"do": "write /etc/image_info/{packages.txt,pip.txt,project.txt,build.json}"},
            ],
        },
        {
            "name": "cleanup",
            "why": "the image keeps the service and nothing that only its build needed",
            "needs": ["bootstrap", "packages", "user", "wheels", "venv", "source", "build", "pip", "hooks", "config", "info"],
            "locks": ["package-manager", "accounts", "virtualenv"],
            "done": null,
            "expected": {"seconds": 1.0, "remembered": false},
            "actions": [
                {"do": "remove the packages that bootstrap installed for the build alone, and what came with them"},
                {"do": "set include-system-site-packages = true in /var/lib/openstack/pyvenv.cfg"},
                {"do": "remove __pycache__ directories below /usr/lib/python3*, /usr/share and /var/lib/openstack"},
                {"do": "remove /usr/sbin/policy-rc.d, if it is ours"},
                {"do": "remove /etc/machine-id and /var/lib/dbus/machine-id, what of it packages of this build made"},
                {"do": "remove copies and locks that changes of accounts left beside /etc/group, /etc/gshadow, /etc/passwd, /etc/shadow, /etc/subgid, /etc/subuid"},
                {"do": "write /etc/image_info/sbom.cdx.json: every package and distribution"},
                {"remove": "/var/lib/loci-install/lists-refreshed"},
                {"remove": "/var/lib/apt/lists/*"},
                {"remove": "/var/cache/apt/*.bin*"},
                {"remove": "/var/cache/apt/archives/*.deb"},
                {"remove": "/var/cache/apt/archives/partial/*"},
                {"remove": "/var/cache/debconf/*-old"},
                {"remove": "/var/cache/ldconfig/aux-cache"},
                {"remove": "/var/lib/dpkg/*-old"},
                {"remove": "/var/log/alternatives.log"},
                {"remove": "/var/log/apt/*"},
                {"remove": "/var/log/bootstrap.log"},
                {"remove": "/var/log/dpkg.log"},
                {"remove": "/tmp/keystone.partial"},
                {"remove": "/tmp/keystone"},
                {"remove": "/opt/loci"},
                {"remove": "/var/lib/openstack/.loci-install"},
                {"do": "write /etc/image_info/files.mtree, with a digest of every file"},
                {"remove": "/var/lib/loci-install"},
            ],
        },
        {
            "name": "smoke",
            "why": "what is missing is found now, and not by the service's users",
            "needs": ["cleanup"],
            "locks": [],
            "done": null,
            "expected": {"seconds": 2.0, "remembered": false},
            "actions": [
                {"do": "test requirements, programs, imports and shared libraries of what is in /var/lib/openstack"},
            ],
        },
    ])
}

const DOT: &str = "\
digraph plan {
    rankdir = LR;
    node [shape = box];
    bootstrap;
    packages [style = dashed];
    bootstrap -> packages;
    user;
    bootstrap -> user;
    wheels [style = dashed];
    venv;
    bootstrap -> venv;
    wheels -> venv;
    source [style = dashed];
    bootstrap -> source;
    build;
    source -> build;
    venv -> build;
    wheels -> build;
    pip;
    build -> pip;
    wheels -> pip;
    venv -> pip;
    hooks [style = dashed];
    packages -> hooks;
    user -> hooks;
    pip -> hooks;
    config [style = dashed];
    pip -> config;
    user -> config;
    hooks -> config;
    info;
    pip -> info;
    packages -> info;
    hooks -> info;
    cleanup;
    bootstrap -> cleanup;
    packages -> cleanup;
    user -> cleanup;
    wheels -> cleanup;
    venv -> cleanup;
    source -> cleanup;
    build -> cleanup;
    pip -> cleanup;
    hooks -> cleanup;
    config -> cleanup;
    info -> cleanup;
    smoke;
    cleanup -> smoke;
}
";
