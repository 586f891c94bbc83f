//! Keystone's profile `mod_oauth2`, with the packages that Debian has of the module.

use crate::assets::tools;
use crate::container::Container;

/// The module, and the library that it is linked with.
const PACKAGES: [&str; 2] = ["libapache2-mod-oauth2", "liboauth2-0"];

/// A container that needs nothing but keystone's hooks.
fn ready() -> Container {
    let mut container = Container::of(tools()).tiny();
    container.set("PROJECT", "keystone");
    container.set("PROFILES", "mod_oauth2");
    container
}

/// Where Debian's archive has a package, and its digest.
fn in_archive(container: &Container, package: &str) -> (String, String) {
    let script = format!(
        "ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1 || apt-get -qq update >&2\n\
         apt-get download --print-uris -o Acquire::ForceHash=SHA256 {package}"
    );
    let answer = container.shell(&script);
    let mut words = answer.split_whitespace();
    let url = words.next().expect("a URL").trim_matches('\'').to_owned();
    let digest = words.last().expect("a digest");
    let digest = digest.strip_prefix("SHA256:").expect("SHA-256").to_owned();
    (url, digest)
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_module_from_pinned_files_is_loaded_and_stays() {
    let mut container = ready();
    let [module, library] = PACKAGES.map(|package| in_archive(&container, package));
    // The library is fetched, the module is among the inputs.
    container.shell("mkdir /debs && cd /debs && apt-get -qq download libapache2-mod-oauth2 >&2 && mv *.deb mod.deb");
    container.set(
        "MOD_OAUTH2_PACKAGES",
        &format!(
            "{}#sha256={} /debs/mod.deb#sha256={}",
            library.0, library.1, module.1
        ),
    );
    for _ in 0..2 {
        container.step("hooks").succeeded();
        let modules = container.shell("apache2ctl -M 2>&1");
        assert!(modules.contains(" oauth2_module (shared)"), "{modules}");
    }
    let hooks = container.planned("hooks");
    assert!(
        hooks.contains("all have run, and have not changed since"),
        "{hooks}"
    );
    // What is all here needs neither network nor lists.
    container.shell("dpkg --purge libapache2-mod-oauth2 >&2; rm -r /var/lib/apt/lists/* /var/lib/loci-install/lists-refreshed");
    container.cut_off();
    container
        .step("hooks")
        .succeeded()
        .says("hooks: Apache's module oauth2 is enabled\n");
    let modules = container.shell("apache2ctl -M 2>&1");
    assert!(modules.contains(" oauth2_module (shared)"), "{modules}");
    let record = container.record_so_far();
    let files = &record["package_files"];
    assert_eq!(files[0]["source"], library.0.as_str());
    assert_eq!(files[0]["sha256"], library.1.as_str());
    assert_eq!(files[1]["source"], "/debs/mod.deb");
    assert_eq!(files[1]["sha256"], module.1.as_str());
    container.step("cleanup").succeeded();
    let left = container.packages();
    for package in [PACKAGES[0], PACKAGES[1], "apache2"] {
        assert!(left.contains_key(package), "{package}: {left:?}");
    }
    assert!(!left.contains_key("git"), "{left:?}");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn nothing_is_installed_of_files_of_which_one_is_another() {
    let mut container = ready();
    let [module, library] = PACKAGES.map(|package| in_archive(&container, package));
    container.set(
        "MOD_OAUTH2_PACKAGES",
        &format!(
            "{}#sha256={} {}#sha256={}",
            library.0, library.1, module.0, library.1
        ),
    );
    let before = container.packages();
    let said = container.step("hooks");
    said.failed_in("hooks")
        .says("error: hooks: could not get Apache's module oauth2\n")
        .says(&format!(
            "  {} has the SHA-256 digest {}, but {} was locked; ",
            module.0, module.1, library.1
        ))
        .says(
            "Nothing of it was installed. Correct MOD_OAUTH2_PACKAGES, or what is served there.\n",
        );
    assert_eq!(container.packages(), before);
    assert!(!container.has("/etc/apache2"));
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn the_archives_own_module_is_enabled() {
    let mut container = ready();
    container.set("DIST_PACKAGES", PACKAGES[0]);
    container.steps(&["packages", "hooks"]).succeeded();
    let modules = container.shell("apache2ctl -M 2>&1");
    assert!(modules.contains(" oauth2_module (shared)"), "{modules}");
    // Who names a file means its version, be it older.
    let digest = container.shell(
        "mkdir /debs && cd /debs && apt-get -qq download libapache2-mod-oauth2 >&2\n\
         dpkg-deb --raw-extract *.deb module && sed -i 's/^Version: .*/Version: 0.1/' module/DEBIAN/control\n\
         dpkg-deb --build module old.deb >&2 && sha256sum old.deb | cut -d' ' -f1",
    );
    container.set(
        "MOD_OAUTH2_PACKAGES",
        &format!("/debs/old.deb#sha256={digest}"),
    );
    container.step("hooks").succeeded();
    assert_eq!(container.packages()[PACKAGES[0]], "0.1");
}
