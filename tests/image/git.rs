//! Sources by git, from a directory and from a server.

use crate::container::Container;
use crate::repository::Repository;

/// Clones this reference and tells what came: the module's text, and the version.
fn cloned(repository: &str, mount: Option<&Repository>, reference: &str) -> (String, String) {
    let mut container = Container::with_tools();
    if let Some(mount) = mount {
        container.mount(mount.path(), "/repository");
    }
    container.set("PROJECT_REPO", repository);
    container.set("PROJECT_REF", reference);
    container.step("source").succeeded();
    let version = container.shell("git -C /tmp/tiny -c safe.directory=* describe --tags --long");
    let version = version.rsplit_once("-g").map(|(version, _)| version);
    (
        container.read("/tmp/tiny/tiny.py"),
        version.expect("a description").to_owned(),
    )
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn every_kind_of_reference_is_checked_out_with_its_version() {
    let repository = Repository::tiny();
    let commit = repository.git("rev-parse stable/1");
    let owned = std::os::unix::fs::chown(repository.path(), Some(1000), Some(1000));
    owned.expect("another user's");
    for (reference, answer, version) in [
        ("master", "'master'", "1.0-1"),
        ("stable/1", "'stable'", "1.0-1"),
        ("1.0", "1", "1.0-0"),
        (&commit, "'stable'", "1.0-1"),
        ("refs/changes/34/1234/5", "'change'", "1.0-2"),
    ] {
        for url in ["/repository", "file:///repository"] {
            let (text, described) = cloned(url, Some(&repository), reference);
            assert_eq!(text, format!("answer = {answer}\n"), "{url} {reference}");
            assert_eq!(described, version, "{url} {reference}");
        }
    }
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_server_may_filter_or_not() {
    let repository = Repository::tiny();
    for filter in [true, false] {
        let server = repository.serve(filter);
        for (reference, answer, version) in [
            ("stable/1", "'stable'", "1.0-1"),
            ("refs/changes/34/1234/5", "'change'", "1.0-2"),
        ] {
            let (text, described) = cloned(&server.url, None, reference);
            assert_eq!(text, format!("answer = {answer}\n"), "{reference} {filter}");
            assert_eq!(described, version, "{reference} {filter}");
        }
    }
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn an_unknown_reference_is_named_with_its_repository() {
    let repository = Repository::tiny();
    let mut container = Container::with_tools();
    container.mount(repository.path(), "/repository");
    container.set("PROJECT_REPO", "/repository");
    container.set("PROJECT_REF", "stable/nosuch");
    insta::assert_snapshot!(container.step("source").failed_in("source").scrubbed(), @r"
    source: /tmp/tiny is not there, so /repository is cloned at stable/nosuch
    source: $ git clone --quiet --no-checkout --shared --upload-pack 'git -c safe.directory=* upload-pack' -- /repository /tmp/tiny.partial
    source: $ git -C /tmp/tiny.partial rev-parse --verify --quiet refs/remotes/origin/stable/nosuch'^{commit}'
    source: $ git -C /tmp/tiny.partial rev-parse --verify --quiet refs/tags/stable/nosuch'^{commit}'
    source: $ git -C /tmp/tiny.partial rev-parse --verify --quiet stable/nosuch'^{commit}'
    source: $ git -C /tmp/tiny.partial fetch --quiet origin stable/nosuch
    source:   fatal: couldn't find remote ref stable/nosuch
    source: failed after N s
    error: source: /repository has no branch, tag or commit stable/nosuch
      command: git -C /tmp/tiny.partial fetch --quiet origin stable/nosuch
      ended:   exit status 128
      said:
        fatal: couldn't find remote ref stable/nosuch
    Correct the reference; a commit that is in no branch and no tag needs its whole id, and a server that gives it.
    This step alone: loci-install step source; the build from there: loci-install
    ");
    assert!(!container.has("/tmp/tiny"));
    assert!(!container.has("/tmp/tiny.partial"));
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn an_unreachable_repository_is_named() {
    let mut container = Container::with_tools();
    container.set("PROJECT_REPO", "git://127.0.0.1:1/x");
    container.set("PIP_RETRIES", "1");
    insta::assert_snapshot!(container.step("source").failed_in("source").scrubbed(), @r"
    source: /tmp/tiny is not there, so git://127.0.0.1:1/x is cloned at master
    source: $ git clone --quiet --no-checkout '--filter=tree:0' -- git://127.0.0.1:1/x /tmp/tiny.partial
    source:   fatal: unable to connect to 127.0.0.1:
    source:   127.0.0.1[0: 127.0.0.1]: errno=Connection refused
    source:
    source: tried again in N s
    source: $ git clone --quiet --no-checkout '--filter=tree:0' -- git://127.0.0.1:1/x /tmp/tiny.partial
    source:   fatal: unable to connect to 127.0.0.1:
    source:   127.0.0.1[0: 127.0.0.1]: errno=Connection refused
    source:
    source: failed after N s
    error: source: could not clone git://127.0.0.1:1/x
      command: git clone --quiet --no-checkout '--filter=tree:0' -- git://127.0.0.1:1/x /tmp/tiny.partial
      ended:   exit status 128
      said:
        fatal: unable to connect to 127.0.0.1:
        127.0.0.1[0: 127.0.0.1]: errno=Connection refused
    Check its URL, the network and the proxy variables; or put the source into SOURCES_DIR.
    This step alone: loci-install step source; the build from there: loci-install
    ");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_checkout_of_another_reference_is_used_and_reported() {
    let repository = Repository::tiny();
    let mut container = Container::with_tools();
    container.mount(repository.path(), "/repository");
    container
        .shell("git -c safe.directory=* clone --quiet --branch stable/1 /repository /tmp/tiny");
    container.set("PROJECT_REF", "1.0");
    container.step("source").succeeded().says(
        "warning: /tmp/tiny is used as it is; PROJECT_REF=1.0 is not what is checked out there\n",
    );
    container.set("PROJECT_REF", "stable/1");
    let said = container.step("source");
    assert!(
        !said.succeeded().stderr.contains("warning"),
        "{}",
        said.stderr
    );
}
