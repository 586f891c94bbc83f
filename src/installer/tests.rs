//! What either engine is told.

use super::configuration::tests::of;
use super::*;
use crate::settings::Given;

fn settings(given: &[(&'static str, &str)]) -> Settings {
    let given = given
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()));
    let project = [("PROJECT", "keystone".to_owned())];
    let given = Given::new([], project.into_iter().chain(given), 0, |_| false);
    Settings::parse(&given, &[]).expect("settings")
}

fn uv(configuration: Vec<Setting>) -> Installer {
    Installer::Uv {
        program: "uv".to_owned(),
        configuration,
    }
}

fn texts<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}

#[test]
fn a_service_is_installed_by_one_command() {
    let settings = settings(&[
        ("KEEP_ALL_WHEELS", "True"),
        ("PIP_ARGS", "--find-links /more -c /mine.txt --no-color"),
    ]);
    let (constraints, requirements) = (
        texts(["/c.txt", "/g.txt"]),
        texts(["/built/k.whl[ldap]", "uwsgi"]),
    );
    let what = Installation {
        only_wheels: true,
        constraints: &constraints,
        arguments: &settings.pip.arguments,
        requirements: &requirements,
        ..Installation::from(Origin::Anywhere)
    };
    assert_eq!(
        Installer::PIP.install(&what, &settings).to_string(),
        "/var/lib/openstack/bin/python -m pip install --no-cache-dir --no-compile --only-binary :all: \
         --root-user-action ignore --constraint /c.txt --constraint /g.txt --find-links /wheels --no-index \
         --find-links /more -c /mine.txt --no-color '/built/k.whl[ldap]' uwsgi"
    );
    assert_eq!(
        uv(Vec::new()).install(&what, &settings).to_string(),
        "uv pip install --python /var/lib/openstack/bin/python --only-binary :all: --constraints /c.txt \
         --constraints /g.txt --no-index --find-links /wheels --find-links /more --constraints /mine.txt \
         '/built/k.whl[ldap]' uwsgi"
    );
}

#[test]
fn uv_hears_of_the_indexes_that_pip_is_configured_for() {
    let settings = settings(&[("PIP_ARGS", "--extra-index-url https://b/simple")]);
    let configuration = of(
        "[global]\nindex-url = https://a/simple\n",
        &[("PIP_CERT", "/ca.pem")],
    );
    let what = Installation {
        arguments: &settings.pip.arguments,
        ..Installation::from(Origin::Anywhere)
    };
    let command = uv(configuration).install(&what, &settings);
    assert_eq!(
        command.to_string(),
        "uv pip install --python /var/lib/openstack/bin/python --index-strategy unsafe-best-match --find-links /wheels"
    );
    let variables: Vec<(&str, &str)> = command
        .variables
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        variables,
        [
            ("SSL_CERT_FILE", "/ca.pem"),
            ("UV_DEFAULT_INDEX", "https://a/simple"),
            ("UV_INDEX", "https://b/simple"),
        ]
    );
}

#[test]
fn the_toolchain_comes_from_the_wheels_or_is_upgraded_by_name() {
    let settings = settings(&[]);
    let tools = texts(["pip", "setuptools<81"]);
    let what = Installation {
        requirements: &tools,
        ..Installation::from(Origin::Wheels)
    };
    let pip = Installer::Pip {
        wheel: Some("/wheels/pip-26-py3-none-any.whl".to_owned()),
        configuration: Vec::new(),
    };
    assert_eq!(
        pip.install(&what, &settings).to_string(),
        "/var/lib/openstack/bin/python /wheels/pip-26-py3-none-any.whl/pip install --no-cache-dir --no-compile \
         --root-user-action ignore --no-index --find-links /wheels pip 'setuptools<81'"
    );
    assert_eq!(
        uv(Vec::new()).install(&what, &settings).to_string(),
        "uv pip install --python /var/lib/openstack/bin/python --no-index --find-links /wheels pip 'setuptools<81'"
    );
    let upgrade = Installation {
        upgrade: true,
        from: Origin::Anywhere,
        ..what
    };
    assert_eq!(
        uv(Vec::new()).install(&upgrade, &settings).to_string(),
        "uv pip install --python /var/lib/openstack/bin/python --upgrade-package pip --upgrade-package 'setuptools<81' \
         --find-links /wheels pip 'setuptools<81'"
    );
}

#[test]
fn either_uninstalls_and_checks() {
    let uv = uv(Vec::new());
    assert_eq!(
        uv.uninstall(&["keystone"]).to_string(),
        "uv pip uninstall --python /var/lib/openstack/bin/python keystone"
    );
    assert_eq!(
        uv.check().to_string(),
        "uv pip check --python /var/lib/openstack/bin/python"
    );
    assert_eq!(
        Installer::PIP.uninstall(&["keystone"]).to_string(),
        "/var/lib/openstack/bin/python -m pip uninstall --yes --root-user-action ignore keystone"
    );
}
