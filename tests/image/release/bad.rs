//! Releases that cannot be made: what is wrong with them or with the index, and
//! what is done all the same.

use std::sync::LazyLock;

use regex::Regex;

use super::faults::{Fault, faulty, nobody};
use super::packages::{Sdist, wheel};
use super::release;
use super::served::Served;
use crate::disk::Disk;
use crate::said::Said;

fn orchard() -> Served {
    let index = Served::new();
    index.wheel("apple", "1.0", &[]);
    index.wheel("apple", "1.1", &[]);
    index.sdist(&Sdist::new("plum", "1.0"));
    index.sdist(&Sdist::new("quince", "1.0"));
    index
}

static DIGESTS: LazyLock<Regex> = LazyLock::new(|| Regex::new("[0-9a-f]{64}").expect("constant"));
static PORTS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"127\.0\.0\.1:\d+").expect("constant"));
static TEMPORARY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:/builds-v0)?/\.tmp\w+").expect("constant"));

impl Said {
    /// The error alone, less what differs from run to run.
    fn error(&self) -> String {
        let text = self.complaint();
        let text = DIGESTS.replace_all(&text, "SHA256");
        let text = PORTS.replace_all(&text, "INDEX");
        TEMPORARY.replace_all(&text, "/BUILD").into_owned()
    }
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn every_constraint_that_the_index_does_not_have() {
    let index = orchard();
    let container = release(&index, "apple===1.0\nsix===99\n\nnosuch===1.0\npip===1.0\n");
    insta::assert_snapshot!(container.install().error(), @r"
    constraints: the package index does not have everything that the constraints name
      six===99 (upper-constraints.txt:2): the index has no such version
      nosuch===1.0 (upper-constraints.txt:4): the index has no such package
      pip===1.0 (upper-constraints.txt:5): the index has no such version
      command: /var/lib/loci-install/requirements/tools/bin/uv pip compile --quiet --no-deps --format pylock.toml --no-header --python /var/lib/loci-install/requirements/tools/bin/python --constraints /var/lib/loci-install/requirements/ranges.txt --output-file /var/lib/loci-install/requirements/pylock.release.toml /var/lib/loci-install/requirements/release.txt
      ended:   exit status 1
      said:
        error: No solution found when resolving dependencies
          cause: Because there is no version of six==99 and you require six==99, we can conclude that your requirements are unsatisfiable.
    Correct the constraint, or give the index that has it as PIP_INDEX_URL or PIP_EXTRA_INDEX_URL.
    This step alone: loci-install step constraints; the build from there: loci-install
    ");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn what_fails_is_told_together_and_the_rest_is_done() {
    let index = orchard();
    index.file("torn-1.0.tar.gz", b"<html>Sign in to go on</html>");
    index.sdist(
        &Sdist::of_setuptools("raising", "1.0", "").first("raise RuntimeError('no C compiler')"),
    );
    index.sdist(&Sdist::new("starved", "1.0").first("os.kill(os.getpid(), 9)"));
    index.sdist(&Sdist::new("waiting", "1.0").build_requires("raising"));
    let container = release(
        &index,
        "torn===1.0\nraising===1.0\nstarved===1.0\nwaiting===1.0\nplum===1.0\n",
    );
    insta::assert_snapshot!(container.install().error(), @r#"
    wheels-build: 4 of 8 wheels could not be made
      raising 1.0: could not build it
        command: /var/lib/loci-install/requirements/tools/bin/uv build --wheel --offline --no-index --find-links /var/lib/loci-install/requirements/links --build-constraints /var/lib/loci-install/requirements/pins.txt --python /var/lib/loci-install/requirements/tools/bin/python --no-create-gitignore --out-dir /var/cache/loci-install/built/SHA256.partial /var/cache/loci-install/files/raising-1.0.tar.gz
        ended:   exit status 2
        said (all of it is in /var/cache/loci-install/logs/raising-1.0.log):
              requires = get_requires_for_build({})
            File "/var/lib/loci-install/requirements/uv-cache/BUILD/lib/python3.13/site-packages/setuptools/build_meta.py", line 333, in get_requires_for_build_wheel
              return self._get_build_requires(config_settings, requirements=[])
                     ~~~~~~~~~~~~~~~~~~~~~~~~^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            File "/var/lib/loci-install/requirements/uv-cache/BUILD/lib/python3.13/site-packages/setuptools/build_meta.py", line 301, in _get_build_requires
              self.run_setup()
              ~~~~~~~~~~~~~~^^
            File "/var/lib/loci-install/requirements/uv-cache/BUILD/lib/python3.13/site-packages/setuptools/build_meta.py", line 518, in run_setup
              super().run_setup(setup_script=setup_script)
              ~~~~~~~~~~~~~~~~~^^^^^^^^^^^^^^^^^^^^^^^^^^^
            File "/var/lib/loci-install/requirements/uv-cache/BUILD/lib/python3.13/site-packages/setuptools/build_meta.py", line 317, in run_setup
              exec(code, locals())
              ~~~~^^^^^^^^^^^^^^^^
            File "<string>", line 3, in <module>
              if sys.path[0] == "":
          RuntimeError: no C compiler
          error: Failed to build `/var/cache/loci-install/files/raising-1.0.tar.gz`
            cause: The build backend returned an error
            cause: Call to `setuptools.build_meta:__legacy__.get_requires_for_build_wheel` failed (exit status: 1)
          hint: Build failures usually indicate a problem with the package or the build environment
      starved 1.0: could not build it
        command: /var/lib/loci-install/requirements/tools/bin/uv build --wheel --offline --no-index --find-links /var/lib/loci-install/requirements/links --build-constraints /var/lib/loci-install/requirements/pins.txt --python /var/lib/loci-install/requirements/tools/bin/python --no-create-gitignore --out-dir /var/cache/loci-install/built/SHA256.partial /var/cache/loci-install/files/starved-1.0.tar.gz
        ended:   exit status 2
        said (all of it is in /var/cache/loci-install/logs/starved-1.0.log):
          Building wheel from source distribution...
          error: Failed to build `/var/cache/loci-install/files/starved-1.0.tar.gz`
            cause: The build backend returned an error
            cause: Call to `backend.build_wheel` failed (signal: 9 (SIGKILL))
          hint: Build failures usually indicate a problem with the package or the build environment
      torn 1.0: /var/cache/loci-install/files/torn-1.0.tar.gz: invalid gzip header; the index has it like that
      waiting 1.0 was not tried: it needs raising 1.0
    What is done is kept: the next run does only what failed. Where memory ran out, JOBS=1 needs the least.
    This step alone: loci-install step wheels-build; the build from there: loci-install
    "#);
    // What ended well is kept.
    assert_eq!(container.builds(), ["plum"]);
    let again = container.install();
    again.says("wheels-build: 4 of 8 wheels could not be made\n");
    assert_eq!(container.builds(), Vec::<String>::new());
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn an_index_that_does_not_answer_pages() {
    let index = orchard();
    let mut container = release(&index, "apple===1.0\n");
    container.set("PIP_DEFAULT_TIMEOUT", "2");
    let mut with = |fault| {
        let index = faulty(&index, &[("/simple/apple", fault)]);
        container.set("PIP_INDEX_URL", &index);
        container.install().error()
    };
    insta::assert_snapshot!(with(Fault::Status(403)), @r"
    constraints: the package index could not be read
      an index (http://INDEX/simple) returned a 403 Forbidden error. Check that the index URL is correct and the credentials are valid
      command: /var/lib/loci-install/requirements/tools/bin/uv pip compile --quiet --no-deps --format pylock.toml --no-header --python /var/lib/loci-install/requirements/tools/bin/python --constraints /var/lib/loci-install/requirements/ranges.txt --output-file /var/lib/loci-install/requirements/pylock.release.toml /var/lib/loci-install/requirements/release.txt
      ended:   exit status 1
      said:
        error: No solution found when resolving dependencies
          cause: Because apple was not found in the package registry and you require apple==1.0, we can conclude that your requirements are unsatisfiable.
        hint: An index (http://INDEX/simple) returned a 403 Forbidden error. Check that the index URL is correct and the credentials are valid.
    Check PIP_INDEX_URL and its credentials, the network, the proxy variables and PIP_CERT.
    This step alone: loci-install step constraints; the build from there: loci-install
    ");
    insta::assert_snapshot!(with(Fault::Status(404)), @r"
    constraints: the package index does not have everything that the constraints name
      apple===1.0 (upper-constraints.txt:1): the index has no such package
      command: /var/lib/loci-install/requirements/tools/bin/uv pip compile --quiet --no-deps --format pylock.toml --no-header --python /var/lib/loci-install/requirements/tools/bin/python --constraints /var/lib/loci-install/requirements/ranges.txt --output-file /var/lib/loci-install/requirements/pylock.release.toml /var/lib/loci-install/requirements/release.txt
      ended:   exit status 1
      said:
        error: No solution found when resolving dependencies
          cause: Because apple was not found in the package registry and you require apple==1.0, we can conclude that your requirements are unsatisfiable.
    Correct the constraint, or give the index that has it as PIP_INDEX_URL or PIP_EXTRA_INDEX_URL.
    This step alone: loci-install step constraints; the build from there: loci-install
    ");
    insta::assert_snapshot!(with(Fault::Status(500)), @r"
    constraints: the package index could not be read
      HTTP status server error (500 Because) for url (http://INDEX/simple/apple/)
      command: /var/lib/loci-install/requirements/tools/bin/uv pip compile --quiet --no-deps --format pylock.toml --no-header --python /var/lib/loci-install/requirements/tools/bin/python --constraints /var/lib/loci-install/requirements/ranges.txt --output-file /var/lib/loci-install/requirements/pylock.release.toml /var/lib/loci-install/requirements/release.txt
      ended:   exit status 2
      said:
        error: Failed to fetch: http://INDEX/simple/apple/
          cause: HTTP status server error (500 Because) for url (http://INDEX/simple/apple/)
    Check PIP_INDEX_URL and its credentials, the network, the proxy variables and PIP_CERT.
    This step alone: loci-install step constraints; the build from there: loci-install
    ");
    insta::assert_snapshot!(with(Fault::Silence), @r"
    constraints: the package index could not be read
      http://INDEX/simple/apple/: operation timed out
      command: /var/lib/loci-install/requirements/tools/bin/uv pip compile --quiet --no-deps --format pylock.toml --no-header --python /var/lib/loci-install/requirements/tools/bin/python --constraints /var/lib/loci-install/requirements/ranges.txt --output-file /var/lib/loci-install/requirements/pylock.release.toml /var/lib/loci-install/requirements/release.txt
      ended:   exit status 2
      said:
        error: Failed to fetch: http://INDEX/simple/apple/
          cause: error sending request for url (http://INDEX/simple/apple/)
          cause: operation timed out
    Check PIP_INDEX_URL and its credentials, the network, the proxy variables and PIP_CERT.
    This step alone: loci-install step constraints; the build from there: loci-install
    ");
    insta::assert_snapshot!(with(Fault::Cut), @r"
    constraints: the package index could not be read
      http://INDEX/simple/apple/: end of file before message length reached
      command: /var/lib/loci-install/requirements/tools/bin/uv pip compile --quiet --no-deps --format pylock.toml --no-header --python /var/lib/loci-install/requirements/tools/bin/python --constraints /var/lib/loci-install/requirements/ranges.txt --output-file /var/lib/loci-install/requirements/pylock.release.toml /var/lib/loci-install/requirements/release.txt
      ended:   exit status 2
      said:
        error: Failed to fetch: http://INDEX/simple/apple/
          cause: error decoding response body for url (http://INDEX/simple/apple/)
          cause: request or response body error
          cause: error reading a body from connection
          cause: end of file before message length reached
    Check PIP_INDEX_URL and its credentials, the network, the proxy variables and PIP_CERT.
    This step alone: loci-install step constraints; the build from there: loci-install
    ");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn an_index_that_does_not_give_files() {
    let index = orchard();
    for name in ["cut", "forbidden", "gone", "other", "silent", "sick"] {
        index.wheel(name, "1.0", &[]);
    }
    let mut container = release(
        &index,
        "cut===1.0\nforbidden===1.0\ngone===1.0\nother===1.0\nsilent===1.0\nsick===1.0\nplum===1.0\n",
    );
    container.set(
        "PIP_INDEX_URL",
        &faulty(
            &index,
            &[
                ("/files/cut-1.0-py3-none-any.whl", Fault::Cut),
                ("/files/forbidden-1.0-py3-none-any.whl", Fault::Status(403)),
                ("/files/gone-1.0-py3-none-any.whl", Fault::Status(404)),
                (
                    "/files/other-1.0-py3-none-any.whl",
                    Fault::Other(b"malware"),
                ),
                ("/files/silent-1.0-py3-none-any.whl", Fault::Silence),
                ("/files/sick-1.0-py3-none-any.whl", Fault::Status(500)),
            ],
        ),
    );
    container.set("KEEP_ALL_WHEELS", "True");
    container.set("PIP_DEFAULT_TIMEOUT", "2");
    container.set("PIP_RETRIES", "1");
    insta::assert_snapshot!(container.install().error(), @r"
    wheels-build: 6 of 12 wheels could not be made
      cut 1.0: http://INDEX/files/cut-1.0-py3-none-any.whl broke off after 595 bytes (tries: 2); check the network, the proxy and the server
      forbidden 1.0: the server refuses http://INDEX/files/forbidden-1.0-py3-none-any.whl, status 403; check the credentials: in the index's URL, or netrc's entry for the host
      gone 1.0: there is no http://INDEX/files/gone-1.0-py3-none-any.whl; check that the index still has the file that was locked
      other 1.0: http://INDEX/files/other-1.0-py3-none-any.whl has the SHA-256 digest SHA256, but SHA256 was locked; the file was replaced or changed on its way: do not use it before you know why
      sick 1.0: the server answers status 500 for http://INDEX/files/sick-1.0-py3-none-any.whl (tries: 2); look at the server's log, or try later
      silent 1.0: nothing came from INDEX for N s, http://INDEX/files/silent-1.0-py3-none-any.whl (tries: 2); check the network, or raise PIP_DEFAULT_TIMEOUT
    What is done is kept: the next run does only what failed.
    This step alone: loci-install step wheels-build; the build from there: loci-install
    ");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn no_index() {
    let index = orchard();
    let mut container = release(&index, "apple===1.0\n");
    container.set("PIP_INDEX_URL", &nobody());
    insta::assert_snapshot!(container.install().error(), @r"
    constraints: the package index could not be read
      http://INDEX/simple/apple/: Connection refused (os error 111)
      command: /var/lib/loci-install/requirements/tools/bin/uv pip compile --quiet --no-deps --format pylock.toml --no-header --python /var/lib/loci-install/requirements/tools/bin/python --constraints /var/lib/loci-install/requirements/ranges.txt --output-file /var/lib/loci-install/requirements/pylock.release.toml /var/lib/loci-install/requirements/release.txt
      ended:   exit status 2
      said:
        error: Failed to fetch: http://INDEX/simple/apple/
          cause: error sending request for url (http://INDEX/simple/apple/)
          cause: client error (Connect)
          cause: tcp connect error
          cause: Connection refused (os error 111)
    Check PIP_INDEX_URL and its credentials, the network, the proxy variables and PIP_CERT.
    This step alone: loci-install step constraints; the build from there: loci-install
    ");
    container.set("PIP_NO_INDEX", "1");
    insta::assert_snapshot!(container.install().error(), @r"
    constraints: the package index could not be read
      there is no index: it is switched off (--no-index or PIP_NO_INDEX)
      command: /var/lib/loci-install/requirements/tools/bin/uv pip compile --quiet --no-deps --format pylock.toml --no-header --python /var/lib/loci-install/requirements/tools/bin/python --constraints /var/lib/loci-install/requirements/ranges.txt --output-file /var/lib/loci-install/requirements/pylock.release.toml --no-index /var/lib/loci-install/requirements/release.txt
      ended:   exit status 1
      said:
        error: No solution found when resolving dependencies
          cause: Because apple was not found in the provided package locations and you require apple==1.0, we can conclude that your requirements are unsatisfiable.
        hint: Packages were unavailable because index lookups were disabled and no additional package locations were provided (try: `--find-links <uri>`)
    Check PIP_INDEX_URL and its credentials, the network, the proxy variables and PIP_CERT.
    This step alone: loci-install step constraints; the build from there: loci-install
    ");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_disk_that_fills_while_wheels_are_built() {
    let index = orchard();
    index.sdist(
        &Sdist::new("large", "1.0")
            .first("open(os.path.join(directory, 'x'), 'wb').write(bytes(1 << 22))"),
    );
    let container = release(&index, "large===1.0\n");
    let disk = Disk::of(&container, "/var/cache/loci-install", "1m");
    insta::assert_snapshot!(container.install().error(), @r#"
    wheels-build: 1 of 1 wheels could not be made
      large 1.0: could not build it
        command: /var/lib/loci-install/requirements/tools/bin/uv build --wheel --offline --no-index --find-links /var/lib/loci-install/requirements/links --build-constraints /var/lib/loci-install/requirements/pins.txt --python /var/lib/loci-install/requirements/tools/bin/python --no-create-gitignore --out-dir /var/cache/loci-install/built/SHA256.partial /var/cache/loci-install/files/large-1.0.tar.gz
        ended:   exit status 2
        said (all of it is in /var/cache/loci-install/logs/large-1.0.log):
          Building wheel from source distribution...
          Traceback (most recent call last):
            File "<string>", line 11, in <module>
              wheel_filename = backend.build_wheel(__import__("os").fsdecode(b"/var/cache/loci-install/built/SHA256.partial"), {}, None)
            File "/var/cache/loci-install/built/SHA256.partial/BUILD/large-1.0/backend.py", line 7, in build_wheel
              open(os.path.join(directory, 'x'), 'wb').write(bytes(1 << 22))
              ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~^^^^^^^^^^^^^^^^
          OSError: [Errno 28] No space left on device
          error: Failed to build `/var/cache/loci-install/files/large-1.0.tar.gz`
            cause: The build backend returned an error
            cause: Call to `backend.build_wheel` failed (exit status: 1)
          hint: Build failures usually indicate a problem with the package or the build environment
    The disk is full: make room and run it again; what is done is kept.
    This step alone: loci-install step wheels-build; the build from there: loci-install
    "#);
    drop(disk);
    container.install().succeeded();
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_disk_that_fills_while_files_are_fetched() {
    let index = orchard();
    index.file(
        "large-1.0-py3-none-any.whl",
        // What stands before a zip is not looked at.
        &[&vec![0; 1 << 22], &wheel("large", "1.0", &[])[..]].concat(),
    );
    index.sdist(&Sdist::new("pie", "1.0").build_requires("large"));
    let container = release(&index, "plum===1.0\npie===1.0\n");
    let disk = Disk::of(&container, "/var/cache/loci-install", "1m");
    insta::assert_snapshot!(container.install().error(), @r"
    wheels-build: 2 of 3 wheels could not be made
      pie 1.0: it needs large 1.0, of which there is no wheel
      large 1.0: could not write /var/cache/loci-install/files/large-1.0-py3-none-any.whl.partial: no space left on the device
    The disk is full: make room and run it again; what is done is kept.
    This step alone: loci-install step wheels-build; the build from there: loci-install
    ");
    drop(disk);
}

/// Where uv cannot be had pip asks, which takes an index that it cannot read for an
/// empty one.
#[test]
#[ignore = "builds real images: cargo xtask test"]
fn pip_in_the_place_of_uv_is_understood() {
    let index = orchard();
    index.hide("uv");
    let mut container = release(&index, "apple===99\n");
    container.remove("/var/lib/loci-install/requirements/tools/bin/uv");
    let said = container.install();
    said.failed_in("constraints")
        .says("apple===99 (upper-constraints.txt:1): the index has no such version\n");
    let forbidden = faulty(&index, &[("/simple/", Fault::Status(403))]);
    container.set("PIP_INDEX_URL", &forbidden);
    let said = container.install();
    said.failed_in("constraints")
        .says("constraints: the package index could not be read\n")
        .says("/: 403 Client Error: ");
    container.set("PIP_NO_INDEX", "1");
    let said = container.install();
    said.failed_in("constraints")
        .says("  there is no index: it is switched off (--no-index or PIP_NO_INDEX)\n");
}
