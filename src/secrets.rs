//! Credentials, and how they are kept out of everything that leaves the program.
//!
//! Texts for people go through [`Secrets::mask`], which knows the passwords of the user's
//! input and masks them wherever they turn up: in log lines, plans, errors, and what children
//! say. What stays in an image goes through [`redacted`], which masks what is a credential by
//! its place in a URL and leaves all else alone: a password `pass` makes no `****wd` of the
//! package `passwd`. Only the arguments in the record are masked as for people.

use std::ops::Range;
use std::sync::LazyLock;

use percent_encoding::percent_decode_str;
use regex::Regex;
use serde_json::Value;

const MASK: &str = "****";

/// `scheme://user:password@host`: everything between the slashes and the `@` (RFC 3986, 3.2.1).
static USERINFO: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"([A-Za-z][A-Za-z0-9+.-]*://)([^/\s"@]+(?:@[^/\s"@]+)*)@"#).expect("constant")
});

/// What stands in arguments without a scheme, `--proxy user:password@host`, and
/// in queries, `?private_token=...`.
static OTHERS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r##"(?i)(?:^|[\s='"])[^\s'"/@:=]+:([^\s'"/@]+)@|[?&][a-z_-]*(?:token|password|secret|key|sig|signature|credential|auth)=([^&\s'"#]+)"##,
    )
    .expect("constant")
});

/// A credential in a text.
struct Credential<'a> {
    /// Where it stands, in bytes: of a URL the user, too.
    place: Range<usize>,
    /// The password or the token, unless it is the name of a user alone.
    secret: Option<&'a str>,
}

fn credentials(text: &str) -> Vec<Credential<'_>> {
    let mut found = Vec::new();
    if !text.contains(['@', '?']) {
        return found;
    }
    for capture in OTHERS.captures_iter(text) {
        let rest = capture.get(0).map_or("", |all| &text[all.end()..]);
        // An image, `name:tag@sha256:...`, has a name and a tag.
        if rest.starts_with("sha256:") || rest.starts_with("sha512:") {
            continue;
        }
        let password = capture.get(1).or(capture.get(2));
        found.extend(password.map(|password| Credential {
            place: password.range(),
            secret: Some(password.as_str()),
        }));
    }
    for capture in USERINFO.captures_iter(text) {
        let Some(userinfo) = capture.get(2) else {
            continue;
        };
        let place = userinfo.range();
        let userinfo = userinfo.as_str();
        let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
        // The `git` of ssh://git@host is a name; masked as a secret, it
        // would leave of every `git clone` in the log a `**** clone`.
        let is_name = user == "git" || capture[1].contains("ssh");
        let secret = match password {
            // Some servers take a token for the user.
            "" => Some(user).filter(|_| !is_name),
            password => Some(password),
        };
        found.push(Credential { place, secret });
    }
    found
}

/// The text with `****` for what stands in its URLs for a user and a password, and for
/// passwords that can be told by where they stand.
#[must_use]
pub fn redacted(text: &str) -> String {
    let mut found = credentials(text);
    found.sort_by_key(|credential| credential.place.start);
    let (mut redacted, mut end) = (String::with_capacity(text.len()), 0);
    for Credential { place, .. } in found {
        // A query may stand in a password, and a URL in a query.
        if place.start >= end {
            redacted.push_str(&text[end..place.start]);
            redacted.push_str(MASK);
        }
        end = end.max(place.end);
    }
    redacted.push_str(&text[end..]);
    redacted
}

/// The same of every text in a JSON value, but not of the names of its fields.
#[must_use]
pub fn redacted_json(value: Value) -> Value {
    in_texts(value, &|text| redacted(text))
}

/// The text without what stands in its URLs for a user and a password, or for their mask.
#[must_use]
pub fn without(text: &str) -> String {
    USERINFO.replace_all(text, "$1").into_owned()
}

/// Whether there are credentials in the URLs of a text.
#[must_use]
pub fn are_in(text: &str) -> bool {
    let found = credentials(text);
    found.iter().any(|credential| credential.secret.is_some())
}

/// The credentials found in the user's input.
#[derive(Debug, Clone, Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// Collects the credentials that stand in URLs inside `texts`.
    pub fn gather<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let found = texts.into_iter().flat_map(credentials);
        let secrets = found.filter_map(|credential| credential.secret);
        let spellings = secrets.flat_map(|secret| {
            let decoded = percent_decode_str(secret).decode_utf8_lossy().into_owned();
            [secret.to_owned(), decoded]
        });
        Self::of(spellings.collect())
    }

    /// These, and the credentials in the URLs of one more text.
    #[must_use]
    pub fn and(mut self, text: &str) -> Self {
        self.0.extend(Self::gather([text]).0);
        Self::of(self.0)
    }

    fn of(mut found: Vec<String>) -> Self {
        // A secret of one or two characters would blot out half of every line,
        // and inside its URL it is masked all the same.
        found.retain(|secret| secret.chars().count() > 2);
        found.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        found.dedup();
        Self(found)
    }

    /// The text with every credential replaced by `****`.
    #[must_use]
    pub fn mask(&self, text: &str) -> String {
        let mut masked = if text.contains("://") {
            USERINFO
                .replace_all(text, format!("${{1}}{MASK}@"))
                .into_owned()
        } else {
            text.to_owned()
        };
        for secret in &self.0 {
            if masked.contains(secret.as_str()) {
                masked = masked.replace(secret.as_str(), MASK);
            }
        }
        masked
    }

    /// The same for every text in a JSON value, but not for the names of its fields:
    /// in the printed JSON a password such as `null` would be found where it is none.
    #[must_use]
    pub fn mask_json(&self, value: Value) -> Value {
        in_texts(value, &|text| self.mask(text))
    }
}

/// Changes every text of a JSON value.
fn in_texts(value: Value, change: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(change(&text)),
        Value::Array(values) => values
            .into_iter()
            .map(|value| in_texts(value, change))
            .collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, in_texts(value, change)))
            .collect(),
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_disappear_wherever_they_turn_up() {
        let secrets = Secrets::gather(["--index-url https://ci:s3cr%40t@pypi.example/simple"]);
        assert_eq!(
            secrets.mask("GET https://ci:s3cr%40t@pypi.example/simple/pip"),
            "GET https://****@pypi.example/simple/pip"
        );
        assert_eq!(secrets.mask("password is s3cr@t"), "password is ****");
        assert_eq!(secrets.mask("nothing here"), "nothing here");
    }

    #[test]
    fn a_lone_token_is_a_secret_and_ssh_users_are_masked_too() {
        let secrets = Secrets::gather(["git+https://ghp_token123@host/x"]);
        assert_eq!(secrets.mask("ghp_token123"), "****");
        assert_eq!(secrets.mask("ssh://git@host/x"), "ssh://****@host/x");
    }

    #[test]
    fn the_user_of_an_ssh_url_is_no_secret_elsewhere() {
        for url in [
            "ssh://git@host/x",
            "git+ssh://zuul@host/x",
            "https://git@host/x",
        ] {
            let secrets = Secrets::gather([url]);
            assert_eq!(secrets.mask("git clone zuul"), "git clone zuul", "{url}");
        }
        let secrets = Secrets::gather(["ssh://git:pass@host/x"]);
        assert_eq!(secrets.mask("pass"), "****");
    }

    #[test]
    fn credentials_without_a_scheme_and_in_queries_count() {
        let secrets = Secrets::gather([
            "--proxy ci:hunter22@proxy:3128",
            "https://h/x?a=1&private_token=glpat-1",
        ]);
        assert_eq!(
            secrets.mask("via ci:hunter22@proxy, https://h/x?a=1&private_token=glpat-1"),
            "via ci:****@proxy, https://h/x?a=1&private_token=****"
        );
    }

    #[test]
    fn a_tag_before_a_digest_is_no_password() {
        let hex = "0".repeat(64);
        let secrets = Secrets::gather([format!("requirements:master@sha256:{hex}").as_str()]);
        assert_eq!(secrets.mask("check out master"), "check out master");
    }

    #[test]
    fn a_token_with_an_empty_password_is_a_secret() {
        assert!(are_in("https://tok3n:@host/simple"));
        let secrets = Secrets::gather(["https://tok3n:@host/simple"]);
        assert_eq!(secrets.mask("tok3n"), "****");
        assert!(!are_in("https://git:@host/x") && !are_in("https://git@host/x"));
        // One that is too short to be masked elsewhere is one still.
        assert!(are_in("https://ci:x@host/simple"));
    }

    #[test]
    fn what_stays_is_redacted_where_a_credential_stands_and_nowhere_else() {
        for (text, redacted_text) in [
            ("passwd", "passwd"),
            (
                "tiny @ git+https://ci:pass@host/passwd",
                "tiny @ git+https://****@host/passwd",
            ),
            ("ssh://git@host/x", "ssh://****@host/x"),
            (
                "--proxy ci:pass@proxy https://h/x?private_token=pass&a=pass",
                "--proxy ci:****@proxy https://h/x?private_token=****&a=pass",
            ),
            ("https://a:?key=b@h/", "https://****"),
            ("name:pass@sha256:00", "name:pass@sha256:00"),
        ] {
            assert_eq!(redacted(text), redacted_text);
            assert_eq!(redacted(redacted_text), redacted_text);
        }
        // No part of a password is left where two overlap.
        let overlapping = redacted("https://h/?key=https://u:p&q@i/");
        assert_eq!(overlapping, "https://h/?key=****@i/");
    }

    #[test]
    fn an_at_sign_inside_a_password_does_not_cut_it_short() {
        let secrets = Secrets::gather(["http://u:p@ss@host/"]);
        assert_eq!(secrets.mask("http://u:p@ss@host/"), "http://****@host/");
    }
}
