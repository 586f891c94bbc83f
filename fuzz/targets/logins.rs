//! Files of logins, after a line with an image that is asked for. Nothing secret may be
//! in what is said of them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loci_install::wheels::registry::{Login, Logins, Reference};
use serde_json::Value;

fuzz_target!(|input: &str| {
    let (image, text) = input.split_once('\n').unwrap_or(("x", input));
    match Logins::parse(text) {
        Ok(logins) => {
            let reference = image.parse::<Reference>().ok();
            let login = reference.and_then(|reference| logins.of(&reference));
            match login {
                Some(login @ (Login::Basic { .. } | Login::Identity(_) | Login::Bearer(_))) => {
                    assert!(format!("{login:?}").ends_with("(...)"));
                }
                Some(Login::Helper(_)) | None => {}
            }
        }
        Err(why) => {
            for secret in secrets(text) {
                assert!(!why.contains(&secret), "{why}");
            }
        }
    }
});

/// What errors say of what is secret, beside a registry's name.
const SAID: &str = "its auth is not a name and a password in base64 for ";

/// What an error must not have, and does not have by chance.
fn secrets(text: &str) -> Vec<String> {
    let Ok(file) = serde_json::from_str::<Value>(text) else {
        return Vec::new();
    };
    let Some(auths) = file["auths"].as_object() else {
        return Vec::new();
    };
    let names = ["auth", "password", "identitytoken", "registrytoken"];
    let all = auths
        .values()
        .flat_map(|entry| names.iter().filter_map(|name| entry[name].as_str()));
    all.filter(|secret| secret.len() > 8 && !SAID.contains(secret))
        .filter(|secret| !auths.keys().any(|key| key.contains(secret)))
        .map(str::to_owned)
        .collect()
}
