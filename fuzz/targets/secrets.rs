//! Texts with credentials, after a line with a user and a password: masked, the password
//! is in none of them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loci_install::secrets::Secrets;

fuzz_target!(|input: &str| {
    let Some((password, text)) = input.split_once('\n') else {
        return;
    };
    // As in a URL; and by chance it is in no other text.
    let is_password = |c: char| c.is_ascii_alphanumeric() || "-._~%!$&()+,;=".contains(c);
    if password.len() < 8
        || !password.chars().all(is_password)
        || text.contains(password)
        || text.contains("**")
    {
        // What is masked already may be taken for a password of stars.
        return;
    }
    let url = format!("https://user:{password}@host/simple");
    for given in [
        url.clone(),
        format!("--extra-index-url {url} {text}"),
        format!("{text} {url}"),
    ] {
        let secrets = Secrets::gather([given.as_str()]);
        for said in [
            format!("{text}{url}{text}"),
            format!("{text} {password} {text}"),
        ] {
            let masked = secrets.mask(&said);
            assert!(!masked.contains(password), "{masked}");
            assert_eq!(secrets.mask(&masked), masked);
        }
    }
});
