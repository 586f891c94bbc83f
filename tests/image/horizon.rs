//! What horizon has beyond its distributions. Horizon's own manage.py would need Django and
//! all of its requirements; here the source brings one that writes down what it is asked for.

use std::fs;

use crate::container::Container;

const SITE: &str = "/var/lib/openstack/lib/python3.13/site-packages";

const HORIZON: &str = "/var/lib/openstack/lib/python3.13/site-packages/openstack_dashboard";

/// As a server does, it writes its key and a lock beside its settings.
const MANAGE: &str = "\
import os, sys
here = os.path.dirname(os.path.abspath(__file__))
settings = sorted(name for name in os.listdir(here + '/local/local_settings.d') if name.endswith('.py'))
with open('/manage.log', 'a') as log:
    print(os.getcwd() == here, *sys.argv[1:], *settings, file=log)
for name in ('.secret_key_store', '_x.lock', '.x.lock'):
    open(here + '/local/' + name, 'w').close()
";

/// A container whose horizon and panels are sources.
fn ready() -> Container {
    let mut container = Container::with_tools();
    container.set("PROJECT", "horizon");
    container.set("EXTRA_PROJECTS", "panels");
    source(
        &container,
        "horizon",
        &["openstack_dashboard"],
        &[
            (
                "openstack_dashboard/local/local_settings.py.example",
                "DEBUG = False\n\n",
            ),
            ("openstack_dashboard/local/enabled/_1000_project.py", ""),
            ("openstack_dashboard/conf/keystone_policy.yaml", ""),
        ],
    );
    container.write("/tmp/horizon/manage.py", MANAGE);
    source(
        &container,
        "panels",
        &["heat_dashboard", "my_panel"],
        &[
            ("heat_dashboard/enabled/_1610_heat.py", ""),
            ("heat_dashboard/enabled/_0_base.py", ""),
            ("heat_dashboard/local/enabled/_1620_unused.py", ""),
            ("heat_dashboard/local/local_settings.d/_1699_heat.py", ""),
            (
                "heat_dashboard/local/local_settings.d/_1700_heat.py.example",
                "",
            ),
            ("heat_dashboard/conf/heat_policy.yaml", ""),
            ("heat_dashboard/conf/notes.txt", ""),
            ("heat_dashboard/conf/default_policies/heat.yaml", ""),
            ("my_panel/local/enabled/_20_mine.py", ""),
        ],
    );
    container
}

/// A source of these packages in `SOURCES_DIR`, with files of theirs.
fn source(container: &Container, name: &str, packages: &[&str], files: &[(&str, &str)]) {
    let project = format!(
        "[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n\
         [project]\nname = '{name}'\nversion = '1.0'\n\
         [tool.setuptools]\npackages = {packages:?}\n\
         [tool.setuptools.package-data]\n'*' = ['**/*']\n"
    );
    container.write(&format!("/tmp/{name}/pyproject.toml"), &project);
    for package in packages {
        container.write(&format!("/tmp/{name}/{package}/__init__.py"), "");
    }
    for (file, text) in files {
        container.write(&format!("/tmp/{name}/{file}"), text);
    }
}

/// Links below Horizon's package, with what they lead to.
fn links(container: &Container) -> Vec<String> {
    let found = container.find(HORIZON, |_, metadata| metadata.is_symlink());
    let mut links: Vec<String> = found
        .iter()
        .map(|path| {
            let name = path
                .strip_prefix(container.path(HORIZON))
                .expect("below it");
            let target = fs::read_link(path).expect("a link");
            let target = target.strip_prefix(SITE).expect("below site-packages");
            format!("{} -> {}", name.display(), target.display())
        })
        .collect();
    links.sort();
    links
}

const STEPS: [&str; 5] = ["user", "source", "build", "pip", "hooks"];

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn panels_settings_and_assets_are_made_once() {
    let mut container = ready();
    let said = container.steps(&STEPS);
    said.succeeded().says("hooks: 1 panel: heat_dashboard\n");
    assert_eq!(
        links(&container),
        [
            "conf/default_policies/heat.yaml -> heat_dashboard/conf/default_policies/heat.yaml",
            "conf/heat_policy.yaml -> heat_dashboard/conf/heat_policy.yaml",
            "local/enabled/_1610_heat.py -> heat_dashboard/enabled/_1610_heat.py",
            "local/local_settings.d/_1699_heat.py -> heat_dashboard/local/local_settings.d/_1699_heat.py",
            "local/local_settings.d/_1700_heat.py.example -> heat_dashboard/local/local_settings.d/_1700_heat.py.example",
        ]
    );
    // The source's own manage.py, with a cache for the time of the build.
    assert_eq!(container.read(&format!("{HORIZON}/manage.py")), MANAGE);
    let made = "True collectstatic --clear --noinput _1699_heat.py _999_build.py\n\
                True compress --force _1699_heat.py _999_build.py\n";
    assert_eq!(container.read("/manage.log"), made);
    assert_eq!(
        container.read(&format!("{HORIZON}/local/local_settings.py")),
        "DEBUG = False\nCOMPRESS_OFFLINE = True\nSTATIC_ROOT = '/var/www/html/horizon'\n"
    );
    let shell = container.shell(&format!(
        "readlink /usr/local/share/openstack_dashboard /etc/openstack-dashboard/default_policies\n\
         find {HORIZON}/local ! -user horizon -o ! -group horizon\n\
         find {HORIZON}/local -name '*lock' -o -name '.secret*' -o -name _999_build.py"
    ));
    assert_eq!(shell, format!("{HORIZON}\n{HORIZON}/conf/default_policies"));
    let hooks = container.planned("hooks");
    assert!(
        hooks.contains("all have run, and have not changed since"),
        "{hooks}"
    );

    container.step("hooks").succeeded();
    assert_eq!(links(&container).len(), 5);
    assert_eq!(container.read("/manage.log"), made.repeat(2));
    container.set("HORIZON_EXTRA_PANELS", "my_panel");
    container
        .step("hooks")
        .succeeded()
        .says("hooks: 1 panel: my_panel\n");
    assert_eq!(
        links(&container),
        ["local/enabled/_20_mine.py -> my_panel/local/enabled/_20_mine.py"]
    );
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn translations_are_compiled_where_gettext_is_there() {
    let mut container = ready();
    container.set("DIST_PACKAGES", "gettext");
    container.step("packages").succeeded();
    container.steps(&STEPS).succeeded();
    let made = container.read("/manage.log");
    let first = made.lines().next();
    assert_eq!(
        first,
        Some("True compilemessages _1699_heat.py _999_build.py")
    );
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn what_is_missing_is_told() {
    let mut container = ready();
    let said = container.step("hooks");
    said.failed_in("hooks");
    assert_eq!(
        said.complaint(),
        "hooks: could not find Horizon in the virtualenv\n\
         \x20 there is no /var/lib/openstack/lib/python3*/site-packages/openstack_dashboard\n\
         Run the step pip; if that was done, the source is not Horizon's: check PROJECT_REPO, or what is in SOURCES_DIR.\n\
         This step alone: loci-install step hooks; the build from there: loci-install\n"
    );
    container.set(
        "HORIZON_EXTRA_PANELS",
        "heat_dashboard nosuch_panel octavia_dashboard",
    );
    let said = container.steps(&STEPS);
    said.failed_in("hooks");
    assert_eq!(
        said.complaint(),
        format!(
            "hooks: could not enable Horizon's panels\n\
             \x20 HORIZON_EXTRA_PANELS=nosuch_panel: there is no such module in {SITE}\n\
             \x20 HORIZON_EXTRA_PANELS=octavia_dashboard: there is no such module in {SITE}\n\
             Correct the names, or install the panels by PIP_PACKAGES, EXTRA_PROJECTS or pydep.txt.\n\
             This step alone: loci-install step hooks; the build from there: loci-install\n"
        )
    );
    // A source without manage.py, as wheels are; the one that is made is Django's.
    container.set("HORIZON_EXTRA_PANELS", "");
    container.remove("/tmp/horizon/manage.py");
    container
        .step("hooks")
        .failed_in("hooks")
        .says("error: hooks: could not collect Horizon's assets\n")
        .says("No module named 'django'");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_plugin_enables_its_own_panels_beside_those_of_the_parent() {
    let mut container = ready();
    container.set("HORIZON_EXTRA_PANELS", "my_panel");
    container.install().succeeded();
    let before = links(&container);
    let settings = container.read(&format!("{HORIZON}/local/local_settings.py"));

    container.set("PROJECT", "ironic-ui");
    container.set("PLUGIN", "yes");
    container.set("EXTRA_PROJECTS", "");
    container.set("HORIZON_EXTRA_PANELS", "");
    source(
        &container,
        "ironic-ui",
        &["ironic_ui"],
        &[("ironic_ui/enabled/_2200_ironic.py", "")],
    );
    // Of its own tests, and not for Horizon.
    container.write("/tmp/ironic-ui/manage.py", "raise SystemExit(1)\n");
    container
        .install()
        .succeeded()
        .says("hooks: 1 panel: ironic_ui\n");
    let mut expected = before;
    expected.push("local/enabled/_2200_ironic.py -> ironic_ui/enabled/_2200_ironic.py".to_owned());
    expected.sort();
    assert_eq!(links(&container), expected);
    assert_eq!(
        container.read(&format!("{HORIZON}/local/local_settings.py")),
        settings
    );
    assert_eq!(
        container.shell(&format!(
            "find {HORIZON}/local ! -user horizon -o ! -group horizon"
        )),
        ""
    );
}
