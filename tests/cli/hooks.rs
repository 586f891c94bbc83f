//! What this program does for single projects, and who may do it instead.

use crate::test::Test;

/// What `plan` says of the step `hooks`.
#[track_caller]
fn planned(test: Test) -> String {
    let outcome = test.plan().outcome();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    let (_, from) = outcome.stdout.split_once("\nhooks: ").expect("the step");
    from.split("\n\n").next().unwrap_or_default().to_owned()
}

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
