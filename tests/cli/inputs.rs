//! The image author's files: bindep, pydep and hook scripts.

use crate::test::Test;

#[test]
fn every_bad_line_of_every_file_with_its_place() {
    Test::debian()
        .file("opt/loci/bindep.txt", "apache2 [platform:dpkg\nlibldap2\npkg-config [!]\nlibpcre3 (>=1)\n")
        .file("opt/loci/bindep-site.txt", "memcached [keystone] >=\n")
        .file("opt/loci/pydep.txt", "[keystone] uwsgi\n")
        .plan()
        .stderr(
            "HERE\n\
             error: 3 problems; nothing was touched\n\
             \x20 /opt/loci/bindep-site.txt:1:24: expected a version, which begins with a digit\n\
             \x20   1 | memcached [keystone] >=\n\
             \x20     |                        ^\n\
             \x20 /opt/loci/bindep.txt:1:23: expected a profile name, `(` or `]`\n\
             \x20   1 | apache2 [platform:dpkg\n\
             \x20     |                       ^\n\
             \x20 /opt/loci/bindep.txt:3:14: expected a profile name\n\
             \x20   3 | pkg-config [!]\n\
             \x20     |              ^\n\
             \x20 /opt/loci/bindep.txt:4:10: expected `[`, a version constraint, a comment or the end of the line\n\
             \x20   4 | libpcre3 (>=1)\n\
             \x20     |          ^\n\
             \x20 /opt/loci/pydep.txt:1:1: expected a package name, a comment or an empty line\n\
             \x20   1 | [keystone] uwsgi\n\
             \x20     | ^\n",
        )
        .status(2)
        .run();
}

#[test]
fn a_bad_line_of_a_further_file() {
    Test::debian()
        .file("site/packages.txt", "memcached [keystone\n")
        .set("EXTRA_BINDEP", "/site/*.txt")
        .set("PROFILES", "site")
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 /site/packages.txt:1:20: expected a profile name, `(` or `]`\n\
             \x20   1 | memcached [keystone\n\
             \x20     |                    ^\n",
        )
        .status(2)
        .run();
}

#[test]
fn further_files_that_are_not_there() {
    Test::debian()
        .set("EXTRA_BINDEP", "site-*.txt /etc/site/bindep.txt")
        .set("EXTRA_PYDEP", "pydep-site.txt")
        .plan()
        .stderr(
            "HERE\n\
             error: 3 problems; nothing was touched\n\
             \x20 EXTRA_BINDEP=site-*.txt: no such file in /opt/loci\n\
             \x20 EXTRA_BINDEP=/etc/site/bindep.txt: no such file\n\
             \x20 EXTRA_PYDEP=pydep-site.txt: no such file in /opt/loci\n",
        )
        .status(2)
        .run();
}

#[test]
fn a_further_directory_that_is_not_there() {
    Test::debian()
        .set("INPUTS_DIR", "/opt/site")
        .set("EXTRA_BINDEP", "site.txt")
        .plan()
        .stderr(
            "HERE\n\
             error: 2 problems; nothing was touched\n\
             \x20 INPUTS_DIR=/opt/site: there is no such directory\n\
             \x20 EXTRA_BINDEP=site.txt: no such file in /opt/loci, /opt/site\n",
        )
        .status(2)
        .run();
}

#[test]
fn further_files_are_found_by_pattern_and_by_base_name() {
    let outcome = Test::debian()
        .file("opt/loci/site.txt", "memcached [keystone]\n")
        .file("opt/site/more-1.txt", "curl\n")
        .file("opt/site/more-2.txt", "wget [other]\n")
        .set("INPUTS_DIR", "/opt/site")
        .set("EXTRA_BINDEP", "etc/site.txt\nmore-*.txt")
        .plan()
        .outcome();
    assert!(
        outcome
            .stdout
            .contains(" install --yes --no-install-recommends memcached curl\n"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn an_unknown_profile() {
    Test::debian()
        .set("PROFILES", "ldpa apache ceph")
        .plan()
        .stderr(
            "HERE\n\
             error: 2 problems; nothing was touched\n\
             \x20 PROFILES=ldpa: no bindep or pydep file mentions this profile; did you mean ldap?\n\
             \x20 PROFILES=ceph: no bindep or pydep file mentions this profile\n",
        )
        .status(2)
        .run();
}

#[test]
fn a_hook_may_know_a_profile_that_no_file_does() {
    let outcome = Test::debian()
        .script("opt/loci/scripts/project_specific/keystone/10_blue.sh")
        .set("PROFILES", "blue")
        .plan()
        .outcome();
    assert_eq!(outcome.status, Some(0));
    assert_eq!(
        outcome.stderr.lines().next(),
        Some("warning: PROFILES=blue: no bindep or pydep file mentions this profile")
    );
}

#[test]
fn a_hook_that_cannot_be_run() {
    Test::debian()
        .file("opt/loci/scripts/project_specific/keystone/10_apache.sh", "#!/bin/sh\n")
        .plan()
        .stderr(
            "HERE\n\
             error: 1 problem; nothing was touched\n\
             \x20 /opt/loci/scripts/project_specific/keystone/10_apache.sh: a hook has to be executable; \
             chmod +x it, or move it elsewhere\n",
        )
        .status(2)
        .run();
}

#[test]
fn no_bindep_file_at_all() {
    let outcome = Test::debian().without("opt").plan().outcome();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    assert_eq!(
        outcome.stderr.lines().last(),
        Some(
            "cannot be run here: there is no bindep file: looked for /opt/loci/bindep*; \
             the stock Dockerfile mounts them there"
        )
    );
}
