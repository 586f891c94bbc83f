//! `INSTALLER`: which engine a plan shows, and when none will do.

use crate::test::{Outcome, Test};

impl Test {
    /// uv's wheel for this machine among the wheels.
    pub fn with_uv(self) -> Self {
        let machine = nix::sys::utsname::uname().expect("a machine");
        let machine = machine.machine().to_string_lossy();
        self.file(
            &format!("wheels/uv-0.13.9-py3-none-manylinux_2_17_{machine}.whl"),
            "",
        )
    }

    /// What a plan runs in the steps that install.
    fn installs(self) -> Vec<String> {
        let Outcome { stdout, .. } = self.plan().outcome();
        let steps = stdout.split("\n\n");
        steps
            .filter(|step| {
                ["venv:", "build:", "pip:"]
                    .iter()
                    .any(|name| step.starts_with(name))
            })
            .flat_map(str::lines)
            .filter_map(|line| line.strip_prefix("    do     "))
            .map(str::to_owned)
            .collect()
    }
}

const BY_UV: [&str; 3] = [
    "/var/lib/loci-install/uv/0.13.9/uv pip install --python /var/lib/openstack/bin/python --no-index \
     --find-links /wheels pip",
    "/var/lib/loci-install/uv/0.13.9/uv build --wheel --find-links /wheels --build-constraints \
     /wheels/upper-constraints.txt --python /var/lib/openstack/bin/python --no-create-gitignore \
     --out-dir /var/lib/loci-install/built /tmp/keystone",
    "/var/lib/loci-install/uv/0.13.9/uv pip install --python /var/lib/openstack/bin/python \
     --only-binary :all: --constraints /var/lib/loci-install/upper-constraints.txt --find-links /wheels \
     '/var/lib/loci-install/built/*.whl' uwsgi python-ldap; \
     /var/lib/loci-install/uv/0.13.9/uv pip check --python /var/lib/openstack/bin/python",
];

#[test]
fn uv_installs_where_the_wheels_have_it() {
    assert_eq!(Test::debian().with_uv().installs(), BY_UV);
    let asked_for = Test::debian().with_uv().set("INSTALLER", "uv");
    assert_eq!(asked_for.installs(), BY_UV);
}

#[test]
fn uv_on_the_path_will_do() {
    let commands = Test::debian()
        .script("opt/bin/uv")
        .set("PATH", "/opt/bin:/usr/bin")
        .installs();
    assert!(
        commands[0].starts_with("/opt/bin/uv pip install "),
        "{commands:?}"
    );
}

#[test]
fn pip_installs_where_it_is_wanted_or_alone_understands() {
    let wanted = Test::debian().with_uv().set("INSTALLER", "pip").installs();
    let none = Test::debian().installs();
    assert_eq!(wanted, none);
    assert!(
        none[0].starts_with("/var/lib/openstack/bin/python /wheels/pip-"),
        "{none:?}"
    );
    let only_pip = Test::debian()
        .with_uv()
        .set("PIP_ARGS", "--use-deprecated legacy-resolver")
        .installs();
    assert_eq!(only_pip[0], none[0]);
}

#[test]
fn another_installer() {
    Test::debian()
        .set("INSTALLER", "poetry")
        .plan()
        .stderr(
            "error: 1 wrong setting; nothing was touched\n\
             \x20 INSTALLER=poetry: not an installer; pip, uv or auto\n",
        )
        .status(2)
        .run();
}

#[test]
fn no_uv_where_it_has_to_be_uv() {
    let outcome = Test::debian().set("INSTALLER", "uv").plan().outcome();
    assert_eq!(outcome.status, Some(2));
    let expected =
        "  INSTALLER=uv: there is no uv on PATH, and no wheel of it for this machine in /wheels\n";
    assert_eq!(
        outcome.stderr.matches(expected).count(),
        1,
        "{}",
        outcome.stderr
    );
}

#[test]
fn an_argument_that_uv_cannot_be_told() {
    let outcome = Test::debian()
        .with_uv()
        .set("INSTALLER", "uv")
        .set("PIP_ARGS", "--no-color --use-deprecated legacy-resolver")
        .plan()
        .outcome();
    assert_eq!(outcome.status, Some(2));
    let expected = "  INSTALLER=uv: uv cannot be told --use-deprecated of PIP_ARGS\n";
    assert_eq!(
        outcome.stderr.matches(expected).count(),
        1,
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_setting_of_the_base_image_that_uv_cannot_be_told() {
    let outcome = Test::debian()
        .with_uv()
        .set("INSTALLER", "uv")
        .file("etc/pip.conf", "[install]\nrequire-hashes = yes\n")
        .plan()
        .outcome();
    let expected =
        "  INSTALLER=uv: uv cannot be told [install] require-hashes in pip's configuration\n";
    assert_eq!(
        outcome.stderr.matches(expected).count(),
        1,
        "{}",
        outcome.stderr
    );
}
