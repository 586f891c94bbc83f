//! Registries that ask for a name and a password.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use crate::fetch::{Fetch, login};
use crate::files::Files;
use crate::image::Image;
use crate::registry::{PASSWORD, Registry, Storage, USER};

const NAME: &str = "loci/requirements:1";

/// A registry with an image, and what is in that.
fn registry() -> (Files, Registry) {
    let (files, image) = Image::stock();
    let registry = Registry::with_password(Storage::of([(NAME, &image)]));
    (files, registry)
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn logins_of_docker_and_podman_are_known() {
    let (files, registry) = registry();
    let (host, reference) = (registry.host(), registry.reference(NAME));
    Fetch::of(&reference)
        .login(&host, USER, PASSWORD)
        .run()
        .brought(&files)
        .hides(PASSWORD);

    let right = json!({"auths": {&host: login(USER, PASSWORD)}}).to_string();
    let part = format!("{host}/loci");
    let part = json!({"auths": {
        &host: login(USER, "of-another-part"),
        part: login(USER, PASSWORD),
    }});
    let wrong = json!({"auths": {&host: login(USER, "not-this-one")}});
    for (variable, file, value) in [
        ("REGISTRY_AUTH_FILE", "auth.json", "auth.json"),
        ("DOCKER_CONFIG", "else/config.json", "else"),
        ("XDG_RUNTIME_DIR", "run/containers/auth.json", "run"),
        ("XDG_CONFIG_HOME", "config/containers/auth.json", "config"),
    ] {
        let fetch = Fetch::of(&reference).docker(&wrong).file(file, &right);
        let value = fetch.path(value).display().to_string();
        fetch.set(variable, &value).run().brought(&files);
    }
    Fetch::of(&reference).docker(&part).run().brought(&files);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_credential_helper_is_asked() {
    let (files, registry) = registry();
    let (host, reference) = (registry.host(), registry.reference(NAME));
    let answer = json!({"ServerURL": host, "Username": USER, "Secret": PASSWORD});
    let script = format!("cat > \"$HOME/asked\"\necho \" $*\" >> \"$HOME/asked\"\necho '{answer}'");
    for configuration in [
        json!({"credHelpers": {&host: "test"}}),
        json!({"credsStore": "test", "auths": {&host: {}}}),
    ] {
        let said = Fetch::of(&reference)
            .script("docker-credential-test", &script)
            .docker(&configuration)
            .run();
        said.brought(&files).hides(PASSWORD);
        let asked = std::fs::read_to_string(said.path("asked")).expect("it was asked");
        let words: Vec<&str> = asked.split_whitespace().collect();
        assert_eq!(words, [host.as_str(), "get"]);
    }
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_helper_that_fails_is_named() {
    let (_, registry) = registry();
    let (host, reference) = (registry.host(), registry.reference(NAME));
    let configuration = json!({"credHelpers": {&host: "test"}});
    // As docker's helpers say that they know nothing: nobody else does either.
    let nothing = "echo 'credentials not found in native keychain'; exit 1";
    Fetch::of(&reference)
        .script("docker-credential-test", nothing)
        .docker(&configuration)
        .run()
        .failed(&[&host, &reference]);
    Fetch::of(&reference)
        .script(
            "docker-credential-test",
            "echo 'the keychain is shut'; exit 1",
        )
        .docker(&configuration)
        .run()
        .failed(&["docker-credential-test"]);
    Fetch::of(&reference)
        .script(
            "docker-credential-test",
            &format!("echo 'no JSON, {PASSWORD}'"),
        )
        .docker(&configuration)
        .run()
        .failed(&["docker-credential-test"])
        .hides(PASSWORD);
    Fetch::of(&reference)
        .docker(&configuration)
        .run()
        .failed(&["docker-credential-test"]);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn netrc_will_do() {
    let (files, registry) = registry();
    let reference = registry.reference(NAME);
    let entry = format!("machine 127.0.0.1 login {USER} password {PASSWORD}\n");
    Fetch::of(&reference)
        .file(".netrc", &entry)
        .run()
        .brought(&files)
        .hides(PASSWORD);
    let fetch = Fetch::of(&reference).file("elsewhere", &entry);
    let elsewhere = fetch.path("elsewhere").display().to_string();
    fetch.set("NETRC", &elsewhere).run().brought(&files);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn who_does_not_log_in_is_told_how() {
    let (_, registry) = registry();
    let (host, reference) = (registry.host(), registry.reference(NAME));
    Fetch::of(&reference)
        .run()
        .failed(&[&host, &reference, "401", "login"]);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_wrong_password_is_not_shown() {
    let (_, registry) = registry();
    let (host, reference) = (registry.host(), registry.reference(NAME));
    let wrong = "not-this-one";
    let encoded = BASE64_STANDARD.encode(format!("{USER}:{wrong}"));
    Fetch::of(&reference)
        .login(&host, USER, wrong)
        .run()
        .failed(&[&host, &reference, "401"])
        .hides(wrong)
        .hides(&encoded);
    Fetch::of(&reference)
        .file(
            ".netrc",
            &format!("machine 127.0.0.1 login {USER} password {wrong}\n"),
        )
        .run()
        .failed(&[&host, &reference])
        .hides(wrong)
        .hides(&encoded);
    let script = json!({"ServerURL": host, "Username": USER, "Secret": wrong});
    Fetch::of(&reference)
        .script(
            "docker-credential-test",
            &format!("cat > /dev/null; echo '{script}'"),
        )
        .docker(&json!({"credHelpers": {&host: "test"}}))
        .run()
        .failed(&[&host, &reference])
        .hides(wrong)
        .hides(&encoded);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_file_of_logins_that_cannot_be_read_is_named() {
    let (_, registry) = registry();
    let reference = registry.reference(NAME);
    let fetch = Fetch::of(&reference).file("auth.json", &format!("{{\"auths\": {PASSWORD}"));
    let path = fetch.path("auth.json").display().to_string();
    let said = fetch.set("REGISTRY_AUTH_FILE", &path).run();
    assert!(matches!(said.status, Some(1 | 2)), "{}", said.stderr);
    said.says(&path).hides(PASSWORD);
    let said = Fetch::of(&reference)
        .set("REGISTRY_AUTH_FILE", "/nowhere/auth.json")
        .run();
    assert!(matches!(said.status, Some(1 | 2)), "{}", said.stderr);
    said.says("/nowhere/auth.json");
}
