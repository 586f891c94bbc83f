//! What this program does for single projects, and who may do it instead.

use crate::test::Test;

/// What `plan` says of the step `hooks`.
#[track_caller]
fn planned(test: Test) -> String {
    planned_of("hooks", test)
}

/// What `plan` says of a step.
#[track_caller]
fn planned_of(step: &str, test: Test) -> String {
    let outcome = test.plan().outcome();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    let heading = format!("\n{step}: ");
    let (_, from) = outcome.stdout.split_once(&heading).expect("the step");
    from.split("\n\n").next().unwrap_or_default().to_owned()
}

/// Where an author's scripts for keystone are.
const SCRIPTS: &str = "opt/loci/scripts/project_specific/keystone";

fn of(project: &str) -> Test {
    Test::debian()
        .set("PROJECT", project)
        .file(&format!("tmp/{project}/PKG-INFO"), "Version: 1.0\n")
        .file(&format!("tmp/{project}/setup.cfg"), "")
}

#[test]
fn nova_gets_consoles_and_the_account_of_swtpm() {
    assert_eq!(
        planned(of("nova").file("tmp/spice-html5/spice.html", "")),
        "consoles, the account of swtpm for nova\n    \
         after  packages, user, pip\n    \
         do     git clone --quiet --no-checkout '--filter=tree:0' -- https://github.com/novnc/novnc /var/lib/loci-install/sources/novnc, and check out v1.0.0, as /usr/share/novnc\n    \
         do     copy /tmp/spice-html5, as /usr/share/spice-html5\n    \
         do     make the user and the group tss (42434:42434)"
    );
}

#[test]
fn horizon_gets_its_panels_settings_and_assets() {
    let said = planned(of("horizon").set("HORIZON_EXTRA_PANELS", "heat_dashboard my_panel"));
    assert!(
        said.starts_with("panels, settings and assets for horizon\n"),
        "{said}"
    );
    assert!(
        said.contains("panels: heat_dashboard, my_panel\n"),
        "{said}"
    );
}

#[test]
fn wrong_values_are_told_at_once() {
    of("nova")
        .set("NOVA_TSS_USER", "Tss")
        .set("NOVA_TSS_UID", "-1")
        .set("NOVNC_REF", "--upload-pack=x")
        .set("HORIZON_EXTRA_PANELS", "../etc")
        .plan()
        .stderr(
            "error: 4 wrong settings; nothing was touched\n\
             \x20 HORIZON_EXTRA_PANELS=../etc: `../etc` is not the name of a module\n\
             \x20 NOVA_TSS_USER=Tss: not the name of an account; lower-case letters, digits, `-` and `_`, at most 32, starting with a letter\n\
             \x20 NOVA_TSS_UID=-1: not an id; a whole number from 0 to 4294967294\n\
             \x20 NOVNC_REF=--upload-pack=x: not a git reference; a branch, a tag, a commit or refs/changes/NN/N/N\n",
        )
        .status(2)
        .run();
}

#[test]
fn scripts_before_pip_run_before_the_build_and_wait_for_all_that_they_may_use() {
    let test = || {
        Test::debian()
            .script(&format!("{SCRIPTS}/before-pip/20_second.sh"))
            .script(&format!("{SCRIPTS}/before-pip/10_first.sh"))
            .script(&format!("{SCRIPTS}/30_third.sh"))
    };
    let build = planned_of("build", test());
    assert!(
        build.starts_with(
            "2 scripts of the image author, then wheels of /tmp/keystone\n    \
             after  source, venv, wheels, packages, user\n    \
             do     /opt/loci/scripts/project_specific/keystone/before-pip/10_first.sh\n    \
             do     /opt/loci/scripts/project_specific/keystone/before-pip/20_second.sh\n    \
             remove /var/lib/loci-install/built\n"
        ),
        "{build}"
    );
    assert_eq!(
        planned(test()),
        "1 script of the image author for keystone\n    \
         after  packages, user, pip\n    \
         do     /opt/loci/scripts/project_specific/keystone/30_third.sh"
    );
    let without = planned_of("build", Test::debian());
    assert!(
        without.contains("    after  source, venv, wheels\n"),
        "{without}"
    );
}

#[test]
fn a_script_runs_once_however_often_its_directory_is_given() {
    let hooks = planned(
        Test::debian()
            .set("INPUTS_DIR", "/opt/loci/scripts")
            .script(&format!("{SCRIPTS}/10_first.sh")),
    );
    assert!(hooks.starts_with("1 script of the image author"), "{hooks}");
}

#[test]
fn scripts_that_no_kernel_starts_are_refused() {
    Test::debian()
        .program(&format!("{SCRIPTS}/10_windows.sh"), "#!/bin/bash\r\necho\r\n")
        .program(&format!("{SCRIPTS}/before-pip/10_bare.sh"), "echo\n")
        .file(&format!("{SCRIPTS}/before-pip/20_mode.sh"), "#!/bin/sh\n")
        .plan()
        .stderr(
            "HERE\n\
             error: 3 problems; nothing was touched\n\
             \x20 /opt/loci/scripts/project_specific/keystone/10_windows.sh: its first line ends in a carriage return, \
             which would be part of the program's name; save it with the line ends of Unix, as `sed -i 's/\\r$//'` does\n\
             \x20 /opt/loci/scripts/project_specific/keystone/before-pip/10_bare.sh: \
             its first line names no program that runs it; begin it with #!/bin/sh\n\
             \x20 /opt/loci/scripts/project_specific/keystone/before-pip/20_mode.sh: \
             a hook has to be executable; chmod +x it, or move it elsewhere\n",
        )
        .status(2)
        .run();
}

#[test]
fn scripts_in_a_directory_that_means_nothing_are_told() {
    let outcome = Test::debian()
        .script(&format!("{SCRIPTS}/post-pip/10_late.sh"))
        .file(&format!("{SCRIPTS}/templates/site.conf"), "")
        .plan()
        .outcome();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    assert_eq!(
        outcome.stderr.lines().next(),
        Some(
            "warning: /opt/loci/scripts/project_specific/keystone/post-pip: nothing in it is run; \
             scripts are run from /opt/loci/scripts/project_specific/keystone/before-pip before pip, \
             and from /opt/loci/scripts/project_specific/keystone itself after it"
        )
    );
}

/// Keystone with the profile that LOCI has for it.
fn oauth2() -> Test {
    Test::debian().set("PROFILES", "mod_oauth2")
}

/// The digest of an empty file.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// That of none.
const OTHER: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

#[test]
fn keystone_gets_a_module_that_is_pinned() {
    let packages = format!(
        "https://ci:hunter2@deb.example/a/liboauth2_1%2B1_amd64.deb#sha256={OTHER}\n data/mod.deb#sha256={EMPTY}"
    );
    let hooks = planned(
        oauth2()
            .file("opt/loci/data/mod.deb", "")
            .set("MOD_OAUTH2_PACKAGES", &packages),
    );
    let (heading, rest) = hooks.split_once('\n').expect("lines");
    assert_eq!(heading, "Apache's module oauth2 for keystone");
    for line in [
        " install --yes --no-install-recommends apache2 /var/lib/loci-install/packages/liboauth2_1+1_amd64.deb \
         /var/lib/loci-install/packages/mod.deb --allow-downgrades; a2enmod --quiet oauth2\n",
        &format!(
            "liboauth2_1+1_amd64.deb from https://****@deb.example/a/liboauth2_1%2B1_amd64.deb, sha256={OTHER}\n"
        ),
        &format!("mod.deb from data/mod.deb, sha256={EMPTY}"),
    ] {
        assert!(rest.contains(line), "{line}: {rest}");
    }
}

#[test]
fn keystone_may_have_the_archives_own_module() {
    let hooks = planned(oauth2().set("DIST_PACKAGES", "libapache2-mod-oauth2"));
    assert!(
        hooks.contains(" apache2 --allow-downgrades; a2enmod --quiet oauth2"),
        "{hooks}"
    );
}

#[test]
fn a_module_from_nowhere_is_refused() {
    oauth2()
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 PROFILES=mod_oauth2: nothing says where the module comes from; \
             set DIST_PACKAGES=libapache2-mod-oauth2 where the archive has it, \
             else MOD_OAUTH2_PACKAGES to its .deb files and those that it needs, each with #sha256=; \
             or give 01_add_oauth_modules.sh, a hook of your own\n",
        )
        .status(2)
        .run();
}

#[test]
fn files_that_are_not_there_or_are_others_are_refused() {
    oauth2()
        .file("opt/loci/data/mod.deb", "")
        .set(
            "MOD_OAUTH2_PACKAGES",
            &format!("nosuch.deb#sha256={EMPTY} data/mod.deb#sha256={OTHER}"),
        )
        .plan()
        .stderr(&format!(
            "HERE\n\
             error: 2 problems; nothing was touched\n\
             \x20 MOD_OAUTH2_PACKAGES=nosuch.deb: no such file in /opt/loci\n\
             \x20 MOD_OAUTH2_PACKAGES=data/mod.deb: /opt/loci/data/mod.deb has the digest sha256={EMPTY}, \
             and sha256={OTHER} is wanted; give the right file, or its digest\n"
        ))
        .status(2)
        .run();
}

#[test]
fn files_without_a_digest_or_a_name_are_wrong_settings() {
    let list = format!(
        "a.deb b.deb#sha256=00 c.txt#sha256={EMPTY} d.deb#sha256={EMPTY} /x/d.deb#sha256={EMPTY}"
    );
    oauth2()
        .set("MOD_OAUTH2_PACKAGES", &list)
        .plan()
        .stderr(&format!(
            "error: 4 wrong settings; nothing was touched\n\
             \x20 MOD_OAUTH2_PACKAGES={list}: `a.deb` has no digest; write #sha256= behind it, and what sha256sum says of the file\n\
             \x20 MOD_OAUTH2_PACKAGES={list}: `b.deb#sha256=00`: \"sha256:00\" is no digest: sha256 has 64 hexadecimal digits, in lower case\n\
             \x20 MOD_OAUTH2_PACKAGES={list}: `c.txt` is not the name of a .deb file\n\
             \x20 MOD_OAUTH2_PACKAGES={list}: two files are called `d.deb`\n"
        ))
        .status(2)
        .run();
}

#[test]
fn the_module_is_for_debians_family_and_a_script_takes_its_place() {
    let outcome = oauth2()
        .set("DISTRO", "centos")
        .set("DISTRO_VERSION", "9")
        .plan()
        .outcome();
    assert_eq!(outcome.status, Some(2), "{outcome:?}");
    assert!(
        outcome.stderr.contains(
            "  PROFILES=mod_oauth2: its packages are Debian's, and centos is of the Red Hat family; \
             give 01_add_oauth_modules.sh, a hook of your own\n"
        ),
        "{outcome:?}"
    );
    let script = format!("{SCRIPTS}/01_add_oauth_modules.sh");
    assert_eq!(
        planned(oauth2().script(&script)),
        format!(
            "1 script of the image author for keystone\n    \
             after  packages, user, pip\n    do     /{script}"
        )
    );
}
