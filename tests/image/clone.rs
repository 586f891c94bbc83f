//! Clones from servers of every kind: without filters, without git, with a login,
//! with a bad day.

use serde_json::Value;

use crate::container::{Container, tiny_project};
use crate::git_server::{GitServer, Manners};
use crate::repository::Repository;

const SECRET: &str = "S3cr3tPassw0rd";

/// A container that clones from there.
fn of(url: &str, reference: &str) -> Container {
    let mut container = Container::with_tools();
    container.set("PROJECT_REPO", url);
    container.set("PROJECT_REF", reference);
    container
}

fn source_in_record(container: &Container) -> Value {
    container.record_so_far()["sources"]["tiny"].take()
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn any_server_over_http_will_do() {
    let repository = Repository::tiny();
    let stable = repository.git("rev-parse stable/1");
    let change = repository.git("rev-parse refs/changes/34/1234/5");
    let manners = |filter: &str, dumb, old| {
        repository.git(&format!("config uploadpack.allowFilter {filter}"));
        GitServer::of(
            &repository,
            Manners {
                dumb,
                old,
                ..Manners::default()
            },
        )
    };
    for (filter, dumb, old) in [
        ("true", false, false),
        ("false", false, false),
        // Offers filters, and does not give the trees that are asked for later.
        ("true", false, true),
        ("false", true, false),
    ] {
        let server = manners(filter, dumb, old);
        let container = of(&server.url, "stable/1");
        let said = container.step("source");
        said.succeeded();
        let whole = "source: the server does not give parts of its repository; all of it is cloned";
        assert_eq!(said.stderr.contains(whole), old, "{}", said.stderr);
        assert_eq!(container.read("/tmp/tiny/tiny.py"), "answer = 'stable'\n");
        assert_eq!(
            container
                .shell("git -C /tmp/tiny describe --tags --long")
                .rsplit_once("-g")
                .map(|(version, _)| version),
            Some("1.0-1")
        );
        assert_eq!(source_in_record(&container)["commit"], *stable);
    }
    // A commit that is in no branch.
    let server = manners("true", false, false);
    of(&server.url, &change).step("source").succeeded();
    // git alone would start itself over and over to fetch what is not there.
    let absent = "0123456789abcdef0123456789abcdef01234567";
    for dumb in [true, false] {
        let server = manners("true", dumb, false);
        let said = of(&server.url, absent).step("source");
        let unknown = format!("{} has no branch, tag or commit {absent}\n", server.url);
        said.failed_in("source").says(&unknown);
        assert!(server.requests().len() < 40, "{:?}", server.requests());
    }
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_name_may_be_written_in_full_or_cut_short() {
    let repository = Repository::tiny();
    repository.git("tag stable/1 1.0");
    repository.git("config uploadpack.allowFilter true");
    let server = GitServer::of(&repository, Manners::default());
    let short = repository.git("rev-parse --short=8 refs/heads/stable/1");
    for (reference, answer) in [
        ("stable/1", "'stable'"),
        ("refs/heads/stable/1", "'stable'"),
        ("refs/tags/stable/1", "1"),
        ("origin/stable/1", "'stable'"),
        ("heads/stable/1", "'stable'"),
        (&short, "'stable'"),
        ("HEAD", "'master'"),
    ] {
        let container = of(&server.url, reference);
        container.step("source").succeeded();
        let text = container.read("/tmp/tiny/tiny.py");
        assert_eq!(text, format!("answer = {answer}\n"), "{reference}");
    }
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_server_that_fails_is_asked_again() {
    let repository = Repository::tiny();
    let failing = |failures| {
        GitServer::of(
            &repository,
            Manners {
                failures,
                ..Manners::default()
            },
        )
    };
    let server = failing(2);
    let container = of(&server.url, "stable/1");
    container
        .step("source")
        .succeeded()
        .says("The requested URL returned error: 503\nsource: tried again in 0.5 s\n")
        .says("source: tried again in 1 s\n");
    assert_eq!(container.read("/tmp/tiny/tiny.py"), "answer = 'stable'\n");

    let server = failing(9);
    let mut container = of(&server.url, "stable/1");
    container.set("PIP_RETRIES", "1");
    let said = container.step("source");
    said.failed_in("source")
        .says("The requested URL returned error: 503");
    assert_eq!(server.requests().len(), 2, "{}", said.stderr);
    assert!(!container.has("/tmp/tiny.partial"));
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn what_is_not_there_or_not_allowed_is_not_asked_for_again() {
    let repository = Repository::tiny();
    let server = GitServer::of(&repository, Manners::default());
    let absent = server.url.replace("/tiny", "/nosuch");
    of(&absent, "master")
        .step("source")
        .failed_in("source")
        .says(&format!("could not clone {absent}\n"));
    assert_eq!(server.requests().len(), 1, "{:?}", server.requests());

    let login = Some(("ci", SECRET));
    let server = GitServer::of(
        &repository,
        Manners {
            login,
            ..Manners::default()
        },
    );
    let said = of(&server.url, "master").step("source");
    let advice = "The server wants a login, or another one: give it by the secret git-credentials or GIT_CREDENTIALS_FILE; of ssh a key.\n";
    said.failed_in("source")
        .says("terminal prompts disabled")
        .says(advice);
    assert_eq!(server.requests().len(), 1, "{:?}", server.requests());
    let said = of(&server.url_of("ci:wrong-password"), "master").step("source");
    said.failed_in("source").says("Authentication failed for");
    assert!(!said.stderr.contains("wrong-password"), "{}", said.stderr);
    assert_eq!(server.requests().len(), 3, "{:?}", server.requests());
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_password_in_a_url_is_for_the_server_alone() {
    let repository = Repository::tiny();
    repository.git("config uploadpack.allowFilter true");
    let login = Some(("ci", SECRET));
    let server = GitServer::of(
        &repository,
        Manners {
            login,
            ..Manners::default()
        },
    );
    let container = of(&server.url_of(&format!("ci:{SECRET}")), "stable/1");
    // git would have it stored by whatever helper is configured.
    container.write("/etc/gitconfig", "[credential]\n\thelper = store\n");
    container.program(
        "/usr/local/bin/git",
        "echo \"$@\" >>/tmp/calls; exec /usr/bin/git \"$@\"",
    );
    let said = container.step("source");
    said.succeeded()
        .says(&server.url)
        .says("http://****@127.0.0.1:");
    assert!(!said.stderr.contains(SECRET), "{}", said.stderr);
    assert_eq!(container.read("/tmp/tiny/tiny.py"), "answer = 'stable'\n");
    assert!(container.read("/tmp/calls").contains("clone"));
    container.holds_nowhere(SECRET);
    let repository = source_in_record(&container)["repository"].take();
    assert_eq!(repository, server.url.replace("http://", "http://****@"));
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_token_in_a_url_needs_no_password() {
    let repository = Repository::tiny();
    let login = Some((SECRET, ""));
    let server = GitServer::of(
        &repository,
        Manners {
            login,
            ..Manners::default()
        },
    );
    let container = of(&server.url_of(SECRET), "stable/1");
    let said = container.step("source");
    assert!(!said.succeeded().stderr.contains(SECRET), "{}", said.stderr);
    container.holds_nowhere(SECRET);
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn logins_come_from_a_secret_or_from_gits_own_places() {
    let repository = Repository::tiny();
    repository.git("config uploadpack.allowFilter true");
    let login = Some(("ci", SECRET));
    let server = GitServer::of(
        &repository,
        Manners {
            login,
            ..Manners::default()
        },
    );
    let files = tempfile::tempdir().expect("a directory");
    let file = files.path().join("logins");
    let with_login = server.url_of(&format!("ci:{SECRET}"));
    std::fs::write(&file, format!("https://other:one@host\n{with_login}\n")).expect("written");
    for (at, variable) in [
        ("/run/secrets/git-credentials", ""),
        ("/secret/logins", "/secret/logins"),
    ] {
        // With the user in the URL, and without.
        for url in [server.url.clone(), server.url_of("ci")] {
            let mut container = of(&url, "stable/1");
            container.write("/etc/gitconfig", "[credential]\n\thelper = store\n");
            container.mount(&file, at);
            container.set("GIT_CREDENTIALS_FILE", variable);
            // Whoever says it, it is masked.
            container.hook("10_tell.sh", &format!("echo it is {SECRET}"));
            container.steps(&["source"]).succeeded();
            let said = container.step("hooks");
            said.succeeded().says("it is ****");
            container.unmount(at);
            container.holds_nowhere(SECRET);
        }
    }
    let netrc = format!("machine 127.0.0.1 login ci password {SECRET}\n");
    let container = of(&server.url, "stable/1");
    container.write("/root/.netrc", &netrc);
    container.step("source").succeeded();
    let helper =
        format!("[credential]\n\thelper = \"!echo username=ci; echo password={SECRET};:\"\n");
    let container = of(&server.url, "stable/1");
    container.write("/etc/gitconfig", &helper);
    container.step("source").succeeded();
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_file_of_logins_that_is_not_there_is_refused() {
    let mut container = of("http://127.0.0.1:1/tiny", "master");
    container.set("GIT_CREDENTIALS_FILE", "/secret/logins");
    let said = container.step("source");
    assert_eq!(said.status, Some(2), "{}", said.stderr);
    said.says(
        "error: 1 problem; nothing was touched\n\
         \x20 GIT_CREDENTIALS_FILE=/secret/logins: no such file\n",
    );
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn submodules_come_with_a_clone() {
    let part = Repository::holding(&[("part.py", "part = 1\n")], "1");
    let part_server = GitServer::of(&part, Manners::default());
    let repository = Repository::holding(&[("pyproject.toml", &tiny_project(""))], "1.0");
    repository.git(&format!("submodule --quiet add {} part", part_server.url));
    repository.commit();
    let server = GitServer::of(&repository, Manners::default());
    let container = of(&server.url, "master");
    container.step("source").succeeded();
    assert_eq!(container.read("/tmp/tiny/part/part.py"), "part = 1\n");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn the_authority_that_is_given_for_all_is_gits_too() {
    let repository = Repository::tiny();
    let tls = Manners {
        tls: true,
        ..Manners::default()
    };
    let server = GitServer::of(&repository, tls);
    let mut container = of(&server.url, "stable/1");
    let said = container.step("source");
    said.failed_in("source").says("certificate");
    assert!(!said.stderr.contains("tried again"), "{}", said.stderr);
    container.mount(&server.authority(), "/run/secrets/ca-bundle");
    container.set("SSL_CERT_FILE", "/run/secrets/ca-bundle");
    container.step("source").succeeded();
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_server_that_says_nothing_is_asked_again() {
    let repository = Repository::tiny();
    let silent = Manners {
        silences: 1,
        ..Manners::default()
    };
    let server = GitServer::of(&repository, silent);
    let mut container = of(&server.url, "stable/1");
    container.set("PIP_DEFAULT_TIMEOUT", "2.5");
    container
        .step("source")
        .succeeded()
        .says("Operation too slow")
        .says("source: tried again in 0.5 s\n");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_fork_without_tags_is_told() {
    let files = [
        ("setup.cfg", "[metadata]\nname = tiny\n"),
        (
            "setup.py",
            "import setuptools\nsetuptools.setup(setup_requires=['pbr'], pbr=True)\n",
        ),
    ];
    let repository = Repository::holding(&files, "1.0");
    repository.git("tag --delete 1.0");
    let server = GitServer::of(&repository, Manners::default());
    let mut container = of(&server.url, "master");
    let said =
        "source: the source in /tmp/tiny has no tag, so that pbr counts its version from 0.0.1;";
    container.step("source").succeeded().says(said);
    container.set("PBR_VERSION", "1.0.1");
    let again = container.step("source");
    assert!(
        !again.succeeded().stderr.contains("has no tag"),
        "{}",
        again.stderr
    );
}
