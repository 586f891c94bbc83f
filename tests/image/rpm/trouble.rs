//! Packages whose scripts fail, and packages without a signature.

use super::package::Package;
use super::stable::stable;
use super::system::{FAMILIES, System, installed};

/// Two packages. The script of one fails while /broken is there.
fn broken(when: &str) -> [Package; 2] {
    let script = "if test -e /broken; then echo no; exit 3; fi; touch /ran";
    [
        Package::new("broken").script(when, script),
        Package::new("sound"),
    ]
}

/// What the step says to a package whose script fails.
fn failure(system: System, when: &str) -> String {
    let (container, _repository) = system.with(&broken(when));
    container.tiny_source("");
    container.input("bindep.txt", "sound\nbroken\n");
    container.step("bootstrap").succeeded();
    container.write("/broken", "");
    let said = container.step("packages");
    let complaint = said.failed_in("packages").complaint();
    container.remove("/broken");
    // To rpm it is installed when its %post has failed.
    assert_eq!(installed(&container).contains_key("broken"), when == "post");
    container.step("packages").succeeded();
    assert!(installed(&container).contains_key("broken"));
    assert!(container.has("/ran"));
    stable(&complaint)
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_script_after_an_installation_fails_with_dnf() {
    insta::assert_snapshot!(failure(System::CentOs, "post"), @r"
    packages: could not install the packages
      command: dnf --assumeyes '--setopt=strict=1' '--setopt=max_parallel_downloads=10' '--setopt=skip_if_unavailable=0' '--setopt=install_weak_deps=0' install sound broken
      ended:   exit status 0
      said:
        ================================================================================
        Install  2 Packages
        Total size: N
        Installed size: 13
        Downloading Packages:
        Running transaction check
        Transaction check succeeded.
        Running transaction test
        Transaction test succeeded.
        Running transaction
          Preparing        :                                                        1/1
          Installing       : sound-1-1.noarch                                       1/2
          Installing       : broken-1-1.noarch                                      2/2
          Running scriptlet: broken-1-1.noarch                                      2/2
        no
        warning: %post(broken-1-1.noarch) scriptlet failed, exit status 3
        Error in POSTIN scriptlet in rpm package broken
        Installed:
          broken-1-1.noarch                       sound-1-1.noarch
        Complete!
    The last lines say what to correct.
    This step alone: loci-install step packages; the build from there: loci-install
    ");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_script_after_an_installation_fails_with_zypper() {
    insta::assert_snapshot!(failure(System::Leap, "post"), @r"
    packages: could not install the packages
      command: zypper --non-interactive --no-refresh install --no-recommends --auto-agree-with-licenses sound broken
      ended:   exit status 107
      said:
        Loading repository data...
        Reading installed packages...
        Resolving package dependencies...
        The following 2 NEW packages are going to be installed:
          broken sound
        2 new packages to install.
        Package download size:    N
        Package install size change:
                    |        N  required by packages that will be installed
              N  |  -      N  released by packages that will be removed
        Backend:  classic_rpmtrans
        Continue? [y/n/v/...? shows all options] (y): y
        Retrieving: broken-1-1.noarch (base of the test) (1/2),   N
        Retrieving: sound-1-1.noarch (base of the test) (2/2),   N
        Checking for file conflicts: [..done]
        (1/2) Installing: broken-1-1.noarch [..
        no
        warning: %post(broken-1-1.noarch) scriptlet failed, exit status 3
        done]
        (2/2) Installing: sound-1-1.noarch [..done]
    The last lines say what to correct.
    This step alone: loci-install step packages; the build from there: loci-install
    ");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_script_before_an_installation_fails_with_dnf() {
    insta::assert_snapshot!(failure(System::CentOs, "pre"), @r"
    packages: could not install the packages
      command: dnf --assumeyes '--setopt=strict=1' '--setopt=max_parallel_downloads=10' '--setopt=skip_if_unavailable=0' '--setopt=install_weak_deps=0' install sound broken
      ended:   exit status 1
      said:
        Install  2 Packages
        Total size: N
        Installed size: 13
        Downloading Packages:
        Running transaction check
        Transaction check succeeded.
        Running transaction test
        Transaction test succeeded.
        Running transaction
          Preparing        :                                                        1/1
          Installing       : sound-1-1.noarch                                       1/2
          Running scriptlet: broken-1-1.noarch                                      2/2
        no
        error: %prein(broken-1-1.noarch) scriptlet failed, exit status 3
        Error in PREIN scriptlet in rpm package broken
        Error: Transaction failed
        Installed:
          sound-1-1.noarch
        Failed:
          broken-1-1.noarch
    The last lines say what to correct.
    This step alone: loci-install step packages; the build from there: loci-install
    ");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_script_before_an_installation_fails_with_zypper() {
    insta::assert_snapshot!(failure(System::Leap, "pre"), @r"
    packages: could not install the packages
      command: zypper --non-interactive --no-refresh install --no-recommends --auto-agree-with-licenses sound broken
      ended:   exit status 8
      said:
        Package download size:    N
        Package install size change:
                    |        N  required by packages that will be installed
              N  |  -      N  released by packages that will be removed
        Backend:  classic_rpmtrans
        Continue? [y/n/v/...? shows all options] (y): y
        Retrieving: broken-1-1.noarch (base of the test) (1/2),   N
        Retrieving: sound-1-1.noarch (base of the test) (2/2),   N
        Checking for file conflicts: [..done]
        (1/2) Installing: broken-1-1.noarch [..
        no
        error: %prein(broken-1-1.noarch) scriptlet failed, exit status 3
        error: broken-1-1.noarch: install failed
        error]
        Installation of broken-1-1.noarch failed:
        Error: Subprocess failed. Error: RPM failed: Command exited with status 1.
        Abort, retry, ignore? [a/r/i] (a): a
        Problem occurred during or after installation or removal of packages:
        Installation has been aborted as directed.
        Please see the above error message for a hint.
    The last lines say what to correct.
    This step alone: loci-install step packages; the build from there: loci-install
    ");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn only_what_is_signed_is_installed() {
    for system in FAMILIES {
        let packages = [Package::new("signed"), Package::new("unsigned")];
        let (container, repository) = system.with(&packages);
        container.input("bindep.txt", "signed\n");
        container.step("bootstrap").succeeded();
        repository.sign(&["signed"]);
        let lines = "baseurl=file:///repository\ngpgcheck=1\ngpgkey=file:///repository/key.asc";
        system.repository(&container, "base", lines);
        container.remove("/var/lib/loci-install/lists-refreshed");
        // As the key of a distribution is: zypper trusts no other one by itself.
        container.shell("rpm --import /repository/key.asc");
        container.step("packages").succeeded();
        container.input("bindep.txt", "unsigned\n");
        container.step("packages").failed_in("packages");
        let installed = installed(&container);
        assert!(installed.contains_key("signed"));
        assert!(!installed.contains_key("unsigned"));
    }
}
