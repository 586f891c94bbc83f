//! Patches of sources: what is planned, and what is told of a directory of them.

use crate::test::Test;

const PATCH: &str = "--- a/setup.cfg\n+++ b/setup.cfg\n@@ -1 +1 @@\n-a\n+b\n";

/// Of that text.
const SHA256: &str = "f7614de7fa7dfe69e3774e33a0f64738ec996af74a50f3d818b988409321adc3";

fn warnings(test: Test) -> Vec<String> {
    let outcome = test.plan().outcome();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    let warnings = outcome.stderr.lines();
    let warnings = warnings.filter_map(|line| line.strip_prefix("warning: "));
    warnings.map(str::to_owned).collect()
}

#[test]
fn they_are_listed_with_their_digests() {
    let test = || {
        Test::debian()
            .file("opt/loci/patches/keystone/02-b.patch", PATCH)
            .file("opt/loci/patches/keystone/01-a.patch", "")
            .file("opt/loci/patches/nova/01-a.patch", "")
            .file("opt/site/patches/keystone/01-c.patch", PATCH)
            .set("INPUTS_DIR", "/opt/site")
    };
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let plan = test().plan().outcome().stdout;
    let listed = format!(
        "    do     patch /tmp/keystone by\n\
         \x20          /opt/loci/patches/keystone/01-a.patch#sha256={empty}\n\
         \x20          /opt/loci/patches/keystone/02-b.patch#sha256={SHA256}\n\
         \x20          /opt/site/patches/keystone/01-c.patch#sha256={SHA256}\n"
    );
    assert!(plan.contains(&listed), "{plan}");
    assert!(plan.contains(", git to patch the source"), "{plan}");
    assert_eq!(warnings(test()), Vec::<String>::new());
}

#[test]
fn a_source_that_took_the_place_of_a_patched_one_has_no_patches() {
    let kept = "var/lib/loci-install/patches/keystone";
    let plan = Test::debian()
        .file("opt/loci/patches/keystone/a.patch", PATCH)
        .file(&format!("{kept}/0000.patch"), PATCH)
        .file(&format!("{kept}/source"), "1 2 3")
        .plan()
        .outcome()
        .stdout;
    assert!(plan.contains("patch /tmp/keystone by\n"), "{plan}");
}

#[test]
fn another_directory_may_be_named() {
    for (given, at) in [
        ("/srv/fixes", "srv/fixes"),
        ("fixes", "opt/loci/fixes"),
        ("a/fixes", "opt/loci/a/fixes"),
    ] {
        let test = Test::debian()
            .file("opt/loci/patches/keystone/01-a.patch", "")
            .file(&format!("{at}/keystone/1.patch"), PATCH)
            .set("PATCHES", given);
        let plan = test.plan().outcome().stdout;
        let listed = format!(
            "    do     patch /tmp/keystone by\n           /{at}/keystone/1.patch#sha256={SHA256}\n"
        );
        assert!(plan.contains(&listed), "{plan}");
        assert!(!plan.contains("01-a.patch"), "{plan}");
    }
}

#[test]
fn what_would_be_passed_over_is_told() {
    assert_eq!(
        warnings(Test::debian().file("opt/loci/patches/keystone/01-a.diff", PATCH)),
        ["/opt/loci/patches/keystone has no *.patch"]
    );
    assert_eq!(
        warnings(
            Test::debian()
                .file("srv/fixes/keystoen/1.patch", PATCH)
                .file("srv/fixes/nova/1.patch", PATCH)
                .set("PATCHES", "/srv/fixes")
        ),
        ["PATCHES=/srv/fixes has nothing for keystone; it has keystoen, nova"]
    );
}

#[test]
fn a_directory_that_is_not_there() {
    for given in ["/srv/fixes", "fixes"] {
        let stderr = Test::debian().set("PATCHES", given).plan().outcome().stderr;
        let problem = format!("cannot be run here: PATCHES={given}: there is no such directory\n");
        assert!(stderr.contains(&problem), "{stderr}");
    }
}

#[test]
fn no_path_that_leads_out_and_none_for_what_has_no_sources() {
    Test::debian()
        .set("PATCHES", "../fixes")
        .plan()
        .stderr(
            "error: 1 wrong setting; nothing was touched\n\
             \x20 PATCHES=../fixes: `..` is not allowed in this path\n",
        )
        .status(2)
        .run();
    for project in ["requirements", "infra"] {
        Test::debian()
            .set("PROJECT", project)
            .set("PATCHES", "fixes")
            .plan()
            .stderr(
                "error: 1 wrong setting; nothing was touched\n\
                 \x20 PATCHES=fixes: for the image of a service only\n",
            )
            .status(2)
            .run();
    }
}
