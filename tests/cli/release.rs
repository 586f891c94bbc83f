//! `PROJECT=requirements`: what of a release is refused before it is begun, and what is planned.

use serde_json::{Value, json};

use crate::test::Test;

impl Test {
    /// A Debian 13 image in which the wheels of a release are about to be built,
    /// of these constraints.
    fn release(constraints: &str) -> Self {
        Self::debian()
            .without("wheels")
            .without("tmp/keystone")
            .set("PROJECT", "requirements")
            .file("tmp/requirements/upper-constraints.txt", constraints)
    }

    /// Gives a lock of pbr 7.0.3 and what is built with it.
    fn lock(self, more: &str) -> Self {
        let mut text = "lock-version = \"1.0\"\n".to_owned();
        for (name, version) in [
            ("pip", "26.3"),
            ("setuptools", "80.9.0"),
            ("wheel", "0.45.1"),
            ("pbr", "7.0.3"),
            ("uv", "0.9.7"),
            ("uwsgi", "2.0.31"),
            ("python-ldap", "3.4.5"),
        ] {
            text.push_str(&locked(name, version));
        }
        self.set("LOCK", "pylock.toml")
            .file("opt/loci/pylock.toml", &format!("{text}{more}"))
    }
}

/// A package of a lock.
fn locked(name: &str, version: &str) -> String {
    let digest = "ab".repeat(32);
    format!(
        "[[packages]]\nname = '{name}'\nversion = '{version}'\nwheels = [{{ \
         url = 'https://index.example/{name}-{version}-py3-none-any.whl', \
         hashes = {{ sha256 = '{digest}' }} }}]\n"
    )
}

const SETUP: &str = "import setuptools\nsetuptools.setup(setup_requires=['pbr'], pbr=True)\n";

#[test]
fn every_wrong_line_of_every_file_with_its_place() {
    Test::release("six===1.17.0\nsix==\n# oslo\noslo.config=10.0.0  # typo\n\tpbr===7.0.3 extra\na-===1\n")
        .file(
            "tmp/requirements/global-requirements.txt",
            "six>=1.10\n-e git+https://git.example/x\nrequests>=2;python_verson>'3'\n",
        )
        .set("PIP_PACKAGES", "'uwsgi 2.0' [x]")
        .plan()
        .stderr(
            "HERE\n\
             error: 8 problems; nothing was touched\n\
             \x20 /tmp/requirements/upper-constraints.txt:2:4: Unexpected end of version specifier, expected version\n\
             \x20   six==\n\
             \x20      ^\n\
             \x20 /tmp/requirements/upper-constraints.txt:4:12: no such comparison operator \"=\", must be one of ~= == != <= >= < > ===\n\
             \x20   oslo.config=10.0.0  # typo\n\
             \x20              ^\n\
             \x20 /tmp/requirements/upper-constraints.txt:5:5: Trailing `extra` is not allowed\n\
             \x20   \tpbr===7.0.3 extra\n\
             \x20   \t   ^\n\
             \x20 /tmp/requirements/upper-constraints.txt:6:2: a name ends with a letter or a digit\n\
             \x20   a-===1\n\
             \x20    ^\n\
             \x20 /tmp/requirements/global-requirements.txt:2:1: `-e` is an option, not a requirement\n\
             \x20   -e git+https://git.example/x\n\
             \x20   ^\n\
             \x20 /tmp/requirements/global-requirements.txt:3:13: Expected a quoted string or a valid marker name, found `python_verson`\n\
             \x20   requests>=2;python_verson>'3'\n\
             \x20               ^\n\
             \x20 PIP_PACKAGES:1:7: Expected one of `@`, `(`, `<`, `=`, `>`, `~`, `!`, `;`, found `2`\n\
             \x20   uwsgi 2.0\n\
             \x20         ^\n\
             \x20 PIP_PACKAGES:1:1: Expected package name starting with an alphanumeric character, found `[`\n\
             \x20   [x]\n\
             \x20   ^\n",
        )
        .status(2)
        .run();
}

#[test]
fn the_same_source_twice() {
    Test::release("oslo.config===10.0.0\n")
        .file("tmp/oslo.config/setup.cfg", "[metadata]\nname = oslo.config\n")
        .file("tmp/my-config/setup.cfg", "[metadata]\nname = oslo_config\n")
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 /tmp/my-config and /tmp/oslo.config are both sources of oslo-config; remove one of them\n",
        )
        .status(2)
        .run();
}

#[test]
fn a_source_without_a_version() {
    Test::release("oslo.config===10.0.0\n")
        .file("tmp/oslo.config/setup.cfg", "[metadata]\nname = oslo.config\n")
        .file("tmp/oslo.config/setup.py", SETUP)
        // Nothing asks for this one.
        .file("tmp/other/setup.cfg", "[metadata]\nname = other\n")
        .file("tmp/other/setup.py", SETUP)
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 the source in /tmp/oslo.config has no version: it is no git checkout and has no PKG-INFO; give the checkout with its tags or an sdist, or set PBR_VERSION\n",
        )
        .status(2)
        .run();
}

#[test]
fn a_source_without_a_name_is_left_out_with_a_word() {
    let outcome = Test::release("oslo.config===10.0.0\n")
        .file("tmp/strange/setup.py", "import setup_of_ours\n")
        .plan()
        .outcome();
    assert_eq!(
        outcome.stderr.lines().next(),
        Some(
            "warning: /tmp/strange does not say its name and is left out; python-custom-name-mapping.txt can say it"
        )
    );
}

#[test]
fn a_constraint_on_a_directory_that_is_not_there() {
    Test::release("oslo.config @ file:///src/oslo.config\n")
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 upper-constraints.txt names /src/oslo.config, which is not there\n",
        )
        .status(2)
        .run();
}

#[test]
fn wrong_lines_of_the_name_mapping() {
    Test::release("six===1.17.0\n")
        .file(
            "opt/loci/python-custom-name-mapping.txt",
            "# comment\nnova python-nova nova\nneutron\n\na b c d\n",
        )
        .plan()
        .stderr(
            "HERE\n\
             error: 2 problems; nothing was touched\n\
             \x20 /opt/loci/python-custom-name-mapping.txt:3: a line has three words: FOLDER PYPI_NAME PACKAGE_NAME\n\
             \x20 /opt/loci/python-custom-name-mapping.txt:5: a line has three words: FOLDER PYPI_NAME PACKAGE_NAME\n",
        )
        .status(2)
        .run();
}

#[test]
fn a_lock_that_is_not_there() {
    Test::release("six===1.17.0\n")
        .set("LOCK", "pylock.toml")
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 LOCK=pylock.toml: no such file in /opt/loci\n",
        )
        .status(2)
        .run();
}

#[test]
fn a_lock_that_is_none() {
    Test::release("six===1.17.0\n")
        .set("LOCK", "/etc/pylock.toml")
        .file(
            "etc/pylock.toml",
            "lock-version = \"1.0\"\n[[packages]\nname = 'six'\n",
        )
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 /etc/pylock.toml:2: unclosed array table, expected `]`\n",
        )
        .status(2)
        .run();
    Test::release("six===1.17.0\n")
        .set("LOCK", "/etc/pylock.toml")
        .file("etc/pylock.toml", "six===1.17.0\n")
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 /etc/pylock.toml:1: extra `=`, expected nothing\n",
        )
        .status(2)
        .run();
}

#[test]
fn a_lock_of_other_constraints() {
    Test::release("six===1.17.0\nPyMySQL===1.1.2\npbr===7.0.3\n")
        .lock(&locked("six", "1.16.0"))
        .set("SETUPTOOL_CONSTRAINT", "<80")
        .set("PIP_PACKAGES", "'uv<0.5' 'wheel>=0.4'")
        .plan()
        .stderr(
            "HERE\n\
             error: 4 problems; nothing was touched\n\
             \x20 LOCK has six 1.16.0, and upper-constraints.txt:1 asks for six===1.17.0\n\
             \x20 LOCK has no pymysql, which upper-constraints.txt:2 asks for\n\
             \x20 LOCK has setuptools 80.9.0, and SETUPTOOL_CONSTRAINT asks for setuptools<80\n\
             \x20 LOCK has uv 0.9.7, and PIP_PACKAGES asks for uv<0.5\n",
        )
        .status(2)
        .run();
}

#[test]
fn settings_of_the_other_mode() {
    Test::debian()
        .set("LOCK", "pylock.toml")
        .set("JOBS", "0")
        .plan()
        .stderr(
            "error: 2 wrong settings; nothing was touched\n\
             \x20 LOCK=pylock.toml: for PROJECT=requirements only\n\
             \x20 JOBS=0: not a number of jobs; a whole number from 1\n",
        )
        .status(2)
        .run();
}

#[test]
fn jobs_that_are_no_number() {
    Test::release("")
        .set("JOBS", "two")
        .plan()
        .stderr(
            "error: 1 wrong setting; nothing was touched\n\
             \x20 JOBS=two: not a number of jobs; a whole number from 1\n",
        )
        .status(2)
        .run();
}

#[test]
fn steps_of_the_other_mode() {
    Test::release("six===1.17.0\n")
        .args(["step", "pip", "publish"])
        .inside()
        .stderr(
            "error: 2 problems; nothing was touched\n\
             \x20 installing needs root; run it as root, or use `loci-install plan` to look only\n\
             \x20 PROJECT=requirements has no step pip; its steps are repositories, bootstrap, packages, source, constraints, wheels-build, publish\n",
        )
        .status(2)
        .run();
    Test::debian()
        .args(["step", "publish", "pip"])
        .inside()
        .stderr(
            "error: 2 problems; nothing was touched\n\
             \x20 installing needs root; run it as root, or use `loci-install plan` to look only\n\
             \x20 PROJECT=keystone has no step publish; its steps are repositories, bootstrap, packages, user, wheels, venv, source, build, pip, hooks, config, info, cleanup, smoke\n",
        )
        .status(2)
        .run();
}

#[test]
fn a_destination_that_holds_something() {
    Test::release("six===1.17.0\n")
        .file("requirements/notes.txt", "mine\n")
        .set("WHEELS_DEST", "/requirements")
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 WHEELS_DEST=/requirements: it is not empty; wheels are published in a directory of their own\n",
        )
        .status(2)
        .run();
}

#[test]
fn a_destination_that_is_a_file() {
    Test::release("six===1.17.0\n")
        .file("srv/wheels", "mine\n")
        .set("WHEELS_DEST", "/srv/wheels")
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 WHEELS_DEST=/srv/wheels: it is not empty; wheels are published in a directory of their own\n",
        )
        .status(2)
        .run();
}

#[test]
fn a_source_without_constraints() {
    Test::release("")
        .without("tmp/requirements/upper-constraints.txt")
        .file("tmp/requirements/README.rst", "")
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 /tmp/requirements has no upper-constraints.txt; put that file there, or remove /tmp/requirements, so that PROJECT_REPO is cloned\n",
        )
        .status(2)
        .run();
    Test::release("")
        .without("tmp/requirements")
        .file("opt/loci/data/requirements/setup.py", SETUP)
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 /opt/loci/data/requirements has no upper-constraints.txt; put that file there, or remove /opt/loci/data/requirements, so that PROJECT_REPO is cloned\n",
        )
        .status(2)
        .run();
}

/// What every rule of the edits is for.
fn good() -> Test {
    Test::release(
        "PyMySQL===1.1.2\nsetuptools===82.0.1\noslo.config===10.0.0\n\
         git+https://git.example/tooz@fix#egg=tooz\nsix===1.17.0;python_version>='3.9'\n",
    )
    .file("tmp/requirements/global-requirements.txt", "six>=1.10\n")
    .file(
        "tmp/oslo.config/setup.cfg",
        "[metadata]\nname = oslo.config\n",
    )
    .file(
        "tmp/oslo.config/PKG-INFO",
        "Name: oslo.config\nVersion: 10.1\n",
    )
}

#[test]
fn a_good_release_for_people() {
    let test = good().plan().stderr("HERE\n");
    test.stdout(
            "requirements on debian 13 (trixie) ARCH\n\
             \n\
             bootstrap: the base image lacks python3 to build wheels for, python3-venv for a virtualenv of tools, ca-certificates to trust the index, git to clone sources and tell their versions\n\
             \x20   do     write /usr/sbin/policy-rc.d and /var/lib/loci-install/programs/py3compile, so that no package starts a service or compiles modules\n\
             \x20   do     apt-get -qq '--option=Acquire::Retries=3' '--option=Acquire::Languages=none' '--option=Dpkg::Use-Pty=false' '--option=Dpkg::Options::=--force-confold' '--option=Dpkg::Options::=--force-confdef' '--option=Dpkg::Options::=--force-unsafe-io' update '--error-on=any' '--option=pkgCacheFile::Generate=false', once in a build\n\
             \x20   do     apt-get -qq '--option=Acquire::Retries=3' '--option=Acquire::Languages=none' '--option=Dpkg::Use-Pty=false' '--option=Dpkg::Options::=--force-confold' '--option=Dpkg::Options::=--force-confdef' '--option=Dpkg::Options::=--force-unsafe-io' '--option=APT::Install-Suggests=false' '--option=DPkg::Path=/var/lib/loci-install/programs:/usr/sbin:/usr/bin:/sbin:/bin' install --yes --no-install-recommends ca-certificates git python3 python3-venv\n\
             \n\
             packages: 0 packages for the profiles requirements, trixie\n\
             \x20   after  bootstrap\n\
             \x20   done   all are installed\n\
             \n\
             source: /tmp/requirements is there and used as it is\n\
             \x20   after  bootstrap\n\
             \x20   done   its constraints are read where they are\n\
             \n\
             constraints: /tmp/requirements/upper-constraints.txt says what the release is made of\n\
             \x20   after  packages, source\n\
             \x20   do     /var/lib/loci-install/requirements/tools/bin/uv pip compile --quiet --no-deps --format pylock.toml --no-header --python /var/lib/loci-install/requirements/tools/bin/python --constraints /var/lib/loci-install/requirements/ranges.txt --output-file /var/lib/loci-install/requirements/pylock.toml /var/lib/loci-install/requirements/release.txt\n\
             \x20          setuptools===82.0.1 (line 2) is dropped: other constraints of master cannot be built with it\n\
             \x20          oslo.config===10.0.0 (line 3) gives way to oslo-config @ /tmp/oslo.config: /tmp/oslo.config is its source\n\
             \x20          git+https://git.example/tooz@fix#egg=tooz (line 4) gives way to the name and version of what is built from it: it names a source and no version\n\
             \x20          setuptools<81 is added: from 82 on it has no pkg_resources, which other constraints import\n\
             \n\
             wheels-build: only what no index has as a wheel is kept; KEEP_ALL_WHEELS=True keeps everything\n\
             \x20   after  packages, constraints\n\
             \x20   do     fetch and verify the files; for each sdist and source tree: /var/lib/loci-install/requirements/tools/bin/uv build --wheel --offline --no-index --find-links /var/lib/loci-install/requirements/links --build-constraints /var/lib/loci-install/requirements/pins.txt --python /var/lib/loci-install/requirements/tools/bin/python --no-create-gitignore --out-dir /var/cache/loci-install/built/KEY SOURCE\n\
             \n\
             publish: images are installed from /wheels, or from an image with it as its root\n\
             \x20   after  wheels-build\n\
             \x20   do     put the wheels, hashes.txt, pylock.toml, global-requirements.txt, upper-constraints.txt in their directory\n\
             \n\
             critical path: bootstrap 10 s, constraints 10 s, wheels-build 150 s; 170 s in all, estimated\n",
    ).run();
}

#[test]
fn the_constraints_for_programs() {
    let outcome = good().plan().args(["--format", "json"]).outcome();
    let plan: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    let steps = plan["steps"].as_array().expect("steps");
    let step = steps.iter().find(|step| step["name"] == "constraints");
    assert_eq!(
        step,
        Some(&json!({
            "name": "constraints",
            "why": "/tmp/requirements/upper-constraints.txt says what the release is made of",
            "needs": ["packages", "source"],
            "locks": [],
            "done": null,
            "expected": {"seconds": 10.0, "remembered": false},
            "actions": [{
                "do": "/var/lib/loci-install/requirements/tools/bin/uv pip compile --quiet --no-deps \
                       --format pylock.toml --no-header \
                       --python /var/lib/loci-install/requirements/tools/bin/python \
                       --constraints /var/lib/loci-install/requirements/ranges.txt \
                       --output-file /var/lib/loci-install/requirements/pylock.toml \
                       /var/lib/loci-install/requirements/release.txt",
                "details": [
                    "setuptools===82.0.1 (line 2) is dropped: other constraints of master cannot be built with it",
                    "oslo.config===10.0.0 (line 3) gives way to oslo-config @ /tmp/oslo.config: /tmp/oslo.config is its source",
                    "git+https://git.example/tooz@fix#egg=tooz (line 4) gives way to the name and version of what is built from it: it names a source and no version",
                    "setuptools<81 is added: from 82 on it has no pkg_resources, which other constraints import",
                ],
            }],
        }))
    );
}

#[test]
fn a_good_lock_asks_no_index() {
    let outcome = Test::release("six===1.17.0\n")
        .lock(&locked("six", "1.17.0"))
        .plan()
        .outcome();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    let plan = outcome.stdout;
    assert!(
        plan.contains("\n    do     take the files that LOCK names for upper-constraints.txt\n"),
        "{plan}"
    );
}
