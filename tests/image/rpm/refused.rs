//! What cannot be installed is refused before anything is, and told by its place.

use std::collections::BTreeMap;

use super::package::Package;
use super::stable::stable;
use super::system::{System, installed};
use crate::container::Container;

/// What the program says to this bindep file. No package may come or go.
fn refusal(system: System, bindep: &str, packages: &[Package]) -> String {
    let (mut container, _repository) = system.with(packages);
    container.tiny_source("");
    container.input("bindep.txt", bindep);
    // What dnf and zypper say has to be understood all the same.
    container.set("LANG", "de_DE.UTF-8");
    container.set("LANGUAGE", "de:fr");
    refused(&container)
}

fn refused(container: &Container) -> String {
    let before: BTreeMap<String, String> = installed(container);
    let complaint = container.install().failed_in("bootstrap").complaint();
    assert_eq!(installed(container), before);
    stable(&complaint)
}

const MISSING: &str = "# first\nhttpdd [platform:rpm]\nless\nno-such-package\n";

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn dnf_lacks_packages() {
    let httpd = Package::new("httpd");
    insta::assert_snapshot!(refusal(System::CentOs, MISSING, &[httpd]), @r"
    bootstrap: the archive does not have every package that was asked for; none was installed
      httpdd, asked for by /opt/loci/bindep.txt:2; did you mean httpd?
      no-such-package, asked for by /opt/loci/bindep.txt:4
      command: dnf --assumeyes '--setopt=strict=1' '--setopt=max_parallel_downloads=10' '--setopt=skip_if_unavailable=0' '--setopt=install_weak_deps=0' install --cacheonly --assumeno shadow-utils httpdd less no-such-package
      ended:   exit status 1
      said:
        No match for argument: httpdd
        No match for argument: no-such-package
        Error: Unable to find a match: httpdd no-such-package
    Correct the names for this release, or add the archive that has them.
    This step alone: loci-install step bootstrap; the build from there: loci-install
    ");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn zypper_lacks_packages() {
    let httpd = Package::new("httpd");
    insta::assert_snapshot!(refusal(System::Leap, MISSING, &[httpd]), @r"
    bootstrap: the archive does not have every package that was asked for; none was installed
      httpdd, asked for by /opt/loci/bindep.txt:2; did you mean httpd?
      no-such-package, asked for by /opt/loci/bindep.txt:4
      command: zypper --non-interactive --no-refresh install --no-recommends --auto-agree-with-licenses --dry-run shadow httpdd less no-such-package
      ended:   exit status 104
      said:
        Loading repository data...
        Reading installed packages...
        'httpdd' not found in package names. Trying capabilities.
        'no-such-package' not found in package names. Trying capabilities.
        No provider of 'httpdd' found.
        No provider of 'no-such-package' found.
    Correct the names for this release, or add the archive that has them.
    This step alone: loci-install step bootstrap; the build from there: loci-install
    ");
}

/// Two that cannot be installed together.
fn rivals() -> [Package; 2] {
    let nginx = Package::new("nginx").tag("Conflicts", "httpd");
    [Package::new("httpd"), nginx]
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn dnf_finds_a_conflict() {
    insta::assert_snapshot!(refusal(System::CentOs, "httpd\nnginx\n", &rivals()), @r"
    bootstrap: could not find a way to install the packages together
      command: dnf --assumeyes '--setopt=strict=1' '--setopt=max_parallel_downloads=10' '--setopt=skip_if_unavailable=0' '--setopt=install_weak_deps=0' install --cacheonly --assumeno shadow-utils httpd nginx
      ended:   exit status 1
      said:
        (try to add '--allowerasing' to command line to replace conflicting packages or '--skip-broken' to skip uninstallable packages or '--nobest' to use not only best candidate packages)
        Error:
         Problem: package nginx-1-1.noarch from base conflicts with httpd provided by httpd-1-1.noarch from base
          - conflicting requests
    The last lines say what to correct.
    This step alone: loci-install step bootstrap; the build from there: loci-install
    ");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn zypper_finds_a_conflict() {
    insta::assert_snapshot!(refusal(System::Leap, "httpd\nnginx\n", &rivals()), @r"
    bootstrap: could not find a way to install the packages together
      command: zypper --non-interactive --no-refresh install --no-recommends --auto-agree-with-licenses --dry-run shadow httpd nginx
      ended:   exit status 4
      said:
        Loading repository data...
        Reading installed packages...
        Resolving package dependencies...
        Problem: 1: the to be installed nginx-1-1.noarch conflicts with 'httpd' provided by the to be installed httpd-1-1.noarch
         Solution 1: do not install nginx-1-1.noarch
         Solution 2: do not install httpd-1-1.noarch
        Choose from above solutions by number or cancel [1/2/c/d/?] (c): c
    The last lines say what to correct.
    This step alone: loci-install step bootstrap; the build from there: loci-install
    ");
}

/// One that needs what nobody has.
fn needy() -> [Package; 1] {
    [Package::new("needy").requires("libnone.so.1")]
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn dnf_lacks_a_dependency() {
    insta::assert_snapshot!(refusal(System::CentOs, "needy\n", &needy()), @r"
    bootstrap: could not find a way to install the packages together
      command: dnf --assumeyes '--setopt=strict=1' '--setopt=max_parallel_downloads=10' '--setopt=skip_if_unavailable=0' '--setopt=install_weak_deps=0' install --cacheonly --assumeno shadow-utils needy
      ended:   exit status 1
      said:
        (try to add '--skip-broken' to skip uninstallable packages or '--nobest' to use not only best candidate packages)
        Error:
         Problem: conflicting requests
          - nothing provides libnone.so.1 needed by needy-1-1.noarch from base
    The last lines say what to correct.
    This step alone: loci-install step bootstrap; the build from there: loci-install
    ");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn zypper_lacks_a_dependency() {
    insta::assert_snapshot!(refusal(System::Leap, "needy\n", &needy()), @r"
    bootstrap: could not find a way to install the packages together
      command: zypper --non-interactive --no-refresh install --no-recommends --auto-agree-with-licenses --dry-run shadow needy
      ended:   exit status 4
      said:
        Loading repository data...
        Reading installed packages...
        Resolving package dependencies...
        Problem: 1: nothing provides 'libnone.so.1' needed by the to be installed needy-1-1.noarch
         Solution 1: do not install needy-1-1.noarch
         Solution 2: break needy-1-1.noarch by ignoring some of its dependencies
        Choose from above solutions by number or cancel [1/2/c/d/?] (c): c
    The last lines say what to correct.
    This step alone: loci-install step bootstrap; the build from there: loci-install
    ");
}

/// What comes of a repository that nobody serves, beside one that is there.
fn without_an_answer(system: System) -> String {
    let (container, _repository) = system.with(&[]);
    container.tiny_source("");
    let lines = "baseurl=http://127.0.0.1:9/\ngpgcheck=0\nautorefresh=1";
    system.repository(&container, "gone", lines);
    refused(&container)
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn dnf_gets_no_answer() {
    insta::assert_snapshot!(without_an_answer(System::CentOs), @r"
    bootstrap: could not bring the package lists up to date
      command: dnf --assumeyes '--setopt=strict=1' '--setopt=max_parallel_downloads=10' '--setopt=skip_if_unavailable=0' '--setopt=install_weak_deps=0' makecache --refresh
      ended:   exit status 1
      said:
        base of the test
        gone of the test
        Errors during downloading metadata for repository 'gone':
          - Curl error (7): Could not connect to server for http://127.0.0.1:9/repodata/repomd.xml [Failed to connect to 127.0.0.1 port 9 after N: Could not connect to server]
        Error: Failed to download metadata for repo 'gone': Cannot download repomd.xml: Cannot download repodata/repomd.xml: All mirrors were tried
    The last lines say what to correct.
    This step alone: loci-install step bootstrap; the build from there: loci-install
    ");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn zypper_gets_no_answer() {
    insta::assert_snapshot!(without_an_answer(System::Leap), @r"
    bootstrap: could not bring the package lists up to date
      command: zypper --non-interactive refresh --services
      ended:   exit status 4
      said:
        All services have been refreshed.
        Retrieving repository 'base of the test' metadata [.done]
        Building repository 'base of the test' cache [....done]
        Retrieving repository 'gone of the test' metadata [.error]
        Repository 'gone of the test' is invalid.
        [gone|http://127.0.0.1:9/] Failed to retrieve new repository metadata.
        History:
         - [|] Error trying to read from 'http://127.0.0.1:9/'
         - Download (curl) error for 'http://127.0.0.1:9/content':
           Error code: Connection failed
           Error message: Failed to connect to 127.0.0.1 port 9 after N: Could not connect to server
        Please check if the URIs defined for this repository are pointing to a valid repository.
        Skipping repository 'gone of the test' because of the above error.
        Some of the repositories have not been refreshed because of an error.
    The last lines say what to correct.
    This step alone: loci-install step bootstrap; the build from there: loci-install
    ");
}
